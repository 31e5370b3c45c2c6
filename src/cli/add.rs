//! `git chant add`.

use std::path::PathBuf;

use clap::Args;

use super::global::{phase_parser, type_parser};
use super::page::Page;
use super::proof::ProofArgs;
use crate::domain::{phase::Phase, spec_type::SpecType};

/// Create a spec
///
/// Creates .chant/specs/<id>.md with the front matter that the options give and the title as its heading, records the spec, and prints its
/// id. The index and the branch stay unchanged; commit the file when you like.
///
/// The task-list items under the heading "Acceptance Criteria" of the body are the acceptance criteria.
#[derive(Args, Clone, Debug)]
pub(crate) struct AddArgs {
    /// Set the title, one line in quotes
    #[arg(value_name = "title", value_parser = title, required_unless_present = "adopt")]
    pub title: Option<String>,

    /// Set the type [default: code, or the type of the phase]
    #[arg(long = "type", value_name = "type", value_parser = type_parser())]
    pub spec_type: Option<SpecType>,

    /// Make it this phase of an investigation
    #[arg(long, value_name = "phase", value_parser = phase_parser())]
    pub phase: Option<Phase>,

    /// Add it to this investigation, for example "issue-1234"
    #[arg(long, value_name = "name")]
    pub topic: Option<String>,

    /// Make it a member of this spec, with that spec's id and a number
    #[arg(long, value_name = "spec", conflicts_with = "phase")]
    pub member_of: Option<String>,

    /// Set the target branch [default: fix/<topic> for a phase; otherwise the branch that is checked out when work starts]
    #[arg(long, value_name = "branch")]
    pub onto: Option<String>,

    /// Add a label; may be repeated, or separated by commas
    #[arg(long = "label", value_name = "label", value_delimiter = ',')]
    pub labels: Vec<String>,

    /// Start only after this spec is completed; may be repeated, or separated by commas
    #[arg(long = "depends-on", value_name = "spec", value_delimiter = ',')]
    pub depends_on: Vec<String>,

    /// Replace this spec; may be repeated
    ///
    /// Takes from the old spec what the options do not give: its phase, topic, inputs, target and, for a phase of an investigation, its
    /// criteria. Specs that the old one informed become stale until they are worked on again or acknowledged. Specs that depend on the old
    /// one wait for the new one.
    #[arg(long, value_name = "spec", value_delimiter = ',')]
    pub supersedes: Vec<String>,

    /// Record why it replaces that spec; later agents are told
    #[arg(long, value_name = "text", requires = "supersedes")]
    pub reason: Option<String>,

    /// Give the agent this input: a spec, path, glob or URL; may be repeated
    ///
    /// git-chant pins paths and specs when work starts. It records what the agent read and reports later changes.
    #[arg(long = "informed-by", value_name = "input")]
    pub informed_by: Vec<String>,

    /// Allow the work to change this file; may be repeated
    ///
    /// Without this option the work may change any file.
    #[arg(long = "target-file", value_name = "path")]
    pub target_files: Vec<String>,

    /// Require this command to succeed in a clean checkout of the work; may be repeated
    #[arg(long, value_name = "command")]
    pub verify: Vec<String>,

    #[command(flatten)]
    pub proof: ProofArgs,

    /// Use this prompt: a built-in one, or a file in .chant/prompts
    #[arg(long, value_name = "name")]
    pub prompt: Option<String>,

    /// Use this agent, one of chant.agent.<name>
    #[arg(long, value_name = "name")]
    pub agent: Option<String>,

    /// Show the agent this file as well; may be repeated
    #[arg(long, value_name = "path")]
    pub context: Vec<String>,

    /// Name a file that the work is made from; may be repeated
    #[arg(long, value_name = "path")]
    pub origin: Vec<String>,

    /// Name a file that a documentation spec describes; may be repeated
    #[arg(long, value_name = "path")]
    pub tracks: Vec<String>,

    /// Require a person's approval before work starts
    #[arg(long)]
    pub needs_approval: bool,

    /// Set the priority, from -1000 to 1000; higher ones start first [default: 0]
    #[arg(long, value_name = "number", value_parser = clap::value_parser!(i16).range(-1000..=1000), allow_negative_numbers = true)]
    pub priority: Option<i16>,

    /// Start no earlier than this day, for example 2026-02-08
    #[arg(long, value_name = "day", value_parser = day)]
    pub not_before: Option<jiff::civil::Date>,

    /// Take the body, and front matter that no option gives, from .chant/templates/<name>.md
    #[arg(long, value_name = "name", conflicts_with = "adopt")]
    pub template: Option<String>,

    /// Read the body, without the title, from <file>; "-" is standard input
    #[arg(long, value_name = "file", value_hint = clap::ValueHint::FilePath)]
    pub body_file: Option<PathBuf>,

    /// Adopt a spec that an agent proposed: create its file and trust its commands
    ///
    /// An agent that finds other work calls git chant add. git-chant records the proposal but creates no file until a person adopts it.
    #[arg(long, value_name = "spec", conflicts_with_all = ["title", "edit", "body_file"])]
    pub adopt: Option<String>,

    /// Open the new spec in the editor
    #[arg(short = 'e', long)]
    pub edit: bool,
}

fn day(text: &str) -> Result<jiff::civil::Date, &'static str> {
    text.parse().map_err(|_| "expected a day as 2026-02-08")
}

/// A title becomes a Markdown heading and the subject of a commit: one line of visible text.
pub(crate) fn title(text: &str) -> Result<String, &'static str> {
    let text = text.trim();
    if text.is_empty() {
        Err("a title needs at least one visible character")
    } else if text.chars().any(char::is_control) {
        Err("a title is one line without control characters")
    } else {
        Ok(text.to_owned())
    }
}

/// Examples and neighbours.
pub(crate) const PAGE: Page = Page {
    examples: &[
        ("git chant add \"Fix typo in README storage section\"", "The shortest way: a spec of type code."),
        (
            "git chant add \"Find out why writes get lost\" --phase root-cause --topic issue-1234",
            "A phase of an investigation.",
        ),
        (
            "git chant add \"Add locking\" --depends-on 008 --verify \"cargo test\"",
            "Ready once spec 008 is completed, finished once the tests pass.",
        ),
        ("git chant add \"Upgrade serde\" --template upgrade", "Start from .chant/templates/upgrade.md."),
        ("git chant add --adopt 012", "Adopt an agent's proposal."),
        ("git chant add \"Upgrade the parser\" --body-file - <notes.md", "Read the body from a file."),
    ],
    see_also: &["git-chant-edit", "git-chant-lint", "git-chant-work", "gitchant-spec"],
};
