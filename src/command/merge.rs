//! `git chant merge`

use super::{Context, ended};
use crate::{
    answer::{Merged, Recorded, SpecMerged, outcome::Outcome},
    attempt::{
        ended::EndedAs,
        work::{From, Work},
    },
    cli::work::MergeArgs,
    error::{Error, Exit, Kind, Result},
};

pub(super) fn run(context: &Context<'_>, args: &MergeArgs) -> Result<Outcome> {
    let project = &context.project()?;
    let id = &context.pick(project, &args.spec)?;
    let work = Work {
        project,
        id,
        onto: args.onto.as_deref(),
        merge: true,
        may_be_empty: false,
        remote: None,
        approve: &|id, blob, spec, prompt| context.ask_trust(project, id, blob, spec, prompt, args.trust),
        progress: context.progress,
    };
    let ended = work.carry(From::Merge { agent: args.agent.as_ref().map(Option::as_deref) })?;
    let view = || context.view(project, id);
    match ended.how {
        EndedAs::Completed(None) => {
            let sentence = format!("{} is completed: there was nothing to merge", id.short());
            Ok(Outcome::new(Recorded { spec: view()?, op: "complete".into(), sentence }))
        }
        EndedAs::Completed(Some((target, commit))) => {
            let merged = Merged { target, commit: commit.to_string() };
            Ok(Outcome::new(SpecMerged { spec: view()?, merged }))
        }
        EndedAs::Waiting(waits) => {
            let mut error = Error::negative(Kind::NotMerged, waits.sentence(id.short()));
            error.hints = ended.hints;
            if let Some(signal) = ended.signal {
                error.exit = Exit::Signal(signal);
            }
            Err(error)
        }
        _ => ended::present(context, project, id, ended),
    }
}
