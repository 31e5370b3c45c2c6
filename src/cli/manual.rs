//! The commands about the tool itself: `help`, `install-man`, `schema`, `version`.

use std::path::PathBuf;

use clap::Args;
use clap_complete::{ArgValueCandidates, CompletionCandidate};

use super::page::Page;

/// The guides, in the order in which one would read them: name, section of the manual, and what each is about.
pub(crate) const GUIDES: [(&str, char, &str); 8] = [
    ("gitchant-tutorial", '7', "A session of twenty minutes"),
    ("gitchant-workflow", '7', "From an idea to a merged commit"),
    ("gitchant-spec", '5', "The format of a spec"),
    ("gitchant-config", '5', "The configuration of git-chant"),
    ("gitchant-format", '5', "Refs, events and JSON, for programs"),
    ("gitchant-security", '7', "What finished work proves, and what it does not"),
    ("gitchant-aliases", '7', "Useful settings and aliases"),
    ("gitchant-glossary", '7', "The words of git-chant"),
];

/// Explain a command, or show a guide
///
/// At a terminal with man, shows the manual page. Elsewhere prints the text of --help, or the guide. Needs no installed pages. For git help
/// chant and git chant --help, which git itself answers, run git chant install-man once.
#[derive(Args, Clone, Debug)]
pub(crate) struct HelpArgs {
    /// Name a command or a guide [default: list them]
    #[arg(value_name = "topic", add = ArgValueCandidates::new(topics))]
    pub topic: Option<String>,

    /// List every command
    #[arg(short, long)]
    pub all: bool,
}

/// Examples and neighbours of `help`.
pub(crate) const HELP_PAGE: Page = Page {
    examples: &[
        ("git chant help", "The commands that most people need, and the guides."),
        ("git chant help -a", "Every command."),
        ("git chant help work", "One command."),
        ("git chant help workflow", "How everything fits together."),
    ],
    see_also: &["git-chant-install-man", "git-help", "gitchant-workflow"],
};

/// Install the manual pages for the current user
///
/// Afterwards git help chant, git help chant-work and git chant --help show the pages, and git help chant-workflow shows a guide. Replaces
/// pages of another version and reports each page. Packages include the manual; cargo install does not.
#[derive(Args, Clone, Debug)]
pub(crate) struct InstallManArgs {
    /// Install into man1, man5 and man7 of this directory [default: one of yours that man searches, otherwise ~/.local/share/man]
    #[arg(value_name = "dir", value_hint = clap::ValueHint::DirPath)]
    pub directory: Option<PathBuf>,

    /// Remove the pages
    #[arg(long)]
    pub remove: bool,

    /// Show what would be done, and change nothing
    #[arg(short = 'n', long)]
    pub dry_run: bool,
}

/// Examples and neighbours of `install-man`.
pub(crate) const INSTALL_MAN_PAGE: Page = Page {
    examples: &[
        ("git chant install-man", "Afterwards git help chant works."),
        ("git chant install-man --remove", "Remove all pages."),
        ("git chant install-man /usr/local/share/man", "For all users of this machine."),
    ],
    see_also: &["git-chant-help", "git-help", "man"],
};

/// Print the JSON schema of the --json output
///
/// The schema comes from the types that git-chant writes. It describes each member, and the errors. gitchant-format(5) describes what else
/// is stable.
#[derive(Args, Clone, Debug)]
pub(crate) struct SchemaArgs {
    /// Print the schema of this command [default: all]
    #[arg(value_name = "command", add = ArgValueCandidates::new(commands))]
    pub command: Option<String>,
}

/// Examples and neighbours of `schema`.
pub(crate) const SCHEMA_PAGE: Page = Page {
    examples: &[
        ("git chant schema list", "The output of git chant list --json."),
        ("git chant schema >git-chant.schema.json", "The whole schema, for a validator."),
    ],
    see_also: &["git-chant-list", "git-chant-show", "gitchant-format"],
};

/// Print the version
///
/// With --build, also prints the commit, target and compiler; include them in a bug report.
#[derive(Args, Clone, Debug)]
pub(crate) struct VersionArgs {
    /// Also print the commit, target and compiler
    #[arg(long, visible_alias = "build-options")]
    pub build: bool,
}

/// Examples and neighbours of `version`.
pub(crate) const VERSION_PAGE: Page = Page {
    examples: &[("git chant version", "Like git version."), ("git chant version --build", "For a bug report.")],
    see_also: &["git-chant-help", "git-version"],
};

/// The names of the commands, for completion.
fn commands() -> Vec<CompletionCandidate> {
    super::COMMANDS.iter().map(|(name, ..)| CompletionCandidate::new(*name)).collect()
}

/// The names of the commands and guides, for completion.
fn topics() -> Vec<CompletionCandidate> {
    let guides = GUIDES.iter().map(|(name, _, about)| {
        CompletionCandidate::new(name.trim_start_matches("gitchant-")).help(Some((*about).into()))
    });
    commands().into_iter().chain(guides).collect()
}
