//! The commands about what others see of the work: `pr`, `release-notes`.

use clap::Args;

use super::page::Page;

/// Make a pull request of finished work
///
/// --stage makes one inside your fork, to review the work and run its CI; --upstream one to the project. Title and body come from the
/// spec, what it changed, its checks and its release notes. The commands are printed; --run runs them.
///
/// Where the repository has a template for pull requests, its sections are kept, and filled as far as their headings are known.
///
/// --upstream is for a person: it shows what would be sent, asks for a typed confirmation at a terminal, and no agent passes it. The
/// address that the host gives is recorded as a note on the spec.
#[derive(Args, Clone, Debug)]
#[command(group = clap::ArgGroup::new("where").required(true).args(["stage", "upstream"]))]
pub(crate) struct PrArgs {
    /// The spec, by full or short id, or the investigation
    #[arg(value_name = "spec-or-topic")]
    pub what: String,

    /// From your fork to your fork
    #[arg(long)]
    pub stage: bool,

    /// From your fork to the project that it is a fork of
    #[arg(long)]
    pub upstream: bool,

    /// Run the commands instead of printing them
    #[arg(long)]
    pub run: bool,

    /// Make it a draft
    #[arg(long)]
    pub draft: bool,

    /// The branch that it goes into [default: the remote's main branch]
    #[arg(long, value_name = "branch")]
    pub base: Option<String>,

    /// The title [default: that of the spec]
    #[arg(long, value_name = "title", value_parser = super::add::title)]
    pub title: Option<String>,

    /// Take the body from <file>; "-" is the standard input
    #[arg(long, value_name = "file", value_hint = clap::ValueHint::FilePath)]
    pub body_file: Option<std::path::PathBuf>,

    /// Edit title and body first
    #[arg(short = 'e', long)]
    pub edit: bool,

    /// The branch with the work [default: the one that the work went to]
    #[arg(long, value_name = "branch")]
    pub head: Option<String>,

    /// The remote that is your fork
    #[arg(long, value_name = "remote", default_value = "origin")]
    pub fork: String,

    /// The remote that is the project
    #[arg(long, value_name = "remote", default_value = "upstream")]
    pub project: String,
}

/// Examples and neighbours of `pr`.
pub(crate) const PR_PAGE: Page = Page {
    examples: &[
        ("git chant pr issue-1234 --stage", "Look at it in your fork first."),
        ("git chant pr issue-1234 --upstream --run", "Ask the project to take it."),
        ("git chant pr issue-1234 --upstream --run --edit", "In your own words."),
    ],
    see_also: &["git-chant-release-notes", "git-chant-status", "git-request-pull"],
};

/// Gather what the specs of a range say to users
///
/// Takes the "Release Notes" sections of the specs whose work or merge lies in the range, and prints them as a changelog: Added, Changed,
/// Deprecated, Removed, Fixed, Security. A heading such as "### Fixed: no write is lost" says where an entry goes.
#[derive(Args, Clone, Debug)]
pub(crate) struct ReleaseNotesArgs {
    /// The commits, as git-log(1) takes them
    #[arg(value_name = "range")]
    pub range: String,
}

/// Examples and neighbours of `release-notes`.
pub(crate) const RELEASE_NOTES_PAGE: Page = Page {
    examples: &[("git chant release-notes v1.0..HEAD", "What is new since the last release.")],
    see_also: &["git-chant-pr", "git-chant-why", "git-log"],
};
