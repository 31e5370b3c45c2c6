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
        worktree::{Worktree, remove::remove},
    },
    project::Project,
    specs::{
        cleanup::is_inside,
        confined::{self, Runs},
    },
};

/// Sees to the branch and the worktree in which the paused attempt at a spec goes on: what another clone has of it since it was paused
/// there, as far as the last fetch from a remote brought its branch, and otherwise what is here. A branch here that is behind is
/// fast-forwarded. What was not committed is not committed here either. Without a paused attempt nothing changes.
///
/// All that can be known is decided before anything is touched.
///
/// # Errors
/// `diverged` if both clones have commits that the other lacks, `behind` if what is here cannot move forward, `checked-out`,
/// `worktree-path-exists`, `not-confined`, `git-failed`.
pub(crate) fn paused(project: &Project, id: &SpecId, progress: &dyn Progress) -> Result<()> {
    let Some(state) = project.store()?.state(id)? else { return Ok(()) };
    let paused = state.status == Status::Paused && !state.is_contended();
    let Some((base, attempt)) = state.facts.base.zip(state.attempt).filter(|_| paused) else { return Ok(()) };
    // Of a worktree that is registered and not there a person knows where it is.
    project.refuse_moved_worktree(id)?;
    if let Some(taken) = Taken::plan(project, id, base, attempt)? {
        taken.carry_out(project, progress)?;
    }
    worktree::bring_back(project, &project.attempt(id, &state)?, true, progress)
}

/// What is taken over of an attempt that another clone has resumed.
struct Taken<'a> {
    id: &'a SpecId,
    attempt: ObjectId,
    /// The remote that has it.
    remote: String,
    /// The branch there.
    theirs: ObjectId,
    /// The newest commit of the attempt there.
    tip: ObjectId,
    /// What becomes of the branch here.
    branch: Branch,
    /// Whether what was not committed there comes into the worktree, in the place of what is there now.
    uncommitted: bool,
}

/// How the branch here comes to have what the other clone has.
#[derive(Clone, Copy)]
enum Branch {
    Make,
    Stay,
    Forward(ObjectId),
    /// It is an earlier attempt's.
    Replace(ObjectId),
}

impl<'a> Taken<'a> {
    /// Decides what is taken over; `None` if this clone has all of it.
    fn plan(project: &Project, id: &'a SpecId, base: ObjectId, attempt: ObjectId) -> Result<Option<Taken<'a>>> {
        // Where it was paused is where it stands.
        if project.paused_here(id, attempt)? {
            return Ok(None);
        }
        let Some((remote, theirs)) = there(project, id, base)? else { return Ok(None) };
        let below = project.below_snapshot(attempt, theirs)?;
        let tip = below.unwrap_or(theirs);
        let tree = project.worktree_of(id)?;
        // What was taken apart here before is in the worktree.
        let is_taken = below.is_some() && project.store()?.kept_attempts(id)?.iter().any(|(_, tip)| *tip == theirs);
        if is_taken && tree.is_some() {
            return Ok(None);
        }
        let name = project.branch_ref(id)?;
        let branch = match branch::read(&project.repo, name.as_ref())? {
            None => Branch::Make,
            Some(ours) if ours == tip => Branch::Stay,
            // What they left uncommitted is for an earlier commit.
            Some(ours) if project.is_ancestor(tip, ours)? => return Ok(None),
            Some(ours) if project.is_ancestor(ours, tip)? => Branch::Forward(ours),
            Some(ours) if !project.was_holder(id, attempt)? => Branch::Replace(ours),
            Some(ours) => return Err(diverged(project, id, [ours, tip], &remote)?),
        };
        worktree::refuse_elsewhere(project, id)?;
        let taken = Taken { id, attempt, remote, theirs, tip, branch, uncommitted: below.is_some() };
        if let Some(tree) = tree.filter(|_| taken.removes()) {
            taken.require_removable(project, &tree)?;
        }
        Ok(Some(taken))
    }

    /// Whether the worktree that is here gives way to another one.
    fn removes(&self) -> bool {
        self.uncommitted || matches!(self.branch, Branch::Replace(_))
    }

    /// Refuses to remove a worktree that a person is in, or that no other could take the place of.
    fn require_removable(&self, project: &Project, tree: &Worktree) -> Result<()> {
        let short = self.id.short();
        if is_inside(project, &tree.path) {
            let message =
                format!("another clone resumed '{short}', and you are in its worktree '{}'", tree.path.display());
            return Err(Error::negative(Kind::Behind, message).hint("leave that directory first"));
        }
        if confined::needs_confined_worktree(project, self.id, self.tip)? {
            drop(confined::confined_worktree(project, self.id, self.attempt, tree)?);
        }
        Ok(())
    }

    fn carry_out(&self, project: &Project, progress: &dyn Progress) -> Result<()> {
        let Taken { id, attempt, tip, .. } = *self;
        if self.removes() {
            self.make_room(project, progress)?;
        }
        let name = project.branch_ref(id)?;
        match self.branch {
            Branch::Make => make(project, id, &name, tip)?,
            Branch::Stay => {}
            Branch::Forward(ours) => forward(project, id, attempt, [ours, tip])?,
            Branch::Replace(ours) => {
                project.store()?.keep_attempt(id, attempt, ours)?;
                let _gone = branch::delete(&project.repo, name.as_ref(), ours)?;
                make(project, id, &name, tip)?;
            }
        }
        if let Some(tree) = project.worktree_of(id)? {
            if !tree.is_incomplete() {
                return Ok(());
            }
            let _removed = remove(&project.repo, &tree.path)?;
        }
        let tree = worktree::add(project, id, attempt, tip)?;
        if project.silent {
            worktree::give(project, id, attempt, &tree.path)?;
        }
        if self.uncommitted {
            snapshot::restore(
                &confined::attempt_worktree(project, id, attempt, &tree, None, Runs::Filters)?.tree,
                self.theirs,
            )?;
            // Kept last: without it all of this is done again.
            project.store()?.keep_attempt(id, attempt, self.theirs)?;
        }
        progress.say(&Step::Note(format!("fetched the work on '{}' from {}", id.short(), self.remote)));
        if project.silent {
            let what = "files under .chant/ that it wrote stay in the clone that paused it, until the work is finished";
            progress.say(&Step::Note(what.to_owned()));
        }
        Ok(())
    }

    /// Removes the worktree that this clone has: what is in it is kept, and another clone went on from it.
    fn make_room(&self, project: &Project, progress: &dyn Progress) -> Result<()> {
        let id = self.id;
        let Some(tree) = project.worktree_of(id)? else { return Ok(()) };
        let _held = project.lock_worktree(id)?;
        if project.save_worktree(id, self.attempt, &tree)?.is_some() {
            let what = format!("this clone's work on '{}' is kept under refs/chant-local/attempts/{id}", id.short());
            progress.say(&Step::Note(what));
        }
        remove(&project.repo, &tree.path).map(drop)
    }
}

/// The error where this clone and another both have commits of an attempt that the other lacks.
fn diverged(project: &Project, id: &SpecId, [ours, theirs]: [ObjectId; 2], remote: &str) -> Result<Error> {
    let (short, branch) = (id.short(), project.branch(id)?);
    let (ours, theirs) = (ours.to_hex_with_len(12), theirs.to_hex_with_len(12));
    let message = format!(
        "cannot resume '{short}': '{branch}' is at {ours} here and at {theirs} at {remote}, each with commits of its own"
    );
    let error = Error::negative(Kind::Diverged, message);
    let error = match project.worktree_of(id)?.filter(|tree| tree.path.is_dir()) {
        Some(tree) => {
            let path = tree.path.to_string_lossy();
            error.hint(format!("to join them: git -C {} merge {theirs}", shell_words::quote(&path)))
        }
        None => {
            let branch = shell_words::quote(&branch);
            error.hint(format!("to continue the other clone's work: git branch -f {branch} {theirs}"))
        }
    };
    Ok(error.hint(format!("to start over: git chant work {short} --fresh")))
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
    let worktree = match project.worktree_of(id)?.filter(|tree| tree.is_on(name.as_ref()) && tree.path.is_dir()) {
        Some(tree) if confined::needs_confined_worktree(project, id, tip)? => {
            Some(confined::confined_worktree(project, id, attempt, &tree)?)
        }
        _ => None,
    };
    let sandbox = worktree.as_ref().map_or(&[][..], |worktree| &worktree.tree.sandbox);
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
