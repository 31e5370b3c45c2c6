//! `git chant ack`: a person has seen what an agent changed outside its work.

use super::{
    Context,
    outcome::{Body, Outcome},
};
use crate::{
    cli::state::AckArgs,
    domain::{
        draft::Draft,
        event::{Facts, Op},
    },
    error::{Error, Result},
};

pub(super) fn run(context: &Context<'_>, args: &AckArgs) -> Result<Outcome> {
    context.refuse_agent("acknowledge")?;
    let project = context.project()?;
    let id = context.pick_to_change(&project, &args.spec)?;
    let sentence = format!("{} is acknowledged: {}", id.short(), args.reason);
    project
        .store()?
        .append(&id, |state| {
            let state = state.ok_or_else(|| {
                Error::negative("nothing-to-ack", format!("there is nothing to acknowledge about '{}'", id.short()))
            })?;
            let facts = Facts { attempt: state.attempt, reason: Some(args.reason.clone()), ..Facts::default() };
            Ok(Draft { op: Op::Ack, sentence: sentence.clone(), facts })
        })
        .map_err(|refusal| refusal.into_error(id.short()))?;
    let spec = Box::new(context.view(&project, &id)?);
    let waits = spec.status == crate::domain::status::Status::Finished;
    let outcome = Outcome::new(Body::Recorded { op: "ack".into(), spec, sentence });
    Ok(if waits { outcome.hint(format!("to merge it: git chant merge {}", id.short())) } else { outcome })
}
