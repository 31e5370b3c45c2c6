//! The options that every command has, and the values that several of them share.

use std::path::PathBuf;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Args, ColorChoice, ValueEnum};

use crate::domain::{phase::Phase, status::Status};

/// The options that every command has.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Global {
    /// Run as if started in <dir>
    ///
    /// May be given several times; each is relative to the one before it. It stands before the command, as git's own does.
    #[arg(short = 'C', value_name = "dir", value_hint = clap::ValueHint::DirPath)]
    pub directory: Vec<PathBuf>,

    /// Print one JSON object instead of text
    ///
    /// The object has a "format" member that names its version. A command that fails prints an object with an "error" member.
    #[arg(long, global = true)]
    pub json: bool,

    /// End each record with NUL instead of a newline, and quote nothing
    #[arg(short = 'z', long, global = true)]
    pub null: bool,

    /// Print each spec as <format> says, in the manner of git-for-each-ref(1)
    ///
    /// A field stands in %(name): %(id), %(short), %(title), %(status); the names are those of the JSON output. %% is a per cent
    /// sign, and %xx the byte with that hexadecimal code.
    #[arg(long, global = true, value_name = "format")]
    pub format: Option<String>,

    /// When to use colour
    ///
    /// Without it color.chant and color.ui are asked, then NO_COLOR, then whether the output is a terminal.
    #[arg(long, global = true, value_name = "when", default_value = "auto", hide_default_value = true)]
    pub color: ColorChoice,

    /// Print no progress and no hints
    #[arg(short = 'q', long, global = true)]
    pub quiet: bool,
}

/// The types of spec, as the command line takes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum TypeArg {
    /// A change of code: finished when its checks pass, completed when it is merged
    Code,
    /// Work whose product is a change to the tree, a test for instance
    Task,
    /// Work whose product is a document
    Research,
    /// A document that follows the files it tracks
    Documentation,
    /// A spec that is made of its members
    Driver,
    /// A point where a person decides
    Gate,
}

impl TypeArg {
    /// The name as it stands in front matter.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            TypeArg::Code => "code",
            TypeArg::Task => "task",
            TypeArg::Research => "research",
            TypeArg::Documentation => "documentation",
            TypeArg::Driver => "driver",
            TypeArg::Gate => "gate",
        }
    }
}

/// The phases of an investigation, as the command line takes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum PhaseArg {
    /// Understand the report
    Comprehension,
    /// A test that fails
    Reproduction,
    /// Why it fails, and what could be done
    RootCause,
    /// Every place that has to change
    ImpactMap,
    /// The fix, in the fork
    ForkFix,
    /// The pull request, by a person
    UpstreamPr,
}

impl PhaseArg {
    /// The phase.
    pub(crate) fn phase(self) -> Phase {
        match self {
            PhaseArg::Comprehension => Phase::Comprehension,
            PhaseArg::Reproduction => Phase::Reproduction,
            PhaseArg::RootCause => Phase::RootCause,
            PhaseArg::ImpactMap => Phase::ImpactMap,
            PhaseArg::ForkFix => Phase::ForkFix,
            PhaseArg::UpstreamPr => Phase::UpstreamPr,
        }
    }

    /// The name as it stands in front matter.
    pub(crate) fn as_str(self) -> &'static str {
        self.phase().as_str()
    }
}

/// Who decides a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ClaimArg {
    /// This clone alone
    Local,
    /// The remote that several clones share
    Remote,
}

/// Reads a status: `in_progress` or `in-progress`.
pub(super) fn status_parser() -> impl TypedValueParser<Value = Status> {
    let names = Status::ALL.into_iter().map(|status| {
        let value = PossibleValue::new(status.as_str());
        if status == Status::InProgress { value.alias("in-progress") } else { value }
    });
    PossibleValuesParser::new(names).try_map(|name| name.parse::<Status>())
}

impl Global {
    /// Refuses options that contradict each other. clap's own rule can't: it does not see that one stands before the command and
    /// the other after it.
    pub(super) fn check(&self, command: &mut clap::Command) -> Result<(), clap::Error> {
        let other = match (self.json, self.null, &self.format) {
            (true, true, _) => "--null",
            (true, _, Some(_)) => "--format",
            _ => return Ok(()),
        };
        let message = format!("the argument '--json' cannot be used with '{other}'");
        Err(command.error(clap::error::ErrorKind::ArgumentConflict, message))
    }
}
