//! `git chant init`.

use clap::Args;

use super::page::Page;

/// Prepare this repository for specs
///
/// Makes .chant/specs, and checks that no branch stands in the way of the work branches. Nothing is committed, no hook is
/// installed, and running it again changes nothing.
///
/// In silent mode .chant/ is listed in the repository's own info/exclude file: specs and research stay out of every commit, and
/// whoever shares the repository sees nothing of them.
#[derive(Args, Clone, Debug)]
pub struct InitArgs {
    /// Keep .chant/ out of every commit of this clone
    #[arg(long)]
    pub silent: bool,
}

/// Examples and neighbours.
pub const PAGE: Page = Page {
    examples: &[
        ("git chant init", "Specs are tracked files, shared as any other."),
        ("git chant init --silent", "Specs stay in this clone: for work on a repository of others."),
    ],
    see_also: &["git-chant-add", "git-chant-demo"],
};
