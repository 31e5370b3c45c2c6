//! The use case `work`: claim a spec, give it a branch and a worktree, have an agent carry it out.
//!
//! plan → claim (the start event, by compare-and-swap) → branch and worktree from the pinned base → prompt → agent. What the
//! agent did is judged by [`crate::attempt::finish`], and merged by [`crate::attempt::merge`].

use std::path::PathBuf;

use crate::{
    answer::progress::{Progress, Step},
    attempt::{
        claim::{self, Claimed},
        plan::Plan,
        resume,
        run::{self, Ran},
        session::{RUN_DIR, own_dir},
        worktree,
    },
    error::Result,
    project::{Project, agent::MANUAL, stake::Stake},
};

/// How far the work came.
pub(crate) enum Worked {
    /// A person does it: the worktree is ready.
    Handed {
        /// Where.
        worktree: PathBuf,
        /// The file with everything that an agent would be told.
        prompt: PathBuf,
    },
    /// The agent ran to some end.
    Ran(Box<Ran>),
}

/// Carries out a plan up to the end of its agent.
///
/// # Errors
/// Before the claim: nothing has changed. After it: the claim has been released, with the reason.
pub(crate) fn work(
    project: &Project,
    plan: &Plan,
    stake: Option<&dyn Stake>,
    progress: &dyn Progress,
) -> Result<Worked> {
    let mut claimed = claim::claim(project, plan, stake)?;
    progress.say(&Step::Working { short: plan.id.short(), title: plan.title() });
    if let Some(goes_on) = &plan.goes_on {
        resume::say(plan, goes_on, progress);
    }
    match carry_out(project, plan, &mut claimed, progress) {
        Ok(Worked::Ran(mut ran)) => {
            ran.lease = Some(claimed.lease);
            Ok(Worked::Ran(ran))
        }
        Ok(handed) => {
            claimed.lease.release()?;
            Ok(handed)
        }
        Err(error) => {
            claim::give_up(project, plan, &claimed, &error)?;
            claimed.lease.release()?;
            Err(error)
        }
    }
}

fn carry_out(project: &Project, plan: &Plan, claimed: &mut Claimed, progress: &dyn Progress) -> Result<Worked> {
    let worktree = match &plan.goes_on {
        Some(goes_on) => {
            // One that was brought here from elsewhere is new.
            let fresh = !goes_on.worktree.path.join(RUN_DIR).exists();
            own_dir(&goes_on.worktree.path)?;
            if fresh {
                worktree::set_up(project, plan, &goes_on.worktree.path)?;
            }
            goes_on.worktree.clone()
        }
        None => worktree::make(project, plan, claimed)?,
    };
    if plan.agent.name == MANUAL {
        let prompt = run::write_prompt(project, plan, claimed.attempt, &worktree.path)?;
        return Ok(Worked::Handed { worktree: worktree.path, prompt });
    }
    progress.say(&Step::AgentStarted { worktree: &worktree.path });
    run::run(project, plan, claimed, &worktree.path, progress).map(|ran| Worked::Ran(Box::new(ran)))
}
