//! `git chant prune`.

use clap::Args;

use super::page::Page;

/// Clear away what no longer serves
///
/// Of specs that are completed, cancelled or archived, or of which nothing is left: their worktrees and branches, and transcripts that
/// are older than chant.pruneExpire. Of every spec: attempts whose commits are in a branch, leases of runs that are over, and what is
/// registered of worktrees that were deleted by hand.
///
/// What is nowhere else is never cleared away: changes that are not committed, commits that no branch, tag or other kept attempt
/// reaches, submodules and repositories inside a worktree with work of their own. It is named, with the reason, and stays.
#[derive(Args, Clone, Debug)]
pub(crate) struct PruneArgs {
    /// The specs, by full or short id [default: all]
    #[arg(value_name = "spec")]
    pub specs: Vec<String>,

    /// Only say what would be done
    #[arg(short = 'n', long)]
    pub dry_run: bool,

    /// Clear away transcripts that are older than this: a time as git reads it, never, or now [default: chant.pruneExpire]
    #[arg(long, value_name = "time")]
    pub expire: Option<String>,
}

/// Examples and neighbours of `prune`.
pub(crate) const PAGE: Page = Page {
    examples: &[
        ("git chant prune --dry-run", "What would go, and what stays for which reason."),
        ("git chant prune", "Clear it away."),
        ("git chant prune --expire now 010", "All that is left of one spec, its transcripts too."),
    ],
    see_also: &["git-chant-archive", "git-chant-fsck", "git-chant-reset", "git-worktree"],
};
