//! The text of a spec: which file counts, and what it says.

use std::path::{Path, PathBuf};

use gix::{ObjectId, bstr::ByteSlice};

use super::{ARCHIVE_DIR, Project, SPECS_DIR};
use crate::{
    domain::{
        diagnostic::{Diagnostic, Severity},
        id::SpecId,
        spec::{self, MAX_SPEC_LEN, Spec},
    },
    error::{Error, Result},
    git::{line_ends, work_file},
};

/// Where a text was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A file of this work tree, or of the main one: its top.
    File(PathBuf),
    /// The tree of `HEAD`.
    Head,
    /// The newest event.
    Event,
}

/// The text of a spec.
#[derive(Clone, Debug)]
pub struct Text {
    /// Its path relative to the top: `.chant/specs/<id>.md` or `.chant/archive/<id>.md`.
    pub path: String,
    /// The bytes, with the line ends that git would store.
    pub bytes: Vec<u8>,
    /// The blob that they are.
    pub blob: ObjectId,
    /// Where it was found.
    pub origin: Origin,
}

/// A text, read.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The text; `None` if it exists and cannot be read.
    pub text: Option<Text>,
    /// What it says, or what is wrong with it.
    pub spec: Result<Spec, Vec<Diagnostic>>,
}

impl Loaded {
    /// The text and its meaning.
    ///
    /// # Errors
    /// With the places that are wrong.
    pub fn valid(&self, id: &SpecId) -> Result<(&Text, &Spec)> {
        match (&self.text, &self.spec) {
            (Some(text), Ok(spec)) => Ok((text, spec)),
            (_, Err(diagnostics)) => Err(invalid(id, diagnostics)),
            (None, Ok(_)) => Err(Error::fatal("no-text", format!("the text of '{}' cannot be found", id.short()))),
        }
    }
}

fn invalid(id: &SpecId, diagnostics: &[Diagnostic]) -> Error {
    let mut error = Error::fatal("invalid-spec", format!("the spec '{}' cannot be read", id.short()));
    error.diagnostics = diagnostics.to_vec();
    error
}

/// The path of a spec's file, relative to the top.
pub fn path_of(id: &SpecId) -> String {
    format!("{SPECS_DIR}/{id}.md")
}

/// The path of an archived spec's file.
pub fn archive_path_of(id: &SpecId) -> String {
    format!("{ARCHIVE_DIR}/{id}.md")
}

impl Project {
    /// The tops of the work trees in which a spec's file counts: this one, and in silent mode the main one.
    pub fn tops(&self) -> Vec<PathBuf> {
        let mut tops: Vec<PathBuf> = self.repo.work_dir().map(Path::to_owned).into_iter().collect();
        if self.silent
            && let Some(main) = self.repo.main_work_dir()
            && !tops.contains(&main)
        {
            tops.push(main);
        }
        tops
    }

    /// The text of a spec; `None` if there is none anywhere. `tip` is its newest event.
    pub fn load(&self, id: &SpecId, tip: Option<ObjectId>) -> Result<Option<Loaded>> {
        for top in self.tops() {
            for path in [path_of(id), archive_path_of(id)] {
                match work_file::read(&top, path.as_bytes().as_bstr(), MAX_SPEC_LEN as u64) {
                    Ok(None) => {}
                    Ok(Some(bytes)) => {
                        let bytes = self.stored(&top, &path, bytes)?;
                        return Ok(Some(self.parse(path, bytes, Origin::File(top))?));
                    }
                    Err(refused) => return Ok(Some(unreadable(path, &refused.to_string()))),
                }
            }
        }
        if let Some(head) = self.repo.head()?.id() {
            for path in [path_of(id), archive_path_of(id)] {
                if let Some((_, bytes)) = self.blob_in(head, &path)? {
                    return Ok(Some(self.parse(path, bytes, Origin::Head)?));
                }
            }
        }
        if let Some(tip) = tip
            && let Some(bytes) = self.store()?.evidence_of(tip, "spec.md")?
        {
            return Ok(Some(self.parse(path_of(id), bytes, Origin::Event)?));
        }
        Ok(None)
    }

    /// What git would store for the `bytes` of the file at `path` in the work tree at `top`. In silent mode nothing is ever
    /// committed, and the bytes are what they are.
    pub fn stored(&self, top: &Path, path: &str, bytes: Vec<u8>) -> Result<Vec<u8>> {
        if self.silent || !bytes.contains(&b'\r') {
            return Ok(bytes);
        }
        let path = path.as_bytes().as_bstr();
        if self.repo.work_dir() == Some(top) {
            line_ends::stored(&self.repo, path, bytes)
        } else {
            line_ends::stored(&self.repo.reopen_at(top)?, path, bytes)
        }
    }

    /// Reads `bytes` as the spec file at `path`.
    pub fn parse(&self, path: String, bytes: Vec<u8>, origin: Origin) -> Result<Loaded> {
        let blob = self.store()?.blob_id(&bytes);
        let spec = spec::parse(&path, &bytes);
        Ok(Loaded { text: Some(Text { path, bytes, blob, origin }), spec })
    }

    /// A regular file in the tree of `commit`: its id and bytes.
    pub fn blob_in(&self, commit: ObjectId, path: &str) -> Result<Option<(ObjectId, Vec<u8>)>> {
        let tree = self.repo.gix().find_commit(commit)?.tree()?;
        match tree.lookup_entry_by_path(path)?.filter(|entry| entry.mode().is_blob()) {
            Some(entry) => {
                let id = entry.object_id();
                Ok(Some((id, self.repo.gix().find_blob(id)?.take_data())))
            }
            None => Ok(None),
        }
    }

    /// The id of a regular file in the tree of `commit`, without reading it.
    pub fn blob_id_in(&self, commit: ObjectId, path: &str) -> Result<Option<ObjectId>> {
        let tree = self.repo.gix().find_commit(commit)?.tree()?;
        Ok(tree.lookup_entry_by_path(path)?.filter(|entry| entry.mode().is_blob()).map(|entry| entry.object_id()))
    }
}

fn unreadable(path: String, why: &str) -> Loaded {
    let diagnostic = Diagnostic {
        severity: Severity::Error,
        path,
        line: 0,
        column: 0,
        span: None,
        source: None,
        source_line: 0,
        message: why.to_owned(),
        help: Some("a spec is a regular file inside the work tree".to_owned()),
    };
    Loaded { text: None, spec: Err(vec![diagnostic]) }
}
