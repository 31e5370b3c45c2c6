//! The use case `finish`: judge what an attempt did, and record it.
//!
//! Left-over changes are committed, every check is run, and one event says how it ended: `finish` with the commits and the
//! evidence, or `fail` with the reason. Nothing is merged here.

mod by_hand;
mod leftovers;
mod outputs;

use gix::ObjectId;

pub use by_hand::by_hand;

use crate::{
    agent::process::Ending,
    check::Check,
    domain::{
        checks::Checks,
        draft::Draft,
        event::{Facts, Op},
        status::Status,
    },
    error::{Error, Result},
    git::{branch, history, repository::Head, worktree::Worktree},
    project::{
        Project,
        attempt::{Attempt, RunEnd},
        progress::{Progress, Step},
    },
    store::{Addition, Evidence},
};

/// How an attempt was judged.
#[derive(Clone, Debug)]
pub struct Judged {
    /// The event that says so; `None` if a failed attempt failed again, which is no news.
    pub event: Option<ObjectId>,
    /// Why it failed, if it did.
    pub failed: Option<String>,
    /// What was checked.
    pub checks: Checks,
    /// The commits of the attempt, oldest first.
    pub commits: Vec<ObjectId>,
    /// The attempt was over before it was judged: it is recorded and changes nothing.
    pub late: bool,
}

/// Judges an attempt in its worktree. `run` says how its agent ended; `None` for a person's work and for checks run again.
///
/// # Errors
/// Only if judging itself is impossible; an attempt that fails is a result.
pub fn judge(project: &Project, attempt: &Attempt, run: Option<&RunEnd>, progress: &dyn Progress) -> Result<Judged> {
    let tree = project.worktree_of(&attempt.id)?.filter(|tree| tree.path.is_dir());
    let mut checks =
        Checks { refs_moved: run.map(|run| run.refs_moved.clone()).unwrap_or_default(), ..Checks::default() };
    let failed = match (&tree, run.and_then(|run| agent_failed(&run.ending))) {
        (None, _) => Some("its worktree is gone".to_owned()),
        (Some(_), Some(reason)) => Some(reason),
        (Some(tree), None) => {
            let tampered = run.is_some_and(|run| !run.tampered.is_empty());
            checked(project, attempt, tree, run.is_some(), tampered, &mut checks, progress)?
        }
    };
    if let Some(tree) = &tree
        && let Err(error) = project.keep_worktree(&attempt.id, attempt.start, tree)
    {
        progress.say(&Step::Warning(error.message));
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
    let evidence = evidence(project, attempt, branch_tip, tree.as_ref(), &checks)?;
    record(project, attempt, run, failed, checks, commits, evidence, progress)
}

/// Why an agent's end is a failure; `None` if it ended well.
fn agent_failed(ending: &Ending) -> Option<String> {
    if ending.success() { None } else { Some(format!("the agent {ending}")) }
}

/// Commits what was left and runs every check. Returns the reason if something failed.
fn checked(
    project: &Project,
    attempt: &Attempt,
    tree: &Worktree,
    by_agent: bool,
    tampered: bool,
    checks: &mut Checks,
    progress: &dyn Progress,
) -> Result<Option<String>> {
    let on = tree.head.as_ref().and_then(Head::branch).map(|name| name.shorten().to_string());
    if !tree.is_on(attempt.branch.as_ref()) {
        let on = on.unwrap_or_else(|| "no branch".to_owned());
        let reason = format!("its worktree is on {on}, not on '{}'", attempt.branch.shorten());
        checks.problems.push(reason.clone());
        return Ok(Some(reason));
    }
    if let Some(problem) = leftovers::commit(attempt, tree, project.silent, tampered)? {
        checks.problems.push(problem.clone());
        return Ok(Some(problem));
    }
    let Some(tip) = branch::read(&project.repo, attempt.branch.as_ref())? else {
        checks.problems.push("its branch is gone".to_owned());
        return Ok(Some("its branch is gone".to_owned()));
    };
    let problems = std::mem::take(&mut checks.problems);
    let refs_moved = std::mem::take(&mut checks.refs_moved);
    *checks = Check { project, attempt, tip, worktree: &tree.path, progress }.run()?;
    checks.problems.extend(problems);
    checks.refs_moved = refs_moved;
    if by_agent && nothing_changed(project, attempt, tip, tree)? {
        checks.problems.push("the agent changed nothing".to_owned());
    }
    if let Some(base) = attempt.base
        && !project.is_ancestor(base, tip)?
    {
        checks.problems.push("its branch no longer holds the commit that it started from".to_owned());
    }
    *checks = std::mem::take(checks).settled();
    Ok((!checks.ok).then(|| checks.failures()))
}

/// Whether the attempt left everything as the spec's own commit had it.
fn nothing_changed(project: &Project, attempt: &Attempt, tip: ObjectId, tree: &Worktree) -> Result<bool> {
    let changes = history::changed_paths(&project.repo, attempt.base, tip)?;
    let spec_only = changes.iter().all(|change| change.path == attempt.spec_path.as_str());
    let spec = crate::check::tip_file(project, tip, &tree.path, &attempt.spec_path)?;
    let ticked = spec.is_some_and(|bytes| bytes != attempt.bytes);
    let outputs = outputs::declared(project, attempt, Some(tip), Some(tree))?;
    Ok(spec_only && !ticked && outputs.is_empty())
}

fn evidence(
    project: &Project,
    attempt: &Attempt,
    tip: Option<ObjectId>,
    tree: Option<&Worktree>,
    checks: &Checks,
) -> Result<Evidence> {
    let store = project.store()?;
    let shared = if project.config().share_output()? { checks.clone() } else { checks.clone().without_output() };
    let json = serde_json::to_vec_pretty(&shared)
        .map_err(|error| Error::fatal("checks", format!("cannot write the checks: {error}")))?;
    Ok(Evidence {
        spec: Some(store.write_blob(&attempt.bytes)?),
        outputs: outputs::collect(project, attempt, tip, tree)?,
        checks: Some(store.write_blob(&json)?),
        ..Evidence::default()
    })
}

#[expect(clippy::too_many_arguments, reason = "the parts of one record, each made by another step of judging")]
fn record(
    project: &Project,
    attempt: &Attempt,
    run: Option<&RunEnd>,
    failed: Option<String>,
    checks: Checks,
    commits: Vec<ObjectId>,
    evidence: Evidence,
    progress: &dyn Progress,
) -> Result<Judged> {
    let store = project.store()?;
    let mut facts = Facts {
        attempt: Some(attempt.start),
        work_commits: commits.clone(),
        exit: run.and_then(|run| match run.ending {
            Ending::Exited(code) => Some(code),
            _ => None,
        }),
        reason: failed.clone(),
        tampered: run.map(|run| run.tampered.clone()).unwrap_or_default(),
        ..Facts::default()
    };
    for commit in &commits {
        let id = history::patch_id(&project.repo, *commit)?.map(|id| id.to_string());
        facts.patch_ids.push(id.unwrap_or_else(|| "-".to_owned()));
    }
    let (op, sentence) = match &failed {
        Some(reason) => (Op::Fail, format!("{} failed: {reason}", attempt.title())),
        None => (Op::Finish, format!("{} is finished: {} commits, every check passed", attempt.title(), commits.len())),
    };
    let mut again = false;
    let appended = store.append(&attempt.id, |state| {
        again = state.is_some_and(|state| state.status == Status::Failed && state.attempt == Some(attempt.start))
            && op == Op::Fail;
        if again {
            return Err(Error::negative("failed-again", "it failed again"));
        }
        Ok(Addition {
            draft: Draft { op: op.clone(), sentence: sentence.clone(), facts: facts.clone() },
            evidence: evidence.clone(),
            informed: Vec::new(),
        })
    });
    let (event, late) = match appended {
        Ok(appended) => (Some(appended.event), appended.late),
        Err(_) if again => (None, false),
        Err(refusal) => return Err(refusal.into_error(attempt.id.short())),
    };
    if failed.is_none()
        && !project.silent
        && let Err(error) = store.annotate(&attempt.id, &commits)
    {
        progress.say(&Step::Warning(format!("the notes could not be written: {}", error.message)));
        progress.say(&Step::Hint("git chant fsck --repair writes them".to_owned()));
    }
    Ok(Judged { event, failed, checks, commits, late })
}
