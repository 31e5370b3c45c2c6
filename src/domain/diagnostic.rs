//! A place in a file and what is wrong there.

use schemars::JsonSchema;
use serde::{Serialize, Serializer};
use strum::IntoStaticStr;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, IntoStaticStr, JsonSchema, Serialize)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum Severity {
    /// Worth saying; nothing is stopped by it.
    Warning,
    /// The spec cannot be worked while it stands.
    Error,
}

impl Severity {
    /// The name as it stands in JSON and output.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// A place in a spec file and what is wrong there.
///
/// `line` and `column` count from 1; `column` counts characters, not bytes. A `line` of 0 means the file as a whole, for example where it
/// is a directory. `path` is as git would print it, `message` is lower case with values in 'quotes' and has no full stop.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[schemars(rename = "Place", description = "A place in a file and what is wrong there.")]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// The file, relative to the top of the work tree.
    pub path: String,
    /// The line, from 1; 0 for the file as a whole.
    #[serde(serialize_with = "unless_zero")]
    #[schemars(with = "Option<usize>", description = "The line, from 1; `null` for the file as a whole.")]
    pub line: usize,
    /// The column in characters, from 1; 0 for the line as a whole.
    #[serde(serialize_with = "unless_zero")]
    #[schemars(
        with = "Option<usize>",
        description = "The column in characters, from 1; `null` for the line as a whole."
    )]
    pub column: usize,
    /// The bytes of `source` that it is about, if there are any.
    #[serde(skip)]
    pub span: Option<std::ops::Range<usize>>,
    /// The text around the place (at most some lines of the file), for drawing; `span` is relative to it.
    #[serde(skip)]
    pub source: Option<String>,
    /// The line number of the first line of `source`.
    #[serde(skip)]
    pub source_line: usize,
    /// What is wrong.
    pub message: String,
    /// What was expected, or how to mend it.
    pub help: Option<String>,
}

fn unless_zero<S: Serializer>(number: &usize, serializer: S) -> Result<S::Ok, S::Error> {
    (*number > 0).then_some(number).serialize(serializer)
}
