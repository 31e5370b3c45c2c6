//! Makes the branch and the worktree of an attempt from the pinned base. Removing them after its end is done in `specs::cleanup`.

use std::path::Path;

use gix::{ObjectId, objs::tree::EntryKind, refs::FullNameRef};

use crate::{
    answer::progress::{Progress, Step},
    attempt::{
        plan::Plan,
        seen,
        session::{create_file, own_dir},
        set_up,
    },
    domain::{event::Pin, id::SpecId},
    error::{Error, Kind, Result},
    git::{
        branch,
        commit::{self, NewCommit, Signing},
        object::patiently,
        reference::Swapped,
        snapshot,
        worktree::{self, Worktree, pool::Pool},
    },
    project::Project,
    specs::{
        attempt::Attempt,
        cleanup::remove_worktree,
        confined::{self, Runs},
        text::path_of,
    },
};

/// Adds the worktree of an attempt on its branch, which holds the code of `commit`, with what `.worktreeinclude` takes from the main one, and the hooks
/// that lie in that.
///
/// # Errors
/// `not-confined` if code in `commit` may run, and has to be confined; no worktree is left then.
pub(super) fn add(project: &Project, id: &SpecId, attempt: ObjectId, commit: ObjectId) -> Result<Worktree> {
    let path = project.meant_worktree(id)?;
    let main = project.repo.main_work_dir().map(|top| worktree::find(&project.repo, &top)).transpose()?.flatten();
    if let Some(main) = &main {
        worktree::hide::hide(&project.repo, main, &path)?;
    }
    let pool = Pool::of(&project.repo)?;
    let branch = project.branch_ref(id)?;
    let check_out = |fill: &dyn Fn(&Worktree) -> Result<()>| check_out(project, &path, branch.as_ref(), fill);
    let tree = if confined::needs_confined_worktree(project, id, commit)? {
        check_out(&|empty| {
            let worktree = confined::confined_worktree(project, id, attempt, empty)?;
            worktree::add::fill(&worktree.tree)
        })?
    } else if pool.is_used() {
        // A person gets no file that an agent had.
        let can_take = !confined::is_by_hand(project, id)?;
        let from_pool = can_take.then(|| pool.take(&path)).flatten();
        let filled = from_pool.map(|entry| check_out(&|empty| pool.fill(empty, Some(&entry))));
        match filled {
            Some(Ok(tree)) => tree,
            _ => check_out(&|empty| pool.fill(empty, None))?,
        }
    } else {
        worktree::add::add(&project.repo, &path, branch.as_ref())?
    };
    if let Some(main) = &main {
        let hooks = worktree::include::hooks_pattern(&project.repo);
        worktree::include::prepare(main, &tree.path, hooks.as_deref())?;
    }
    Ok(tree)
}

/// Makes a worktree on `branch` and has `fill` put files into it. If that fails, the worktree is removed.
fn check_out(
    project: &Project,
    path: &Path,
    branch: &FullNameRef,
    fill: &dyn Fn(&Worktree) -> Result<()>,
) -> Result<Worktree> {
    let empty = worktree::add::add_empty(&project.repo, path, branch)?;
    if let Err(error) = fill(&empty) {
        // What went wrong first is told.
        let _stays = worktree::remove::remove(&project.repo, path);
        return Err(error);
    }
    Ok(Worktree { locked: None, ..empty })
}

/// Makes branch and worktree of `attempt`; the branch begins with the commit `start`. What is left there of the one `before` is kept under
/// its own ref first.
pub(super) fn make(
    project: &Project,
    plan: &Plan,
    start: ObjectId,
    (attempt, before): (ObjectId, Option<ObjectId>),
    progress: &dyn Progress,
) -> Result<Worktree> {
    let _held = project.lock_worktree(&plan.id)?;
    clear(project, plan, before.unwrap_or(attempt), progress)?;
    let branch = project.branch_ref(&plan.id)?;
    let log = format!("chant: work on {}", plan.id);
    if branch::create(&project.repo, branch.as_ref(), start, &log)? != Swapped::Done {
        return Err(Error::negative(Kind::Busy, format!("another process created the branch '{}'", branch.shorten()))
            .hint("try again"));
    }
    // Above its base the branch has the text of the spec and nothing else.
    let tree = add(project, &plan.id, attempt, plan.base)?;
    match project.silent {
        true => copy_in(plan, &tree.path)?,
        false => worktree::sparse::show(&tree, &committed(plan))?,
    }
    own_dir(&tree.path)?;
    set_up::run(project, plan, &tree.path, progress)?;
    Ok(tree)
}

/// Makes the worktree of an attempt again, on its branch, where a person removed it by git: what was committed is the work, and of a
/// `paused` attempt what is kept of its uncommitted changes.
///
/// # Errors
/// `checked-out` if the branch is checked out elsewhere.
pub(super) fn bring_back(project: &Project, attempt: &Attempt, paused: bool, progress: &dyn Progress) -> Result<()> {
    let _held = project.lock_worktree(&attempt.id)?;
    let tip = branch::read(&project.repo, attempt.branch.as_ref())?;
    let tree = project.worktree_of(&attempt.id)?;
    let is_missing = tree.as_ref().is_none_or(Worktree::is_incomplete);
    let Some(tip) = tip.filter(|_| is_missing) else { return Ok(()) };
    refuse_elsewhere(project, &attempt.id)?;
    if let Some(incomplete) = tree {
        let _removed = worktree::remove::remove(&project.repo, &incomplete.path)?;
    }
    let tree = add(project, &attempt.id, attempt.start, tip)?;
    if project.silent {
        give(project, &attempt.id, attempt.start, &tree.path)?;
    }
    let kept = if paused { project.kept_snapshot(&attempt.id, attempt.start, tip)? } else { None };
    if let Some(kept) = kept {
        let worktree = confined::attempt_worktree(project, &attempt.id, attempt.start, &tree, None, Runs::Filters)?;
        if let Err(error) = snapshot::restore(&worktree.tree, kept) {
            // Half of it would be taken for all.
            let _stays = worktree::remove::remove(&project.repo, &tree.path);
            return Err(error);
        }
    }
    seen::made_again(project, &attempt.id, &tree.path)?;
    let (short, branch) = (attempt.id.short(), attempt.branch.shorten());
    progress.say(&Step::Note(format!("the worktree of '{short}' was removed; made it again from '{branch}'")));
    Ok(())
}

/// Removes what an earlier attempt left, after keeping all of it.
fn clear(project: &Project, plan: &Plan, before: ObjectId, progress: &dyn Progress) -> Result<()> {
    let branch = project.branch_ref(&plan.id)?;
    refuse_elsewhere(project, &plan.id)?;
    let tree = project.worktree_of(&plan.id)?;
    if let Some(tree) = &tree
        && let Some(kept) = project.save_worktree(&plan.id, before, tree)?
    {
        project.tell_of_kept(&plan.id, before, kept, progress)?;
    }
    // What is registered stays as long as nothing can take its place.
    refuse_occupied(project, &plan.id)?;
    if let Some(tree) = tree {
        if !tree.path.is_dir() {
            let what = format!("the earlier worktree is no longer at '{}'", tree.path.display());
            progress.say(&Step::Note(format!("{what}; if it was moved, its files stay there and belong to no spec")));
        }
        if let Some(said) = remove_worktree(project, &tree)? {
            progress.say(&Step::Warning(said));
        }
    }
    if let Some(tip) = branch::read(&project.repo, branch.as_ref())? {
        project.store()?.keep_attempt(&plan.id, before, tip)?;
        let _gone = branch::delete(&project.repo, branch.as_ref(), tip)?;
    }
    Ok(())
}

/// Refuses where something lies in the place of the worktree that is no worktree of this repository: a person's, or one whose registration
/// was removed by hand.
pub(super) fn refuse_occupied(project: &Project, id: &SpecId) -> Result<()> {
    let place = project.meant_worktree(id)?;
    if worktree::find(&project.repo, &place)?.is_none_or(|found| found.prunable) {
        worktree::add::require_free(&place)?;
    }
    Ok(())
}

/// Refuses where the work branch is checked out in a worktree that is not the spec's: that worktree belongs to a person.
pub(super) fn refuse_elsewhere(project: &Project, id: &SpecId) -> Result<()> {
    let branch = project.branch_ref(id)?;
    // From one look at them: another process of ours may be making the spec's own at this moment.
    let all = worktree::list(&project.repo)?;
    let own = project.worktree_among(&all, id)?;
    let has_it = |tree: &&Worktree| tree.is_on(branch.as_ref()) && tree.path.is_dir() && Some(*tree) != own;
    let Some(other) = all.iter().find(has_it) else { return Ok(()) };
    let message = format!("the branch '{}' is checked out in '{}'", branch.shorten(), other.path.display());
    Err(Error::negative(Kind::CheckedOut, message).hint("switch to another branch there first"))
}

/// Where the spec file differs from the base, the work branch begins with one commit of just that file, made in the object
/// database: the user's index and work tree stay out of it, and no ref holds it yet.
///
/// # Errors
/// If it cannot be written or signed.
pub(super) fn first_commit(project: &Project, plan: &Plan) -> Result<ObjectId> {
    let path = path_of(&plan.id);
    let blob = project.store()?.blob_id(&plan.first_text);
    if project.silent || project.blob_id_in(plan.base, &path)? == Some(blob) {
        return Ok(plan.base);
    }
    let repo = project.repo.gix();
    let blob = project.store()?.write_blob(&plan.first_text)?;
    let base = repo.find_commit(plan.base)?.tree_id()?.detach();
    let tree = patiently(|| {
        let mut editor = repo.edit_tree(base)?;
        editor.upsert(path.as_str(), EntryKind::Blob, blob)?;
        Ok(editor.write()?.detach())
    })?;
    let message = format!("Add spec {}: {}\n\nChant-Spec: {}\n", plan.id.short(), plan.title(), plan.id);
    let message = commit::signed_off(&project.repo, message.as_bytes())?;
    commit::write(&project.repo, NewCommit { tree, parents: vec![plan.base], message }, Signing::AsConfigured)
}

/// What the agent needs that is in the commit that it begins with: the spec and its inputs.
fn committed(plan: &Plan) -> Vec<String> {
    let inputs = plan.inputs.iter().filter(|input| input.committed).filter_map(|input| match &input.pin {
        Pin::Path { path, .. } => Some(path.clone()),
        _ => None,
    });
    inputs.chain([path_of(&plan.id)]).collect()
}

/// In silent mode the spec and its inputs are in no commit: they are copied.
fn copy_in(plan: &Plan, worktree: &Path) -> Result<()> {
    let mut files: Vec<(String, &[u8])> = vec![(path_of(&plan.id), &plan.first_text)];
    for input in &plan.inputs {
        if let (Pin::Path { path, .. }, Some(bytes), false) = (&input.pin, &input.bytes, input.committed)
            && path.starts_with(".chant/")
        {
            files.push((path.clone(), bytes));
        }
    }
    files.extend(plan.existing.iter().map(|(path, bytes)| (path.clone(), bytes.as_slice())));
    files.iter().try_for_each(|(path, bytes)| create_file(worktree, path, bytes))
}

/// Puts what an attempt was given where no commit has it into its worktree, which another clone had until now: the spec and the inputs of
/// its `start` event. A file that is there stays as it is.
pub(super) fn give(project: &Project, id: &SpecId, start: ObjectId, worktree: &Path) -> Result<()> {
    let store = project.store()?;
    if let Some(spec) = store.evidence_of(start, "spec.md")? {
        create_file(worktree, &path_of(id), &spec)?;
    }
    for file in store.evidence_files(start, "inputs")?.iter().filter(|file| file.path.starts_with(".chant/")) {
        create_file(worktree, &file.path, &project.repo.gix().find_blob(file.blob)?.take_data())?;
    }
    Ok(())
}
