//! The commands about what others see of the work: `pr`, `release-notes`.

use clap::Args;

use super::page::Page;

/// Create a pull request from finished work
///
/// --stage creates one inside your fork, to review the work and run its CI. --upstream creates one for the project. Title and body come
/// from the spec, its changes, its checks and its release notes. Prints the commands; --run runs them.
///
/// If the repository has a pull request template, its sections are kept and the known ones are filled in.
///
/// --upstream is for people: it shows title and body, asks for a typed confirmation at a terminal, and refuses agents. The URL that the
/// host returns is recorded as a note on the spec.
#[derive(Args, Clone, Debug)]
#[command(group = clap::ArgGroup::new("where").required(true).args(["stage", "upstream"]))]
pub(crate) struct PrArgs {
    /// Name a spec by full or short id, or an investigation
    #[arg(value_name = "spec-or-topic")]
    pub what: String,

    /// Create it inside your fork
    #[arg(long)]
    pub stage: bool,

    /// Create it from your fork for the project
    #[arg(long)]
    pub upstream: bool,

    /// Run the commands instead of printing them
    #[arg(long)]
    pub run: bool,

    /// Create a draft
    #[arg(long)]
    pub draft: bool,

    /// Set the base branch [default: the remote's main branch]
    #[arg(long, value_name = "branch")]
    pub base: Option<String>,

    /// Set the title [default: the title of the spec]
    #[arg(long, value_name = "title", value_parser = super::add::title)]
    pub title: Option<String>,

    /// Read the body from <file>; "-" is standard input
    #[arg(long, value_name = "file", value_hint = clap::ValueHint::FilePath)]
    pub body_file: Option<std::path::PathBuf>,

    /// Edit title and body first
    #[arg(short = 'e', long)]
    pub edit: bool,

    /// Set the branch with the work [default: the target of the work]
    #[arg(long, value_name = "branch")]
    pub head: Option<String>,

    /// Name the remote of your fork
    #[arg(long, value_name = "remote", default_value = "origin")]
    pub fork: String,

    /// Name the remote of the project
    #[arg(long, value_name = "remote", default_value = "upstream")]
    pub project: String,
}

/// Examples and neighbours of `pr`.
pub(crate) const PR_PAGE: Page = Page {
    examples: &[
        ("git chant pr issue-1234 --stage", "Review it in your fork first."),
        ("git chant pr issue-1234 --upstream --run", "Open it for the project."),
        ("git chant pr issue-1234 --upstream --run --edit", "Edit the text first."),
    ],
    see_also: &["git-chant-changelog", "git-chant-status", "git-request-pull"],
};

/// Collect the release notes of a range of commits
///
/// Takes the section "Release Notes" of each spec whose work or merge is in the range, and prints a changelog: Added, Changed, Deprecated,
/// Removed, Fixed, Security. A heading such as "### Fixed: no write is lost" chooses the group of an entry.
#[derive(Args, Clone, Debug)]
pub(crate) struct ChangelogArgs {
    /// Give the commits as in git-log(1)
    #[arg(value_name = "range")]
    pub range: String,
}

/// Examples and neighbours of `release-notes`.
pub(crate) const CHANGELOG_PAGE: Page = Page {
    examples: &[("git chant changelog v1.0..HEAD", "List what is new since the last release.")],
    see_also: &["git-chant-pr", "git-chant-why", "git-log"],
};
