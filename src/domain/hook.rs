//! The moments at which git calls hooks that this tool has something to do at.

use strum::{Display, EnumString, IntoStaticStr, VariantArray};

/// A hook, by the name that git has for it.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Display,
    EnumString,
    IntoStaticStr,
    VariantArray,
    schemars::JsonSchema,
    serde::Serialize,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case", parse_err_ty = UnknownHook, parse_err_fn = unknown)]
pub(crate) enum Hook {
    /// Before a commit: staged specs are checked.
    PreCommit,
    /// A message that is there before the editor opens: it gets the trailer that names the spec.
    PrepareCommitMsg,
    /// A message that a person has written: it gets the trailer, too.
    CommitMsg,
    /// After a merge or pull: what it completed is recorded.
    PostMerge,
    /// After an amend or rebase: the notes follow the commits.
    PostRewrite,
    /// After a branch was checked out: what others completed is recorded.
    PostCheckout,
    /// Before a push: says which spec updates are not pushed.
    PrePush,
}

impl Hook {
    /// Every hook, in the order in which a commit passes them.
    pub(crate) const ALL: &'static [Hook] = <Hook as strum::VariantArray>::VARIANTS;

    /// The name that git has for the hook.
    pub(crate) fn as_str(self) -> &'static str {
        self.into()
    }
}

fn unknown(_: &str) -> UnknownHook {
    UnknownHook
}

/// A name that no hook of git-chant has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no hook of git chant has this name")]
pub(crate) struct UnknownHook;
