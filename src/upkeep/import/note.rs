//! What could not be carried over, one line each.

use super::Read;
use crate::{
    answer::ProblemView,
    domain::{diagnostic::Severity, spec_file::Spec},
};

/// A line about a key of a spec, or about the file if it has no such key.
pub(super) fn about(read: &Read, code: &str, key: &str, message: impl Into<String>) -> ProblemView {
    let place = spec_place(&read.spec, key);
    let mut problem = ProblemView::new(Severity::Warning, code, message);
    problem.spec = Some(read.source.id.clone());
    problem.path = Some(read.source.path.clone());
    (problem.line, problem.column) = place;
    problem
}

fn spec_place(spec: &Spec, key: &str) -> (Option<usize>, Option<usize>) {
    let place = spec.diagnostic(Severity::Warning, key, None, "", None);
    ((place.line > 0).then_some(place.line), (place.column > 0).then_some(place.column))
}

/// A note with a hint.
pub(super) fn help(problem: ProblemView, help: impl Into<String>) -> ProblemView {
    ProblemView { help: Some(help.into()), ..problem }
}
