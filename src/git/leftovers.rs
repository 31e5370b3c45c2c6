//! Committing what an agent left uncommitted.

use std::{fs, io::Write};

use bstr::BString;

use super::{process::Git, repository::Repository, status, worktree::Worktree};
use crate::error::{IoContext, Result};

/// Whether the person's hooks see a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hooks {
    /// They run, and may refuse.
    Run,
    /// None runs.
    Skip,
}

/// The result of committing the changes that were left in a worktree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Leftovers {
    /// There were none.
    Nothing,
    /// They were no difference once they were added: line ends, or a filter.
    Vanished,
    /// They are in a commit.
    Committed,
    /// They are not committed: why, in words of git or of a hook.
    Refused(String),
}

/// Commits what is not committed in a worktree, as `git commit` there would: hooks and signing apply. `paths` limits it to these
/// files and what is below these directories, taken literally; `None` is everything that is not ignored.
///
/// Untracked repositories inside the worktree are left alone.
pub(crate) fn commit_leftovers(
    worktree: &Worktree,
    paths: Option<&[BString]>,
    message: &str,
    hooks: Hooks,
) -> Result<Leftovers> {
    let wanted = |path: &BString| paths.is_none_or(|paths| paths.iter().any(|limit| is_within(path, limit)));
    // Git only looks here, without a file system monitor.
    let plain = Worktree { sandbox: Vec::new(), ..worktree.clone() };
    let left = status::committable(&plain)?.into_iter().filter(|dirty| !dirty.nested && wanted(&dirty.path));
    let pathspecs: Vec<u8> = left.flat_map(|dirty| [dirty.path.as_slice(), b"\0"].concat()).collect();
    if pathspecs.is_empty() {
        return Ok(Leftovers::Nothing);
    }
    let listed = |git: Git| git.global("--literal-pathspecs").pathspecs(pathspecs.clone());
    let add = listed(worktree.plain_git()?.args(["add", "--all"]));
    let added = add.run()?;
    if !added.success() {
        return Ok(Leftovers::Refused(add.failed(&added).message));
    }
    let mut file = tempfile::NamedTempFile::new().io("create a file in", &std::env::temp_dir())?;
    file.write_all(message.as_bytes()).io("write", file.path())?;
    let git = match hooks {
        Hooks::Run => worktree.git()?,
        Hooks::Skip => worktree.plain_git()?,
    };
    let mut git = git.args(["commit", "--quiet", "--cleanup=verbatim", "--file"]).arg(file.path());
    // Without paths the whole index is meant: what the agent had staged belongs to it.
    if paths.is_some() {
        git = listed(git.arg("--only"));
    }
    let output = git.run()?;
    if !output.success() {
        // Line ends and filters can make a difference vanish once it is added.
        let staged = worktree.plain_git()?.args(["diff", "--cached", "--quiet"]).run()?;
        return Ok(if staged.success() {
            Leftovers::Vanished
        } else {
            Leftovers::Refused(git.failed(&output).message)
        });
    }
    Ok(Leftovers::Committed)
}

/// Whether to commit in a worktree may run a program that lies in it or is made there: a hook, a filter, what the configuration of a
/// submodule names. The repository's own configuration counts as it was when the repository was opened.
pub(crate) fn runs_code(repo: &Repository, worktree: &Worktree) -> bool {
    let snapshot = repo.gix().config_snapshot();
    let has = |section: &str| snapshot.plumbing().sections_by_name(section).is_some_and(|mut all| all.next().is_some());
    let is_set = |key: &str| snapshot.string(key).is_some();
    let hooks = fs::read_dir(repo.common_dir().join("hooks")).into_iter().flatten().flatten();
    has("filter")
        || has("hook")
        || is_set("core.hooksPath")
        || is_set("core.fsmonitor")
        || worktree.git_dir.join("modules").exists()
        || hooks.into_iter().any(|hook| !hook.file_name().as_encoded_bytes().ends_with(b".sample"))
}

fn is_within(path: &BString, limit: &BString) -> bool {
    let limit = limit.strip_suffix(b"/").unwrap_or(limit);
    path == limit || path.strip_prefix(limit).is_some_and(|rest| rest.starts_with(b"/")) || limit == b"."
}
