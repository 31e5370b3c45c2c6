//! An agent resolves the conflict between finished work and its target, in the worktree of the spec.
//!
//! plan → lease and `resume` event → a real merge of the target into the work branch → agent → the merge committed. Judging and
//! merging what came of it is done elsewhere. An agent that does not succeed leaves nothing behind but what is kept of its work:
//! branch and worktree are as they were, and the spec is finished again.

mod plan;
mod prompt;
mod restore;

use std::path::Path;

use gix::ObjectId;

pub(crate) use plan::{Plan, plan};
pub(crate) use restore::{DeadResolution, recover, restore};

use crate::{
    agent::lease::{Busy, Info, Lease},
    answer::progress::{Progress, Step},
    attempt::session::{Session, own_dir},
    domain::{
        enumeration::enumerate,
        event::{Facts, Op},
        new_event::{NewEvent, sentence},
        state::State,
        status::Status,
    },
    error::{Error, Kind, Result},
    git::{
        branch,
        conflict::{self, MergeOutcome},
        history,
        worktree::Worktree,
    },
    project::{Project, SPECS_DIR},
    specs::{
        agent_run,
        attempt::RunEnd,
        confined::{self, AttemptWorktree, Runs},
    },
};

/// What came of resolving a conflict.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "there is one in a process")]
pub(crate) enum Resolved {
    /// The branch holds the target, with every path resolved; that is not checked yet.
    Yes {
        /// How the agent's run ended; `None` if there was nothing for it to do.
        run: Option<RunEnd>,
        /// The lease of the attempt, to be released when the attempt has ended.
        lease: Lease,
    },
    /// The spec is finished, as before.
    No {
        /// The reason.
        why: String,
        /// How the agent's run ended, if there was one.
        run: Option<RunEnd>,
    },
}

/// Resolves the conflict of `plan`.
///
/// # Errors
/// `running` if another process runs the attempt, `not-allowed` if the spec is no longer finished; no input has changed then. After any
/// other error the spec is finished as before.
pub(crate) fn resolve(project: &Project, plan: &Plan, progress: &dyn Progress) -> Result<Resolved> {
    let (attempt, tip) = (&plan.attempt, Some(plan.conflict.tip));
    let started = project.env.now().as_second();
    let info = Info::of_this_process(attempt.id.clone(), plan.tree.path.clone(), started);
    let mut lease = Lease::acquire(&project.leases_dir(), &attempt.start, info)?
        .map_err(|Busy(why)| Error::negative(Kind::Running, why))?;
    let event = match resume(project, plan) {
        Ok(event) => event,
        Err(error) => {
            lease.release()?;
            return Err(error);
        }
    };
    let (run, why) = match merge_target(project, plan, event, &mut lease, progress) {
        Ok((run, None)) => return Ok(Resolved::Yes { run, lease }),
        Ok((run, Some(why))) => (run, Ok(why)),
        Err(error) => (None, Err(error)),
    };
    let reason = why.as_ref().unwrap_or_else(|error| &error.message);
    restore(project, attempt, tip, reason, run.as_ref(), progress)?;
    agent_run::release(project, attempt.start, lease)?;
    Ok(Resolved::No { why: why?, run })
}

/// Records that the attempt goes on, for the target that it conflicts with.
fn resume(project: &Project, plan: &Plan) -> Result<ObjectId> {
    let (attempt, short) = (&plan.attempt, plan.attempt.id.short());
    let name = &plan.conflict.name;
    let sentence =
        sentence("Resumed", attempt.title(), &format!("agent {} resolves the conflict with {name}", plan.agent.name));
    let facts = Facts {
        attempt: Some(attempt.start),
        target: Some(plan.conflict.target.as_bstr().to_string()),
        reason: Some(format!("it conflicts with '{name}'")),
        ..Facts::default()
    };
    let finished = |state: &State| state.status == Status::Finished && state.attempt == Some(attempt.start);
    match project.store()?.record_if(&attempt.id, NewEvent { op: Op::Resume, sentence, facts }, finished)? {
        Some(appended) => Ok(appended.event),
        None => Err(Error::negative(Kind::NotAllowed, format!("'{short}' is no longer finished")).hint("try again")),
    }
}

/// Merges the target into the work branch, with an agent where paths conflict. Gives how the agent ended, if there was one to run, and
/// why the conflict is not resolved, if it is not.
fn merge_target(
    project: &Project,
    plan: &Plan,
    event: ObjectId,
    lease: &mut Lease,
    progress: &dyn Progress,
) -> Result<(Option<RunEnd>, Option<String>)> {
    let (attempt, conflict) = (&plan.attempt, &plan.conflict);
    let name = &conflict.name;
    let message = match project.silent {
        true => format!("Merge branch '{name}'\n"),
        false => format!("Merge branch '{name}'\n\nChant-Spec: {}\n", attempt.id),
    };
    // What an earlier run wrote may be run when git merges.
    let worktree = confined::attempt_worktree(project, &attempt.id, attempt.start, &plan.tree, None, Runs::Hooks)?;
    let bring_in = |worktree: &AttemptWorktree| match &worktree.inside {
        Some(inside) => inside.bring_in(project, conflict.tip),
        None => Ok(None),
    };
    let begun = conflict::begin(&project.repo, &worktree.tree, &conflict.merges, &message)?;
    if let Some(refused) = bring_in(&worktree)? {
        return Ok((None, Some(refused)));
    }
    let stopped = match begun {
        // One by one the commits conflict, together they do not.
        MergeOutcome::Committed => return Ok((None, None)),
        MergeOutcome::Stopped(stopped) => stopped,
    };
    let sides = [conflict.tip, conflict.target_tip];
    let paths = stopped.paths();
    if paths.is_empty() {
        let left = conflict::conclude(&project.repo, &worktree.tree, &stopped, sides)?;
        let refused = bring_in(&worktree)?;
        return Ok((None, unresolved(&left).or(refused)));
    }
    progress.say(&Step::Note(format!("merged '{name}' into its branch, with conflicts in: {}", paths.join(", "))));
    let run = run_agent(project, plan, event, &paths, lease, progress)?;
    if !run.ending.success() {
        let why = format!("the agent {}", run.ending);
        return Ok((Some(run), Some(why)));
    }
    if let Some(said) = &run.said {
        let why = format!("the agent says: {said}");
        return Ok((Some(run), Some(why)));
    }
    if let Some(refused) = run.refused.clone() {
        return Ok((Some(run), Some(refused)));
    }
    let tree = Worktree { muted: run.changes.muted.clone(), ..plan.tree.clone() };
    if project.worktree_of(&attempt.id)?.is_none_or(|now| !now.is_on(attempt.branch.as_ref())) {
        return Ok((Some(run), Some("the agent switched its worktree to another branch".to_owned())));
    }
    let worktree =
        confined::attempt_worktree(project, &attempt.id, attempt.start, &tree, Some(&run.confined), Runs::Hooks)?;
    let left = conflict::conclude(&project.repo, &worktree.tree, &stopped, sides)?;
    if !left.is_empty() {
        return Ok((Some(run), unresolved(&left)));
    }
    if let Some(refused) = bring_in(&worktree)? {
        return Ok((Some(run), Some(refused)));
    }
    let tip = branch::read(&project.repo, attempt.branch.as_ref())?;
    let Some(tip) = tip.filter(|tip| project.is_ancestor(conflict.target_tip, *tip).unwrap_or(false)) else {
        return Ok((Some(run), Some(format!("the agent did not merge '{name}'"))));
    };
    let strayed = stopped.strayed(&project.repo, tip)?;
    if !strayed.is_empty() {
        let why = format!("the agent changed files without conflicts: {}", enumerate(&strayed));
        return Ok((Some(run), Some(why)));
    }
    let left = history::changed_paths(&project.repo, Some(conflict.target_tip), tip)?;
    if left.iter().all(|change| change.path.starts_with(format!("{SPECS_DIR}/").as_bytes())) {
        return Ok((Some(run), Some(format!("the resolution leaves nothing of the work: it is what '{name}' has"))));
    }
    // That may be right, and the checks of the spec know nothing of what other work was for.
    let dropped = stopped.as_in(&project.repo, conflict.tip, tip)?;
    if !dropped.is_empty() {
        let what = format!("the resolution leaves out what '{name}' changed in {}", enumerate(&dropped));
        progress.say(&Step::Warning(what));
    }
    Ok((Some(run), None))
}

fn unresolved(paths: &[String]) -> Option<String> {
    (!paths.is_empty()).then(|| format!("unresolved conflicts in: {}", enumerate(paths)))
}

fn run_agent(
    project: &Project,
    plan: &Plan,
    event: ObjectId,
    paths: &[String],
    lease: &mut Lease,
    progress: &dyn Progress,
) -> Result<RunEnd> {
    let attempt = &plan.attempt;
    let worktree: &Path = &plan.tree.path;
    own_dir(worktree)?;
    progress.say(&Step::AgentStarted { worktree });
    let session = Session {
        id: &attempt.id,
        front: &attempt.spec.front,
        attempt: attempt.start,
        base: attempt.base.unwrap_or(plan.conflict.tip),
        event,
        resumed: false,
        worktree,
        agent: &plan.agent,
        prompt: prompt::text(project, plan, paths)?,
        env: vec![("CHANT_CONFLICTS", paths.join("\n").into())],
        may_begin: &|| Ok(()),
    };
    session.run(project, lease, progress)
}
