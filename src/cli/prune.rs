//! `git chant prune`.

use clap::Args;

use super::page::Page;

/// Remove what is no longer needed
///
/// For specs that are completed, cancelled, archived or deleted: removes worktrees, branches, and transcripts older than chant.pruneExpire.
/// For every spec: removes attempts whose commits are in a branch, leases of ended runs, and registrations of worktrees that were deleted
/// by hand.
///
/// Never removes what exists nowhere else: uncommitted changes, commits that no branch, tag or kept attempt reaches, and submodules or
/// nested repositories with their own work. Reports each of these with the reason.
#[derive(Args, Clone, Debug)]
pub(crate) struct PruneArgs {
    /// Name specs by full or short id [default: all]
    #[arg(value_name = "spec")]
    pub specs: Vec<String>,

    /// Show what would be done, and change nothing
    #[arg(short = 'n', long)]
    pub dry_run: bool,

    /// Remove transcripts older than this: a date as git reads it, never or now [default: chant.pruneExpire]
    #[arg(long, value_name = "time")]
    pub expire: Option<String>,
}

/// Examples and neighbours of `prune`.
pub(crate) const PAGE: Page = Page {
    examples: &[
        ("git chant prune --dry-run", "Show what would be removed, and what stays and why."),
        ("git chant prune", "Remove it."),
        ("git chant prune --expire now 010", "Remove everything left of one spec, including transcripts."),
    ],
    see_also: &["git-chant-archive", "git-chant-fsck", "git-chant-reset", "git-worktree"],
};
