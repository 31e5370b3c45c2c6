//! The commands about the whole repository: `lint`, `fsck`, `recover`, `demo`.

use std::path::PathBuf;

use clap::Args;

use super::page::Page;

/// Check spec files
///
/// Names every fault with its file, line and column: front matter that can't be read, dependencies that are unknown, ambiguous or go
/// round in a circle, inputs that are missing. Exits with 1 if there is an error.
#[derive(Args, Clone, Debug)]
pub(crate) struct LintArgs {
    /// The specs, by full or short id [default: all]
    #[arg(value_name = "spec")]
    pub specs: Vec<String>,
}

/// Examples and neighbours of `lint`.
pub(crate) const LINT_PAGE: Page = Page {
    examples: &[("git chant lint", "Every spec."), ("git chant lint 010 --json", "One spec, for an editor.")],
    see_also: &["git-chant-edit", "git-chant-fsck", "gitchant-spec"],
};

/// Check what is recorded about specs
///
/// Reads every event, and compares the notes, the spec files, the worktrees and what is kept in this clone with them.
#[derive(Args, Clone, Debug)]
pub(crate) struct FsckArgs {
    /// Complete what was cut short, and rebuild what is derived
    #[arg(long)]
    pub repair: bool,

    /// Check the signatures of events, too
    ///
    /// A signature that does not fit is an error. Where chant.requireSigned is set, approvals and claims that are not well signed
    /// are named: they do not count.
    #[arg(long)]
    pub signatures: bool,
}

/// Examples and neighbours of `fsck`.
pub(crate) const FSCK_PAGE: Page = Page {
    examples: &[
        ("git chant fsck", "Is everything in order?"),
        ("git chant fsck --repair", "After a crash or a full disk."),
    ],
    see_also: &["git-chant-lint", "git-fsck", "gitchant-format"],
};

/// Settle what a process that died left behind
///
/// After a crash, a power cut or kill -9: ends what a dead run left running and pauses its attempt, with everything that it had done
/// kept; records a merge that went through; puts back what a merge had moved aside; takes away worktrees, branches, leases and locks of
/// what is over. Says what it did, and does nothing where no process died.
///
/// There is rarely a need for it: every command that changes a spec settles that spec first.
#[derive(Args, Clone, Debug)]
pub(crate) struct RecoverArgs {
    /// The specs, by full or short id [default: all of this clone]
    #[arg(value_name = "spec")]
    pub specs: Vec<String>,
}

/// Examples and neighbours of `recover`.
pub(crate) const RECOVER_PAGE: Page = Page {
    examples: &[("git chant recover", "Everything, after a crash."), ("git chant recover 010", "One spec.")],
    see_also: &["git-chant-fsck", "git-chant-work", "git-chant-pause"],
};

/// Show the whole way from a bug report to its fix
///
/// Makes a throw-away repository with a small program that loses writes, and takes the bug through comprehension, reproduction, root
/// cause, impact map and fix with a scripted agent, up to the point where a person decides. It needs no network, reads none of your
/// configuration, touches nothing but its directory and, while an agent works, a worktree beside it, and leaves the repository for you
/// to look at.
#[derive(Args, Clone, Debug)]
pub(crate) struct DemoArgs {
    /// Where to make the repository: a directory that is empty or not there yet [default: a new temporary one]
    #[arg(value_name = "dir", value_hint = clap::ValueHint::DirPath)]
    pub directory: Option<PathBuf>,
}

/// Examples and neighbours of `demo`.
pub(crate) const DEMO_PAGE: Page = Page {
    examples: &[("git chant demo", "Watch it run."), ("git chant demo /tmp/kvstore", "In a place of your choice.")],
    see_also: &["git-chant-add", "git-chant-work"],
};
