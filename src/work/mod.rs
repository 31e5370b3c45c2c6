//! The use case `work`: claim a spec, give it a branch and a worktree, have an agent carry it out.
//!
//! plan → claim (the start event, by compare-and-swap) → branch and worktree from the pinned base → prompt → agent. What the
//! agent did is judged by [`crate::finish`], and merged by [`crate::merge`].

mod claim;
mod place;
mod plan;
mod run;

use std::path::PathBuf;

pub use claim::Claimed;
pub use plan::{Plan, Request, plan};
pub use run::Ran;

use crate::{
    error::Result,
    project::{
        Project,
        attempt::MANUAL,
        progress::{Progress, Step},
    },
};

/// How far the work came.
pub enum Worked {
    /// A person does it: the worktree is ready.
    Handed {
        /// Where.
        worktree: PathBuf,
    },
    /// The agent ran to some end.
    Ran(Box<Ran>),
}

/// Carries out a plan up to the end of its agent.
///
/// # Errors
/// Before the claim: nothing has changed. After it: the claim has been released, with the reason.
pub fn work(project: &Project, plan: &Plan, progress: &dyn Progress) -> Result<Worked> {
    let mut claimed = claim::claim(project, plan)?;
    progress.say(&Step::Working { short: plan.id.short(), title: plan.title() });
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
    let worktree = place::make(project, plan, claimed)?;
    if plan.agent.name == MANUAL {
        return Ok(Worked::Handed { worktree: worktree.path });
    }
    progress.say(&Step::AgentStarted { worktree: &worktree.path });
    run::run(project, plan, claimed, &worktree.path, progress).map(|ran| Worked::Ran(Box::new(ran)))
}
