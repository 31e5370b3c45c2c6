//! Commits that differ from another by some files: made in the object database, on no branch.

use bstr::{BString, ByteSlice};
use gix::{ObjectId, objs::tree::EntryKind};

use super::{
    commit::{self, NewCommit, Signing},
    object::patiently,
    process::Git,
    repository::Repository,
};
use crate::error::{IoContext, Result};

/// A file as a commit has it: its blob and what it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Held {
    /// Its path.
    pub path: String,
    /// Its blob and kind.
    pub blob: ObjectId,
    pub kind: EntryKind,
}

/// The file at `path` in `commit`; `None` if there is none.
pub(crate) fn file_in(repo: &Repository, commit: ObjectId, path: &str) -> Result<Option<Held>> {
    let tree = repo.gix().find_commit(commit)?.tree()?;
    let entry = tree.lookup_entry_by_path(path)?.filter(|entry| entry.mode().is_blob_or_symlink());
    Ok(entry.map(|entry| Held { path: path.to_owned(), blob: entry.object_id(), kind: entry.mode().kind() }))
}

/// A commit on top of `commit` that has `files` as given; `commit` itself if it has them so.
pub(crate) fn lay_over(repo: &Repository, commit: ObjectId, files: &[Held]) -> Result<ObjectId> {
    let base = repo.gix().find_commit(commit)?.tree_id()?.detach();
    let tree = patiently(|| {
        let mut editor = repo.gix().edit_tree(base)?;
        for file in files {
            editor.upsert(file.path.as_str(), file.kind, file.blob)?;
        }
        Ok(editor.write()?.detach())
    })?;
    on_top(repo, commit, base, tree)
}

/// What differs at one path between two commits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Patch {
    /// The path.
    pub path: String,
    /// The changed lines alone, which tell whether another commit has them.
    bare: Vec<u8>,
    /// With the lines around them, by which they find their place in another commit.
    placed: Vec<u8>,
}

/// A commit on top of `commit` to which `patch` was applied; `None` if the patch does not apply.
pub(crate) fn apply(repo: &Repository, commit: ObjectId, patch: &Patch) -> Result<Option<ObjectId>> {
    let base = repo.gix().find_commit(commit)?.tree_id()?.detach();
    let dir = tempfile::tempdir().io("create a directory in", &tempfile::env::temp_dir())?;
    let git = || Git::at(repo).env("GIT_INDEX_FILE", dir.path().join("index"));
    git().arg("read-tree").arg(base.to_string()).check()?;
    if !git()
        .args(["apply", "--cached", "--whitespace=nowarn", "-"])
        .stdin_bytes(patch.placed.as_slice())
        .run()?
        .success()
    {
        return Ok(None);
    }
    let written = git().arg("write-tree").check()?;
    let Ok(tree) = written.line().parse() else { return Ok(None) };
    on_top(repo, commit, base, tree).map(Some)
}

/// Whether `commit` holds the changes of `patch` as they are.
pub(crate) fn holds(repo: &Repository, commit: ObjectId, patch: &Patch) -> Result<bool> {
    let dir = tempfile::tempdir().io("create a directory in", &tempfile::env::temp_dir())?;
    let git = || Git::at(repo).env("GIT_INDEX_FILE", dir.path().join("index"));
    git().arg("read-tree").arg(commit.to_string()).check()?;
    let applied =
        git().args(["apply", "--cached", "--reverse", "--check", "--unidiff-zero", "--whitespace=nowarn", "-"]);
    Ok(applied.stdin_bytes(patch.bare.as_slice()).run()?.success())
}

impl Patch {
    /// What differs at `path` between two commits; `None` if nothing does.
    pub(crate) fn between(repo: &Repository, from: ObjectId, to: ObjectId, path: &str) -> Result<Option<Patch>> {
        let diff = |context: &str| -> Result<Vec<u8>> {
            let git = Git::at(repo).global("--literal-pathspecs").config("core.fsmonitor=false");
            let git = git.args([
                "diff-tree",
                "-p",
                "--binary",
                "--no-renames",
                "--no-ext-diff",
                "--no-textconv",
                "--no-color",
            ]);
            let git = git.arg(context).args([from.to_string(), to.to_string()]).arg("--").arg(path);
            Ok(git.check()?.stdout.into())
        };
        let bare = diff("-U0")?;
        if bare.is_empty() {
            return Ok(None);
        }
        Ok(Some(Patch { path: path.to_owned(), bare, placed: diff("-U2")? }))
    }

    /// The lines of each hunk with their `+` or `-`; `None` where the content is binary, so that there are no lines.
    pub(crate) fn hunks(&self) -> Option<Vec<Vec<&[u8]>>> {
        let mut hunks: Vec<Vec<&[u8]>> = Vec::new();
        for line in self.bare.lines() {
            match (line.starts_with(b"@@ "), hunks.last_mut()) {
                (true, _) => hunks.push(Vec::new()),
                (false, Some(hunk)) => hunk.push(line),
                (false, None) if line == b"GIT binary patch" => return None,
                // The header of the file.
                (false, None) => {}
            }
        }
        Some(hunks)
    }
}

fn on_top(repo: &Repository, commit: ObjectId, base: ObjectId, tree: ObjectId) -> Result<ObjectId> {
    if tree == base {
        return Ok(commit);
    }
    let message = BString::from("Lay the held tests over");
    commit::write(repo, NewCommit { tree, parents: vec![commit], message }, Signing::Never)
}
