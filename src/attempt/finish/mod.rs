//! Judges what an attempt did, and records the verdict.
//!
//! Left-over changes are committed, every check is run, and one event says how it ended: `finish` with the commits and the
//! evidence, or `fail` with the reason. Merging is not done here.

mod by_hand;
mod leftovers;
mod outputs;

use gix::ObjectId;

pub(crate) use by_hand::by_hand;

use leftovers::Left;

use crate::{
    agent::{RESEARCH_INSUFFICIENT, process::Ending},
    answer::progress::{Progress, Step},
    attempt::{
        check::Check,
        ended::{Failure, Judged, Pause, Stop, Verdict},
    },
    domain::{
        checks::Checks,
        event::{Facts, Op},
        new_event::NewEvent,
        status::Status,
    },
    error::{Error, Exit, Kind, Result},
    git::{
        branch, history,
        repository::Head,
        worktree::{self, Worktree, busy::busy_in},
    },
    project::Project,
    specs::attempt::{Attempt, RunEnd},
    store::{Addition, Decision, Evidence, File},
};

/// Judges an attempt in its worktree. `run` says how its agent ended; `None` for a person's work and for checks run again.
///
/// # Errors
/// Only if nothing can be recorded; an attempt that fails, and one that cannot be checked, is a result.
pub(crate) fn judge(
    project: &Project,
    attempt: &Attempt,
    run: Option<&RunEnd>,
    progress: &dyn Progress,
) -> Result<Judged, Stop> {
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
    let (mut verdict, clean) = match &tree {
        Some(tree) => verdict(project, attempt, tree, run, &mut checks, progress)?,
        None => (Verdict::Failed(Failure::Checks("its worktree is gone".to_owned())), false),
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
    let since = branch_tip.map(|tip| project.own_changes_since(attempt, tip)).transpose()?.flatten();
    let commits = match (branch_tip, since) {
        (Some(tip), Some(since)) => history::commits_between(&project.repo, Some(since), tip)?,
        _ => Vec::new(),
    };
    let outputs = outputs::collect(project, attempt, branch_tip, tree.as_ref()).unwrap_or_else(|error| {
        if verdict == Verdict::Passed {
            verdict = not_checked(&mut checks, &error);
        }
        Vec::new()
    });
    let evidence = evidence(project, attempt, outputs, &checks)?;
    let late = record(project, attempt, run, &verdict, commits, evidence, progress)?;
    for what in run.iter().flat_map(|run| &run.tampered) {
        progress.say(&Step::Warning(what.clone()));
    }
    Ok(Judged { verdict, checks, late })
}

/// The verdict on what is in the worktree `tree`, and whether nothing in it is uncommitted.
fn verdict(
    project: &Project,
    attempt: &Attempt,
    tree: &Worktree,
    run: Option<&RunEnd>,
    checks: &mut Checks,
    progress: &dyn Progress,
) -> Result<(Verdict, bool)> {
    if let Some(run) = run {
        // An agent that was stopped has neither done the work nor failed at it.
        if let Some(pause) = stopped(project, attempt, run)? {
            return Ok((Verdict::Paused(pause), false));
        }
        if let Some(failure) = agent_failed(run.ending) {
            return Ok((Verdict::Failed(failure), false));
        }
    }
    match checked(project, attempt, tree, run, checks, progress) {
        Ok((None, clean)) => Ok((Verdict::Passed, clean)),
        Ok((Some(what), clean)) => Ok((Verdict::Failed(Failure::Checks(what)), clean)),
        // The agent may have left anything: what cannot be checked has not passed, and stays on record as that.
        Err(Error { exit: Exit::Signal(signal), .. }) => Ok((Verdict::Paused(Pause::ChecksInterrupted(signal)), false)),
        Err(error) => Ok((not_checked(checks, &error), false)),
    }
}

/// Why an attempt was stopped before its agent was done, if it was.
fn stopped(project: &Project, attempt: &Attempt, run: &RunEnd) -> Result<Option<Pause>> {
    Ok(match run.ending {
        Ending::Interrupted(signal) => Some(Pause::Interrupted(signal)),
        _ if run.rate_limited => Some(Pause::RateLimited),
        _ => project.paused(attempt)?.map(Pause::Recorded),
    })
}

/// The verdict on what could not be checked, which is on the list of checks from now on.
fn not_checked(checks: &mut Checks, error: &Error) -> Verdict {
    let reason = format!("it could not be checked: {}", error.message);
    checks.problems.push(reason.clone());
    *checks = std::mem::take(checks).settled();
    Verdict::Failed(Failure::Checks(reason))
}

/// Why an agent's end is a failure; `None` if it ended well.
fn agent_failed(ending: Ending) -> Option<Failure> {
    match ending {
        Ending::Exited(RESEARCH_INSUFFICIENT) => Some(Failure::ResearchInsufficient),
        ending if ending.success() => None,
        ending => Some(Failure::Agent(ending)),
    }
}

/// Commits what was left and runs every check. Returns the reason if something failed, and whether nothing is uncommitted: if nothing
/// was, and no command ran since.
fn checked(
    project: &Project,
    attempt: &Attempt,
    tree: &Worktree,
    run: Option<&RunEnd>,
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
    let tampered = run.is_some_and(|run| !run.tampered.is_empty());
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
    // A person's work, too: they may have worked in another place than the worktree, or ran this too early.
    if nothing_changed(project, attempt, tip, tree)? {
        let problem = if run.is_some() { "the agent changed nothing" } else { "nothing was changed in its worktree" };
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

/// Refuses to check finished work that is being merged or rebased in its worktree.
///
/// # Errors
/// `under-way`.
pub(crate) fn refuse_under_way(project: &Project, attempt: &Attempt) -> Result<()> {
    let Some(tree) = project.worktree_of(&attempt.id)? else { return Ok(()) };
    let busy = busy_in(&project.repo, attempt.branch.as_ref())?;
    let operation = busy.iter().find(|(place, _)| place.path == tree.path).map(|(_, operation)| operation.participle());
    let what = match operation {
        Some(participle) => format!("its branch is being {participle}"),
        None if tree.is_merging() => "a merge is under way".to_owned(),
        None => return Ok(()),
    };
    let (short, place) = (attempt.id.short(), tree.path.display());
    Err(Error::negative(Kind::UnderWay, format!("'{short}' cannot be checked: {what} in '{place}'"))
        .hint("come to the end of it there, and commit it (or abort it)")
        .hint(format!("then: git chant merge {short}")))
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
        .map_err(|error| Error::fatal(Kind::Checks, format!("cannot write the checks: {error}")))?;
    Ok(Evidence {
        spec: Some(store.write_blob(&attempt.bytes)?),
        outputs,
        checks: Some(store.write_blob(&json)?),
        ..Evidence::default()
    })
}

/// Records the verdict. Returns whether the attempt was over before.
fn record(
    project: &Project,
    attempt: &Attempt,
    run: Option<&RunEnd>,
    verdict: &Verdict,
    commits: Vec<ObjectId>,
    evidence: Evidence,
    progress: &dyn Progress,
) -> Result<bool, Stop> {
    let store = project.store()?;
    let title = attempt.title();
    let (op, sentence, reason) = match verdict {
        Verdict::Failed(failure) => (Op::Fail, format!("{title} failed: {failure}"), Some(failure.to_string())),
        Verdict::Paused(pause) => (Op::Pause, format!("{title} is paused: {pause}"), Some(pause.to_string())),
        Verdict::Passed => {
            let made = if commits.len() == 1 { "1 commit".to_owned() } else { format!("{} commits", commits.len()) };
            (Op::Finish, format!("{title} is finished: {made}, every check passed"), None)
        }
    };
    let mut facts = Facts {
        attempt: Some(attempt.start),
        work_commits: commits.clone(),
        exit: run.and_then(|run| run.ending.exit_code()),
        reason,
        tampered: run.map(|run| run.tampered.clone()).unwrap_or_default(),
        model: run.and_then(|run| run.report.model.clone()),
        cost: run.and_then(|run| run.report.cost()),
        session: run.and_then(|run| run.report.session.clone()),
        ..Facts::default()
    };
    let patches = history::patch_ids(&project.repo, &commits)?.into_iter();
    facts.patch_ids = patches.map(|id| id.map_or_else(|| "-".to_owned(), |id| id.to_string())).collect();
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
    let appended = appended.map_err(|refusal| Stop::refused(refusal, attempt.id.short()))?;
    if *verdict == Verdict::Passed
        && !project.silent
        && let Err(error) = store.annotate(&attempt.id, &commits)
    {
        progress.say(&Step::Warning(format!("the notes could not be written: {}", error.message)));
        progress.say(&Step::Hint("git chant fsck --repair writes them".to_owned()));
    }
    Ok(appended.is_some_and(|appended| appended.late))
}
