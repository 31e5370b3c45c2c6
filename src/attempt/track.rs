//! Makes the branch and the worktree of an attempt that was paused in another clone, so that it can be resumed here.
//!
//! No event is recorded here: the resume records its own.

use gix::{ObjectId, refs::FullName};

use super::worktree;
use crate::{
    answer::progress::{Progress, Step},
    domain::{id::SpecId, status::Status},
    error::{Error, Kind, Result},
    git::{
        self,
        advance::{Advance, Advanced},
        branch,
        reference::Swapped,
        snapshot,
        worktree::remove::remove,
    },
    project::Project,
    specs::{
        cleanup::is_inside,
        confined::{self, Runs},
    },
};

/// Makes the branch and worktree of the paused attempt at a spec, as far as the last fetch from a remote has its branch. A branch here
/// that is behind is fast-forwarded; one that diverged stays. What was not committed there is not committed here either. Without a paused
/// attempt nothing changes.
///
/// # Errors
/// `behind` if what is here cannot move forward, `worktree-path-exists`, `git-failed`.
pub(crate) fn paused_elsewhere(project: &Project, id: &SpecId, progress: &dyn Progress) -> Result<()> {
    let Some(state) = project.store()?.state(id)? else { return Ok(()) };
    let paused = state.status == Status::Paused && !state.is_contended();
    let Some((base, attempt)) = state.facts.base.zip(state.attempt).filter(|_| paused) else { return Ok(()) };
    let Some((remote, theirs)) = there(project, id, base)? else { return Ok(()) };
    let below = project.below_snapshot(attempt, theirs)?;
    if below.is_some() {
        // What it was paused with in this clone is in the worktree, and so is what was taken apart here before.
        let kept = project.store()?.kept_attempts(id)?.iter().any(|(_, tip)| *tip == theirs);
        if kept && project.worktree_of(id)?.is_some_and(|tree| tree.path.is_dir()) {
            return Ok(());
        }
        make_room(project, id, attempt, progress)?;
    }
    let tip = below.unwrap_or(theirs);
    let name = project.branch_ref(id)?;
    match branch::read(&project.repo, name.as_ref())? {
        None => make(project, id, &name, tip)?,
        Some(ours) if project.is_ancestor(tip, ours)? => {}
        Some(ours) if project.is_ancestor(ours, tip)? => forward(project, id, attempt, [ours, tip])?,
        Some(_) => return Ok(()),
    }
    if let Some(tree) = project.worktree_of(id)? {
        if !tree.is_incomplete() {
            return Ok(());
        }
        let _removed = remove(&project.repo, &tree.path)?;
    }
    let at = branch::read(&project.repo, name.as_ref())?.unwrap_or(tip);
    let tree = worktree::add(project, id, attempt, at)?;
    if project.silent {
        worktree::give(project, id, attempt, &tree.path)?;
    }
    if below.is_some() {
        snapshot::restore(&confined::place(project, id, attempt, &tree, None, Runs::Filters)?.tree, theirs)?;
        // Kept last: without it all of this is done again.
        project.store()?.keep_attempt(id, attempt, theirs)?;
    }
    progress.say(&Step::Note(format!("fetched the work on '{}' from {remote}", id.short())));
    Ok(())
}

/// Removes the worktree that this clone has of the attempt: what is in it is kept, and another clone went on from it.
fn make_room(project: &Project, id: &SpecId, attempt: ObjectId, progress: &dyn Progress) -> Result<()> {
    let Some(tree) = project.worktree_of(id)? else { return Ok(()) };
    if is_inside(project, &tree.path) {
        let message =
            format!("another clone resumed '{}', and you are in its worktree '{}'", id.short(), tree.path.display());
        return Err(Error::negative(Kind::Behind, message).hint("leave that directory first"));
    }
    let _held = project.lock_worktree(id)?;
    if project.save_worktree(id, attempt, &tree)?.is_some() {
        let what = format!("this clone's work on '{}' is kept under refs/chant-local/attempts/{id}", id.short());
        progress.say(&Step::Note(what));
    }
    remove(&project.repo, &tree.path).map(drop)
}

/// The remote that has the most of the attempt, and its branch there, as a sync or a plain `git fetch` brought it.
fn there(project: &Project, id: &SpecId, base: ObjectId) -> Result<Option<(String, ObjectId)>> {
    let (store, branch) = (project.store()?, project.branch(id)?);
    let mut most: Option<(String, ObjectId)> = None;
    for remote in git::remote::names(&project.repo) {
        let synced = store.branches(&remote)?.remove(id);
        let fetched = project.fetched_branch(&remote, &branch)?;
        let Some(tip) = newer(project, synced, fetched)? else { continue };
        let more = match &most {
            Some((_, known)) => project.is_ancestor(*known, tip)?,
            None => project.is_ancestor(base, tip)?,
        };
        if more {
            most = Some((remote, tip));
        }
    }
    Ok(most)
}

/// The later of two states of one branch. What was not committed when an attempt was paused is no ancestor of what came after it.
fn newer(project: &Project, one: Option<ObjectId>, other: Option<ObjectId>) -> Result<Option<ObjectId>> {
    let (Some(one), Some(other)) = (one, other) else { return Ok(one.or(other)) };
    if project.is_ancestor(one, other)? {
        return Ok(Some(other));
    }
    let time = |id: ObjectId| Ok::<_, Error>(project.repo.gix().find_commit(id)?.time()?.seconds);
    let is_later = !project.is_ancestor(other, one)? && time(other)? > time(one)?;
    Ok(Some(if is_later { other } else { one }))
}

fn make(project: &Project, id: &SpecId, name: &FullName, tip: ObjectId) -> Result<()> {
    match branch::create(&project.repo, name.as_ref(), tip, "chant: fetched")? {
        Swapped::Done => Ok(()),
        // Another process made it, too.
        Swapped::Differs(Some(other)) if other == tip => Ok(()),
        Swapped::Differs(_) => Err(moved(id, name)),
    }
}

/// Moves the branch forward. Git and its hook run confined in a worktree where the code of an agent may run.
fn forward(project: &Project, id: &SpecId, attempt: ObjectId, [ours, tip]: [ObjectId; 2]) -> Result<()> {
    let name = &project.branch_ref(id)?;
    let place = match project.worktree_of(id)?.filter(|tree| tree.is_on(name.as_ref()) && tree.path.is_dir()) {
        Some(tree) if confined::needs_closed_place(project, id, tip)? => {
            Some(confined::closed_place(project, id, attempt, &tree)?)
        }
        _ => None,
    };
    let sandbox = place.as_ref().map_or(&[][..], |place| &place.tree.sandbox);
    let (old, message, merged) = (Some(ours), "chant: fetched", &*name.shorten().to_string());
    let advance = Advance { target: name.as_ref(), old, new: tip, merged, is_merge: false, message, sandbox };
    match advance.run(&project.repo, &|| false)? {
        Advanced::Moved(_) => Ok(()),
        Advanced::Refused { why, .. } => {
            let message =
                format!("another clone resumed '{}', and '{}' cannot be updated: {why}", id.short(), name.shorten());
            Err(Error::negative(Kind::Behind, message).hint("commit or move away the changes there first"))
        }
        Advanced::LostRace => Err(moved(id, name)),
    }
}

fn moved(id: &SpecId, name: &FullName) -> Error {
    Error::negative(Kind::Busy, format!("another process moved the branch '{}' of '{}'", name.shorten(), id.short()))
        .hint("try again")
}
