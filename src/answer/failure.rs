//! An error under `--json`.

use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    domain::diagnostic::{Diagnostic, Severity},
    error::Error,
};

/// A command that failed. Its exit code is not 0.
#[derive(JsonSchema, Serialize)]
pub(crate) struct Failure<'a> {
    /// What went wrong.
    error: Fault<'a>,
}

/// What went wrong.
#[derive(JsonSchema, Serialize)]
struct Fault<'a> {
    /// A stable name of the error, in kebab case (`ambiguous-id`).
    code: &'a str,
    /// What went wrong, in a line.
    message: &'a str,
    /// Ways out, a line each.
    hints: &'a [String],
    /// The places in spec files that it is about.
    diagnostics: Vec<Place<'a>>,
}

/// A place in a file and what is wrong there.
#[derive(JsonSchema, Serialize)]
struct Place<'a> {
    /// How bad it is.
    severity: Severity,
    /// The file, relative to the top of the work tree.
    path: &'a str,
    /// The line, from 1; `null` for the file as a whole.
    line: Option<usize>,
    /// The column in characters, from 1; `null` for the line as a whole.
    column: Option<usize>,
    /// What is wrong.
    message: &'a str,
    /// What was expected, or how to mend it.
    help: Option<&'a str>,
}

impl<'a> From<&'a Error> for Failure<'a> {
    fn from(error: &'a Error) -> Self {
        let Error { kind, message, hints, diagnostics, .. } = error;
        let diagnostics = diagnostics.iter().map(Place::from).collect();
        Failure { error: Fault { code: kind.code(), message, hints, diagnostics } }
    }
}

impl<'a> From<&'a Diagnostic> for Place<'a> {
    fn from(place: &'a Diagnostic) -> Self {
        Place {
            severity: place.severity,
            path: &place.path,
            line: (place.line > 0).then_some(place.line),
            column: (place.column > 0).then_some(place.column),
            message: &place.message,
            help: place.help.as_deref(),
        }
    }
}
