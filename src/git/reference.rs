//! Moving one ref by compare-and-swap.

use std::time::{Duration, Instant};

use gix::{
    ObjectId,
    refs::{
        FullName, FullNameRef, Target,
        transaction::{Change, LogChange, PreviousValue, RefEdit, RefLog},
    },
};

use super::{process::Git, repository::Repository};
use crate::error::{Error, Result};

/// A change of one ref that is made only if it still is what the caller read.
#[derive(Clone, Debug)]
pub struct Swap<'a> {
    /// The full name.
    pub name: &'a FullNameRef,
    /// What it must be; `None`: it must not exist.
    pub expected: Option<ObjectId>,
    /// What it becomes; `None`: it is deleted.
    pub new: Option<ObjectId>,
    /// The line for its reflog.
    pub message: &'a str,
    /// Whether to begin a reflog where git would not keep one.
    pub force_log: bool,
}

/// What became of a [`Swap`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Swapped {
    /// The ref was moved.
    Done,
    /// Somebody was faster: this is what it is now. Nothing was changed.
    Differs(Option<ObjectId>),
}

/// What a ref points at, without peeling; `None` if it does not exist. A symbolic ref is an error (`symbolic-ref`).
pub fn read(repo: &Repository, name: &FullNameRef) -> Result<Option<ObjectId>> {
    match target(repo.gix(), name)? {
        None => Ok(None),
        Some(Target::Object(id)) => Ok(Some(id)),
        Some(Target::Symbolic(other)) => {
            let message = format!("'{}' is a symbolic ref to '{}'", name.as_bstr(), other.as_bstr());
            Err(Error::fatal("symbolic-ref", message))
        }
    }
}

/// What a ref holds, found by its full name and no other.
///
/// The loose file is looked for first and packed-refs read anew after that, as git does: somebody who packs refs moves them in the
/// other direction, and a ref would be missed, or an old value of it taken, the other way around.
pub fn target(repo: &gix::Repository, name: &FullNameRef) -> Result<Option<Target>> {
    // A partial name could also find 'refs/tags/<name>'.
    let ours = |found: &gix::refs::Reference| found.name.as_ref() == name;
    if let Some(loose) = repo.refs.try_find_packed(name, None)?.filter(ours) {
        return Ok(Some(loose.target));
    }
    refresh(repo);
    let packed = repo.refs.cached_packed_buffer()?;
    let found = repo.refs.try_find_packed(name, packed.as_ref().map(|buffer| &***buffer))?.filter(ours);
    Ok(found.map(|found| found.target))
}

/// Makes the next look at packed refs see the file as it is.
///
/// gix goes by the modification time of `packed-refs`, and two gits can pack refs within one tick of it: what the second of them
/// packed would be missed, or taken for what it was before.
pub fn refresh(repo: &gix::Repository) {
    // Where there is no such file, or one that cannot be read, whoever looks next finds that out and says so.
    let _missing = repo.refs.force_refresh_packed_buffer();
}

/// Makes the change. A lock that somebody else holds is waited for until `chant.lockTimeout` has passed (`ref-locked`).
///
/// With `core.fsync` asking for durable refs, `git update-ref` does it, since gix syncs nothing.
pub fn swap(repo: &Repository, swap: &Swap<'_>) -> Result<Swapped> {
    let deadline = Instant::now() + repo.config().lock_timeout()?;
    let durable = repo.durability().reference;
    let mut pause = Duration::from_millis(2);
    loop {
        let outcome = if durable { by_git(repo, swap)? } else { in_process(repo, swap)? };
        match outcome {
            Attempt::Swapped(swapped) => return Ok(swapped),
            Attempt::Busy(_) if Instant::now() < deadline => {
                // Whoever moved it meanwhile has decided for us.
                let now = read(repo, swap.name)?;
                if now != swap.expected {
                    return Ok(Swapped::Differs(now));
                }
            }
            Attempt::Busy(why) => {
                let message = format!("cannot lock ref '{}': {why}", swap.name.as_bstr());
                return Err(Error::fatal("ref-locked", message)
                    .hint("if no other git process is running, remove the '.lock' file that is named above"));
            }
        }
        std::thread::sleep(pause.min(deadline.saturating_duration_since(Instant::now())));
        pause = (pause * 2).min(Duration::from_millis(100));
    }
}

enum Attempt {
    Swapped(Swapped),
    Busy(String),
}

fn in_process(repo: &Repository, swap: &Swap<'_>) -> Result<Attempt> {
    let expected = match swap.expected {
        Some(id) => PreviousValue::MustExistAndMatch(Target::Object(id)),
        None => PreviousValue::MustNotExist,
    };
    let change = match swap.new {
        Some(new) => {
            let message = one_line(swap.message).into();
            let log = LogChange { mode: RefLog::AndReference, force_create_reflog: swap.force_log, message };
            Change::Update { log, expected, new: Target::Object(new) }
        }
        None => Change::Delete { expected, log: RefLog::AndReference },
    };
    let edit = RefEdit { change, name: swap.name.to_owned(), deref: false };
    // Only a reflog shows it, so a missing identity does not stop a ref, in git neither.
    let committer = repo.committer().unwrap_or_else(|_| gix::actor::Signature {
        name: "unknown".into(),
        email: "unknown@localhost".into(),
        time: repo.env().git_time(),
    });
    let mut time = gix::date::parse::TimeBuf::default();
    match repo.gix().edit_references_as(Some(edit), Some(committer.to_ref(&mut time))) {
        Ok(edits) if swap.expected.is_none() && found_one(&edits) => Ok(Attempt::Swapped(Swapped::Differs(swap.new))),
        Ok(_) => Ok(Attempt::Swapped(Swapped::Done)),
        // To find a ref gone that was to be deleted is no conflict for gix, and one for us.
        Err(error) => match read(repo, swap.name)? {
            now if now != swap.expected => Ok(Attempt::Swapped(Swapped::Differs(now))),
            _ if error.is_conflict() || error.is_retryable() || vanished(&error) => {
                Ok(Attempt::Busy(Error::from(error).message))
            }
            _ => Err(error.into()),
        },
    }
}

/// Whether a file went away between two of our steps: two that delete the last packed refs both take away the empty file.
fn vanished(error: &gix::Error) -> bool {
    error.downcast_any_ref::<std::io::Error>().map(std::io::Error::kind) == Some(std::io::ErrorKind::NotFound)
}

/// Whether a creation met a ref that was there: with the very id that was to be written, gix calls that a success.
fn found_one(edits: &[RefEdit]) -> bool {
    edits
        .iter()
        .any(|edit| matches!(&edit.change, Change::Update { expected: PreviousValue::MustExistAndMatch(_), .. }))
}

fn by_git(repo: &Repository, swap: &Swap<'_>) -> Result<Attempt> {
    let null = repo.gix().object_hash().null();
    let mut git = Git::at(repo).args(["update-ref", "--no-deref", "-m", &one_line(swap.message)]);
    if swap.force_log {
        git = git.arg("--create-reflog");
    }
    let name = swap.name.as_bstr().to_string();
    let old = swap.expected.unwrap_or(null).to_hex().to_string();
    git = match swap.new {
        Some(new) => git.args([name, new.to_hex().to_string(), old]),
        None => git.args(["-d".to_owned(), name, old]),
    };
    let output = git.run()?;
    if output.success() {
        return Ok(Attempt::Swapped(Swapped::Done));
    }
    let now = read(repo, swap.name)?;
    if now == swap.expected {
        Ok(Attempt::Busy(output.complaint()))
    } else {
        Ok(Attempt::Swapped(Swapped::Differs(now)))
    }
}

fn one_line(message: &str) -> String {
    message.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The full name of a branch by its short one (`main`). Errors with `bad-branch` if git would not take it.
pub fn branch_name(short: &str) -> Result<FullName> {
    let full = FullName::try_from(format!("refs/heads/{short}"));
    match full {
        Ok(name) if !short.starts_with('-') && short != "HEAD" => Ok(name),
        _ => Err(Error::fatal("bad-branch", format!("'{}' is not a valid branch name", short.escape_debug()))),
    }
}
