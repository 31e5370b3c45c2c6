//! The text of a spec and what it says. Which file counts is in [`super::texts`].

use std::{cell::OnceCell, path::PathBuf};

use gix::{
    ObjectId,
    objs::{self, compute_hash},
};

use crate::{
    domain::{diagnostic::Diagnostic, id::SpecId, spec_file::Spec},
    error::{Error, Kind, Result},
    project::{ARCHIVE_DIR, SPECS_DIR},
};

/// Where a text was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TextSource {
    /// A file of this work tree, or of the main one: its top.
    File(PathBuf),
    /// The tree of `HEAD`.
    Head,
    /// The newest event that has one.
    Event,
}

/// The text of a spec.
#[derive(Clone, Debug)]
pub(crate) struct Text {
    /// Its path relative to the top: `.chant/specs/<id>.md` or `.chant/archive/<id>.md`.
    pub path: String,
    /// The bytes, with the line ends that git would store.
    pub bytes: Vec<u8>,
    /// Where it was found.
    pub source: TextSource,
    /// The blob, computed when it is first needed: a command that reads thousands of texts needs it of few.
    blob: OnceCell<ObjectId>,
    hash: gix::hash::Kind,
}

impl Text {
    /// A text whose blob is not computed yet, in a repository whose ids are of that kind.
    pub(crate) fn new(path: String, bytes: Vec<u8>, hash: gix::hash::Kind, source: TextSource) -> Text {
        Text { path, bytes, source, blob: OnceCell::new(), hash }
    }

    /// A text whose blob is known.
    pub(crate) fn of_blob(path: String, bytes: Vec<u8>, blob: ObjectId, source: TextSource) -> Text {
        Text { path, bytes, source, blob: blob.into(), hash: blob.kind() }
    }

    /// The blob of the text.
    pub(crate) fn blob(&self) -> ObjectId {
        *self.blob.get_or_init(|| {
            compute_hash(self.hash, objs::Kind::Blob, &self.bytes).expect("hashing bytes in memory cannot fail")
        })
    }
}

/// The text of a spec, parsed.
#[derive(Clone, Debug)]
pub(crate) struct ParsedText {
    /// The text; `None` if it exists and cannot be read.
    pub text: Option<Text>,
    /// The parsed text, or the problems that keep it from being parsed.
    pub spec: Result<Spec, Vec<Diagnostic>>,
}

impl ParsedText {
    /// The text and its meaning.
    ///
    /// # Errors
    /// With the places that are wrong.
    pub(crate) fn valid(&self, id: &SpecId) -> Result<(&Text, &Spec)> {
        match (&self.text, &self.spec) {
            (Some(text), Ok(spec)) => Ok((text, spec)),
            (_, Err(diagnostics)) => Err(invalid(id, diagnostics)),
            (None, Ok(_)) => Err(Error::fatal(Kind::NoText, format!("the text of '{}' is missing", id.short()))),
        }
    }
}

fn invalid(id: &SpecId, diagnostics: &[Diagnostic]) -> Error {
    let mut error = Error::fatal(Kind::InvalidSpec, format!("the spec '{}' cannot be read", id.short()));
    error.diagnostics = diagnostics.to_vec();
    error
}

/// The path of a spec's file, relative to the top.
pub(crate) fn path_of(id: &SpecId) -> String {
    format!("{SPECS_DIR}/{id}.md")
}

/// The path of an archived spec's file.
pub(crate) fn archive_path_of(id: &SpecId) -> String {
    format!("{ARCHIVE_DIR}/{id}.md")
}
