//! `git chant import`.

use std::path::PathBuf;

use clap::Args;

use super::page::Page;

/// Take over the specs of chant
///
/// Reads a .chant directory of chant, the tool that keeps the state of specs in their front matter, and records that state as events:
/// status, commits, model, approval, members, archive. Dates and authors are those of the commits that made it so, as far as git's
/// history of the files tells. No file is changed; specs that have events already are left alone, so that it can be run again.
///
/// A completed spec is recorded as completed if a branch has its commits, else as finished. What was in progress or paused is pending
/// again: no run of chant goes on here. Specs that were archived before they were completed are cancelled and archived. Everything that
/// could not be carried over is named, with its file and line. Settings that have a counterpart here are named with the command that
/// sets it.
#[derive(Args, Clone, Debug)]
pub(crate) struct ImportArgs {
    /// The .chant directory, or the directory that holds it [default: that of this repository]
    #[arg(value_name = "dir")]
    pub dir: Option<PathBuf>,

    /// Only say what would be done
    #[arg(short = 'n', long)]
    pub dry_run: bool,
}

/// Examples and neighbours of `import`.
pub(crate) const PAGE: Page = Page {
    examples: &[
        ("git chant import --dry-run", "What would be recorded, and what would not."),
        ("git chant import", "Record it."),
        ("git chant import --json", "What was and what could not be carried over, for a script."),
    ],
    see_also: &["git-chant-init", "git-chant-lint", "git-chant-list"],
};
