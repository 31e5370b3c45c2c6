//! The person's own hooks of a merge into a branch that is checked out: `pre-merge-commit`, which may refuse, and `post-merge`.

use bstr::{BString, ByteSlice};
use gix::ObjectId;

use super::{
    history::{Change, ChangeKind},
    hooks,
    output::Output,
    process::Git,
    repository::Repository,
    worktree::Worktree,
};
use crate::error::Result;

/// How a hook refuses.
pub(super) struct Refusal {
    /// The reason.
    pub why: String,
    /// All that the hook printed.
    pub output: String,
}

/// The `pre-merge-commit` hook for one merge.
pub(super) struct MergeHook<'a> {
    tree: &'a Worktree,
    /// The name of the branch that is merged.
    merged: &'a str,
}

impl<'a> MergeHook<'a> {
    /// For the merge of a branch in `tree`; `None` if git runs no hook of that name there.
    pub(super) fn find(repo: &Repository, tree: &'a Worktree, merged: &'a str) -> Result<Option<Self>> {
        Ok(hooks::is_set(repo, tree.git()?, "pre-merge-commit")?.then_some(MergeHook { tree, merged }))
    }

    /// The paths with changes that are not staged: a hook that changes files as well leaves no way to tell the two apart.
    pub(super) fn unstaged(&self) -> Result<Vec<BString>> {
        let git = self.tree.plain_git()?.env("GIT_OPTIONAL_LOCKS", "0");
        let output = git.args(["diff", "--no-ext-diff", "--no-renames", "--name-only", "-z"]).check()?;
        Ok(output.records().map(BString::from).collect())
    }

    /// Asks while index and files are those of the merge.
    pub(super) fn ask(&self) -> Result<Option<Refusal>> {
        let before = self.staged()?;
        let index = self.tree.git_dir.join("index");
        let output = hook(self.tree, self.merged)?.env("GIT_INDEX_FILE", index).arg("pre-merge-commit").run()?;
        let stays = self.staged().is_ok_and(|after| after == before);
        if !stays {
            self.restore(&before)?;
        }
        if !output.success() {
            return Ok(Some(Refusal { why: "the pre-merge-commit hook failed".to_owned(), output: output.said() }));
        }
        if stays {
            return Ok(None);
        }
        // git would commit that with the merge. Here the merge is recorded already, and was checked without.
        let why = "the pre-merge-commit hook staged changes, which git-chant has not checked".to_owned();
        Ok(Some(Refusal { why, output: output.said() }))
    }

    /// The tree of the index.
    fn staged(&self) -> Result<String> {
        Ok(self.tree.plain_git()?.arg("write-tree").check()?.line().to_owned())
    }

    /// Gives the index the tree `before` again, where the hook staged something. Files stay: they may be a person's.
    fn restore(&self, before: &str) -> Result<()> {
        let git = self.tree.plain_git()?.global("--literal-pathspecs").apart_from_signals();
        let options = ["diff", "--cached", "--no-ext-diff", "--no-renames", "--name-only", "-z", before, "--"];
        let paths = git.clone().args(options).check()?.stdout;
        if !paths.is_empty() {
            let source = format!("--source={before}");
            git.args(["restore", "--staged", &source]).pathspecs(paths.to_vec()).check()?;
        }
        Ok(())
    }

    /// Takes the `changes` of the merge back in index and files, whatever the hook made of them: `commit` has what was there.
    pub(super) fn take_back(&self, commit: ObjectId, changes: &[Change]) -> Result<Output> {
        let (added, others): (Vec<_>, Vec<_>) = changes.iter().partition(|change| change.kind == ChangeKind::Added);
        let git = self.tree.plain_git()?.global("--literal-pathspecs").apart_from_signals();
        let remove = git.clone().args(["rm", "-f", "-q", "--ignore-unmatch"]).pathspecs(list(&added));
        let removed = if added.is_empty() { None } else { Some(remove.run()?) };
        match removed {
            Some(removed) if others.is_empty() || !removed.success() => Ok(removed),
            _ => {
                let source = format!("--source={}", commit.to_hex());
                git.args(["restore", "--staged", "--worktree", &source]).pathspecs(list(&others)).run()
            }
        }
    }
}

/// The paths, each ended by NUL.
fn list(changes: &[&Change]) -> Vec<u8> {
    changes.iter().flat_map(|change| [change.path.as_bytes(), b"\0"]).collect::<Vec<_>>().concat()
}

/// Runs `post-merge`; gives what it printed if it failed. That stops nothing, as with git.
pub(super) fn after(tree: &Worktree, merged: &str) -> Result<Option<String>> {
    let output = hook(tree, merged)?.args(["post-merge", "--", "0"]).run()?;
    Ok((!output.success()).then(|| output.said()))
}

/// Git that runs a hook, told of the merge as by `git merge`.
fn hook(tree: &Worktree, merged: &str) -> Result<Git> {
    let git = tree.git()?.env("GIT_REFLOG_ACTION", format!("merge {merged}"));
    Ok(git.args(["hook", "run", "--ignore-missing"]))
}
