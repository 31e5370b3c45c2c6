//! `git chant investigate`, and `git chant bisect`, which finds where its bug came from.

use clap::Args;

use super::{global::phase_parser, page::Page, proof::ProofArgs};
use crate::domain::phase::Phase;

/// Create the specs of an investigation
///
/// Creates one spec for each phase, from the report to the human gate: comprehension, reproduction, root-cause, impact-map, fork-fix and
/// upstream-pr. Each phase depends on the one before it and gets the results of earlier phases as inputs. The work goes to the branch
/// fix/<topic>, which starts at the current commit when the first phase is merged.
///
/// Running it again adds missing phases. To add a single phase, use git chant add --phase <phase> --topic <topic>. If research turns out to
/// be wrong, use --again to repeat a phase.
#[derive(Args, Clone, Debug)]
pub(crate) struct InvestigateArgs {
    /// Name the investigation, for example "issue-1234" [default: issue-<number> with --issue]
    #[arg(value_name = "topic", required_unless_present = "issue")]
    pub topic: Option<String>,

    /// Set the title, one line [default: the title of the report, or of the investigation]
    #[arg(long, value_name = "title", value_parser = super::add::title)]
    pub title: Option<String>,

    /// Set the URL of the report
    #[arg(long, value_name = "url", conflicts_with_all = ["issue", "from"])]
    pub issue_url: Option<String>,

    /// Read the report with this number or URL from the project's host, through gh or glab
    ///
    /// Saves it as .chant/research/<topic>-report.md, an input of the first phase. Prompts quote it as data.
    #[arg(long, value_name = "number-or-url", conflicts_with = "from")]
    pub issue: Option<String>,

    /// Read the report from <file>; "-" is standard input
    #[arg(long, value_name = "file", value_hint = clap::ValueHint::FilePath)]
    pub from: Option<std::path::PathBuf>,

    /// Require this command to succeed with the fix, for example the whole suite; may be repeated
    #[arg(long, value_name = "command")]
    pub verify: Vec<String>,

    /// Work on the phases right away, one after the other, up to the human gate
    #[arg(long, conflicts_with = "again")]
    pub work: bool,

    /// Create only these phases [default: all]; may be repeated, or separated by commas
    #[arg(long, value_name = "phase", value_parser = phase_parser(), value_delimiter = ',')]
    pub phases: Vec<Phase>,

    /// Create one spec for all phases
    #[arg(long, conflicts_with = "phases")]
    pub single: bool,

    /// Repeat this phase with a new spec that supersedes the old one
    ///
    /// Takes the target, inputs and criteria from the old spec, which has to be closed or failed. Specs that build on the old one, directly
    /// or through others, wait for the new one; those that are finished become stale until they are worked on again.
    #[arg(long, value_name = "phase", value_parser = phase_parser(), conflicts_with_all = ["phases", "single"])]
    pub again: Option<Phase>,

    /// Record why the phase is repeated; later agents are told
    #[arg(long, value_name = "text", requires = "again")]
    pub reason: Option<String>,

    #[command(flatten)]
    pub proof: ProofArgs,

    /// Give the first phase this input as well; may be repeated
    ///
    /// Use it to start a part of another investigation with that one's findings.
    #[arg(long = "informed-by", value_name = "input")]
    pub informed_by: Vec<String>,

    /// Set the target branch [default: fix/<topic>]
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
            "git chant investigate --issue 1234 --reproduces \"cargo test issue_1234\" --verify \"cargo test\" --work",
            "From the report to the human gate.",
        ),
        (
            "git chant investigate issue-1234 --again root-cause --reason \"the lock is not reentrant\"",
            "The research was wrong: repeat that phase.",
        ),
    ],
    see_also: &["git-chant-add", "git-chant-status", "git-chant-work", "gitchant-workflow"],
};

/// Find the commit that a bug came with
///
/// Runs the test of the investigation's reproduction at commits between one without the bug and one with it, as git bisect does: in clean
/// checkouts, with the test laid over each. Commits where it cannot be run are skipped. Your branches, files and index stay as they are.
///
/// The result is recorded in the history of the reproduction, which is an input of the root cause, and the agent of the root cause is told.
/// It becomes .chant/research/<topic>-bisect.md, too, in the place of an earlier result. What is known stays when the command is
/// interrupted: run it again without options.
#[derive(Args, Clone, Debug)]
pub(crate) struct BisectArgs {
    /// The investigation
    #[arg(value_name = "topic")]
    pub topic: String,

    /// A commit without the bug: begin with it
    #[arg(long, value_name = "revision")]
    pub good: Option<String>,

    /// A commit with the bug [default: the one that the reproduction began at]
    #[arg(long, value_name = "revision", requires = "good")]
    pub bad: Option<String>,

    /// Forget what was found so far, and the result of an earlier bisection
    #[arg(long)]
    pub reset: bool,

    /// Run the command that the spec names without asking for approval
    #[arg(long)]
    pub trust: bool,
}

/// Examples and neighbours of `bisect`.
pub(crate) const BISECT_PAGE: Page = Page {
    examples: &[
        ("git chant bisect issue-1234 --good v1.4", "Which commit since version 1.4 brought the bug?"),
        ("git chant bisect issue-1234", "Go on where it was interrupted."),
    ],
    see_also: &["git-bisect", "git-chant-investigate", "git-chant-verify"],
};
