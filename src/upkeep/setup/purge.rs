//! Removing everything from a clone: the records, the specs, and what is kept for the clone alone.

use super::Change;
use crate::{
    agent::lease::{self, Life},
    error::{Error, Kind, Result},
    git::worktree,
    project::{Project, target::short_name},
};

/// The directory of the specs and all that belongs to them.
const DIR: &str = ".chant";

/// Every ref of ours, the specs of this work tree, and the directory of the clone.
pub(super) fn plan(project: &Project) -> Result<Vec<Change>> {
    let mut changes = Vec::new();
    for (name, target) in project.store()?.everything()? {
        let Some(target) = target else {
            return Err(Error::fatal(Kind::BrokenRef, format!("'{name}' holds no object id"))
                .hint("to examine it: git chant fsck"));
        };
        changes.push(Change::DeleteRef(name, target));
    }
    for top in project.tops() {
        let dir = top.join(DIR);
        if dir.symlink_metadata().is_ok() {
            changes.push(Change::RemoveDir(dir));
        }
    }
    changes.push(Change::RemoveDir(project.repo.chant_dir()));
    Ok(changes)
}

/// Refuses to remove what is in use: a run, a worktree with work in it, files that a merge left aside.
///
/// # Errors
/// `in-use`, with what it is.
pub(crate) fn refuse_work(project: &Project) -> Result<()> {
    let refused = |message: String| Error::negative(Kind::InUse, message);
    for attempt in lease::list(&project.leases_dir())? {
        if let Life::Running(info) = project.life(attempt)? {
            return Err(refused(format!("'{}' has a running attempt", info.spec.short()))
                .hint(format!("to stop it: git chant pause {}", info.spec.short())));
        }
    }
    let prefix = format!("refs/heads/{}", project.config().branch_prefix()?);
    for tree in worktree::list(&project.repo)?.iter().filter(|tree| !tree.main) {
        let on = tree.head.as_ref().and_then(crate::git::repository::Head::branch);
        if on.is_some_and(|branch| branch.as_bstr().starts_with(prefix.as_bytes())) {
            return Err(refused(format!("the worktree '{}' holds work", tree.path.display()))
                .hint("finish or reset its spec, or remove it: git worktree remove <path>"));
        }
    }
    let aside = project.repo.chant_dir().join("aside");
    if std::fs::read_dir(&aside).is_ok_and(|mut entries| entries.next().is_some()) {
        return Err(refused(format!("an interrupted merge left files in '{}'", aside.display()))
            .hint("to put them back: git chant fsck --repair"));
    }
    Ok(())
}

/// A line for everything that stays in any case.
pub(crate) fn left_behind(project: &Project) -> Result<Vec<String>> {
    let prefix = format!("refs/heads/{}", project.config().branch_prefix()?);
    let branches = project.store()?.names_below(&prefix)?;
    let mut left = Vec::new();
    if !branches.is_empty() {
        let prefix = short_name(&prefix);
        left.push(format!("work branches are kept ({}); to list them: git branch --list '{prefix}*'", branches.len()));
    }
    if !project.repo.gix().remote_names().is_empty() {
        left.push("remotes keep what was pushed".to_owned());
    }
    Ok(left)
}
