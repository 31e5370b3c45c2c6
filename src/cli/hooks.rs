//! `git chant hooks`, and what git's hooks call.

use std::ffi::OsString;

use clap::{Args, ValueEnum};

use super::page::Page;

/// Have git's hooks call git chant
///
/// None of it is needed: what the hooks do is done sooner with them. Without an action it says which of them call git chant.
///
/// prepare-commit-msg and commit-msg add the trailer Chant-Spec to commits that are made on the work branch of a spec; pre-commit checks
/// the specs that are staged, and is the only one that can stop anything: git commit --no-verify passes it by; post-merge and
/// post-checkout record what a merge or a pull completed; post-rewrite has the notes follow commits that are amended or
/// rebased; pre-push says that there is news of specs for that remote, too, and pushes nothing. In silent mode no trailer is added.
///
/// A git that reads hooks from its configuration (2.54) finds them there, beside all others. For an older one a line is put into the
/// file of each hook, where core.hooksPath has them: what was in the file stays as it is. What is no shell script, a
/// symbolic link, or not executable is named and left alone, and so is a directory of hooks that lies outside of this repository. Where
/// core.hooksPath is relative, git looks for the hooks in each worktree: those that are ignored are copied into the worktree of a spec. The
/// line does nothing where git-chant is not installed. With CHANT_HOOKS=0 in the environment none of them does anything.
#[derive(Args, Clone, Debug)]
pub(crate) struct HooksArgs {
    /// What to do
    #[arg(value_name = "action", value_enum, default_value = "status")]
    pub action: Action,

    /// Only say what would be done
    #[arg(short = 'n', long)]
    pub dry_run: bool,
}

/// What to do with hooks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Action {
    /// Have each hook call git chant
    Install,
    /// Have none call it any more
    Uninstall,
    /// Say which of them call it
    Status,
}

/// Examples and neighbours of `hooks`.
pub(crate) const PAGE: Page = Page {
    examples: &[
        ("git chant hooks install --dry-run", "What would be changed?"),
        ("git chant hooks install", "And which hooks call git chant from then on."),
        ("git chant hooks uninstall", "Every file is what it was."),
    ],
    see_also: &["git-chant-init", "git-chant-lint", "git-chant-sync", "git-hook"],
};

/// What git's hooks call
///
/// It never fails, but for pre-commit with a spec that has errors: 1.
#[derive(Args, Clone, Debug)]
#[command(hide = true)]
pub(crate) struct HookArgs {
    /// The hook
    #[arg(value_name = "hook")]
    pub event: String,

    /// What git gives to it
    #[arg(value_name = "arg", trailing_var_arg = true, allow_hyphen_values = true)]
    pub args: Vec<OsString>,
}
