//! The options that every command has, and the values that several of them share.

use std::path::PathBuf;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Args, ColorChoice, ValueEnum};

use crate::domain::{phase::Phase, spec_type::SpecType, status::Status};

/// The options that every command has.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Global {
    /// Run as if started in <dir>
    ///
    /// May be repeated; each <dir> is relative to the one before. Put it before the command, as with git.
    #[arg(short = 'C', value_name = "dir", value_hint = clap::ValueHint::DirPath)]
    pub directory: Vec<PathBuf>,

    /// Print one JSON object instead of text
    ///
    /// Its member "format" is the version of the format. A command that fails prints an object with a member "error".
    #[arg(long, global = true)]
    pub json: bool,

    /// End each record with NUL instead of a newline, and quote nothing
    #[arg(short = 'z', long, global = true)]
    pub null: bool,

    /// Print each spec in this format, as in git-for-each-ref(1)
    ///
    /// %(name) is a field, such as %(id), %(short), %(title) or %(status); the names are those of the JSON output. %% is a per cent sign,
    /// and %xx the byte with that hexadecimal code.
    #[arg(long, global = true, value_name = "format")]
    pub format: Option<String>,

    /// Use colour: auto, always or never
    ///
    /// By default color.chant and color.ui decide, then NO_COLOR, then whether the output is a terminal.
    #[arg(long, global = true, value_name = "when", default_value = "auto", hide_default_value = true)]
    pub color: ColorChoice,

    /// Print no progress and no hints
    #[arg(short = 'q', long, global = true)]
    pub quiet: bool,
}

/// Who decides a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ClaimArg {
    /// This clone alone
    Local,
    /// The remote that several clones share
    Remote,
}

/// Reads a type of spec.
pub(super) fn type_parser() -> impl TypedValueParser<Value = SpecType> {
    let help = |kind: SpecType| match kind {
        SpecType::Code => "A code change",
        SpecType::Task => "Another change, for example a test",
        SpecType::Research => "A document with findings",
        SpecType::Documentation => "A document that describes the files it tracks",
        SpecType::Driver => "A spec made of members",
        SpecType::Gate => "A decision of a person",
    };
    let names = SpecType::ALL.iter().map(|kind| PossibleValue::new(kind.as_str()).help(help(*kind)));
    PossibleValuesParser::new(names).try_map(|name| name.parse::<SpecType>())
}

/// Reads a phase of an investigation.
pub(super) fn phase_parser() -> impl TypedValueParser<Value = Phase> {
    let help = |phase: Phase| match phase {
        Phase::Comprehension => "Understand the report",
        Phase::Reproduction => "A test that fails",
        Phase::RootCause => "The reason, and possible fixes",
        Phase::ImpactMap => "Every file that has to change",
        Phase::ForkFix => "The fix",
        Phase::UpstreamPr => "The pull request, by a person",
    };
    let names = Phase::ALL.iter().map(|phase| PossibleValue::new(phase.as_str()).help(help(*phase)));
    PossibleValuesParser::new(names).try_map(|name| name.parse::<Phase>())
}

/// Reads a status: `in_progress` or `in-progress`.
pub(super) fn status_parser() -> impl TypedValueParser<Value = Status> {
    let names = Status::ALL.iter().copied().map(|status| {
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
