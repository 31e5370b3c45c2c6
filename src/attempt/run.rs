//! A decided attempt is claimed, gets its worktree and is run to the end of its agent. What the agent did is judged elsewhere.

use std::path::{Path, PathBuf};

use gix::ObjectId;

use super::{
    claim::{self, Claimed, Remote},
    ended::Stop,
    plan::Plan,
    prompt, recover, resume,
    session::{RUN_DIR, Session, own_dir, write_own},
    set_up, worktree,
};
use crate::{
    agent::lease::Lease,
    answer::progress::{Progress, Step},
    domain::{event::Op, status::Status},
    error::{Error, Kind, Result},
    project::{Project, agent::MANUAL},
    specs::{agent_run, attempt::RunEnd, confined},
};

/// How far an attempt came.
#[expect(clippy::large_enum_variant, reason = "there is one for each attempt")]
pub(super) enum Run {
    /// A person does the work.
    HandedOver {
        /// The attempt: its start event.
        attempt: ObjectId,
        /// The worktree.
        worktree: PathBuf,
        /// The file with everything that an agent would be told.
        prompt: PathBuf,
    },
    /// The agent ended.
    Ended {
        /// The attempt: its start event.
        attempt: ObjectId,
        /// How.
        run: RunEnd,
    },
}

impl Run {
    /// The attempt: its start event.
    pub(super) fn attempt(&self) -> ObjectId {
        match self {
            Run::HandedOver { attempt, .. } | Run::Ended { attempt, .. } => *attempt,
        }
    }
}

/// Claims the spec of `plan` and runs its agent. Gives the lease of the attempt, too: to be released when the attempt has ended.
///
/// # Errors
/// Before the claim: no input has changed. After the claim: it has been released, with the reason.
pub(super) fn run(
    project: &Project,
    plan: &Plan,
    remote: Option<&dyn Remote>,
    progress: &dyn Progress,
) -> Result<(Run, Lease), Stop> {
    // A commit that cannot be made, as one that cannot be signed, is known before anything gives way to it.
    let first = if plan.resumed.is_none() { worktree::first_commit(project, plan)? } else { plan.base };
    let mut claimed = claim::claim(project, plan, remote)?;
    progress.say(&Step::Working { short: plan.id.short(), title: plan.title() });
    if let Some(resumed) = &plan.resumed {
        resume::say(plan, resumed, progress);
    }
    let attempt = claimed.attempt;
    match in_worktree(project, plan, first, &mut claimed, progress) {
        Ok(run) => Ok((run, claimed.lease)),
        Err(error) => {
            // A failure that the agent did not cause: what has begun is paused, a new attempt whose agent has not is released.
            let agent_began = claimed.lease.info().agent.is_some();
            if agent_began && let Err(error) = recover::save_work(project, &plan.id, attempt, progress) {
                progress
                    .say(&Step::Warning(format!("its work was not brought into the repository: {}", error.message)));
            }
            let op = if agent_began || plan.resumed.is_some() { Op::Pause } else { Op::Release };
            let stopped = recover::stop(project, &plan.id, attempt, op, &error.message);
            let error = match stopped {
                Ok(()) => {
                    agent_run::release(project, attempt, claimed.lease)?;
                    error
                }
                // The lease is dropped and not released: by it the next command knows that the run is dead.
                Err(unrecorded) => {
                    let what = format!("cannot record that the attempt ended: {}", unrecorded.message);
                    progress.say(&Step::Warning(what));
                    error.hint(format!("once that is repaired: git chant recover {}", plan.id.short()))
                }
            };
            Err(error.into())
        }
    }
}

/// Makes the worktree, on a branch that begins with the commit `first`, or reuses it, and runs the agent there; without an agent, gives the
/// worktree and the prompt file.
fn in_worktree(
    project: &Project,
    plan: &Plan,
    first: ObjectId,
    claimed: &mut Claimed,
    progress: &dyn Progress,
) -> Result<Run> {
    let worktree = match &plan.resumed {
        Some(resumed) => {
            let path = &resumed.worktree.path;
            // A worktree without the folder was made here for an attempt of another clone.
            let fresh = !path.join(RUN_DIR).exists();
            own_dir(path)?;
            if project.silent {
                worktree::give(project, &plan.id, resumed.attempt, path)?;
            }
            if fresh {
                set_up::run(project, plan, path, progress)?;
            }
            path.clone()
        }
        None => worktree::make(project, plan, first, (claimed.attempt, claimed.before), progress)?.path,
    };
    let prompt = prompt::text(project, plan, claimed.attempt, &worktree)?;
    if plan.agent.name == MANUAL {
        let prompt = write_own(&worktree, "prompt.md", &prompt)?;
        return Ok(Run::HandedOver { attempt: claimed.attempt, worktree, prompt });
    }
    confined::tell_of_links(project, progress)?;
    progress.say(&Step::AgentStarted { worktree: &worktree });
    let run = agent(project, plan, claimed, &worktree, prompt, progress)?;
    Ok(Run::Ended { attempt: claimed.attempt, run })
}

fn agent(
    project: &Project,
    plan: &Plan,
    claimed: &mut Claimed,
    worktree: &Path,
    prompt: String,
    progress: &dyn Progress,
) -> Result<RunEnd> {
    let attempt = claimed.attempt;
    let session = Session {
        id: &plan.id,
        front: &plan.spec.front,
        attempt,
        base: plan.base,
        event: attempt,
        resumed: plan.resumed.is_some(),
        worktree,
        agent: &plan.agent,
        prompt,
        env: Vec::new(),
        may_begin: &|| still_claimed(project, plan, attempt),
    };
    session.run(project, &mut claimed.lease, progress)
}

/// Fails if the attempt was paused or ended since its claim. A pause ends the agent that the lease names; an agent that is written into
/// the lease after that must find out by itself.
fn still_claimed(project: &Project, plan: &Plan, attempt: ObjectId) -> Result<()> {
    let state = project.store()?.state(&plan.id)?;
    if state.is_some_and(|state| state.status == Status::InProgress && state.open.contains(&attempt)) {
        return Ok(());
    }
    Err(Error::negative(Kind::Stopped, format!("'{}' was stopped before its agent started", plan.id.short())))
}
