//! Moving a target branch forward without ever touching uncommitted work.

use std::{
    ffi::OsString,
    time::{Duration, Instant},
};

use bstr::{BStr, BString, ByteSlice};
use gix::{ObjectId, refs::FullNameRef};

use super::{
    branch, brought_hooks,
    history::{self, Change as FileChange, ChangeKind, overlap},
    merge_hook::{self, MergeHook},
    object::STREAMED,
    output::Output,
    process::Git,
    reference::{self, Forwarded, Swap, Swapped},
    repository::Repository,
    status,
    transaction_hook::TransactionHook,
    worktree::{
        Worktree,
        busy::{self, Checkout},
    },
};
use crate::error::{Error, Kind, Result};

/// How long to wait before the next try, while another process has the index or the branch locked.
const PAUSE: Duration = Duration::from_millis(20);

/// The result of advancing a target.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Advanced {
    /// The target ref was read afterwards and holds the new commit.
    Moved(Option<HookNote>),
    /// The target was no longer what the merge was computed for; nothing was changed.
    LostRace,
    /// The target cannot be moved now; nothing was changed.
    Refused {
        /// The files of the worktree that are in the way, sorted; empty if the reason is another.
        paths: Vec<BString>,
        /// The reason.
        why: String,
        /// All that git, or what it ran, printed.
        output: String,
    },
}

/// What a person has to know about the hooks of a branch that moved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum HookNote {
    /// The `post-merge` hook failed, and printed this.
    Failed(String),
    /// No hook ran: the move changes this path, where git finds hooks, by which it finds them, or that a setting has it run.
    Brought(String),
}

impl Advanced {
    fn refused(why: String) -> Self {
        Advanced::refused_by(why, String::new())
    }

    fn refused_by(why: String, output: String) -> Self {
        Advanced::Refused { paths: Vec::new(), why, output }
    }
}

/// A branch that is to move forward.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Advance<'a> {
    /// The branch.
    pub target: &'a FullNameRef,
    /// Where it is; `None`: it does not exist yet.
    pub old: Option<ObjectId>,
    /// Where it moves to: a descendant of that.
    pub new: ObjectId,
    /// The branch that is merged into it.
    pub merged: &'a str,
    /// Whether `new` is a merge commit that was made for this: the person's `pre-merge-commit` hook may refuse it, where git would ask
    /// that.
    pub is_merge: bool,
    /// What its reflog says.
    pub message: &'a str,
    /// The words that confine git in the worktree that has it checked out; empty where nothing does.
    pub sandbox: &'a [OsString],
}

impl Advance<'_> {
    /// Moves the branch.
    ///
    /// One that is checked out moves with the index and the files of that worktree; unrelated changes are kept, and where it would
    /// touch any, ignored files included, it is refused. One that is checked out nowhere moves by compare-and-swap. One that is being
    /// rebased or bisected, or is checked out twice, does not move. Where another process is in the way, it is waited for until that is
    /// `interrupted`.
    pub(crate) fn run(&self, repo: &Repository, interrupted: &dyn Fn() -> bool) -> Result<Advanced> {
        let Advance { target, old, new, message, .. } = *self;
        match (busy::checkout(repo, target)?, old) {
            (Checkout::Blocked(why), _) => Ok(Advanced::refused(why)),
            (Checkout::Nowhere, old) => {
                let mut hook = TransactionHook::find(repo, Git::at(repo), target, [old, Some(new)])?;
                if let Some(refused) = ask(&mut hook)? {
                    return Ok(refused);
                }
                let moved = match old {
                    Some(old) => branch::move_to(repo, target, old, new, message),
                    None => branch::create(repo, target, new, message),
                };
                report(&mut hook, matches!(moved, Ok(Swapped::Done)))?;
                Ok(swapped(moved?))
            }
            (Checkout::In(tree), Some(old)) => {
                let tree = Worktree { sandbox: self.sandbox.to_vec(), ..tree };
                self.forward_in(repo, &tree, old, interrupted)
            }
            (Checkout::In(tree), None) => {
                let why = format!("'{}' is unborn in '{}'", target.shorten(), tree.path.display());
                Ok(Advanced::refused(why))
            }
        }
    }

    /// Moves the branch that is checked out in `tree` with its index and files, in the order in which a commit takes its locks and so
    /// that nothing can come in between: branch and `HEAD` are locked, git writes index and files, a hook looks at them, and only then
    /// the branch moves. Where it can't, or the hook refuses, index and files are as they were.
    fn forward_in(
        &self,
        repo: &Repository,
        tree: &Worktree,
        old: ObjectId,
        interrupted: &dyn Fn() -> bool,
    ) -> Result<Advanced> {
        let Advance { target, new, message, merged, .. } = *self;
        let patience = repo.config().lock_timeout()?;
        let deadline = Instant::now() + patience;
        let here = repo.reopen_at(&tree.path)?;
        let changes = history::changed_paths(repo, Some(old), new)?;
        if let Some((path, setting)) = brought_hooks::brought_filter(repo, &changes) {
            let why = format!("it changes '{path}', which git would run to write the files ({setting})");
            return Ok(Advanced::refused(format!("{why}; look at it, then: git merge {merged}")));
        }
        let swap = Swap { name: target, expected: Some(old), new: Some(new), message, force_log: false };
        // Of hooks that the merge itself brings, none runs before a person has seen it.
        let brought = brought_hooks::brought(repo, tree, &changes)?;
        let runs_hooks = brought.is_none();
        let tree = &if runs_hooks { tree.clone() } else { tree.without_hooks() };
        let mut hook = match runs_hooks {
            true => TransactionHook::find(repo, tree.git()?, target, [Some(old), Some(new)])?,
            false => None,
        };
        let merge_hook = match runs_hooks && self.is_merge {
            true => MergeHook::find(repo, tree, merged)?,
            false => None,
        };
        let mut refreshed = false;
        loop {
            let mut obstacle = Obstacle::None;
            let mut written = false;
            let forwarded = reference::forward(&here, &swap, || {
                obstacle = in_the_way(tree, &changes, merge_hook.as_ref())?;
                if let Obstacle::None = obstacle {
                    obstacle = match ask(&mut hook)? {
                        Some(refused) => Obstacle::Worktree(refused),
                        None => obstacle_of(read_tree(tree, old, new)?),
                    };
                    written = matches!(obstacle, Obstacle::None);
                }
                if written && let Some(refusal) = merge_hook.as_ref().map_or(Ok(None), MergeHook::ask)? {
                    obstacle = Obstacle::Worktree(Advanced::refused_by(refusal.why, refusal.output));
                }
                Ok(matches!(obstacle, Obstacle::None))
            });
            let moved = matches!(forwarded, Ok(Forwarded::Swapped(Swapped::Done)));
            report(&mut hook, moved)?;
            if written && !moved {
                put_back(tree, [old, new], &changes, merge_hook.as_ref())?;
            }
            let waits = match (forwarded?, obstacle) {
                (Forwarded::Swapped(Swapped::Done), _) => {
                    let note = match brought {
                        Some(path) => Some(HookNote::Brought(path)),
                        None => merge_hook::after(tree, merged)?.map(HookNote::Failed),
                    };
                    return Ok(Advanced::Moved(note));
                }
                (Forwarded::Switched | Forwarded::Swapped(Swapped::Differs(_)), _) => return Ok(Advanced::LostRace),
                (Forwarded::GivenUp, Obstacle::Worktree(advanced)) => return Ok(advanced),
                (Forwarded::GivenUp, Obstacle::Git(output)) if output.waits_for_index() => output.complaint(),
                (Forwarded::GivenUp, Obstacle::Git(output)) if refreshed => return refusal(tree, changes, &output),
                (Forwarded::GivenUp, _) => {
                    // Files that look changed by their dates alone are in git's way until the index says otherwise.
                    tree.git()?.args(["update-index", "-q", "--refresh"]).patient(patience).run()?;
                    refreshed = true;
                    continue;
                }
                (Forwarded::Busy(why), _) => {
                    reference::clear_locks(here.gix(), target)?;
                    why
                }
            };
            if Instant::now() >= deadline || interrupted() {
                let why = format!("git would not move it in '{}': {waits}", tree.path.display());
                return Ok(Advanced::refused(why));
            }
            std::thread::sleep(PAUSE);
        }
    }
}

/// Asks the person's hook for the move, if there is one; gives its refusal.
fn ask(hook: &mut Option<TransactionHook>) -> Result<Option<Advanced>> {
    let said = hook.as_mut().map_or(Ok(None), TransactionHook::ask)?;
    Ok(said.map(|output| Advanced::refused_by("the reference-transaction hook failed".to_owned(), output)))
}

fn report(hook: &mut Option<TransactionHook>, moved: bool) -> Result<()> {
    hook.as_mut().map_or(Ok(()), |hook| hook.report(moved))
}

fn swapped(swapped: Swapped) -> Advanced {
    match swapped {
        Swapped::Done => Advanced::Moved(None),
        Swapped::Differs(_) => Advanced::LostRace,
    }
}

/// An obstacle to moving index and files.
enum Obstacle {
    /// Nothing.
    None,
    /// The state of the worktree, which another try would find again.
    Worktree(Advanced),
    /// Git, which ended with this.
    Git(Output),
}

fn obstacle_of(output: Output) -> Obstacle {
    if output.success() { Obstacle::None } else { Obstacle::Git(output) }
}

/// Brings index and files from one commit to another: git keeps what else is changed, and refuses, before it writes anything, where
/// the two meet. What is sent to our process group does not reach it: files would be half written.
fn read_tree(tree: &Worktree, from: ObjectId, to: ObjectId) -> Result<Output> {
    let git =
        tree.git()?.config(STREAMED).args(["read-tree", "-m", "-u"]).args([from, to].map(|id| id.to_hex().to_string()));
    git.apart_from_signals().run()
}

/// Brings index and files back to the commit that the branch is still at.
fn put_back(
    tree: &Worktree,
    [old, new]: [ObjectId; 2],
    changes: &[FileChange],
    merge_hook: Option<&MergeHook<'_>>,
) -> Result<()> {
    let mut returned = read_tree(tree, new, old)?;
    if !returned.success()
        && let Some(hook) = merge_hook
    {
        // The hook changed what the merge had written.
        returned = hook.take_back(old, changes)?;
    }
    if returned.success() {
        return Ok(());
    }
    let (at, why) = (tree.path.display(), returned.complaint());
    let message = format!("updated the files in '{at}' to {new}, but its branch is still at {old}: {why}");
    Err(Error::fatal(Kind::Git, message).hint(format!("to restore them: git -C '{at}' read-tree -m -u {new} {old}")))
}

/// The obstacles that stop `git merge` and not `git read-tree`: an unfinished operation, files that git does not track, and changes that
/// could not be told from those of a hook.
fn in_the_way(tree: &Worktree, changes: &[FileChange], merge_hook: Option<&MergeHook<'_>>) -> Result<Obstacle> {
    for unfinished in ["MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD"] {
        if tree.git_dir.join(unfinished).exists() {
            let why = format!("'{}' has an unfinished operation: {unfinished} exists", tree.path.display());
            return Ok(Obstacle::Worktree(Advanced::refused(why)));
        }
    }
    let mut suspects: Vec<BString> = Vec::new();
    for change in changes.iter().filter(|change| change.kind == ChangeKind::Added) {
        suspects.extend(file_on_the_way(tree, change.path.as_bstr()));
    }
    suspects.dedup();
    let mut unknown: Vec<BString> = Vec::new();
    for some in suspects.chunks(500) {
        let git = tree.plain_git()?.global("--literal-pathspecs").args(["ls-files", "--others", "-z", "--"]);
        let some: Result<Vec<_>> =
            some.iter().map(|path| Ok(gix::path::from_bstr(path.as_bstr())?.into_owned())).collect();
        unknown.extend(git.args(some?).check()?.records().map(BString::from));
    }
    unknown.extend(merge_hook.map_or(Ok(Vec::new()), MergeHook::unstaged)?);
    if unknown.is_empty() {
        return Ok(Obstacle::None);
    }
    let met = |change: &&FileChange| unknown.iter().any(|unknown| overlap(unknown.as_bstr(), change.path.as_bstr()));
    let paths: Vec<_> = changes.iter().filter(met).map(|change| change.path.clone()).collect();
    if paths.is_empty() {
        return Ok(Obstacle::None);
    }
    Ok(Obstacle::Worktree(Advanced::Refused { paths, why: files_in_the_way(tree), output: String::new() }))
}

/// The path of an existing file at `path`, or at a directory on the way to it.
fn file_on_the_way(tree: &Worktree, path: &BStr) -> Option<BString> {
    let ends = path.find_iter("/").chain([path.len()]);
    ends.map(|end| path[..end].as_bstr()).find_map(|part| {
        let there = tree.path.join(gix::path::from_bstr(part).ok()?).symlink_metadata().ok()?;
        (part.len() == path.len() || !there.is_dir()).then(|| part.to_owned())
    })
}

fn files_in_the_way(tree: &Worktree) -> String {
    format!("files in '{}' are in the way", tree.path.display())
}

fn refusal(tree: &Worktree, changes: Vec<FileChange>, output: &Output) -> Result<Advanced> {
    let dirty = status::status(tree)?;
    let mut paths: Vec<_> = changes
        .into_iter()
        .filter(|change| dirty.iter().any(|dirty| overlap(dirty.as_bstr(), change.path.as_bstr())))
        .map(|change| change.path)
        .collect();
    paths.dedup();
    Ok(if paths.is_empty() {
        let why = format!("git would not move it in '{}': {}", tree.path.display(), output.complaint());
        Advanced::Refused { paths, why, output: output.said() }
    } else {
        Advanced::Refused { paths, why: files_in_the_way(tree), output: String::new() }
    })
}
