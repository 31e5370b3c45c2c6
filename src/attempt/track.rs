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
        advance::{Advanced, advance},
        branch,
        reference::Swapped,
    },
    project::Project,
};

/// Makes the branch and worktree of the paused attempt at a spec, as far as the last fetch from a remote has its branch. A branch here
/// that is behind is fast-forwarded; one that diverged stays. Without a paused attempt nothing changes.
///
/// # Errors
/// `behind` if what is here cannot move forward, `worktree-path-exists`, `git-failed`.
pub(crate) fn paused_elsewhere(project: &Project, id: &SpecId, progress: &dyn Progress) -> Result<()> {
    let Some(state) = project.store()?.state(id)? else { return Ok(()) };
    let Some(base) = state.facts.base.filter(|_| state.status == Status::Paused && !state.is_contended()) else {
        return Ok(());
    };
    let Some((remote, tip)) = there(project, id, base)? else { return Ok(()) };
    let name = project.branch_ref(id)?;
    match branch::read(&project.repo, name.as_ref())? {
        None => make(project, id, &name, tip)?,
        Some(ours) if project.is_ancestor(tip, ours)? => {}
        Some(ours) if project.is_ancestor(ours, tip)? => forward(project, id, &name, ours, tip)?,
        Some(_) => return Ok(()),
    }
    if project.worktree_of(id)?.is_some() {
        return Ok(());
    }
    worktree::add(project, id)?;
    progress.say(&Step::Note(format!("what was done of '{}' elsewhere came from {remote}", id.short())));
    Ok(())
}

/// The remote that has the most of the attempt, and its branch there.
fn there(project: &Project, id: &SpecId, base: ObjectId) -> Result<Option<(String, ObjectId)>> {
    let store = project.store()?;
    let mut most: Option<(String, ObjectId)> = None;
    for remote in git::remote::names(&project.repo) {
        let Some(tip) = store.branches(&remote)?.remove(id) else { continue };
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

fn make(project: &Project, id: &SpecId, name: &FullName, tip: ObjectId) -> Result<()> {
    match branch::create(&project.repo, name.as_ref(), tip, "chant: fetched")? {
        Swapped::Done => Ok(()),
        // Another process made it, too.
        Swapped::Differs(Some(other)) if other == tip => Ok(()),
        Swapped::Differs(_) => Err(moved(id, name)),
    }
}

fn forward(project: &Project, id: &SpecId, name: &FullName, ours: ObjectId, tip: ObjectId) -> Result<()> {
    match advance(&project.repo, name.as_ref(), Some(ours), tip, "chant: fetched")? {
        Advanced::Moved => Ok(()),
        Advanced::Refused { why, .. } => {
            let message = format!("'{}' went on elsewhere, and '{}' cannot follow: {why}", id.short(), name.shorten());
            Err(Error::negative(Kind::Behind, message).hint("commit or move away what is there first"))
        }
        Advanced::LostRace => Err(moved(id, name)),
    }
}

fn moved(id: &SpecId, name: &FullName) -> Error {
    Error::negative(Kind::Busy, format!("the branch '{}' of '{}' moved meanwhile", name.shorten(), id.short()))
        .hint("try again")
}
