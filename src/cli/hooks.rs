//! `git chant hooks`, and what git's hooks call.

use std::ffi::OsString;

use clap::{Args, ValueEnum};

use super::page::Page;

/// Install or remove git hooks that call git-chant
///
/// The hooks are optional; they only make git-chant act earlier. Without an action, lists the hooks that call git-chant.
///
/// prepare-commit-msg and commit-msg add the trailer Chant-Spec to commits on a work branch. pre-commit checks staged specs; it is the only
/// hook that can stop a commit, and git commit --no-verify skips it. post-merge and post-checkout record what a merge or a pull completed.
/// post-rewrite keeps notes on amended and rebased commits. pre-push reports spec updates that are not pushed; it pushes nothing. In silent
/// mode no hook adds a trailer.
///
/// Git 2.54 and later read hooks from configuration, and git-chant uses that. For older versions it adds one line to each hook file in
/// core.hooksPath and keeps the rest of the file. It reports, and does not change, a file that is not a shell script, is a symbolic link,
/// or is not executable, and a hooks directory outside this repository. If core.hooksPath is relative, git looks for hooks in each
/// worktree; git-chant copies ignored hooks into the worktree of a spec. The line does nothing where git-chant is not installed, or with
/// CHANT_HOOKS=0 in the environment.
#[derive(Args, Clone, Debug)]
pub(crate) struct HooksArgs {
    /// Choose an action [default: status]
    #[arg(value_name = "action", value_enum, default_value = "status")]
    pub action: Action,

    /// Show what would be done, and change nothing
    #[arg(short = 'n', long)]
    pub dry_run: bool,
}

/// What to do with hooks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Action {
    /// Add the call to each hook
    Install,
    /// Remove the call from each hook
    Uninstall,
    /// List the hooks that call git-chant
    Status,
}

/// Examples and neighbours of `hooks`.
pub(crate) const PAGE: Page = Page {
    examples: &[
        ("git chant hooks install --dry-run", "Show what would change."),
        ("git chant hooks install", "Install them."),
        ("git chant hooks uninstall", "Remove them; every file is as before."),
    ],
    see_also: &["git-chant-init", "git-chant-lint", "git-chant-sync", "git-hook"],
};

/// What git's hooks call
///
/// It never fails, except pre-commit with a spec that has errors: 1.
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
