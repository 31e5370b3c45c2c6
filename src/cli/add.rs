//! `git chant add`.

use std::path::PathBuf;

use clap::Args;

use super::global::{phase_parser, type_parser};
use super::page::Page;
use crate::domain::{phase::Phase, spec_type::SpecType};

/// Write a new spec
///
/// Creates .chant/specs/<id>.md with the front matter that the options say and the title as its heading, records that the spec
/// exists, and prints its id. The index and the branch stay as they are: commit the file when you like.
///
/// Acceptance criteria are the task-list items under the heading "Acceptance Criteria" of the body.
#[derive(Args, Clone, Debug)]
pub(crate) struct AddArgs {
    /// What the spec is about, one line: one argument, so quote it
    #[arg(value_name = "title", value_parser = title, required_unless_present = "adopt")]
    pub title: Option<String>,

    /// What kind of work it is [default: code, or what the phase asks for]
    #[arg(long = "type", value_name = "type", value_parser = type_parser())]
    pub spec_type: Option<SpecType>,

    /// The phase of an investigation that it is
    #[arg(long, value_name = "phase", value_parser = phase_parser())]
    pub phase: Option<Phase>,

    /// The investigation that it belongs to: "issue-1234"
    #[arg(long, value_name = "name")]
    pub topic: Option<String>,

    /// The spec that it is a part of; it gets that one's id with a number
    #[arg(long, value_name = "spec", conflicts_with = "phase")]
    pub member_of: Option<String>,

    /// The branch that the work is for [default: fix/<topic> for a phase of a topic, else the current branch when it is worked]
    #[arg(long, value_name = "branch")]
    pub onto: Option<String>,

    /// A label; may be repeated, or several separated by commas
    #[arg(long = "label", value_name = "label", value_delimiter = ',')]
    pub labels: Vec<String>,

    /// A spec that must be completed before this one; may be repeated, or several separated by commas
    #[arg(long = "depends-on", value_name = "spec", value_delimiter = ',')]
    pub depends_on: Vec<String>,

    /// A spec whose place this one takes; may be repeated
    ///
    /// What is not said otherwise is as in that spec: the phase, the topic, the inputs, the branch, and for a phase of an investigation
    /// the criteria. What was informed by that spec is stale until it is worked again or acknowledged, and what depends on it waits for
    /// this one.
    #[arg(long, value_name = "spec", value_delimiter = ',')]
    pub supersedes: Vec<String>,

    /// Why it takes that place: the next agents are told
    #[arg(long, value_name = "text", requires = "supersedes")]
    pub reason: Option<String>,

    /// A spec, path, glob or URL that the agent has to know; may be repeated
    ///
    /// Paths and specs are pinned when work starts: what the agent read is recorded, and a later change of it shows.
    #[arg(long = "informed-by", value_name = "input")]
    pub informed_by: Vec<String>,

    /// A file that the work may change; may be repeated
    ///
    /// With none given the work may change any file.
    #[arg(long = "target-file", value_name = "path")]
    pub target_files: Vec<String>,

    /// A command that must succeed in the worktree before the spec is finished; may be repeated
    #[arg(long, value_name = "command")]
    pub verify: Vec<String>,

    /// The command that runs the test which shows the bug
    ///
    /// In the reproduction phase it must fail once the test is there; in the fix it must fail before and pass after.
    #[arg(long, value_name = "command")]
    pub reproduces: Option<String>,

    /// A path, glob or directory of the tests that prove the fix; may be repeated [default: what the reproduction changed]
    ///
    /// The proof holds them as the reproduction left them: a fix passes with these very tests.
    #[arg(long = "test", value_name = "path")]
    pub tests: Vec<String>,

    /// A regular expression that the output of the failing test has to contain
    #[arg(long, value_name = "pattern", requires = "reproduces", allow_hyphen_values = true)]
    pub fails_with: Option<String>,

    /// How often the test has to end alike, from 1 to 100 [default: 1]
    #[arg(long, value_name = "number", requires = "reproduces")]
    pub runs: Option<String>,

    /// The prompt to give to the agent: a built-in one, or the name of a file in .chant/prompts
    #[arg(long, value_name = "name")]
    pub prompt: Option<String>,

    /// The agent to use, one of chant.agent.<name>
    #[arg(long, value_name = "name")]
    pub agent: Option<String>,

    /// A file for the agent to see besides what informs the spec; may be repeated
    #[arg(long, value_name = "path")]
    pub context: Vec<String>,

    /// A file that the work is made from; may be repeated
    #[arg(long, value_name = "path")]
    pub origin: Vec<String>,

    /// A file that a documentation spec follows; may be repeated
    #[arg(long, value_name = "path")]
    pub tracks: Vec<String>,

    /// Require a person's approval before work on it starts
    #[arg(long)]
    pub needs_approval: bool,

    /// How early it is worked among others, from -1000 to 1000: the greater first [default: 0]
    #[arg(long, value_name = "number", value_parser = clap::value_parser!(i16).range(-1000..=1000), allow_negative_numbers = true)]
    pub priority: Option<i16>,

    /// The day before which it is not worked: 2026-02-08
    #[arg(long, value_name = "day", value_parser = day)]
    pub not_before: Option<jiff::civil::Date>,

    /// Begin with .chant/templates/<name>.md: what options do not say, the front matter there does, and its body
    #[arg(long, value_name = "name", conflicts_with = "adopt")]
    pub template: Option<String>,

    /// Take the body, all that follows the title, from <file>; "-" is the standard input
    #[arg(long, value_name = "file", value_hint = clap::ValueHint::FilePath)]
    pub body_file: Option<PathBuf>,

    /// Adopt a spec that an agent has proposed: its file is created, and its commands are trusted
    ///
    /// An agent that finds other work calls git chant add. What it proposes is recorded, and no checkout has a file of it before a
    /// person adopts it.
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
        ("git chant add \"Upgrade serde\" --template upgrade", "From .chant/templates/upgrade.md."),
        ("git chant add --adopt 012", "Take over what an agent has proposed."),
        ("git chant add \"Upgrade the parser\" --body-file - <notes.md", "Take the text from elsewhere."),
    ],
    see_also: &["git-chant-edit", "git-chant-lint", "git-chant-work", "gitchant-spec"],
};
