//! The commands about other clones: `sync`.

use clap::Args;

use super::page::Page;

/// Exchange specs' states with a remote
///
/// Fetches what the remote has, brings each chain of events together with the one here, and pushes what the remote lacks. Nothing is
/// ever forced: where two clones went on apart, a merge event joins what both know. Spec files and merged work travel as any tracked
/// file and any branch; this is about refs/chant/specs, refs/chant/archive and refs/notes/chant.
///
/// A spec that was archived is in the archive of its month, and needs no ref of its own: that goes, here and at the remote, if it still
/// is what the archive holds. Where another clone recorded an event after that, it stays, and the spec is active again.
///
/// The work branches of finished and paused specs travel too, unless chant.pushBranches is false: another person can merge what is
/// finished, and go on with what is paused. At the remote a branch goes once its spec is over.
///
/// What is no chain of events is named as unfit and kept out, and exit status 1 says so. A
/// chain that the remote lost, or that was cut back there, is said to be gone or rewritten, and goes back.
///
/// Where a remote takes branches only, the branch chant-sync/<clone> carries what this clone knows, and sync in other clones reads it.
///
/// In silent mode nothing is pushed unless chant.remote names the remote.
#[derive(Args, Clone, Debug)]
pub(crate) struct SyncArgs {
    /// The remote [default: chant.remote, else the only one, else origin]
    #[arg(value_name = "remote")]
    pub remote: Option<String>,

    /// Only take over what the remote has
    #[arg(long, conflicts_with = "push")]
    pub fetch: bool,

    /// Only push, without asking first what the remote has
    #[arg(long)]
    pub push: bool,

    /// Only say what would be done
    #[arg(short = 'n', long)]
    pub dry_run: bool,
}

/// Examples and neighbours of `sync`.
pub(crate) const SYNC_PAGE: Page = Page {
    examples: &[
        ("git chant sync", "Give and take."),
        ("git chant sync --fetch upstream", "Only see what they have."),
        ("git config chant.remote origin", "Say where to once and for all; in silent mode, allow it."),
    ],
    see_also: &["git-chant-archive", "git-chant-fsck", "git-chant-resolve", "git-fetch", "git-push"],
};
