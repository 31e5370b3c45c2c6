//! The commands about the tool itself: `help`, `install-man`, `schema`, `version`.

use std::path::PathBuf;

use clap::Args;
use clap_complete::{ArgValueCandidates, CompletionCandidate};

use super::page::Page;

/// The guides, in the order in which one would read them: name, section of the manual, and what each is about.
pub(crate) const GUIDES: [(&str, char, &str); 6] = [
    ("gitchant-workflow", '7', "From an idea to a merged commit"),
    ("gitchant-spec", '5', "What stands in a spec"),
    ("gitchant-config", '5', "The configuration of git-chant"),
    ("gitchant-format", '5', "Refs, events and JSON, for those who build on them"),
    ("gitchant-security", '7', "What a finished spec proves, and what not"),
    ("gitchant-aliases", '7', "Settings and aliases worth having"),
];

/// Explain a command, or show a guide
///
/// At a terminal with man it is the page of the manual; elsewhere the same help as --help gives, and the guides as text. It needs no
/// pages that are installed: for git help chant and git chant --help, which git answers itself, there is git chant install-man.
#[derive(Args, Clone, Debug)]
pub(crate) struct HelpArgs {
    /// A command or a guide [default: list them]
    #[arg(value_name = "topic", add = ArgValueCandidates::new(topics))]
    pub topic: Option<String>,
}

/// Examples and neighbours of `help`.
pub(crate) const HELP_PAGE: Page = Page {
    examples: &[
        ("git chant help", "Every command and guide."),
        ("git chant help work", "One command."),
        ("git chant help workflow", "How it all fits together."),
    ],
    see_also: &["git-chant-install-man", "git-help", "gitchant-workflow"],
};

/// Install the manual for this person
///
/// With it git help chant, git help chant-work and git chant --help show the pages, as for git's own commands, and git help
/// chant-workflow a guide. Each page is written at once, those of another version are replaced, and each is named. Packages bring the
/// manual along; cargo install does not.
#[derive(Args, Clone, Debug)]
pub(crate) struct InstallManArgs {
    /// The directory that man1, man5 and man7 are in [default: one of this person that man searches, else ~/.local/share/man]
    #[arg(value_name = "dir", value_hint = clap::ValueHint::DirPath)]
    pub directory: Option<PathBuf>,

    /// Take the pages away again
    #[arg(long)]
    pub remove: bool,

    /// Only say what would be done
    #[arg(short = 'n', long)]
    pub dry_run: bool,
}

/// Examples and neighbours of `install-man`.
pub(crate) const INSTALL_MAN_PAGE: Page = Page {
    examples: &[
        ("git chant install-man", "Then git help chant works."),
        ("git chant install-man --remove", "Nothing is left of it."),
        ("git chant install-man /usr/local/share/man", "For everybody on this machine."),
    ],
    see_also: &["git-chant-help", "git-help", "man"],
};

/// Print the JSON schema of what --json prints
///
/// It is made from the types that are written, and says of each member what it is and what it means. Errors are part of it. What else
/// can be relied on is in gitchant-format(5).
#[derive(Args, Clone, Debug)]
pub(crate) struct SchemaArgs {
    /// The command whose answers it is about [default: all]
    #[arg(value_name = "command", add = ArgValueCandidates::new(commands))]
    pub command: Option<String>,
}

/// Examples and neighbours of `schema`.
pub(crate) const SCHEMA_PAGE: Page = Page {
    examples: &[
        ("git chant schema list", "What git chant list --json prints."),
        ("git chant schema >git-chant.schema.json", "Everything, for a validator."),
    ],
    see_also: &["git-chant-list", "git-chant-show", "gitchant-format"],
};

/// Print the version
///
/// With --build also what it was built from and with: what a report of an error should say.
#[derive(Args, Clone, Debug)]
pub(crate) struct VersionArgs {
    /// Say how it was built, too: commit, target, compiler
    #[arg(long, visible_alias = "build-options")]
    pub build: bool,
}

/// Examples and neighbours of `version`.
pub(crate) const VERSION_PAGE: Page = Page {
    examples: &[("git chant version", "As git version."), ("git chant version --build", "For a report of an error.")],
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
