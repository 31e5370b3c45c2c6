//! Restores a spec whose conflict was not resolved, or in a way that does not pass: what the agent did is kept, branch and worktree are as they were, the spec is
//! finished again. Judging a resolution is not done here.

use gix::ObjectId;

use crate::{
    agent::lease::Life,
    answer::progress::{Progress, Step},
    attempt::{
        finish::finish_event,
        seen::{Extent, Watch},
        session::say_removed,
    },
    domain::{
        event::{Facts, Op},
        id::SpecId,
        new_event::{NewEvent, sentence},
        state::State,
        status::Status,
    },
    error::Result,
    git::{branch, conflict, private::Private, setting::Setting, special_file, worktree::Worktree},
    project::Project,
    specs::{
        attempt::{Attempt, RunEnd},
        confined::{self, Runs},
    },
    store::{Addition, Evidence},
};

/// Gives the attempt back as it was finished. With a `tip` its branch and worktree are set back to that, after all that they hold is
/// kept.
pub(crate) fn restore(
    project: &Project,
    attempt: &Attempt,
    tip: Option<ObjectId>,
    why: &str,
    run: Option<&RunEnd>,
    progress: &dyn Progress,
) -> Result<()> {
    let muted = run.map(|run| run.changes.muted.clone()).unwrap_or_default();
    let mut watch = Watch::open(project, &attempt.id, attempt.start, run.is_some())?;
    let changes = watch.compare(project, Extent::All)?;
    changes.say(progress);
    if let Err(error) = set_back(project, attempt, tip, run, muted) {
        progress.say(&Step::Warning(format!("its worktree changed: {}", error.message)));
    }
    let Some(finish) = finish_event(project, attempt)? else { return Ok(()) };
    let store = project.store()?;
    let evidence = Evidence {
        spec: store.evidence_id(finish.id, "spec.md")?,
        outputs: store.evidence_files(finish.id, "outputs")?,
        checks: store.evidence_id(finish.id, "checks.json")?,
        patches: store.evidence_id(finish.id, "patches.json")?,
        ..Evidence::default()
    };
    // Where its checks failed, an event has what the run cost, and what it changed outside its work.
    let judged = store.state(&attempt.id)?.filter(|state| state.status == Status::Failed);
    let known = judged.iter().flat_map(|state| state.unacknowledged()).cloned();
    let tampered: Vec<String> = known.chain(changes.waits).collect();
    let unrecorded = run.filter(|_| judged.is_none());
    let facts = Facts {
        attempt: Some(attempt.start),
        target: attempt.target.clone(),
        work_commits: finish.facts.work_commits.clone(),
        patch_ids: finish.facts.patch_ids.clone(),
        verified: finish.facts.verified.clone(),
        reason: Some(why.to_owned()),
        tampered,
        ..unrecorded.map(|run| run.facts(attempt)).unwrap_or_default()
    };
    let sentence = sentence("Restored", attempt.title(), &format!("finished as before: {why}"));
    let event = NewEvent { op: Op::Finish, sentence, facts };
    let addition = Addition { event, evidence, informed: Vec::new() };
    let under_way =
        |now: &State| matches!(now.status, Status::InProgress | Status::Failed) && now.attempt == Some(attempt.start);
    let recorded = store.record_if(&attempt.id, addition, under_way)?.is_some();
    if recorded {
        watch.settle(project)?;
    }
    Ok(())
}

fn set_back(
    project: &Project,
    attempt: &Attempt,
    tip: Option<ObjectId>,
    run: Option<&RunEnd>,
    muted: Vec<Setting>,
) -> Result<()> {
    let Some(tree) = project.worktree_of(&attempt.id)?.filter(|tree| tree.path.is_dir()) else { return Ok(()) };
    let tree = Worktree { muted, ..tree };
    project.save_worktree(&attempt.id, attempt.start, &tree)?;
    let now = branch::read(&project.repo, attempt.branch.as_ref())?;
    if let Some(now) = now {
        project.store()?.keep_attempt(&attempt.id, attempt.start, now)?;
    }
    let Some(tip) = tip else { return Ok(()) };
    let by = run.map(|run| &run.confined);
    let worktree = confined::attempt_worktree(project, &attempt.id, attempt.start, &tree, by, Runs::Filters)?;
    conflict::restore(&worktree.tree, &attempt.branch.shorten().to_string(), tip)?;
    // A git that is confined moves a branch of its own.
    if let Some(now) = now.filter(|now| !worktree.tree.sandbox.is_empty() && *now != tip) {
        let _moved_by_another =
            branch::move_to(&project.repo, attempt.branch.as_ref(), now, tip, "chant: as it was finished")?;
    }
    Ok(())
}

/// What was found of a resolving that died.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DeadResolution {
    /// None has died.
    None,
    /// The spec is finished as before.
    GivenBack,
    /// Something was committed on its branch: that has to be checked.
    Moved,
}

/// Gives a spec back as it was finished, where the run that was resolving its conflict died and left nothing on its branch. What that
/// left running must have been ended before.
///
/// # Errors
/// If an event or a ref cannot be written.
pub(crate) fn recover(
    project: &Project,
    id: &SpecId,
    state: &State,
    progress: &dyn Progress,
) -> Result<DeadResolution> {
    let Some(start) = state.attempt.filter(|_| state.status == Status::InProgress) else {
        return Ok(DeadResolution::None);
    };
    let store = project.store()?;
    // Of all that resume an attempt, only the resolving of a conflict records a reason.
    let resumed = store.event(id, state.tip)?.is_ok_and(|event| event.op == Op::Resume && event.facts.reason.is_some());
    if !resumed || !matches!(project.life(start)?, Life::Dead(_)) {
        return Ok(DeadResolution::None);
    }
    let attempt = project.attempt(id, state)?;
    let Some(finish) = finish_event(project, &attempt)? else { return Ok(DeadResolution::None) };
    let recorded = finish.facts.work_commits.last().copied();
    recover_work(project, &attempt, progress)?;
    if branch::read(&project.repo, attempt.branch.as_ref())? != recorded {
        return Ok(DeadResolution::Moved);
    }
    let attempt = Attempt { target: finish.facts.target.clone(), ..attempt };
    restore(project, &attempt, recorded, "the run that was resolving its conflict died", None, progress)?;
    project.forget_lease(start)?;
    let what = format!("the run that was resolving '{}' died; the spec is finished as before", id.short());
    progress.say(&Step::Note(format!("{what}; its changes are kept")));
    Ok(DeadResolution::GivenBack)
}

/// Brings in what a confined run committed. A private repository of another state of the branch is that of an earlier run, which brought it
/// in itself.
fn recover_work(project: &Project, attempt: &Attempt, progress: &dyn Progress) -> Result<()> {
    let Some(tree) = project.worktree_of(&attempt.id)? else { return Ok(()) };
    say_removed(special_file::remove_in_worktree(&tree.path), progress);
    if Private::of(&project.repo, &attempt.start).is_current(&project.repo, attempt.branch.as_ref())?
        && let Some(refused) = confined::recover(project, &attempt.id, attempt.start, &tree)?
    {
        progress.say(&Step::Warning(format!("its work was not brought into the repository: {refused}")));
    }
    Ok(())
}
