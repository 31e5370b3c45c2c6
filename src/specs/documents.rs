//! What a document of research lacks, by its text: what `lint` says before the checks of an attempt do.

use super::listing::Listing;
use crate::{
    domain::{
        phase::Phase,
        text::{self, Finding, Known},
    },
    error::Result,
};

/// Why a document says nothing; `None` if it says something.
pub(crate) fn emptiness(document: &str, known: &Known) -> Option<Finding> {
    let mut lines = document.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    match (lines.next(), lines.next()) {
        (Some((at, _)), None) => Some(Finding::new(at + 1, "it has only one line", "expected a title and findings")),
        _ => text::emptiness(document, known),
    }
}

/// What a document lacks of what its phase asks for. `files` gives those that an impact map may name.
///
/// # Errors
/// If these cannot be read.
pub(crate) fn unfit(
    document: &str,
    phase: Option<Phase>,
    known: &Known,
    files: impl FnOnce() -> Result<Listing>,
) -> Result<Vec<Finding>> {
    Ok(match phase {
        Some(Phase::RootCause) => text::lacks_recommendation(document, known).into_iter().collect(),
        Some(Phase::ImpactMap) => text::map_findings(document, &files()?),
        _ => Vec::new(),
    })
}
