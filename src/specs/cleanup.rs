//! Keeps the commits and changes of an attempt under refs, and only then removes its worktree and branch.

use bstr::{BString, ByteSlice as _};
use gix::ObjectId;

use crate::{
    domain::{confined::Confined, event::Op, id::SpecId, state::State, status::Status},
    error::{Error, Kind, Result},
    git::{
        branch,
        repository::Head,
        snapshot, status,
        worktree::{self, Worktree, pool::Pool, remove::Removed},
    },
    project::Project,
    specs::{
        attempt::Attempt,
        confined::{self, AttemptWorktree, Runs},
    },
};

impl Project {
    /// Keeps the commits of a worktree and its uncommitted changes under refs of the attempt. Nothing in the worktree is touched.
    /// Returns the commit that is kept; `None` if the worktree is gone or stands on nothing.
    ///
    /// # Errors
    /// `nested-repository` if there is work in it that a commit cannot hold: repositories of its own, submodules with work that is
    /// nowhere else.
    pub(crate) fn save_worktree(&self, id: &SpecId, attempt: ObjectId, tree: &Worktree) -> Result<Option<ObjectId>> {
        if !tree.path.is_dir() {
            // The log of its registration may be all that names a commit.
            self.keep_heads(id, attempt, tree)?;
            return Ok(None);
        }
        if Pool::of(&self.repo).is_ok_and(|pool| pool.is_filling(tree)) {
            // No agent has been in it yet.
            self.keep_heads(id, attempt, tree)?;
            return Ok(tree.head.as_ref().and_then(Head::id));
        }
        if tree.is_replaced() {
            // What stands there is no work of the attempt.
            self.keep_heads(id, attempt, tree)?;
            return Ok(None);
        }
        worktree::repair(&self.repo, tree)?;
        let worktree = confined::attempt_worktree(self, id, attempt, tree, None, Runs::Filters)?;
        let kept = self.keep_uncommitted(id, attempt, &worktree);
        // Commits that only the reflog of the worktree names: of a branch that was deleted or reset.
        for tip in worktree::lost_heads(&self.repo, tree)? {
            self.store()?.keep_attempt(id, attempt, tip)?;
        }
        let kept = kept?;
        self.refuse_unsaved_submodules(&worktree.tree)?;
        Ok(kept)
    }

    /// Keeps the commits of a worktree that, as the caller knows, has no uncommitted changes.
    ///
    /// # Errors
    /// As [`Project::save_worktree`].
    pub(crate) fn save_clean(&self, id: &SpecId, attempt: ObjectId, tree: &Worktree) -> Result<()> {
        self.keep_heads(id, attempt, tree)?;
        self.refuse_unsaved_submodules(&confined::attempt_worktree(self, id, attempt, tree, None, Runs::Filters)?.tree)
    }

    /// Keeps the commit at `HEAD` of a worktree, and those that only its reflog names.
    fn keep_heads(&self, id: &SpecId, attempt: ObjectId, tree: &Worktree) -> Result<()> {
        let store = self.store()?;
        if let Some(head) = tree.head.as_ref().and_then(Head::id) {
            store.keep_attempt(id, attempt, head)?;
        }
        for tip in worktree::lost_heads(&self.repo, tree)? {
            store.keep_attempt(id, attempt, tip)?;
        }
        Ok(())
    }

    /// Refuses a worktree whose submodules hold work that is nowhere else.
    fn refuse_unsaved_submodules(&self, tree: &Worktree) -> Result<()> {
        // A commit here names commits of a submodule; it does not hold them.
        let unsaved = worktree::unsaved_submodules(&self.repo, tree)?;
        if unsaved.is_empty() {
            return Ok(());
        }
        let names = unsaved.iter().map(|path| format!("'{path}'")).collect::<Vec<_>>().join(", ");
        Err(Error::negative(
            Kind::NestedRepository,
            format!("submodules in the worktree '{}' hold work that exists nowhere else: {names}", tree.path.display()),
        )
        .hint("push that work from there, or remove it"))
    }

    /// Keeps the commit at `HEAD` of a worktree, and a commit of its uncommitted changes.
    fn keep_uncommitted(&self, id: &SpecId, attempt: ObjectId, worktree: &AttemptWorktree) -> Result<Option<ObjectId>> {
        let (store, tree) = (self.store()?, &worktree.tree);
        if let Some(head) = tree.head.as_ref().and_then(Head::id) {
            store.keep_attempt(id, attempt, head)?;
        }
        let message = Project::snapshot_message(id, attempt);
        let known = self.attempt_at(id, attempt)?.base;
        match snapshot::snapshot(&self.repo, tree, &message, &|made| worktree.take(self, made, known))? {
            Some(snapshot) if snapshot.nested.is_empty() => {
                store.keep_attempt(id, attempt, snapshot.commit)?;
                Ok(Some(snapshot.commit))
            }
            Some(snapshot) => {
                store.keep_attempt(id, attempt, snapshot.commit)?;
                let nested: Vec<String> = snapshot.nested.iter().map(ToString::to_string).collect();
                Err(Error::negative(
                    Kind::NestedRepository,
                    format!("the worktree '{}' holds git repositories: {}", tree.path.display(), nested.join(", ")),
                )
                .hint("move them away or remove them"))
            }
            None => Ok(tree.head.as_ref().and_then(Head::id)),
        }
    }
}

/// Removes the worktree and the branch of an attempt, and forgets its lease. Returns a warning for each part that stays: events are
/// recorded by then.
pub(crate) fn clean_up(project: &Project, attempt: &Attempt) -> Result<Vec<String>> {
    let mut warnings = Vec::new();
    let mut stays = false;
    // No other process begins an attempt at that place now.
    let _held = project.lock_worktree(&attempt.id)?;
    if has_newer_attempt(project, attempt)? {
        return Ok(warnings);
    }
    if let Some(tree) = project.worktree_of(&attempt.id)? {
        if is_inside(project, &tree.path) {
            warnings.push(format!(
                "keeping the worktree '{}', because you are in it; to remove it later: git worktree remove {}",
                tree.path.display(),
                shell_words::quote(&tree.path.to_string_lossy())
            ));
            stays = true;
        } else {
            match save_and_remove(project, attempt, &tree) {
                Ok(warning) => warnings.extend(warning),
                Err(error) if !is_gone(project, attempt)? => {
                    warnings.push(format!("keeping the worktree '{}': {}", tree.path.display(), error.message));
                    stays = true;
                }
                Err(_) => {}
            }
        }
    }
    if !stays && let Some(tip) = branch::read(&project.repo, attempt.branch.as_ref())? {
        project.store()?.keep_attempt(&attempt.id, attempt.start, tip)?;
        if let Err(error) = branch::delete(&project.repo, attempt.branch.as_ref(), tip) {
            warnings.push(format!("keeping the branch '{}': {}", attempt.branch.shorten(), error.message));
        }
    }
    if let Err(error) = drop_merged_refs(project, attempt).and_then(|()| project.forget_lease(attempt.start)) {
        warnings.push(error.message);
    }
    Ok(warnings)
}

/// Keeps what a worktree holds, then removes it. Gives a warning about what git did not see in it.
fn save_and_remove(project: &Project, attempt: &Attempt, tree: &Worktree) -> Result<Option<String>> {
    if tree.is_replaced() {
        project.keep_heads(&attempt.id, attempt.start, tree)?;
        return remove_worktree(project, tree);
    }
    let pool = Pool::of(&project.repo).ok().filter(|pool| pool.accepts(tree));
    // An agent that was not confined may have left processes that go on writing.
    let was_confined = || {
        Ok::<_, Error>(confined::last_run(project, &attempt.id, attempt.start)?.is_some_and(|by| by != Confined::None))
    };
    let pool = match pool {
        Some(pool) if was_confined()? && !confined::is_by_hand(project, &attempt.id)? => Some(pool),
        _ => None,
    };
    let worktree = confined::attempt_worktree(project, &attempt.id, attempt.start, tree, None, Runs::Filters)?;
    let hidden = if tree.path.is_dir() { status::hidden(&worktree.tree)? } else { Vec::new() };
    let head = tree.head.as_ref().and_then(Head::id);
    // Most worktrees have no uncommitted changes, as git finds out when it removes them: then their commits are all there is to keep. A git
    // that is confined cannot remove one.
    if worktree.tree.sandbox.is_empty() && tree.path.is_dir() && head.is_some() {
        project.keep_heads(&attempt.id, attempt.start, tree)?;
        if pool.is_none() && hidden.is_empty() && worktree::remove::remove_clean(&project.repo, tree)? {
            return Ok(None);
        }
    }
    drop(worktree);
    let kept = project.save_worktree(&attempt.id, attempt.start, tree)?.filter(|kept| Some(*kept) != head);
    if !pool.is_some_and(|pool| pool.add(tree)) {
        return remove_worktree(project, tree).map(|said| said.or_else(|| hid(&hidden, kept)));
    }
    Ok(hid(&hidden, kept))
}

/// Removes a worktree. Gives what is to be said where its directory stays.
///
/// # Errors
/// If it cannot be removed.
pub(crate) fn remove_worktree(project: &Project, tree: &Worktree) -> Result<Option<String>> {
    let what = if tree.is_replaced() { "is not the directory that was made for it" } else { "is damaged" };
    let stays = worktree::remove::remove(&project.repo, &tree.path)? == Removed::DirectoryKept;
    let path = tree.path.display();
    Ok(stays.then(|| format!("the worktree '{path}' {what}: what is there stays; only its registration was removed")))
}

/// What is to be said of changes that git did not see.
fn hid(hidden: &[BString], kept: Option<ObjectId>) -> Option<String> {
    kept.filter(|_| !hidden.is_empty()).map(|kept| {
        let names = bstr::join(", ", hidden);
        format!(
            "the index hid changes to these files from git, and they are not in the work: {}; to see them: git show {}",
            names.to_str_lossy(),
            kept.to_hex_with_len(10)
        )
    })
}

/// Removes the worktree and the branch that an attempt left whose spec is pending again, because the process that ended it died before
/// that. Returns what could not be done, in words.
///
/// # Errors
/// If what is there cannot be kept.
pub(crate) fn clear_pending(project: &Project, id: &SpecId) -> Result<Vec<String>> {
    let store = project.store()?;
    let Some(state) = store.state(id)?.filter(|state| state.status == Status::Pending) else { return Ok(Vec::new()) };
    let Some(start) = last_start(project, id, &state)? else { return Ok(Vec::new()) };
    clean_up(project, &project.attempt_at(id, start)?)
}

/// The newest start event below the tip.
pub(crate) fn last_start(project: &Project, id: &SpecId, state: &State) -> Result<Option<ObjectId>> {
    let walk = project.store()?.walk(id, state.tip)?;
    Ok(walk.history.events().iter().rev().find(|event| event.op == Op::Start).map(|event| event.id))
}

/// Whether another attempt has begun since: it owns the worktree and the branch.
fn has_newer_attempt(project: &Project, attempt: &Attempt) -> Result<bool> {
    let state = project.store()?.state(&attempt.id)?;
    let Some(state) = state else { return Ok(false) };
    let begun = matches!(state.status, Status::InProgress | Status::Paused | Status::Finished);
    Ok(begun && state.attempt.is_some_and(|now| now != attempt.start))
}

/// Whether another process has removed the worktree: two processes may end one attempt at once.
fn is_gone(project: &Project, attempt: &Attempt) -> Result<bool> {
    for _ in 0..20 {
        if !project.worktree_of(&attempt.id)?.is_some_and(|tree| tree.path.exists()) {
            return Ok(true);
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    Ok(false)
}

/// Drops the refs of kept commits that the target holds.
fn drop_merged_refs(project: &Project, attempt: &Attempt) -> Result<()> {
    let Some(target) = &attempt.target else { return Ok(()) };
    let Some(target) = project.branch_tip(target)? else { return Ok(()) };
    let store = project.store()?;
    for (name, tip) in store.kept_attempts(&attempt.id)? {
        if project.is_ancestor(tip, target)? {
            store.drop_attempt(&attempt.id, &name, tip)?;
        }
    }
    Ok(())
}

/// Whether the working directory of the person is in `path`.
pub(crate) fn is_inside(project: &Project, path: &std::path::Path) -> bool {
    let real = |path: &std::path::Path| std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    real(project.env.cwd()).starts_with(real(path))
}
