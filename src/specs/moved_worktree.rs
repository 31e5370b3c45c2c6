//! Worktrees of specs that were moved by other means than git, alone or together with the repository.

use crate::{
    domain::id::SpecId,
    error::{Error, Kind, Result},
    git::worktree::{self, Worktree},
    project::Project,
};

impl Project {
    /// Registers the worktree of a spec where it is now, if the repository was moved together with it. Gives it as it is then.
    pub(crate) fn follow_worktree(&self, id: &SpecId) -> Result<Option<Worktree>> {
        let Some(tree) = self.worktree_of(id)?.filter(|tree| tree.prunable) else { return Ok(None) };
        let meant = self.meant_worktree(id)?;
        // The place that is meant has the name of the repository, which may be another now.
        let old_name = meant.parent().zip(tree.path.file_name()).map(|(parent, name)| parent.join(name));
        for place in [Some(meant), old_name].into_iter().flatten() {
            if worktree::follow(&self.repo, &tree, &place)? {
                return worktree::find(&self.repo, &place);
            }
        }
        Ok(None)
    }

    /// Refuses to resume a spec whose worktree is registered and not there: it may have been moved with all that is in it.
    ///
    /// # Errors
    /// `no-worktree`.
    pub(crate) fn refuse_moved_worktree(&self, id: &SpecId) -> Result<()> {
        match self.worktree_of(id)?.filter(|tree| !tree.path.is_dir()) {
            Some(tree) => Err(moved(id, &tree)),
            None => Ok(()),
        }
    }
}

/// The error for a worktree that is registered and not there.
pub(crate) fn moved(id: &SpecId, tree: &Worktree) -> Error {
    let (short, place) = (id.short(), tree.path.display());
    Error::negative(Kind::NoWorktree, format!("the worktree of '{short}' is no longer at '{place}'"))
        .hint("if it was moved: git worktree repair <its new directory>")
        .hint(format!("if it was deleted: git worktree prune, then: git chant work {short}"))
}
