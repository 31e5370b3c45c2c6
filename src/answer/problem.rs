//! Something that is wrong.

use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::{
    diagnostic::{Diagnostic, Severity},
    id::SpecId,
};

/// Something that `lint` or `fsck` found.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[schemars(rename = "Problem")]
pub(crate) struct ProblemView {
    /// How bad it is.
    pub severity: Severity,
    /// The spec that it is about.
    pub spec: Option<SpecId>,
    /// The file or ref that it is about.
    pub path: Option<String>,
    /// The line, from 1.
    pub line: Option<usize>,
    /// The column in characters, from 1.
    pub column: Option<usize>,
    /// A stable name in kebab case (`duplicate-key`).
    pub code: String,
    /// What is wrong.
    pub message: String,
    /// How to mend it.
    pub help: Option<String>,
    /// Whether `fsck --repair` has mended it.
    pub repaired: bool,
    /// The text around the place, for drawing it at a terminal.
    #[serde(skip)]
    pub place: Option<Diagnostic>,
}

impl ProblemView {
    /// The keys, in order.
    pub(crate) const FIELDS: [&'static str; 9] =
        ["severity", "spec", "path", "line", "column", "code", "message", "help", "repaired"];

    /// A problem without a place in a file.
    pub(crate) fn new(severity: Severity, code: impl Into<String>, message: impl Into<String>) -> Self {
        ProblemView {
            severity,
            spec: None,
            path: None,
            line: None,
            column: None,
            code: code.into(),
            message: message.into(),
            help: None,
            repaired: false,
            place: None,
        }
    }

    /// The problem that a diagnostic describes.
    pub(crate) fn of(spec: Option<SpecId>, code: impl Into<String>, place: Diagnostic) -> Self {
        ProblemView {
            spec,
            path: Some(place.path.clone()),
            line: (place.line > 0).then_some(place.line),
            column: (place.column > 0).then_some(place.column),
            help: place.help.clone(),
            ..ProblemView::new(place.severity, code, place.message.clone())
        }
        .drawn(place)
    }

    fn drawn(mut self, place: Diagnostic) -> Self {
        self.place = Some(place);
        self
    }
}
