//! Documents of research: which of them a spec names as inputs, and what one lacks by its text, as `lint` says before the checks of an
//! attempt do.

use std::path::PathBuf;

use gix::bstr::ByteSlice;

use super::{inputs::MAX_INPUT_LEN, listing::Listing};
use crate::{
    domain::{
        pattern::Entry,
        phase::Phase,
        spec_file::FrontMatter,
        text::{self, Finding, Known},
    },
    error::Result,
    git::work_file,
    project::{Project, files::is_forbidden},
    store::File,
};

/// The documents below `.chant/` that a spec names as inputs, each by its path.
pub(crate) fn documents(front: &FrontMatter) -> impl Iterator<Item = &str> {
    let is_document = |entry: &&String| matches!(Entry::parse(entry), Ok(Entry::Path(path)) if path.starts_with(".chant/") && !is_forbidden(&path));
    front.informed_by.iter().filter(is_document).map(String::as_str)
}

/// In silent mode, the documents that a spec names as inputs, as they are now: an event that keeps them brings them to other clones, since
/// no branch does. Nothing otherwise; one that cannot be read is left out.
///
/// # Errors
/// If they cannot be written as objects.
pub(super) fn kept(project: &Project, front: &FrontMatter) -> Result<Vec<File>> {
    let mut files = Vec::new();
    if !project.silent || front.informed_by.is_empty() {
        return Ok(files);
    }
    let (store, tops) = (project.store()?, project.tops());
    for path in documents(front) {
        let read = |top: &PathBuf| work_file::read(top, path.as_bytes().as_bstr(), MAX_INPUT_LEN).ok().flatten();
        if let Some(bytes) = tops.iter().find_map(read) {
            files.push(File { path: path.to_owned(), blob: store.write_blob(&bytes)? });
        }
    }
    Ok(files)
}

/// Why a document says nothing; `None` if it says something.
pub(crate) fn emptiness(document: &str, known: &Known) -> Option<Finding> {
    let mut lines = document.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    match (lines.next(), lines.next()) {
        // A paragraph of some length may be all that there is to say.
        (Some((at, line)), None) if !text::is_paragraph(line) => {
            Some(Finding::new(at + 1, "it has only one line", "expected a title and findings"))
        }
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
