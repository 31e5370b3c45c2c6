//! Submodules that the work moved to a commit that no other clone can fetch. What else is in a submodule is not looked at here.

use gix::ObjectId;

use crate::{
    attempt::ended::Waits,
    error::Result,
    git::worktree,
    project::Project,
    specs::{
        attempt::Attempt,
        confined::{self, Runs},
    },
};

/// What work at `tip` waits for whose submodules name commits that exist in its worktree only: the target would name them in every clone. As
/// `git push --recurse-submodules=check` does, it is asked what the remotes of the submodule have.
///
/// # Errors
/// If the repository cannot be read.
pub(super) fn unpushed(project: &Project, attempt: &Attempt, tip: ObjectId) -> Result<Option<Waits>> {
    let since = project.own_changes_since(attempt, tip)?;
    let links = worktree::changed_submodules(&project.repo, since, tip)?;
    if links.is_empty() {
        return Ok(None);
    }
    let Some(tree) = project.worktree_of(&attempt.id)?.filter(|tree| tree.path.is_dir()) else { return Ok(None) };
    let worktree = confined::attempt_worktree(project, &attempt.id, attempt.start, &tree, None, Runs::Filters)?;
    let mut unpushed = Vec::new();
    for (path, commit) in links {
        if !worktree::has_submodule_commit(&project.repo, &worktree.tree, path.as_ref(), commit)? {
            unpushed.push(path);
        }
    }
    let Some(first) = unpushed.first() else { return Ok(None) };
    let dir = tree.path.join(gix::path::from_bstr(first)?);
    let dir = shell_words::quote(&dir.to_string_lossy()).into_owned();
    let waits = Waits::new("it names commits of submodules that no remote has").paths(&unpushed);
    Ok(Some(
        waits
            .hint(format!("push them from its worktree: git -C {dir} push <remote> HEAD:<branch>"))
            .hint(format!("then: git chant merge {}", attempt.id.short())),
    ))
}
