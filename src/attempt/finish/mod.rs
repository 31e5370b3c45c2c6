//! The use case `finish`: judge what an attempt did, and record it.
//!
//! Left-over changes are committed, every check is run, and one event says how it ended: `finish` with the commits and the
//! evidence, or `fail` with the reason. Nothing is merged here.

mod by_hand;
mod leftovers;
mod outputs;

use gix::ObjectId;

pub(crate) use by_hand::by_hand;

use leftovers::Left;

use crate::{
    agent::{RESEARCH_INSUFFICIENT, process::Ending, rate_limit},
    answer::progress::{Progress, Step},
    attempt::check::Check,
    domain::{
        checks::Checks,
        event::{Facts, Op},
        new_event::NewEvent,
        status::Status,
    },
    error::{Error, Exit, Result},
    git::{
        branch, history,
        repository::Head,
        worktree::{self, Worktree, busy::busy_in},
    },
    project::Project,
    specs::attempt::{Attempt, RunEnd},
    store::{Addition, Decision, Evidence, File},
};

/// How an attempt was judged.
#[derive(Clone, Debug)]
pub(crate) struct Judged {
    /// The event that says so; `None` if it ended as it had ended before, which is no news.
    pub event: Option<ObjectId>,
    /// Why it failed, if it did.
    pub failed: Option<String>,
    /// Why it stopped before it could be judged, if it did: it is paused, and can go on where it is.
    pub paused: Option<String>,
    /// What was checked.
    pub checks: Checks,
    /// The commits of the attempt, oldest first.
    pub commits: Vec<ObjectId>,
    /// The attempt was over before it was judged: it is recorded and changes nothing.
    pub late: bool,
    /// The signal that came while it was checked: the checks are not complete, so it failed.
    pub interrupted: Option<i32>,
}

/// Judges an attempt in its worktree. `run` says how its agent ended; `None` for a person's work and for checks run again.
///
/// # Errors
/// Only if nothing can be recorded; an attempt that fails, and one that cannot be checked, is a result.
pub(crate) fn judge(
    project: &Project,
    attempt: &Attempt,
    run: Option<&RunEnd>,
    progress: &dyn Progress,
) -> Result<Judged> {
    let mut tree = project.worktree_of(&attempt.id)?.filter(|tree| tree.path.is_dir());
    if let (Some(tree), Some(run)) = (&mut tree, run) {
        tree.muted.clone_from(&run.muted);
    }
    if let Some(tree) = &tree
        && worktree::repair(&project.repo, tree)?
    {
        progress.say(&Step::Warning(format!("the worktree '{}' was damaged and is repaired", tree.path.display())));
    }
    let mut checks =
        Checks { refs_moved: run.map(|run| run.refs_moved.clone()).unwrap_or_default(), ..Checks::default() };
    let mut interrupted = None;
    let mut clean = false;
    // An agent that was stopped has neither done the work nor failed at it.
    let mut paused = match run.filter(|_| tree.is_some()) {
        Some(run) => stopped(run).map_or_else(|| project.paused(attempt), |why| Ok(Some(why)))?,
        None => None,
    };
    let mut failed = match (&tree, run.and_then(|run| agent_failed(&run.ending))) {
        _ if paused.is_some() => None,
        (None, _) => Some("its worktree is gone".to_owned()),
        (Some(_), Some(reason)) => Some(reason),
        (Some(tree), None) => {
            let tampered = run.is_some_and(|run| !run.tampered.is_empty());
            match checked(project, attempt, tree, run.is_some(), tampered, &mut checks, progress) {
                Ok((failed, seen)) => {
                    clean = seen;
                    failed
                }
                // The agent may have left anything: what cannot be checked has not passed, and stays on record as that.
                Err(error) => match error.exit {
                    Exit::Signal(signal) => {
                        interrupted = Some(signal);
                        paused = Some(format!("its checks were interrupted by signal {signal}"));
                        None
                    }
                    _ => Some(not_checked(&mut checks, &error)),
                },
            }
        }
    };
    if let Some(tree) = &tree {
        let kept = if clean {
            project.keep_clean(&attempt.id, attempt.start, tree)
        } else {
            project.keep_worktree(&attempt.id, attempt.start, tree).map(drop)
        };
        if let Err(error) = kept {
            progress.say(&Step::Warning(error.message));
        }
    }
    let branch_tip = branch::read(&project.repo, attempt.branch.as_ref())?;
    if let Some(tip) = branch_tip {
        project.store()?.keep_attempt(&attempt.id, attempt.start, tip)?;
    }
    let commits = match branch_tip {
        Some(tip) => match project.own_changes_since(attempt, tip)? {
            Some(since) => history::commits_between(&project.repo, Some(since), tip)?,
            None => Vec::new(),
        },
        None => Vec::new(),
    };
    let outputs = outputs::collect(project, attempt, branch_tip, tree.as_ref()).unwrap_or_else(|error| {
        if failed.is_none() && paused.is_none() {
            failed = Some(not_checked(&mut checks, &error));
        }
        Vec::new()
    });
    let evidence = evidence(project, attempt, outputs, &checks)?;
    let verdict = Verdict { failed, paused, interrupted };
    record(project, attempt, run, verdict, checks, commits, evidence, progress)
}

/// What judging came to.
struct Verdict {
    failed: Option<String>,
    paused: Option<String>,
    interrupted: Option<i32>,
}

/// Why an agent was stopped before it was done, if it was.
fn stopped(run: &RunEnd) -> Option<String> {
    match &run.ending {
        Ending::Interrupted(signal) => Some(format!("it was interrupted by signal {signal}")),
        _ if run.rate_limited => Some(rate_limit::REASON.to_owned()),
        _ => None,
    }
}

/// The reason for what could not be checked, which is on the list of checks from now on.
fn not_checked(checks: &mut Checks, error: &Error) -> String {
    let reason = format!("it could not be checked: {}", error.message);
    checks.problems.push(reason.clone());
    *checks = std::mem::take(checks).settled();
    reason
}

/// Why an agent's end is a failure; `None` if it ended well.
fn agent_failed(ending: &Ending) -> Option<String> {
    match ending {
        Ending::Exited(RESEARCH_INSUFFICIENT) => Some("the research is insufficient, the agent says".to_owned()),
        ending if ending.success() => None,
        ending => Some(format!("the agent {ending}")),
    }
}

/// Commits what was left and runs every check. Returns the reason if something failed, and whether nothing is uncommitted: if nothing
/// was, and no command ran since.
fn checked(
    project: &Project,
    attempt: &Attempt,
    tree: &Worktree,
    by_agent: bool,
    tampered: bool,
    checks: &mut Checks,
    progress: &dyn Progress,
) -> Result<(Option<String>, bool)> {
    if let Some(reason) = astray(project, attempt, tree)? {
        checks.problems.push(reason.clone());
        return Ok((Some(reason), false));
    }
    // Checked first: on a branch that is gone a commit would begin a history of its own.
    let Some(tip) = branch::read(&project.repo, attempt.branch.as_ref())? else {
        checks.problems.push("its branch is gone".to_owned());
        return Ok((Some("its branch is gone".to_owned()), false));
    };
    let left = leftovers::commit(attempt, tree, project.silent, tampered)?;
    if let Left::Refused(problem) = left {
        checks.problems.push(problem.clone());
        return Ok((Some(problem), false));
    }
    let tip = branch::read(&project.repo, attempt.branch.as_ref())?.unwrap_or(tip);
    let problems = std::mem::take(&mut checks.problems);
    let refs_moved = std::mem::take(&mut checks.refs_moved);
    *checks = Check { project, attempt, tip, worktree: &tree.path, progress }.run()?;
    checks.problems.extend(problems);
    checks.refs_moved = refs_moved;
    // Of a person's work too: whoever worked in another place than the worktree, or ran this too early, is not done.
    if nothing_changed(project, attempt, tip, tree)? {
        let problem = if by_agent { "the agent changed nothing" } else { "nothing was changed in its worktree" };
        checks.problems.push(problem.to_owned());
    }
    if let Some(base) = attempt.base
        && !project.is_ancestor(base, tip)?
    {
        checks.problems.push("its branch no longer holds the commit that it started from".to_owned());
    }
    *checks = std::mem::take(checks).settled();
    let clean = left == Left::Nothing && checks.verify.is_empty() && checks.reproduces.is_none();
    Ok(((!checks.ok).then(|| checks.failures()), clean))
}

/// Why what is in the worktree is not what the attempt is judged by: it does not stand on the work branch.
fn astray(project: &Project, attempt: &Attempt, tree: &Worktree) -> Result<Option<String>> {
    if tree.is_on(attempt.branch.as_ref()) {
        return Ok(None);
    }
    let busy = busy_in(&project.repo, attempt.branch.as_ref())?;
    if let Some((_, operation)) = busy.iter().find(|(place, _)| place.path == tree.path) {
        let branch = attempt.branch.shorten();
        return Ok(Some(format!("its branch '{branch}' is still being {} in its worktree", operation.participle())));
    }
    let on = tree.head.as_ref().and_then(Head::branch).map(|name| format!("'{}'", name.shorten()));
    let on = on.unwrap_or_else(|| "no branch".to_owned());
    Ok(Some(format!("its worktree is on {on}, not on '{}'", attempt.branch.shorten())))
}

/// Whether the attempt left everything as the spec's own commit had it.
fn nothing_changed(project: &Project, attempt: &Attempt, tip: ObjectId, tree: &Worktree) -> Result<bool> {
    let changes = history::changed_paths(&project.repo, attempt.base, tip)?;
    let spec_only = changes.iter().all(|change| change.path == attempt.spec_path.as_str());
    let spec = crate::attempt::check::tip_file(project, tip, &tree.path, &attempt.spec_path)?;
    let ticked = spec.is_some_and(|bytes| bytes != attempt.bytes);
    let outputs = outputs::declared(project, attempt, Some(tip), Some(tree))?;
    Ok(spec_only && !ticked && outputs.is_empty())
}

fn evidence(project: &Project, attempt: &Attempt, outputs: Vec<File>, checks: &Checks) -> Result<Evidence> {
    let store = project.store()?;
    let shared = if project.config().share_output()? { checks.clone() } else { checks.clone().without_output() };
    let json = serde_json::to_vec_pretty(&shared)
        .map_err(|error| Error::fatal("checks", format!("cannot write the checks: {error}")))?;
    Ok(Evidence {
        spec: Some(store.write_blob(&attempt.bytes)?),
        outputs,
        checks: Some(store.write_blob(&json)?),
        ..Evidence::default()
    })
}

#[expect(clippy::too_many_arguments, reason = "the parts of one record, each made by another step of judging")]
fn record(
    project: &Project,
    attempt: &Attempt,
    run: Option<&RunEnd>,
    verdict: Verdict,
    checks: Checks,
    commits: Vec<ObjectId>,
    evidence: Evidence,
    progress: &dyn Progress,
) -> Result<Judged> {
    let Verdict { failed, paused, interrupted } = verdict;
    let store = project.store()?;
    let mut facts = Facts {
        attempt: Some(attempt.start),
        work_commits: commits.clone(),
        exit: run.and_then(|run| match run.ending {
            Ending::Exited(code) => Some(code),
            _ => None,
        }),
        reason: failed.clone().or_else(|| paused.clone()),
        tampered: run.map(|run| run.tampered.clone()).unwrap_or_default(),
        model: run.and_then(|run| run.report.model.clone()),
        cost: run.and_then(|run| run.report.cost()),
        session: run.and_then(|run| run.report.session.clone()),
        ..Facts::default()
    };
    let patches = history::patch_ids(&project.repo, &commits)?.into_iter();
    facts.patch_ids = patches.map(|id| id.map_or_else(|| "-".to_owned(), |id| id.to_string())).collect();
    let (op, sentence) = match (&failed, &paused) {
        (Some(reason), _) => (Op::Fail, format!("{} failed: {reason}", attempt.title())),
        (None, Some(reason)) => (Op::Pause, format!("{} is paused: {reason}", attempt.title())),
        (None, None) => {
            let made = if commits.len() == 1 { "1 commit".to_owned() } else { format!("{} commits", commits.len()) };
            (Op::Finish, format!("{} is finished: {made}, every check passed", attempt.title()))
        }
    };
    let appended = store.append_if(&attempt.id, |state| {
        // An attempt that failed again, or stopped while it was stopped, is recorded already.
        let again = state.is_some_and(|state| {
            let so_far = (op == Op::Fail && state.status == Status::Failed)
                || (op == Op::Pause && matches!(state.status, Status::Paused | Status::Failed | Status::Finished));
            so_far && state.attempt == Some(attempt.start)
        });
        if again {
            return Ok(Decision::Skip);
        }
        Ok(Decision::Append(Addition {
            event: NewEvent { op: op.clone(), sentence: sentence.clone(), facts: facts.clone() },
            evidence: evidence.clone(),
            informed: Vec::new(),
        }))
    });
    let appended = appended.map_err(|refusal| refusal.into_error(attempt.id.short()))?;
    let (event, late) = appended.map_or((None, false), |appended| (Some(appended.event), appended.late));
    if failed.is_none()
        && paused.is_none()
        && !project.silent
        && let Err(error) = store.annotate(&attempt.id, &commits)
    {
        progress.say(&Step::Warning(format!("the notes could not be written: {}", error.message)));
        progress.say(&Step::Hint("git chant fsck --repair writes them".to_owned()));
    }
    Ok(Judged { event, failed, paused, checks, commits, late, interrupted })
}
