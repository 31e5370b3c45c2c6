//! A worktree as it stands, uncommitted changes included, kept as a commit.

use std::{fs, io, path::Path};

use bstr::BString;
use gix::ObjectId;

use super::{
    commit::{self, NewCommit, Signing},
    process::Git,
    repository::{Head, Repository},
    status,
    worktree::Worktree,
};
use crate::{
    env::scratch,
    error::{Error, IoContext, Kind, Result},
};

/// How git adds whatever is not ignored. Without `--sparse` it refuses files outside a sparse checkout; entries that are not checked out
/// stay as they are.
pub(super) const ADD_EVERYTHING: [&str; 3] = ["add", "--all", "--sparse"];

/// A commit that holds what was not committed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Snapshot {
    /// The commit, on top of the worktree's `HEAD`.
    pub commit: ObjectId,
    /// Untracked repositories inside the worktree: their files are **not** in it.
    pub nested: Vec<BString>,
}

/// Makes a commit of everything that is not committed in a worktree, untracked files included and ignored ones not, and what the index
/// hides too; `None` if there is nothing.
///
/// Neither the index nor `HEAD` nor a file of the worktree is touched: the work is done in a copy of the index. No ref points at
/// the commit; no hook runs. `take` brings the tree into the repository, where git wrote it elsewhere.
pub(crate) fn snapshot(
    repo: &Repository,
    worktree: &Worktree,
    message: &str,
    take: &dyn Fn(ObjectId) -> Result<()>,
) -> Result<Option<Snapshot>> {
    let (dirty, hidden) = (status::dirty(worktree)?, status::hidden(worktree)?);
    if dirty.is_empty() && hidden.is_empty() {
        return Ok(None);
    }
    let nested: Vec<_> = dirty.iter().filter(|dirty| dirty.nested).map(|dirty| dirty.path.clone()).collect();
    let tree = tree_of_everything(worktree, &nested, &hidden)?;
    take(tree)?;
    let head = worktree.head.as_ref().and_then(Head::id);
    let head_tree = match head {
        Some(id) => repo.gix().find_commit(id)?.tree_id()?.detach(),
        None => repo.gix().object_hash().empty_tree(),
    };
    if tree == head_tree && nested.is_empty() {
        // What is dirty lies inside submodules, or differs by nothing that git records.
        return Ok(None);
    }
    let new = NewCommit { tree, parents: head.into_iter().collect(), message: message.into() };
    let commit = commit::write(repo, new, Signing::Never)?;
    Ok(Some(Snapshot { commit, nested }))
}

/// Makes the files of a worktree those of `commit`, removed ones too: what differs from `HEAD` is uncommitted there. The index stays.
///
/// # Errors
/// If git cannot write a file.
pub(crate) fn restore(worktree: &Worktree, commit: ObjectId) -> Result<()> {
    let git = worktree.plain_git()?.args(["restore", "--quiet", "--worktree"]).arg(format!("--source={commit}"));
    git.args(["--", ":/"]).check().map(drop)
}

fn tree_of_everything(worktree: &Worktree, nested: &[BString], hidden: &[BString]) -> Result<ObjectId> {
    let dir = scratch::dir(".chant-tmp-")?;
    let index = dir.path().join("index");
    copy_index(&worktree.git_dir.join("index"), &index)?;
    let git =
        || -> Result<Git> { Ok(worktree.plain_git()?.config("core.splitIndex=false").env("GIT_INDEX_FILE", &index)) };
    if !hidden.is_empty() {
        let paths = bstr::join("\0", hidden);
        // Git takes one of these at a time.
        for seen in ["--no-assume-unchanged", "--no-skip-worktree"] {
            git()?.args(["update-index", seen, "-z", "--stdin"]).stdin_bytes(paths.clone()).check()?;
        }
    }
    // A nested repository would be recorded as a submodule that cannot be fetched, or stop git if it has no commit.
    git()?.args(ADD_EVERYTHING).pathspecs(everything_but(nested)).check()?;
    let written = git()?.arg("write-tree").check()?;
    written.line().parse().map_err(|_| Error::fatal(Kind::GitFailed, "unexpected output from git write-tree"))
}

/// Pathspecs, each ended by NUL, of all that is in a worktree without what is at `paths`.
pub(super) fn everything_but(paths: &[impl AsRef<[u8]>]) -> Vec<u8> {
    let mut pathspecs = b".\0".to_vec();
    for path in paths {
        pathspecs.extend_from_slice(b":(exclude,literal,top)");
        pathspecs.extend_from_slice(path.as_ref());
        pathspecs.push(0);
    }
    pathspecs
}

/// The copy keeps what is only in the index: sparse checkouts, intent to add, cached file times. And its own time: git looks into
/// files that are as new as the index, since such a one may have changed in the same second; to a newer index they would be clean.
pub(super) fn copy_index(from: &Path, to: &Path) -> Result<()> {
    match fs::copy(from, to) {
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(()),
        copied => copied.io("copy", from)?,
    };
    let times = fs::metadata(from).and_then(|meta| meta.modified());
    let copy = fs::File::options().write(true).open(to).io("open", to)?;
    times.and_then(|time| copy.set_modified(time)).io("set the time of", to)
}
