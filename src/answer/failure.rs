//! An error under `--json`.

use schemars::JsonSchema;
use serde::Serialize;

use crate::{domain::diagnostic::Diagnostic, error::Error};

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
    /// All that the program behind it printed, a hook say, where that is more than the message.
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<&'a str>,
    /// Ways out, a line each.
    hints: &'a [String],
    /// The places in spec files that it is about.
    diagnostics: &'a [Diagnostic],
}

impl<'a> From<&'a Error> for Failure<'a> {
    fn from(error: &'a Error) -> Self {
        let Error { kind, message, output, hints, diagnostics, .. } = error;
        let output = output.as_ref().map(|output| output.as_str());
        Failure { error: Fault { code: kind.code(), message, output, hints, diagnostics } }
    }
}
