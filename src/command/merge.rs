//! `git chant merge`

use std::time::Instant;

use super::{Context, context::Grant, ended};
use crate::{
    answer::{AllWorked, Merged, Recorded, SpecMerged, outcome::Outcome},
    attempt::{
        ended::{Ended, EndedAs, Stop},
        work::{Assignment, From},
    },
    cli::work::MergeArgs,
    domain::{id::SpecId, new_event::sentence, status::Status},
    error::{Error, Exit, Kind, Result},
    project::{Project, target::full_name},
    specs::all::Specs,
};

pub(super) fn run(context: &Context<'_>, args: &MergeArgs) -> Result<Outcome> {
    let project = &context.project()?;
    let Some(spec) = &args.spec else { return all(context, project, args) };
    let id = &context.pick(project, spec)?;
    let onto = args.onto.as_deref().map(full_name).transpose()?;
    onto.map_or(Ok(()), |onto| project.require_target(&onto))?;
    let ended = one(context, project, id, args)?;
    let view = || context.view(project, id);
    match ended.how {
        EndedAs::Completed(None) => {
            let sentence = sentence("Completed", id.short(), "nothing to merge");
            Ok(Outcome::new(Recorded { spec: view()?, op: "complete".into(), sentence }))
        }
        EndedAs::Completed(Some((target, commit))) => {
            let merged = Merged { target, commit: commit.to_string() };
            Ok(Outcome::new(SpecMerged { spec: view()?, merged }))
        }
        EndedAs::Waiting(waits) => {
            let mut error = Error::negative(Kind::NotMerged, waits.sentence(id.short()));
            error.output = Some(waits.output).filter(|output| !output.is_empty()).map(Box::new);
            error.hints = ended.hints;
            if let Some(signal) = ended.signal {
                error.exit = Exit::Signal(signal);
            }
            Err(error)
        }
        _ => ended::present(context, project, id, ended),
    }
}

fn one(context: &Context<'_>, project: &Project, id: &SpecId, args: &MergeArgs) -> Result<Ended, Stop> {
    let approve = context.approval(project, Grant { granted: args.trust, verb: "merge" });
    let usual = context.assignment(project, id, &approve);
    let work = Assignment { onto: args.onto.as_deref(), ..usual };
    work.carry(From::Merge { agent: args.agent.as_ref().map(Option::as_deref) })
}

/// Merges every finished spec, in the order of the ids. One that cannot be merged stays finished and stops none of the others.
fn all(context: &Context<'_>, project: &Project, args: &MergeArgs) -> Result<Outcome> {
    let specs = Specs::cached(project)?;
    let mut finished = Vec::new();
    for id in specs.names.active()? {
        if specs.status(id)? == Status::Finished {
            finished.push(id.clone());
        }
    }
    specs.write_cache()?;
    let mut worked = Vec::new();
    let (mut merged_all, mut signal) = (true, None);
    for id in &finished {
        let started = Instant::now();
        let how = one(context, project, id, args);
        let view = context.view(project, id)?;
        merged_all &= how.as_ref().is_ok_and(|ended| ended.exit() == 0);
        signal = how.as_ref().ok().and_then(|ended| ended.signal);
        worked.push(ended::one_of_several(context, view, how, started));
        if signal.is_some() {
            break;
        }
    }
    if finished.is_empty() {
        return Ok(Outcome::new(AllWorked::default()).hint("no spec is finished; to see what runs: git chant status"));
    }
    let left = finished.len() - worked.len();
    let outcome = Outcome::new(AllWorked { worked, left, waiting: 0 }).exit(i32::from(!merged_all));
    Ok(match signal {
        Some(signal) => outcome.exit(Exit::Signal(signal).code()),
        None => outcome,
    })
}
