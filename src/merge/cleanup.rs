//! After the work is in its target: the worktree and the branch go. Whatever is nowhere else is kept first.

use crate::{
    error::Result,
    git::{branch, worktree},
    project::{Project, attempt::Attempt},
};

/// Removes the worktree and the branch of an attempt, and forgets its lease. Returns what could not be done, in words: none of
/// it changes what is recorded.
pub fn clean_up(project: &Project, attempt: &Attempt) -> Result<Vec<String>> {
    let mut warnings = Vec::new();
    let mut stays = false;
    if let Some(tree) = project.worktree_of(&attempt.id)? {
        if stands_in(project, &tree.path) {
            warnings.push(format!(
                "you are in the worktree '{}', so it stays; when you have left it: git worktree remove {}",
                tree.path.display(),
                shell_words::quote(&tree.path.to_string_lossy())
            ));
            stays = true;
        } else {
            let kept = project.keep_worktree(&attempt.id, attempt.start, &tree).map(|_| ());
            if let Err(error) = kept.and_then(|()| worktree::remove(&project.repo, &tree.path).map(|_| ())) {
                warnings.push(format!("the worktree '{}' stays: {}", tree.path.display(), error.message));
                stays = true;
            }
        }
    }
    if !stays && let Some(tip) = branch::read(&project.repo, attempt.branch.as_ref())? {
        project.store()?.keep_attempt(&attempt.id, attempt.start, tip)?;
        if let Err(error) = branch::delete(&project.repo, attempt.branch.as_ref(), tip) {
            warnings.push(format!("the branch '{}' stays: {}", attempt.branch.shorten(), error.message));
        }
    }
    if let Err(error) = let_go(project, attempt).and_then(|()| project.forget_lease(attempt.start)) {
        warnings.push(error.message);
    }
    Ok(warnings)
}

/// What is kept of the attempt and is in its target needs no ref of its own.
fn let_go(project: &Project, attempt: &Attempt) -> Result<()> {
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

fn stands_in(project: &Project, path: &std::path::Path) -> bool {
    let real = |path: &std::path::Path| std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    real(project.env.cwd()).starts_with(real(path))
}
