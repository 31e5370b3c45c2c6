//! What the tip of an attempt holds and what the attempt changed. Nothing is judged here.

use std::path::Path;

use gix::{ObjectId, bstr::ByteSlice};

use super::Check;
use crate::{
    domain::{pattern::Entry, spec_file::MAX_SPEC_LEN},
    error::{Error, Kind, Result},
    git::{history, work_file},
    project::Project,
};

/// A file as the attempt leaves it: from its tip; in silent mode what lies under `.chant/` from its worktree.
pub(crate) fn tip_file(project: &Project, tip: ObjectId, worktree: &Path, path: &str) -> Result<Option<Vec<u8>>> {
    if project.silent && path.starts_with(".chant/") {
        return work_file::read(worktree, path.as_bytes().as_bstr(), MAX_SPEC_LEN as u64)
            .map_err(|refused| Error::negative(Kind::BadOutput, format!("cannot read '{path}': {refused}")));
    }
    Ok(project.blob_in(tip, path)?.map(|(_, bytes)| bytes))
}

impl Check<'_> {
    pub(super) fn tip_file(&self, path: &str) -> Result<Option<Vec<u8>>> {
        tip_file(self.project, self.tip, self.worktree, path)
    }

    /// Every path that differs between base and tip.
    pub(super) fn changed_paths(&self) -> Result<Vec<String>> {
        let Some(base) = self.project.own_changes_since(self.attempt, self.tip)? else { return Ok(Vec::new()) };
        let changes = history::changed_paths(&self.project.repo, Some(base), self.tip)?;
        Ok(changes.into_iter().map(|change| change.path.to_str_lossy().into_owned()).collect())
    }
}

/// Paths that no attempt changes: they are other people's specs, or instructions to agents.
pub(crate) fn is_forbidden(path: &str) -> bool {
    [".chant/specs/", ".chant/prompts/", ".chant/archive/", ".chant/run/"].iter().any(|dir| path.starts_with(dir))
        || [".chant", ".chant/specs", ".chant/prompts", ".chant/archive"].contains(&path)
}

/// Whether a Markdown document has no words but those of its headings.
pub(super) fn is_title_only(document: &str) -> bool {
    use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};
    let mut in_heading = false;
    for event in Parser::new_ext(document, Options::ENABLE_TABLES) {
        match event {
            Event::Start(Tag::Heading { .. }) => in_heading = true,
            Event::End(TagEnd::Heading(_)) => in_heading = false,
            Event::Text(text) | Event::Code(text) if !in_heading && !text.trim().is_empty() => return false,
            _ => {}
        }
    }
    true
}

/// Whether an entry of `target_files` names one file: neither a glob nor a directory.
pub(super) fn is_plain(entry: &str) -> bool {
    matches!(Entry::parse(entry), Ok(Entry::Path(_) | Entry::Spec(_)))
}
