//! `git chant investigate`.

use clap::Args;

use super::{global::phase_parser, page::Page};
use crate::domain::phase::Phase;

/// Write the specs of an investigation
///
/// One spec a phase, from the report to the human gate: comprehension, reproduction, root-cause, impact-map, fork-fix, upstream-pr. Each
/// depends on the one before it and is informed by what those before it produce. Their work goes to the branch fix/<topic>, which
/// begins at the current commit when the first of them is merged.
///
/// Run again, it adds the phases that are missing. A phase of its own is added by git chant add --phase <phase> --topic <topic>.
/// Where research turns out wrong, --again does one phase once more.
#[derive(Args, Clone, Debug)]
pub(crate) struct InvestigateArgs {
    /// The name of the investigation: "issue-1234"
    #[arg(value_name = "topic")]
    pub topic: String,

    /// What it is about, one line [default: the title of the report]
    #[arg(long, value_name = "title", value_parser = super::add::title, required_unless_present_any = ["again", "issue", "from"])]
    pub title: Option<String>,

    /// Where the report is
    #[arg(long, value_name = "url", conflicts_with_all = ["issue", "from"])]
    pub issue_url: Option<String>,

    /// The report, by its number or address at the project's host: gh or glab reads it
    ///
    /// It becomes .chant/research/<topic>-report.md, an input of the first phase: quoted to agents as what somebody wrote.
    #[arg(long, value_name = "number-or-url", conflicts_with = "from")]
    pub issue: Option<String>,

    /// The report as a text, which becomes that document; "-" is the standard input
    #[arg(long, value_name = "file", value_hint = clap::ValueHint::FilePath)]
    pub from: Option<std::path::PathBuf>,

    /// A command that has to succeed with the fix, for example the whole suite; may be repeated
    #[arg(long, value_name = "command")]
    pub verify: Vec<String>,

    /// Work the phases at once, one after the other, up to the human gate
    #[arg(long, conflicts_with = "again")]
    pub work: bool,

    /// The phases that it goes through [default: all]; may be repeated, or several separated by commas
    #[arg(long, value_name = "phase", value_parser = phase_parser(), value_delimiter = ',')]
    pub phases: Vec<Phase>,

    /// Make one spec of all phases
    #[arg(long, conflicts_with = "phases")]
    pub single: bool,

    /// Write a new spec of this phase, which supersedes the one that the investigation has
    ///
    /// Its branch, its inputs and its criteria are those of the old one. What was informed by that is stale until it is worked again.
    #[arg(long, value_name = "phase", value_parser = phase_parser(), conflicts_with_all = ["phases", "single"])]
    pub again: Option<Phase>,

    /// Why the phase is done again: the next agents are told
    #[arg(long, value_name = "text", requires = "again")]
    pub reason: Option<String>,

    /// The command that runs the test which shows the bug
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

    /// What informs the first phase besides the report; may be repeated
    ///
    /// A part of another investigation begins with what that one found.
    #[arg(long = "informed-by", value_name = "input")]
    pub informed_by: Vec<String>,

    /// The branch that the work goes to [default: fix/<topic>]
    #[arg(long, value_name = "branch")]
    pub onto: Option<String>,
}

/// Examples and neighbours of `investigate`.
pub(crate) const INVESTIGATE_PAGE: Page = Page {
    examples: &[
        (
            "git chant investigate issue-1234 --title \"Concurrent writes lose data\" --reproduces \"cargo test issue_1234\"",
            "All six phases.",
        ),
        (
            "git chant investigate issue-1240 --title \"Wrong exit code\" --phases reproduction,fork-fix --onto main",
            "A small one, straight to main.",
        ),
        (
            "git chant investigate issue-1234 --issue 1234 --reproduces \"cargo test issue_1234\" --verify \"cargo test\" --work",
            "From the report to the human gate.",
        ),
        (
            "git chant investigate issue-1234 --again root-cause --reason \"the lock is not reentrant\"",
            "The research was wrong: do that phase once more.",
        ),
    ],
    see_also: &["git-chant-add", "git-chant-status", "git-chant-work", "gitchant-workflow"],
};
