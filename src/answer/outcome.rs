//! How a command ends: its answer, exit code, warnings and hints. The `output` room prints them.

use std::{
    fmt::Debug,
    io::{self, Write},
};

use super::record::{Json, Record};
use crate::terminal::Look;

/// What a command answers. The type is the JSON: what `--json` prints is its serialised form.
pub(crate) trait Answer: Debug + Json {
    /// Writes it for people.
    fn write(&self, out: &mut dyn Write, look: &Look) -> io::Result<()>;

    /// Its records, for `--format` and `-z`.
    fn records(&self) -> Vec<&dyn Record> {
        Vec::new()
    }

    /// Its records under `-z`, without the NUL at the end of each.
    fn porcelain(&self) -> Vec<Vec<u8>> {
        self.records().into_iter().map(Record::porcelain).collect()
    }

    /// What to say on a terminal where it is empty: an empty screen reads like a failure.
    fn emptiness(&self) -> Option<&'static str> {
        None
    }

    /// Whether the command ends with exit code 1: problems, failed checks, failed work.
    fn is_negative(&self) -> bool {
        false
    }
}

/// How a command ended that did not end with an error.
#[must_use = "an outcome that is not printed is lost"]
#[derive(Debug)]
pub(crate) struct Outcome {
    /// The answer, for stdout; `None` where it was shown already, see [`Screen`].
    pub answer: Option<Box<dyn Answer>>,
    /// The exit code of the process: 0, or 1 for a negative answer or a failed check.
    pub exit: i32,
    /// What went wrong without stopping the command, one line each, for stderr.
    pub warnings: Vec<String>,
    /// What to do next, one line each, for stderr.
    pub hints: Vec<String>,
}

impl Outcome {
    /// A command that answers; [`Answer::is_negative`] decides the exit code.
    pub(crate) fn new(answer: impl Answer + 'static) -> Self {
        Outcome { exit: i32::from(answer.is_negative()), answer: Some(Box::new(answer)), ..Outcome::shown() }
    }

    /// A success whose answer was shown already.
    pub(crate) fn shown() -> Self {
        Outcome { answer: None, exit: 0, warnings: Vec::new(), hints: Vec::new() }
    }

    /// Replaces the exit code.
    pub(crate) fn exit(mut self, code: i32) -> Self {
        self.exit = code;
        self
    }

    /// Adds a warning.
    pub(crate) fn warning(mut self, warning: impl Into<String>) -> Self {
        self.warnings.push(warning.into());
        self
    }

    /// Adds a hint.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }
}

/// Where an answer that changes is shown while the command runs.
pub(crate) trait Screen: Sync {
    /// Shows the answer as it is now: at a terminal in the place of the one before, elsewhere below it. `size` is that of the terminal
    /// now, in columns and rows; `None` where stdout is none.
    ///
    /// If it cannot be written, [`Progress::closed`](crate::answer::progress::Progress::closed) says so from then on.
    fn show(&self, answer: &dyn Answer, size: Option<(usize, usize)>);
}
