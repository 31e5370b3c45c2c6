//! Moving one ref by compare-and-swap: the one place where that is done, for branches, chains and notes alike.

use std::{
    fs::File,
    io::ErrorKind,
    path::PathBuf,
    time::{Duration, Instant},
};

use gix::{
    ObjectId,
    actor::Signature,
    bstr::{BStr, ByteSlice},
    lock::acquire::Fail,
    refs::{
        FullName, FullNameRef, Target,
        store::WriteReflog,
        transaction::{Change, LogChange, PreviousValue, RefEdit, RefLog},
    },
};

use super::{
    lookup::{refresh, target},
    process::Git,
    repository::Repository,
    stale_lock::{self, HeldLock},
};
use crate::{
    env::fault,
    error::{Error, IoContext, Kind, Result},
};

/// How long one try waits for a lock.
const LOCK: Duration = Duration::from_millis(100);

/// A change of one ref that is made only if it still is what the caller read.
#[derive(Clone, Debug)]
pub(crate) struct Swap<'a> {
    /// The full name.
    pub name: &'a FullNameRef,
    /// The id that it must have; `None`: it must not exist.
    pub expected: Option<ObjectId>,
    /// The id that it gets; `None`: it is deleted.
    pub new: Option<ObjectId>,
    /// The line for its reflog.
    pub message: &'a str,
    /// Whether to begin a reflog where git would not keep one.
    pub force_log: bool,
}

/// The result of a [`Swap`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Swapped {
    /// The ref was moved.
    Done,
    /// Another process was faster: this is what the ref is now. Nothing was changed.
    Differs(Option<ObjectId>),
}

/// The id that a ref points at, without peeling; `None` if it does not exist. A symbolic ref is an error (`symbolic-ref`).
pub(crate) fn read(repo: &Repository, name: &FullNameRef) -> Result<Option<ObjectId>> {
    plain(repo.gix(), name)
}

fn plain(repo: &gix::Repository, name: &FullNameRef) -> Result<Option<ObjectId>> {
    match target(repo, name)? {
        None => Ok(None),
        Some(Target::Object(id)) => Ok(Some(id)),
        Some(Target::Symbolic(other)) => {
            let message = format!("'{}' is a symbolic ref to '{}'", name.as_bstr(), other.as_bstr());
            Err(Error::fatal(Kind::SymbolicRef, message))
        }
    }
}

/// Makes the change. A lock of another process is waited for until `chant.lockTimeout` has passed (`ref-locked`).
pub(crate) fn swap(repo: &Repository, swap: &Swap<'_>) -> Result<Swapped> {
    let deadline = Instant::now() + repo.config().lock_timeout()?;
    let durable = repo.durability().reference;
    let committer = reflog_identity(repo);
    let mut pause = Duration::from_millis(2);
    loop {
        match attempt(repo.gix(), swap, &committer, durable)? {
            Attempt::Swapped(swapped) => return Ok(swapped),
            Attempt::Busy(_) if Instant::now() < deadline => {
                // If another process moved the ref, it has decided.
                let now = read(repo, swap.name)?;
                if now != swap.expected {
                    return Ok(Swapped::Differs(now));
                }
                clear_locks(repo.gix(), swap.name)?;
            }
            Attempt::Busy(why) => {
                let message = format!("cannot lock ref '{}': {why}", swap.name.as_bstr());
                return Err(Error::fatal(Kind::RefLocked, message)
                    .hint("if no other git process is running, remove the '.lock' file that is named above"));
            }
        }
        std::thread::sleep(pause.min(deadline.saturating_duration_since(Instant::now())));
        pause = (pause * 2).min(Duration::from_millis(100));
    }
}

/// How one try ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Attempt {
    /// The change was made, or lost to another process.
    Swapped(Swapped),
    /// Another process holds a lock or packs refs: the complaint. To be tried again.
    Busy(String),
}

/// Tries once to make the change, in the name of `committer`; `durable` if `core.fsync` asks for refs to be synced.
///
/// # Errors
/// `ref-in-the-way` if there is a ref where a directory would have to be, `symbolic-ref` if it is one.
pub(crate) fn attempt(
    repo: &gix::Repository,
    swap: &Swap<'_>,
    committer: &Signature,
    durable: bool,
) -> Result<Attempt> {
    // gix writes packed refs anew from what it had read before it took the lock: if they were packed twice within one tick of the
    // clock, other refs go back to what they were. Nor does it sync the file: on some file systems a power cut then takes all of them.
    if swap.new.is_none() {
        return delete(repo, swap);
    }
    let tried = change(repo, swap, edit(swap), committer, durable, || Ok(true))?;
    Ok(tried.expect("the loop ends only where the caller says so"))
}

/// Tries once to make the change by `edit`, while the ref is locked and `locked` says that it is to be made; `None` if it is not.
fn change(
    repo: &gix::Repository,
    swap: &Swap<'_>,
    edit: RefEdit,
    committer: &Signature,
    durable: bool,
    locked: impl FnOnce() -> Result<bool>,
) -> Result<Option<Attempt>> {
    refresh(repo);
    let head = edit.deref.then(|| head_lock(repo));
    let mut refs = repo.refs.clone();
    if swap.force_log {
        // A bare repository, or one with core.logAllRefUpdates=false, keeps no reflog even of refs that ask for one.
        refs.write_reflog = WriteReflog::Normal;
    }
    let wait = Fail::AfterDurationWithBackoff(LOCK);
    let prepared = match fault::around("ref.lock", || refs.transaction().prepare(Some(edit), wait, wait)) {
        Ok(prepared) => prepared,
        Err(error) => return failed(repo, swap, error).map(Some),
    };
    let lock = lock_path(repo, swap.name);
    let _holding: Vec<_> = [lock.clone(), packed_lock(repo)].into_iter().chain(head).map(HeldLock::new).collect();
    // If there were no packed refs before the lock was taken, it was compared with the loose file alone. And to find it created with
    // the very id that was to be written is a success for gix.
    let now = plain(repo, swap.name)?;
    let go_on = if now == swap.expected { locked() } else { Ok(false) };
    if !matches!(go_on, Ok(true)) {
        fault::around("ref.unlock", || drop(prepared));
        go_on?;
        return Ok((now != swap.expected).then_some(Attempt::Swapped(Swapped::Differs(now))));
    }
    if durable && swap.new.is_some() {
        // The new value lies in the lock file now and is renamed into place next.
        match File::open(&lock) {
            Ok(file) => file.sync_all().io("sync", &lock)?,
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error).io("open", &lock),
        }
    }
    let mut time = gix::date::parse::TimeBuf::default();
    match fault::around("ref.commit", || prepared.commit(committer.to_ref(&mut time))) {
        Ok(_) => Ok(Some(Attempt::Swapped(Swapped::Done))),
        Err(error) => failed(repo, swap, error).map(Some),
    }
}

/// The result of [`forward`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Forwarded {
    /// The change was made, or lost to another process.
    Swapped(Swapped),
    /// `HEAD` is at another branch by now. Nothing was changed.
    Switched,
    /// The caller did not want it any more once it had the locks. Nothing was changed.
    GivenUp,
    /// Another process holds a lock: the complaint. To be tried again.
    Busy(String),
}

/// Tries once to move the branch at `HEAD` of this worktree, and calls `locked` while both are locked, so that no
/// other process can move the branch or switch to another. Where `locked` says `false` nothing is moved. Both get a line in their reflogs.
///
/// # Errors
/// The errors of `locked`, and those of reading and writing the refs.
pub(crate) fn forward(
    worktree: &Repository,
    swap: &Swap<'_>,
    locked: impl FnOnce() -> Result<bool>,
) -> Result<Forwarded> {
    let head = FullName::try_from("HEAD").expect("it is a valid name");
    let edit = RefEdit { name: head.clone(), deref: true, ..edit(swap) };
    let committer = reflog_identity(worktree);
    let mut switched = false;
    let tried = change(worktree.gix(), swap, edit, &committer, worktree.durability().reference, || {
        switched = target(worktree.gix(), head.as_ref())? != Some(Target::Symbolic(swap.name.to_owned()));
        if switched { Ok(false) } else { locked() }
    })?;
    Ok(match tried {
        Some(Attempt::Swapped(swapped)) => Forwarded::Swapped(swapped),
        Some(Attempt::Busy(why)) => Forwarded::Busy(why),
        None if switched => Forwarded::Switched,
        None => Forwarded::GivenUp,
    })
}

/// The newest `most` values that a ref had by its log, the newest first; none without a log that can be read.
pub(crate) fn logged(repo: &Repository, name: &str, most: usize) -> Result<Vec<ObjectId>> {
    Ok(logged_at(repo, name.into(), most)?.into_iter().map(|(id, _)| id).collect())
}

/// [`logged`], each with the second in which the ref got it.
pub(crate) fn logged_at(repo: &Repository, name: &BStr, most: usize) -> Result<Vec<(ObjectId, i64)>> {
    let Some(found) = repo.gix().try_find_reference(name)? else { return Ok(Vec::new()) };
    let mut log = found.log_iter();
    let Ok(Some(lines)) = log.rev() else { return Ok(Vec::new()) };
    // A line that a crash cut short names nothing.
    Ok(lines.take(most).flatten().map(|line| (line.new_oid, line.signature.time.seconds)).collect())
}

/// The person in a reflog. A missing identity does not stop a ref from moving, as in git.
pub(crate) fn reflog_identity(repo: &Repository) -> Signature {
    repo.committer().unwrap_or_else(|_| Signature {
        name: "unknown".into(),
        email: "unknown@localhost".into(),
        time: repo.env().git_time(),
    })
}

/// A change of one ref among many.
#[derive(Clone, Debug)]
pub(crate) struct RefUpdate {
    /// The full name.
    pub name: String,
    /// The id that it must have; `None`: it must not exist.
    pub old: Option<ObjectId>,
    /// The id that it gets; `None`: it is deleted.
    pub new: Option<ObjectId>,
}

/// Makes all of these changes, or none if one of the refs has another id, or is locked. Returns whether it did. One run of git:
/// the file of packed refs is locked and written once, and as durable as `core.fsync` asks.
pub(crate) fn update_all(repo: &gix::Repository, updates: &[RefUpdate], message: &str) -> Result<bool> {
    let line = |RefUpdate { name, old, new }: &RefUpdate| match (old, new) {
        (Some(old), Some(new)) => format!("update {name} {new} {old}\n"),
        (None, Some(new)) => format!("create {name} {new}\n"),
        (Some(old), None) => format!("delete {name} {old}\n"),
        (None, None) => format!("verify {name}\n"),
    };
    let input: String = updates.iter().map(line).collect();
    let git = Git::in_git_dir(repo.common_dir()).args(["update-ref", "-m", message, "--no-deref", "--stdin"]);
    Ok(git.stdin_bytes(input).run()?.success())
}

fn edit(swap: &Swap<'_>) -> RefEdit {
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
    RefEdit { change, name: swap.name.to_owned(), deref: false }
}

/// Tells what an error of gix means: the swap lost, is to be tried again, or failed.
fn failed(repo: &gix::Repository, swap: &Swap<'_>, error: gix::Error) -> Result<Attempt> {
    let transient = is_transient(&error);
    if transient && let Some(error) = in_the_way(repo, swap.name) {
        return Err(error);
    }
    // To find a ref gone that was to be deleted is no conflict for gix, and one for us.
    match plain(repo, swap.name)? {
        now if now != swap.expected => Ok(Attempt::Swapped(Swapped::Differs(now))),
        _ if transient => Ok(Attempt::Busy(Error::from(error).message)),
        _ => Err(error.into()),
    }
}

/// Whether an error may be over at the next try: another process was faster or holds the lock, or one that packs refs took a
/// file or an empty directory away, or put it back, between two of our steps. (Where a directory vanishes right after it was
/// found to exist, gix says that it is none.)
fn is_transient(error: &gix::Error) -> bool {
    use std::io::ErrorKind::{AlreadyExists, NotADirectory, NotFound};
    let io = error.downcast_any_ref::<std::io::Error>().map(std::io::Error::kind);
    let vanished = matches!(io, Some(AlreadyExists | NotADirectory | NotFound));
    vanished || error.is_conflict() || error.is_retryable() || error.is_not_found()
}

/// The error for a ref that lies where a directory would have to be.
fn in_the_way(repo: &gix::Repository, name: &FullNameRef) -> Option<Error> {
    let name = name.as_bstr().to_str_lossy();
    let mut above = name.match_indices('/').map(|(at, _)| &name[..at]);
    let found = above.find(|above| repo.common_dir().join(above).is_file())?;
    let error = Error::fatal(Kind::RefInTheWay, format!("could not update '{name}': there is a ref '{found}'"));
    Some(error.hint(format!("to delete it: git update-ref -d {found}")))
}

/// The locks that a change of this ref takes, that of `HEAD` of this worktree included: it is locked along with its branch.
pub(crate) fn lock_paths(repo: &gix::Repository, name: &FullNameRef) -> [PathBuf; 3] {
    [lock_path(repo, name), packed_lock(repo), head_lock(repo)]
}

fn head_lock(repo: &gix::Repository) -> PathBuf {
    repo.git_dir().join("HEAD.lock")
}

fn lock_path(repo: &gix::Repository, name: &FullNameRef) -> PathBuf {
    repo.common_dir().join(format!("{}.lock", name.as_bstr()))
}

fn packed_lock(repo: &gix::Repository) -> PathBuf {
    repo.common_dir().join("packed-refs.lock")
}

/// Removes the locks of this ref that a dead process left, see [`stale_lock`]. Called after they were in the way of a change.
///
/// # Errors
/// If one cannot be looked at or removed.
pub(crate) fn clear_locks(repo: &gix::Repository, name: &FullNameRef) -> Result<()> {
    for path in lock_paths(repo, name) {
        stale_lock::remove_stale(repo.common_dir(), &path, stale_lock::MOMENT)?;
    }
    Ok(())
}

/// Tries once to delete the ref, by git.
fn delete(repo: &gix::Repository, swap: &Swap<'_>) -> Result<Attempt> {
    let old = swap.expected.unwrap_or(repo.object_hash().null()).to_hex().to_string();
    let git =
        Git::in_git_dir(repo.common_dir()).args(["update-ref", "--no-deref", "-m", &one_line(swap.message), "-d"]);
    let output = git.args([swap.name.as_bstr().to_string(), old]).run()?;
    if output.success() {
        return Ok(Attempt::Swapped(Swapped::Done));
    }
    let now = plain(repo, swap.name)?;
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
pub(crate) fn branch_name(short: &str) -> Result<FullName> {
    let full = FullName::try_from(format!("refs/heads/{short}"));
    // Git takes an '@' for HEAD, and a full name for a ref of another kind.
    let means_another = matches!(short, "HEAD" | "@") || short.starts_with("refs/");
    match full {
        Ok(name) if !short.starts_with('-') && !means_another => Ok(name),
        _ => Err(Error::fatal(Kind::BadBranch, format!("'{}' is not a valid branch name", short.escape_debug()))),
    }
}
