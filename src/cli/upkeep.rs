//! The commands about the whole repository: `lint`, `fsck`, `recover`, `demo`.

use std::path::PathBuf;

use clap::Args;

use super::page::Page;

/// Check spec files
///
/// Reports each problem with file, line and column: invalid front matter; unknown, ambiguous or circular dependencies; missing inputs;
/// empty texts. Exits with status 1 if there is an error.
#[derive(Args, Clone, Debug)]
pub(crate) struct LintArgs {
    /// Name specs by full or short id [default: all]
    #[arg(value_name = "spec")]
    pub specs: Vec<String>,
}

/// Examples and neighbours of `lint`.
pub(crate) const LINT_PAGE: Page = Page {
    examples: &[("git chant lint", "Every spec."), ("git chant lint 010 --json", "One spec, for an editor.")],
    see_also: &["git-chant-edit", "git-chant-fsck", "gitchant-spec"],
};

/// Check the recorded histories
///
/// Reads every event, and compares notes, spec files, worktrees and local files with the events.
#[derive(Args, Clone, Debug)]
pub(crate) struct FsckArgs {
    /// Complete interrupted operations and rebuild derived data
    #[arg(long)]
    pub repair: bool,

    /// Check the signatures of events as well
    ///
    /// A bad signature is an error. If chant.requireSigned is set, also reports approvals and claims that are ignored because they have no
    /// good signature.
    #[arg(long)]
    pub signatures: bool,
}

/// Examples and neighbours of `fsck`.
pub(crate) const FSCK_PAGE: Page = Page {
    examples: &[
        ("git chant fsck", "Check everything."),
        ("git chant fsck --repair", "Repair after a crash or a full disk."),
    ],
    see_also: &["git-chant-lint", "git-fsck", "gitchant-format"],
};

/// Recover from a crash
///
/// After a crash, a power failure or kill -9: stops what a dead run left running and pauses its attempt, keeping all its work; records a
/// merge that succeeded; restores files that a merge had moved; removes worktrees, branches, leases and locks of closed specs. Reports what
/// it did. Does nothing if no process died.
///
/// It is rarely needed: every command that changes a spec recovers that spec first.
#[derive(Args, Clone, Debug)]
pub(crate) struct RecoverArgs {
    /// Name specs by full or short id [default: all of this clone]
    #[arg(value_name = "spec")]
    pub specs: Vec<String>,
}

/// Examples and neighbours of `recover`.
pub(crate) const RECOVER_PAGE: Page = Page {
    examples: &[("git chant recover", "Recover everything."), ("git chant recover 010", "One spec.")],
    see_also: &["git-chant-fsck", "git-chant-work", "git-chant-pause"],
};

/// Show the way from a bug report to its fix
///
/// Creates a throw-away repository with a small program that loses writes. A scripted agent takes the bug through comprehension,
/// reproduction, root cause, impact map and fix, up to the decision of a person. The demo needs no network, reads none of your
/// configuration, and writes only to its directory and, while an agent works, to a worktree beside it. It leaves the repository for you to
/// look at.
#[derive(Args, Clone, Debug)]
pub(crate) struct DemoArgs {
    /// Create the repository in this empty or new directory [default: a temporary one]
    #[arg(value_name = "dir", value_hint = clap::ValueHint::DirPath)]
    pub directory: Option<PathBuf>,
}

/// Examples and neighbours of `demo`.
pub(crate) const DEMO_PAGE: Page = Page {
    examples: &[("git chant demo", "Watch it run."), ("git chant demo /tmp/kvstore", "Choose the directory.")],
    see_also: &["git-chant-add", "git-chant-work"],
};
