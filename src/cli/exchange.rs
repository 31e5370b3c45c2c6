//! The commands about other clones: `sync`.

use clap::Args;

use super::page::Page;

/// Exchange spec histories with a remote
///
/// Fetches the remote's events, joins them with those of this clone, and pushes what the remote lacks. Never forces a ref: where two clones
/// continued apart, a merge event joins both histories. Sync covers refs/chant/specs, refs/chant/archive and refs/notes/chant. Spec files
/// and merged work travel like any other file and branch.
///
/// An archived spec needs no ref of its own. Sync deletes that ref here and at the remote if the archive holds the same event. If another
/// clone has recorded a later event, the ref stays and the spec is active again.
///
/// Sync also exchanges the work branches of finished and paused specs, unless chant.pushBranches is false. Another person can then merge
/// finished work or resume paused work. Sync deletes the remote's branch once the spec is closed.
///
/// Sync reports invalid histories as unfit, ignores them, and exits with status 1. If the remote lost a history or shortened it, sync
/// reports that and restores it.
///
/// If the remote accepts only branches, the branch chant-sync/<clone> carries the histories; sync in other clones reads it.
///
/// In silent mode sync pushes only if chant.remote names the remote.
#[derive(Args, Clone, Debug)]
pub(crate) struct SyncArgs {
    /// Use this remote [default: chant.remote, otherwise the only one, otherwise origin]
    #[arg(value_name = "remote")]
    pub remote: Option<String>,

    /// Only fetch
    #[arg(long, conflicts_with = "push")]
    pub fetch: bool,

    /// Only push, without fetching first
    #[arg(long)]
    pub push: bool,

    /// Show what would be done, and change nothing
    #[arg(short = 'n', long)]
    pub dry_run: bool,
}

/// Examples and neighbours of `sync`.
pub(crate) const SYNC_PAGE: Page = Page {
    examples: &[
        ("git chant sync", "Fetch and push."),
        ("git chant sync --fetch upstream", "Only fetch."),
        ("git config chant.remote origin", "Choose the remote for good; in silent mode, allow pushing."),
    ],
    see_also: &["git-chant-archive", "git-chant-fsck", "git-chant-choose", "git-fetch", "git-push"],
};
