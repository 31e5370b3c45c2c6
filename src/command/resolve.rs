//! `git chant resolve`: of several attempts one is kept.

use super::{Context, context::abbreviated};
use crate::{
    answer::{Recorded, outcome::Outcome},
    cli::state::ResolveArgs,
    domain::{
        event::{Facts, Op},
        new_event::NewEvent,
        state::State,
    },
    error::{Error, Result},
};

pub(super) fn run(context: &Context<'_>, args: &ResolveArgs) -> Result<Outcome> {
    context.refuse_agent("resolve")?;
    let project = context.project()?;
    let id = context.pick_to_change(&project, &args.spec)?;
    let mut sentence = String::new();
    project
        .store()?
        .append(&id, |state| {
            let state = state.filter(|state| state.is_contended()).ok_or_else(|| {
                Error::negative(
                    "not-contended",
                    format!("there is nothing to resolve: one attempt at most claims '{}'", id.short()),
                )
            })?;
            let keep = kept(state, &args.keep)?;
            sentence = format!("{} keeps the attempt {}", id.short(), abbreviated(keep));
            let facts = Facts {
                supersedes: state.open.iter().copied().filter(|attempt| *attempt != keep).collect(),
                reason: args.reason.clone(),
                ..Facts::default()
            };
            Ok(NewEvent { op: Op::Resolve, sentence: sentence.clone(), facts })
        })
        .map_err(|refusal| refusal.into_error(id.short()))?;
    let spec = context.view(&project, &id)?;
    Ok(Outcome::new(Recorded { spec, op: "resolve".into(), sentence }))
}

fn kept(state: &State, prefix: &str) -> Result<gix::ObjectId> {
    let matching: Vec<_> =
        state.open.iter().filter(|attempt| !prefix.is_empty() && attempt.to_string().starts_with(prefix)).collect();
    match matching.as_slice() {
        [one] => Ok(**one),
        _ => {
            let mut error =
                Error::usage("unknown-attempt", format!("'{}' names none of the attempts", prefix.escape_debug()));
            for attempt in &state.open {
                error = error.hint(format!("one of them is {}", abbreviated(*attempt)));
            }
            Err(error)
        }
    }
}
