//! `git chant import`.

use std::path::PathBuf;

use clap::Args;

use super::page::Page;

/// Import the specs of chant
///
/// Reads the .chant directory of chant, which keeps the state of specs in their front matter. Records that state as events: status,
/// commits, model, approval, members and archive, with the dates and authors that git's history of the files gives. Changes no file. Skips
/// specs that have events, so it can be repeated.
///
/// A completed spec is imported as completed if a branch has its commits, otherwise as finished. Specs in progress or paused become
/// pending, because no run of chant is active here. Specs archived before completion become cancelled and archived. Import reports, with
/// file and line, everything that it could not import. It reports chant's settings with the command that sets their counterpart.
#[derive(Args, Clone, Debug)]
pub(crate) struct ImportArgs {
    /// Read this .chant directory, or the one inside this directory [default: this repository's]
    #[arg(value_name = "dir")]
    pub dir: Option<PathBuf>,

    /// Show what would be done, and change nothing
    #[arg(short = 'n', long)]
    pub dry_run: bool,
}

/// Examples and neighbours of `import`.
pub(crate) const PAGE: Page = Page {
    examples: &[
        ("git chant import --dry-run", "Show what would be imported, and what would not."),
        ("git chant import", "Import the specs."),
        ("git chant import --json", "Report what was imported, for a script."),
    ],
    see_also: &["git-chant-init", "git-chant-lint", "git-chant-list"],
};
