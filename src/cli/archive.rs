//! `git chant archive` and `git chant unarchive`.

use clap::Args;

use super::page::Page;

/// Put completed or cancelled specs away
///
/// They leave the listings; their ids, their history and their notes stay.
#[derive(Args, Clone, Debug)]
pub struct ArchiveArgs {
    /// The specs, by full or short id
    #[arg(value_name = "spec", required_unless_present = "topic")]
    pub specs: Vec<String>,

    /// All specs of this investigation; none of them if one is not over yet
    #[arg(long, value_name = "name", conflicts_with = "specs")]
    pub topic: Option<String>,
}

/// Examples and neighbours of `archive`.
pub const PAGE: Page = Page {
    examples: &[
        ("git chant archive 010", "Out of sight, not gone."),
        ("git chant archive --topic issue-1234", "A whole investigation."),
        ("git chant list --archived", "What was put away."),
    ],
    see_also: &["git-chant-list", "git-chant-unarchive"],
};

/// Bring archived specs back
///
/// Each is again what it was before.
#[derive(Args, Clone, Debug)]
pub struct UnarchiveArgs {
    /// The specs, by full or short id
    #[arg(value_name = "spec", required = true)]
    pub specs: Vec<String>,
}

/// Examples and neighbours of `unarchive`.
pub const UNARCHIVE_PAGE: Page = Page {
    examples: &[("git chant unarchive 010", "Back into the listings.")],
    see_also: &["git-chant-archive", "git-chant-list"],
};
