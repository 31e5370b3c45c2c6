//! The use case `reconcile`: an agent resolves the conflict between finished work and its target, in the worktree of the spec.
//!
//! plan → lease and `resume` event → a real merge of the target into the work branch → agent → the merge committed. What came of it
//! is judged by [`crate::attempt::finish`] and merged by [`crate::attempt::merge`]. An agent that does not succeed leaves nothing behind but what is
//! kept of its work: branch and worktree are as they were, and the spec is finished again.

mod plan;
mod prompt;
mod restore;

use std::path::Path;

use gix::{ObjectId, refs::FullName};

pub(crate) use plan::{Plan, plan};
pub(crate) use restore::{Died, recover};

use crate::{
    agent::{
        lease::{Info, Lease},
        process::Ending,
        rate_limit,
    },
    answer::progress::{Progress, Step},
    attempt::session::{Ended, Session},
    domain::{
        event::{Facts, Op},
        new_event::NewEvent,
        status::Status,
    },
    error::{Error, Kind, Result},
    git::{
        branch,
        conflict::{self, Begun},
        worktree::Worktree,
    },
    project::Project,
    specs::attempt::RunEnd,
};

/// What the reason of a `resume` event begins with that is ours.
const CONFLICTS: &str = "it conflicts with '";

/// The conflict, as it was computed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Conflict {
    /// The target.
    pub target: FullName,
    /// What it holds.
    pub theirs: ObjectId,
    /// The commit of the work.
    pub tip: ObjectId,
}

/// What came of it.
#[derive(Debug)]
pub(crate) enum Reconciled {
    /// The branch holds the target, with every path resolved; it is not checked yet.
    Resolved {
        /// How the agent's run ended; `None` if there was nothing for it to do.
        run: Option<RunEnd>,
        /// The lease of the attempt; whoever ends the attempt releases it.
        lease: Box<Lease>,
    },
    /// The spec is finished, as before.
    GivenUp {
        /// Why, in words.
        why: String,
        /// What the agent did that it must not, in words.
        tampered: Vec<String>,
        /// The signal that came meanwhile.
        interrupted: Option<i32>,
    },
}

/// Carries out a plan.
///
/// # Errors
/// `running` if somebody is at it, `not-allowed` if it is no longer finished: nothing has changed then. After any other the spec is
/// finished as before.
pub(crate) fn reconcile(project: &Project, plan: &Plan, progress: &dyn Progress) -> Result<Reconciled> {
    let (attempt, conflict) = (&plan.attempt, &plan.conflict);
    let started = project.env.now().as_second();
    let info = Info::of_this_process(attempt.id.clone(), plan.tree.path.clone(), started);
    let mut lease = Lease::acquire(&project.leases_dir(), &attempt.start, info).map_err(|error| match error.code {
        Kind::LeaseHeld => Error::negative(Kind::Running, error.message),
        _ => error,
    })?;
    let event = match resume(project, plan) {
        Ok(event) => event,
        Err(error) => {
            lease.release()?;
            return Err(error);
        }
    };
    match carry_out(project, plan, event, &mut lease, progress) {
        Ok(Came::Resolved(run)) => Ok(Reconciled::Resolved { run, lease: Box::new(lease) }),
        Ok(Came::GivenUp { why, run }) => {
            let interrupted = run.as_ref().and_then(|run| match run.ending {
                Ending::Interrupted(signal) => Some(signal),
                _ => None,
            });
            restore::restore(project, attempt, Some(conflict.tip), &why, run.as_ref(), progress)?;
            lease.release()?;
            Ok(Reconciled::GivenUp { why, tampered: run.map(|run| run.tampered).unwrap_or_default(), interrupted })
        }
        Err(error) => {
            restore::restore(project, attempt, Some(conflict.tip), &error.message, None, progress)?;
            lease.release()?;
            Err(error)
        }
    }
}

/// Records that the attempt goes on, for the target that it conflicts with.
fn resume(project: &Project, plan: &Plan) -> Result<ObjectId> {
    let (attempt, short) = (&plan.attempt, plan.attempt.id.short());
    let name = plan.conflict.target.shorten();
    let sentence = format!("{} goes on with {}: it conflicts with {name}", attempt.title(), plan.agent.name);
    let facts = Facts {
        attempt: Some(attempt.start),
        target: Some(plan.conflict.target.as_bstr().to_string()),
        reason: Some(format!("{CONFLICTS}{name}'")),
        ..Facts::default()
    };
    let appended = project.store()?.append(&attempt.id, |state| match state {
        Some(state) if state.status == Status::Finished && state.attempt == Some(attempt.start) => {
            Ok(NewEvent { op: Op::Resume, sentence: sentence.clone(), facts: facts.clone() })
        }
        _ => Err(Error::negative(Kind::NotAllowed, format!("'{short}' is no longer finished")).hint("try again")),
    });
    Ok(appended.map_err(|refusal| refusal.into_error(short))?.event)
}

/// How far it came.
enum Came {
    Resolved(Option<RunEnd>),
    GivenUp { why: String, run: Option<RunEnd> },
}

fn carry_out(
    project: &Project,
    plan: &Plan,
    event: ObjectId,
    lease: &mut Lease,
    progress: &dyn Progress,
) -> Result<Came> {
    let (attempt, conflict) = (&plan.attempt, &plan.conflict);
    let name = conflict.target.shorten().to_string();
    let message = match project.silent {
        true => format!("Merge branch '{name}'\n"),
        false => format!("Merge branch '{name}'\n\nChant-Spec: {}\n", attempt.id),
    };
    let stopped = match conflict::begin(&project.repo, &plan.tree, conflict.target.as_ref(), &message)? {
        // One by one the commits conflict, together they do not.
        Begun::Committed => return Ok(Came::Resolved(None)),
        Begun::Stopped(stopped) => stopped,
    };
    let sides = [conflict.tip, conflict.theirs];
    let paths = stopped.paths();
    if paths.is_empty() {
        let left = conflict::conclude(&project.repo, &plan.tree, &stopped, sides)?;
        return Ok(if left.is_empty() { Came::Resolved(None) } else { unresolved(&left, None) });
    }
    progress.say(&Step::Note(format!("'{name}' is merged into its branch, with conflicts in: {}", paths.join(", "))));
    let ended = run_agent(project, plan, event, &paths, lease, progress)?;
    let run = RunEnd {
        ending: ended.ending,
        report: ended.report,
        tampered: ended.changes.tampered,
        refs_moved: ended.changes.refs_moved,
        muted: ended.changes.muted,
        rate_limited: rate_limit::says_so(ended.ending, &ended.tail),
    };
    if !run.ending.success() {
        return Ok(Came::GivenUp { why: format!("the agent {}", run.ending), run: Some(run) });
    }
    let tree = Worktree { muted: run.muted.clone(), ..plan.tree.clone() };
    if project.worktree_of(&attempt.id)?.is_none_or(|now| !now.is_on(attempt.branch.as_ref())) {
        return Ok(Came::GivenUp { why: "the agent left its worktree on another branch".to_owned(), run: Some(run) });
    }
    let left = conflict::conclude(&project.repo, &tree, &stopped, sides)?;
    if !left.is_empty() {
        return Ok(unresolved(&left, Some(run)));
    }
    let tip = branch::read(&project.repo, attempt.branch.as_ref())?;
    let holds = tip.map(|tip| project.is_ancestor(conflict.theirs, tip)).transpose()?;
    if holds != Some(true) {
        return Ok(Came::GivenUp { why: format!("the agent did not merge '{name}'"), run: Some(run) });
    }
    Ok(Came::Resolved(Some(run)))
}

fn unresolved(paths: &[String], run: Option<RunEnd>) -> Came {
    Came::GivenUp { why: format!("conflicts are left in: {}", paths.join(", ")), run }
}

fn run_agent(
    project: &Project,
    plan: &Plan,
    event: ObjectId,
    paths: &[String],
    lease: &mut Lease,
    progress: &dyn Progress,
) -> Result<Ended> {
    let attempt = &plan.attempt;
    let worktree: &Path = &plan.tree.path;
    crate::attempt::session::own_dir(worktree)?;
    progress.say(&Step::AgentStarted { worktree });
    let session = Session {
        id: &attempt.id,
        front: &attempt.spec.front,
        attempt: attempt.start,
        base: attempt.base.unwrap_or(plan.conflict.tip),
        event,
        goes_on: false,
        worktree,
        agent: &plan.agent,
        prompt: prompt::text(project, plan, paths)?,
        env: vec![("CHANT_CONFLICTS", paths.join("\n").into())],
        may_begin: &|| Ok(()),
    };
    session.run(project, lease, progress)
}
