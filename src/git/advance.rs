//! Moving a target branch forward without ever touching what somebody has not committed.

use bstr::{BString, ByteSlice};
use gix::{
    ObjectId,
    refs::{FullName, FullNameRef},
};

use super::{
    branch,
    history::{self, ChangeKind},
    process::Output,
    reference::Swapped,
    repository::{Head, Repository},
    status,
    take_back::Before,
    worktree::{self, Worktree, busy},
};
use crate::error::Result;

/// What became of the target.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Advanced {
    /// The target ref was read afterwards and holds the new commit.
    Moved,
    /// The target was no longer what the merge was computed for; nothing was changed.
    LostRace,
    /// It cannot be moved now; nothing was changed.
    Refused {
        /// The files of the worktree that are in the way, sorted; empty if it is about something else.
        paths: Vec<BString>,
        /// Why, in words.
        why: String,
    },
    /// The worktree was switched to another branch at that moment, and that one moved instead.
    OtherBranchMoved(FullName),
}

impl Advanced {
    fn refused(why: String) -> Self {
        Advanced::Refused { paths: Vec::new(), why }
    }
}

/// Moves `target` from `old` (`None`: it does not exist yet) to `new`, a descendant of it.
///
/// A branch that is checked out moves by `git merge --ff-only` in that worktree, which updates index and files with it, keeps
/// unrelated changes and refuses where it would touch any, ignored files included. One that is checked out nowhere moves by
/// compare-and-swap. One that is being rebased or bisected, or is checked out twice, does not move. `message` is for the reflog.
pub fn advance(
    repo: &Repository,
    target: &FullNameRef,
    old: Option<ObjectId>,
    new: ObjectId,
    message: &str,
) -> Result<Advanced> {
    if let Some((place, operation)) = busy::busy_in(repo, target)?.into_iter().next() {
        let why = format!("'{}' is being {} in '{}'", target.shorten(), operation.participle(), place.path.display());
        return Ok(Advanced::refused(why));
    }
    let places = worktree::checked_out_in(repo, target)?;
    match (places.as_slice(), old) {
        ([], Some(old)) => Ok(swapped(branch::move_to(repo, target, old, new, message)?)),
        ([], None) => Ok(swapped(branch::create(repo, target, new, message)?)),
        ([place], Some(old)) => forward_in(repo, place, target, old, new, message),
        ([place], None) => {
            let why = format!("'{}' is unborn in '{}'", target.shorten(), place.path.display());
            Ok(Advanced::refused(why))
        }
        ([one, other, ..], _) => {
            let (one, other) = (one.path.display(), other.path.display());
            let why = format!("'{}' is checked out twice: in '{one}' and in '{other}'", target.shorten());
            Ok(Advanced::refused(why))
        }
    }
}

fn swapped(swapped: Swapped) -> Advanced {
    match swapped {
        Swapped::Done => Advanced::Moved,
        Swapped::Differs(_) => Advanced::LostRace,
    }
}

fn forward_in(
    repo: &Repository,
    place: &Worktree,
    target: &FullNameRef,
    old: ObjectId,
    new: ObjectId,
    message: &str,
) -> Result<Advanced> {
    if branch::read(repo, target)? != Some(old) {
        return Ok(Advanced::LostRace);
    }
    // Whatever `merge.*` and `branch.*.mergeOptions` say: forward or not at all, nothing stashed away, no ignored file
    // overwritten.
    let options = ["--ff-only", "--no-squash", "--no-autostash", "--no-overwrite-ignore", "--no-stat", "--quiet"];
    let git = place.git()?.env("GIT_REFLOG_ACTION", message).arg("merge").args(options).arg(new.to_hex().to_string());
    let before = Before::look(repo, place, old, new)?;
    let output = git.patient(repo.config().lock_timeout()?).run()?;
    // Only the ref itself tells what happened.
    let now = branch::read(repo, target)?;
    if now == Some(new) || matches!(now, Some(now) if now != old && history::is_ancestor(repo, new, now)?) {
        before.bring_back(repo, place)?;
        return Ok(Advanced::Moved);
    }
    if let Some(other) = moved_instead(repo, place, target, new)? {
        return Ok(Advanced::OtherBranchMoved(other));
    }
    if let Some(now) = now.filter(|_| !output.success()) {
        before.take_back(repo, place, new, now)?;
    }
    if now != Some(old) {
        return Ok(Advanced::LostRace);
    }
    // Somebody was about to commit there and held the branch in that moment.
    if output.stderr.contains_str("cannot lock ref") {
        return Ok(Advanced::LostRace);
    }
    refusal(repo, place, old, new, &output)
}

/// The branch that the worktree stands on now, if it is another one and holds the new commit.
fn moved_instead(repo: &Repository, place: &Worktree, target: &FullNameRef, new: ObjectId) -> Result<Option<FullName>> {
    let Some(now) = worktree::find(repo, &place.path)? else { return Ok(None) };
    match now.head {
        Some(Head::Branch(name, Some(id))) if id == new && name.as_ref() != target => Ok(Some(name)),
        _ => Ok(None),
    }
}

fn refusal(repo: &Repository, place: &Worktree, old: ObjectId, new: ObjectId, output: &Output) -> Result<Advanced> {
    let changes = history::changed_paths(repo, Some(old), new)?;
    let dirty = status::status(place)?;
    let mut paths: Vec<_> = changes
        .into_iter()
        .filter(|change| {
            let ignored_in_the_way = || {
                let there = gix::path::from_bstr(change.path.as_bstr()).map(|path| place.path.join(path));
                change.kind == ChangeKind::Added && there.is_ok_and(|path| path.symlink_metadata().is_ok())
            };
            dirty.iter().any(|dirty| overlap(dirty, &change.path)) || ignored_in_the_way()
        })
        .map(|change| change.path)
        .collect();
    paths.dedup();
    let why = if paths.is_empty() {
        format!("git would not move it in '{}': {}", place.path.display(), output.complaint())
    } else {
        format!("files in '{}' are in the way", place.path.display())
    };
    Ok(Advanced::Refused { paths, why })
}

/// Whether one path is the other or lies below it.
fn overlap(one: &BString, other: &BString) -> bool {
    let below = |upper: &BString, lower: &BString| {
        lower.strip_prefix(upper.as_slice()).is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
    };
    below(one, other) || below(other, one)
}
