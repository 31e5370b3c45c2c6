//! Whether a spec file here and a history from elsewhere, which have one id, belong to two specs.
//!
//! A person can write a file under an id that another clone has given to another spec. What happened to that one must not count for it.

use std::{
    cell::OnceCell,
    collections::{BTreeSet, HashMap},
};

use gix::{
    ObjectId,
    bstr::{BString, ByteSlice},
};

use super::texts::Texts;
use crate::{
    domain::{
        event::{Event, Op},
        history::History,
        id::SpecId,
        spec_file::{self, MAX_SPEC_LEN},
    },
    error::Result,
    git::{
        file_history::{self, Version},
        promised,
    },
    project::{ARCHIVE_DIR, Project, SPECS_DIR, get_or_try_init},
};

/// The spec files of this clone, to compare histories from elsewhere with.
pub(crate) struct Namesakes<'p> {
    project: &'p Project,
    texts: Texts<'p>,
    versions: OnceCell<HashMap<BString, Vec<Version>>>,
}

impl<'p> Namesakes<'p> {
    /// The spec files of `project`. None is read yet.
    pub(crate) fn new(project: &'p Project) -> Namesakes<'p> {
        Namesakes { project, texts: Texts::cached(project, None), versions: OnceCell::new() }
    }

    /// Whether the file of `id` here is of another spec than `theirs`: no version of the file has a text or a title that was recorded there.
    ///
    /// Where objects are missing, in a partial or a shallow clone, none can be told apart: its file and the history count as one spec.
    ///
    /// A spec whose text was rewritten before it was first committed looks like that, too. As long as nothing has happened to it, it
    /// counts as one spec with the file that the same person committed.
    ///
    /// # Errors
    /// If an object or the history of the files cannot be read.
    pub(crate) fn has(&self, id: &SpecId, theirs: &History) -> Result<bool> {
        let recorded: BTreeSet<ObjectId> = theirs.events().iter().filter_map(|event| event.facts.spec_blob).collect();
        let Some(file) = self.texts.load(id, None)?.filter(|_| !recorded.is_empty()) else { return Ok(false) };
        let (Some(text), Ok(spec)) = (&file.text, &file.spec) else { return Ok(false) };
        if recorded.contains(&text.blob()) {
            return Ok(false);
        }
        if let Some(title) = &spec.title
            && self.titles(theirs, &recorded)?.contains(title)
        {
            return Ok(false);
        }
        if promised::is_partial(&self.project.repo) || self.project.repo.gix().is_shallow()? {
            return Ok(false);
        }
        let versions = self.versions()?.get(text.path.as_bytes().as_bstr()).map_or(&[][..], Vec::as_slice);
        if versions.iter().filter_map(|version| version.blob).any(|blob| recorded.contains(&blob)) {
            return Ok(false);
        }
        let changes_nothing =
            |op: &Op| matches!(op, Op::Add | Op::Edit | Op::Note | Op::Approve | Op::Reject | Op::Adopt);
        let untouched = theirs.events().iter().all(|event| changes_nothing(&event.op));
        Ok(!untouched || !self.is_by_author(theirs.events().first(), versions.first())?)
    }

    /// The titles that the spec had, as far as its texts are here.
    fn titles(&self, theirs: &History, recorded: &BTreeSet<ObjectId>) -> Result<BTreeSet<String>> {
        let added = theirs.events().iter().filter(|event| event.op == Op::Add);
        let mut titles: BTreeSet<String> = added.map(|event| event.sentence.clone()).collect();
        let repo = self.project.repo.gix();
        for blob in recorded {
            if let Some(header) = repo.try_find_header(*blob)?
                && header.size() <= MAX_SPEC_LEN as u64
                && let Ok(spec) = spec_file::skim("", &repo.find_object(*blob)?.data)
            {
                titles.extend(spec.title);
            }
        }
        Ok(titles)
    }

    /// The versions of all spec files that `HEAD` reaches.
    fn versions(&self) -> Result<&HashMap<BString, Vec<Version>>> {
        get_or_try_init(&self.versions, || match self.project.repo.head()?.id() {
            Some(head) => file_history::versions_below(&self.project.repo, head, &[SPECS_DIR, ARCHIVE_DIR]),
            None => Ok(HashMap::new()),
        })
    }

    /// Whether the person who recorded an event committed that version of a file.
    fn is_by_author(&self, event: Option<&Event>, version: Option<&Version>) -> Result<bool> {
        let (Some(event), Some(version)) = (event, version) else { return Ok(false) };
        let author = file_history::author_of(&self.project.repo, version.commit)?;
        Ok(author.is_some_and(|author| author.email == event.author.email.as_bytes()))
    }
}
