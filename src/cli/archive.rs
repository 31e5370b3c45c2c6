//! `git chant archive` and `git chant unarchive`.

use clap::Args;

use super::page::Page;

/// Put completed or cancelled specs away
///
/// They leave the listings; their ids, their history and their notes stay.
///
/// What is archived is folded: one ref a month, refs/chant/archive/2026-02, takes the place of one ref a spec. Every command finds it
/// there as before, and 'git chant sync' carries it to other clones.
#[derive(Args, Clone, Debug)]
pub(crate) struct ArchiveArgs {
    /// The specs, by full or short id
    #[arg(value_name = "spec", required_unless_present_any = ["topic", "fold"])]
    pub specs: Vec<String>,

    /// All specs of this investigation; none of them if one is not over yet
    #[arg(long, value_name = "name", conflicts_with = "specs")]
    pub topic: Option<String>,

    /// Archive nothing; fold every archived spec that has a ref of its own
    #[arg(long, conflicts_with_all = ["specs", "topic"])]
    pub fold: bool,
}

/// Examples and neighbours of `archive`.
pub(crate) const PAGE: Page = Page {
    examples: &[
        ("git chant archive 010", "Out of sight, not gone."),
        ("git chant archive --topic issue-1234", "A whole investigation."),
        ("git chant list --archived", "What was put away."),
        ("git chant archive --fold", "What earlier versions or a crash left unfolded."),
        ("git log --first-parent chant/archive/2026-02", "What was put away of a month, by git alone."),
        ("git log chant/archive/2026-02:08/2026-02-08-010-v7b", "What happened to one of them, by git alone."),
    ],
    see_also: &["git-chant-list", "git-chant-sync", "git-chant-unarchive"],
};

/// Bring archived specs back
///
/// Each is again what it was before.
#[derive(Args, Clone, Debug)]
pub(crate) struct UnarchiveArgs {
    /// The specs, by full or short id
    #[arg(value_name = "spec", required_unless_present = "topic")]
    pub specs: Vec<String>,

    /// All archived specs of this investigation
    #[arg(long, value_name = "name", conflicts_with = "specs")]
    pub topic: Option<String>,
}

/// Examples and neighbours of `unarchive`.
pub(crate) const UNARCHIVE_PAGE: Page = Page {
    examples: &[
        ("git chant unarchive 010", "Back into the listings."),
        ("git chant unarchive --topic issue-1234", "A whole investigation."),
    ],
    see_also: &["git-chant-archive", "git-chant-list"],
};
