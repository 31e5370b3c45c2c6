//! `git chant archive`.

use clap::Args;

use super::page::Page;

/// Archive completed or cancelled specs, or restore them
///
/// Removes them from listings and keeps their ids, histories and notes. With --restore each gets its earlier status back.
///
/// Archived specs of a month share one ref, such as refs/chant/archive/2026-02, instead of one ref each. Every command still finds them,
/// and 'git chant sync' shares them with other clones.
#[derive(Args, Clone, Debug)]
pub(crate) struct ArchiveArgs {
    /// Name specs by full or short id
    #[arg(value_name = "spec", required_unless_present_any = ["topic", "all", "fold"])]
    pub specs: Vec<String>,

    /// Archive this whole investigation, unless one of its specs is still open
    #[arg(long, value_name = "name", conflicts_with = "specs")]
    pub topic: Option<String>,

    /// Archive every completed or cancelled spec
    #[arg(long, conflicts_with_all = ["specs", "topic", "restore"])]
    pub all: bool,

    /// Restore archived specs instead
    #[arg(long)]
    pub restore: bool,

    /// Archive nothing, but fold every archived spec that still has its own ref
    #[arg(long, conflicts_with_all = ["specs", "topic", "all", "restore"])]
    pub fold: bool,
}

/// Examples and neighbours of `archive`.
pub(crate) const PAGE: Page = Page {
    examples: &[
        ("git chant archive 010", "Archive one spec."),
        ("git chant archive --topic issue-1234", "A whole investigation."),
        ("git chant archive --all", "All completed and cancelled specs."),
        ("git chant archive --restore 010", "List a spec again."),
        ("git chant list --archived", "List archived specs."),
        ("git chant archive --fold", "Fold what earlier versions or a crash left behind."),
        ("git log --first-parent chant/archive/2026-02", "Show what was archived in a month, with git alone."),
        ("git log chant/archive/2026-02:08/2026-02-08-010-v7b", "Show the history of one of them, with git alone."),
    ],
    see_also: &["git-chant-list", "git-chant-prune", "git-chant-sync"],
};

/// What `archive --restore` was called before.
#[derive(Args, Clone, Debug)]
#[command(hide = true)]
pub(crate) struct UnarchiveArgs {
    /// Name specs by full or short id
    #[arg(value_name = "spec", required_unless_present = "topic")]
    pub specs: Vec<String>,

    /// Restore all archived specs of this investigation
    #[arg(long, value_name = "name", conflicts_with = "specs")]
    pub topic: Option<String>,
}

impl From<&UnarchiveArgs> for ArchiveArgs {
    fn from(args: &UnarchiveArgs) -> ArchiveArgs {
        ArchiveArgs { specs: args.specs.clone(), topic: args.topic.clone(), all: false, restore: true, fold: false }
    }
}
