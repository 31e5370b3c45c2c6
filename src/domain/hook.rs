//! The moments at which git calls hooks that this tool has something to do at.

use std::{fmt, str::FromStr};

/// A hook, by the name that git has for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, schemars::JsonSchema, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Hook {
    /// Before a commit: staged specs are checked.
    PreCommit,
    /// A message that is there before the editor opens: it gets the trailer that names the spec.
    PrepareCommitMsg,
    /// A message that a person has written: the same.
    CommitMsg,
    /// After a merge or pull: what it completed is recorded.
    PostMerge,
    /// After an amend or rebase: the notes follow the commits.
    PostRewrite,
    /// After a branch was checked out: what others completed is recorded.
    PostCheckout,
    /// Before a push: says that there is news of specs, too.
    PrePush,
}

impl Hook {
    /// Every one, in the order in which a commit passes them.
    pub(crate) const ALL: [Hook; 7] = [
        Hook::PreCommit,
        Hook::PrepareCommitMsg,
        Hook::CommitMsg,
        Hook::PostMerge,
        Hook::PostRewrite,
        Hook::PostCheckout,
        Hook::PrePush,
    ];

    /// Its name.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Hook::PreCommit => "pre-commit",
            Hook::PrepareCommitMsg => "prepare-commit-msg",
            Hook::CommitMsg => "commit-msg",
            Hook::PostMerge => "post-merge",
            Hook::PostRewrite => "post-rewrite",
            Hook::PostCheckout => "post-checkout",
            Hook::PrePush => "pre-push",
        }
    }
}

impl fmt::Display for Hook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Hook {
    type Err = UnknownHook;

    fn from_str(text: &str) -> Result<Self, UnknownHook> {
        Hook::ALL.into_iter().find(|hook| hook.as_str() == text).ok_or(UnknownHook)
    }
}

/// A name that is none of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no hook of git chant has this name")]
pub(crate) struct UnknownHook;
