//! Branches: read, created, moved and deleted only by compare-and-swap.

use bstr::ByteSlice;
use gix::{
    ObjectId,
    refs::{FullName, FullNameRef},
};

pub(crate) use super::reference::read;
use super::{
    reference::{self, Swap, Swapped},
    repository::Repository,
};
use crate::error::{Error, Kind, Result};

/// Creates a branch; `Differs` if there is one of that name, whatever it points at.
///
/// A branch whose name is a leading part of this one's, or the other way round, is an error (`branch-blocked`).
pub(crate) fn create(repo: &Repository, branch: &FullNameRef, id: ObjectId, message: &str) -> Result<Swapped> {
    if let Some(other) = blocker(repo, branch)? {
        let message = format!("'{}' exists; cannot create '{}'", other.shorten(), branch.shorten());
        return Err(Error::fatal(Kind::BranchBlocked, message)
            .hint(format!("rename it: git branch -m {} <new name>, or set chant.branchPrefix", other.shorten())));
    }
    reference::swap(repo, &Swap { name: branch, expected: None, new: Some(id), message, force_log: false })
}

/// Refuses a branch that cannot be made, since another has its name in a part of its own.
///
/// # Errors
/// `branch-blocked`.
pub(crate) fn refuse_blocked(repo: &Repository, branch: &FullNameRef) -> Result<()> {
    let Some(blocker) = blocker(repo, branch)? else { return Ok(()) };
    let message = format!("cannot create the branch '{}': '{}' exists", branch.shorten(), blocker.shorten());
    Err(Error::fatal(Kind::BranchBlocked, message))
}

/// Moves a branch. It must not be checked out anywhere: a worktree on it would look reverted (see `merge::advance`).
pub(crate) fn move_to(
    repo: &Repository,
    branch: &FullNameRef,
    from: ObjectId,
    to: ObjectId,
    message: &str,
) -> Result<Swapped> {
    reference::swap(repo, &Swap { name: branch, expected: Some(from), new: Some(to), message, force_log: false })
}

/// The short names of all local branches, sorted.
pub(crate) fn names(repo: &Repository) -> Result<Vec<String>> {
    let platform = repo.gix().references()?;
    let mut names = Vec::new();
    for reference in platform.local_branches()? {
        // One that is broken is no place for anything.
        let Ok(reference) = reference else { continue };
        names.push(reference.name().shorten().to_string());
    }
    Ok(names)
}

/// Deletes a branch that is `expected`; one that is gone already is `Done`.
pub(crate) fn delete(repo: &Repository, branch: &FullNameRef, expected: ObjectId) -> Result<Swapped> {
    if read(repo, branch)?.is_none() {
        return Ok(Swapped::Done);
    }
    let swap = Swap { name: branch, expected: Some(expected), new: None, message: "chant: delete", force_log: false };
    match reference::swap(repo, &swap)? {
        Swapped::Differs(None) => Ok(Swapped::Done),
        other => Ok(other),
    }
}

/// A ref that keeps `branch` from being created, since refs are files: one named as a leading part of it (`chant` for
/// `chant/x`), or one below it.
pub(crate) fn blocker(repo: &Repository, branch: &FullNameRef) -> Result<Option<FullName>> {
    let full = branch.as_bstr();
    for (at, _) in full.char_indices().map(|(start, _, c)| (start, c)).filter(|(_, c)| *c == '/') {
        let Ok(parent) = FullName::try_from(full[..at].as_bstr()) else { continue };
        if parent.as_bstr().starts_with(b"refs/heads/") && repo.gix().try_find_reference(parent.as_ref())?.is_some() {
            return Ok(Some(parent));
        }
    }
    let below = format!("{full}/");
    let platform = repo.gix().references()?;
    let first = platform.prefixed(below.as_str())?.next().transpose()?;
    Ok(first.map(|found| found.name().to_owned()))
}
