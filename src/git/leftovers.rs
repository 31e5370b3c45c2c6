//! Committing what an agent left uncommitted.

use std::io::Write;

use super::{
    object::STREAMED,
    output::Output,
    snapshot::{ADD_EVERYTHING, everything_but},
    worktree::Worktree,
};
use crate::{
    env::scratch,
    error::{IoContext, Result},
};

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
    /// There were none, or they were no difference once they were added: line ends, or a filter.
    Vanished,
    /// They are in a commit.
    Committed,
    /// They are not committed: git, or a hook, a filter or a signing program that it ran, refused.
    Refused(Refusal),
}

/// The git command that refused, how it ended, and all that it and what it ran said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// `git add` or `git commit`.
    pub command: &'static str,
    /// Its exit code; `None` if interrupted by a signal.
    pub exit: Option<i32>,
    /// The line of it that says why.
    pub complaint: String,
    /// All that it printed.
    pub output: String,
}

impl Refusal {
    fn of(command: &'static str, output: &Output) -> Refusal {
        Refusal { command, exit: output.code, complaint: output.complaint(), output: output.said() }
    }
}

/// Commits everything that is not committed in a worktree and not ignored, as `git add --all && git commit` there would: hooks and
/// signing apply. What the agent staged, the modes that only the index has, and what lies outside a sparse checkout belong to it; the files at
/// `but` do not.
pub(crate) fn commit_leftovers(worktree: &Worktree, message: &str, hooks: Hooks, but: &[String]) -> Result<Leftovers> {
    let add = worktree.plain_git()?.config(STREAMED).args(ADD_EVERYTHING);
    let added = if but.is_empty() { add } else { add.pathspecs(everything_but(but)) }.run()?;
    if !added.success() {
        return Ok(Leftovers::Refused(Refusal::of("git add", &added)));
    }
    let mut file = scratch::file()?;
    file.write_all(message.as_bytes()).io("write", file.path())?;
    let git = match hooks {
        Hooks::Run => worktree.git()?,
        Hooks::Skip => worktree.plain_git()?,
    };
    let made = git.args(["commit", "--quiet", "--cleanup=verbatim", "--file"]).arg(file.path()).run()?;
    if made.success() {
        return Ok(Leftovers::Committed);
    }
    // Line ends and filters can make a difference vanish once it is added.
    if worktree.plain_git()?.args(["diff", "--cached", "--quiet"]).run()?.success() {
        return Ok(Leftovers::Vanished);
    }
    Ok(Leftovers::Refused(Refusal::of("git commit", &made)))
}
