//! `git chant pause` and `git chant takeover`: stop an attempt where it is.

use super::Context;
use crate::{
    answer::{Recorded, TakenOver, outcome::Outcome, progress::Step},
    attempt::{pause, recover, track as bring},
    cli::state::{PauseArgs, TakeoverArgs},
    domain::status::Status,
    error::{Error, Result},
    project::agent::MANUAL,
    specs::all::Specs,
};

pub(super) fn pause(context: &Context<'_>, args: &PauseArgs) -> Result<Outcome> {
    context.refuse_agent("pause a spec")?;
    let project = context.project()?;
    let id = context.pick_to_change(&project, &args.spec)?;
    let settled = recover::settle_dead(&project, &id, context.progress)?;
    let specs = Specs::new(&project)?;
    let entry = specs.entry(&id)?;
    // A run that was dead is paused by having been found so.
    let sentence = if settled && entry.status == Status::Paused {
        format!("{} is paused", entry.title())
    } else {
        pause::pause(&project, &entry, args.reason.as_deref(), context.progress)?
    };
    let spec = context.view(&project, &id)?;
    Ok(Outcome::new(Recorded { spec, op: "pause".into(), sentence })
        .hint(format!("to go on with it: git chant work {}", id.short())))
}

pub(super) fn takeover(context: &Context<'_>, args: &TakeoverArgs) -> Result<Outcome> {
    context.refuse_agent("take over a spec")?;
    let project = context.project()?;
    let id = context.pick_to_change(&project, &args.spec)?;
    let short = id.short();
    recover::settle_dead(&project, &id, context.progress)?;
    bring::here(&project, &id, context.progress)?;
    let specs = Specs::new(&project)?;
    let entry = specs.entry(&id)?;
    let by_hand = entry.state.as_ref().is_some_and(|state| state.facts.agent.as_deref() == Some(MANUAL));
    if entry.status == Status::InProgress && !by_hand {
        let reason = args.reason.as_deref().unwrap_or("taken over by a person");
        pause::pause(&project, &entry, Some(reason), context.progress)?;
    } else if !matches!(entry.status, Status::Paused | Status::InProgress) {
        return Err(Error::negative("not-allowed", format!("nobody works on '{short}': it is {}", entry.status))
            .hint(format!("to do it yourself: git chant work {short} --agent manual")));
    }
    let specs = Specs::new(&project)?;
    let entry = specs.entry(&id)?;
    let state = entry.state.as_deref().ok_or_else(|| Error::fatal("no-chain", "its history is gone"))?;
    let attempt = project.attempt(&id, state)?;
    let tree = project.worktree_of(&id)?.filter(|tree| tree.path.is_dir()).ok_or_else(|| {
        Error::negative("no-worktree", format!("'{short}' has no worktree to go on in"))
            .hint(format!("what it did is under refs/chant-local/attempts/{id}; to start anew: git chant work {short}"))
    })?;
    let so_far = project.so_far(&attempt, &tree)?;
    if entry.status == Status::Paused {
        pause::hand_over(&project, &entry)?;
    } else if !by_hand {
        // It was at its checks, which ran to their end.
        context.progress.say(&Step::Note(format!("'{short}' is {}", entry.status)));
    }
    let spec = context.view(&project, &id)?;
    Ok(Outcome::new(TakenOver { spec, path: tree.path, so_far })
        .hint(format!("when the work is done: git chant finish {short}"))
        .hint(format!(
            "to give it back to an agent: git chant pause {short}, then: git chant work {short} --agent <name>"
        )))
}
