//! The text of a spec: which file counts, and what it says.

use std::{
    cell::OnceCell,
    collections::HashMap,
    path::{Path, PathBuf},
};

use gix::{
    ObjectId,
    bstr::{BString, ByteSlice},
};

use super::{ARCHIVE_DIR, Project, SPECS_DIR};
use crate::{
    domain::{
        diagnostic::{Diagnostic, Severity},
        id::SpecId,
        spec::{self, MAX_SPEC_LEN, Spec},
    },
    error::{Error, Result},
    git::{line_ends, work_file::Directory},
};

/// Where a text was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A file of this work tree, or of the main one: its top.
    File(PathBuf),
    /// The tree of `HEAD`.
    Head,
    /// The newest event that has one.
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
        Texts::new(self).load(id, tip)
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

/// The texts of many specs: the directories in which they are looked for are opened once.
pub struct Texts<'p> {
    project: &'p Project,
    places: OnceCell<Vec<Place>>,
    head: OnceCell<[Folder; 2]>,
}

/// The blobs of a directory of `HEAD`, by name.
type Folder = HashMap<BString, ObjectId>;

/// A directory of a work tree in which spec files may be.
struct Place {
    top: PathBuf,
    dir: &'static str,
    /// `None` if it is absent, an error if it is no directory to go into.
    open: Result<Option<Directory>, String>,
}

impl<'p> Texts<'p> {
    /// Nothing is read yet.
    pub fn new(project: &'p Project) -> Texts<'p> {
        Texts { project, places: OnceCell::new(), head: OnceCell::new() }
    }

    /// The text of a spec; `None` if there is none anywhere. `tip` is its newest event.
    pub fn load(&self, id: &SpecId, tip: Option<ObjectId>) -> Result<Option<Loaded>> {
        let name = BString::from(format!("{id}.md"));
        for place in self.places.get_or_init(|| self.open()) {
            let read = match &place.open {
                Ok(None) => continue,
                Ok(Some(directory)) => {
                    directory.read(name.as_bstr(), MAX_SPEC_LEN as u64).map_err(|refused| refused.to_string())
                }
                Err(why) => Err(why.clone()),
            };
            let path = format!("{}/{name}", place.dir);
            match read {
                Ok(None) => {}
                Ok(Some(bytes)) => {
                    let bytes = self.project.stored(&place.top, &path, bytes)?;
                    return Ok(Some(self.parse(path, bytes, Origin::File(place.top.clone()))?));
                }
                Err(why) => return Ok(Some(unreadable(path, &why))),
            }
        }
        for (folder, path) in self.head()?.iter().zip([path_of(id), archive_path_of(id)]) {
            if let Some(blob) = folder.get(&name) {
                let bytes = self.project.repo.gix().find_blob(*blob)?.take_data();
                return Ok(Some(self.parse(path, bytes, Origin::Head)?));
            }
        }
        if let Some(tip) = tip
            && let Some(blob) = self.project.store()?.text_at(id, tip)?
        {
            let repo = self.project.repo.gix();
            // It came from elsewhere, where nobody looked how large it is.
            if repo.find_header(blob)?.size() > MAX_SPEC_LEN as u64 {
                return Ok(Some(unreadable(path_of(id), &format!("it is larger than {MAX_SPEC_LEN} bytes"))));
            }
            return Ok(Some(self.parse(path_of(id), repo.find_blob(blob)?.take_data(), Origin::Event)?));
        }
        Ok(None)
    }

    fn open(&self) -> Vec<Place> {
        let mut places = Vec::new();
        for top in self.project.tops() {
            for dir in [SPECS_DIR, ARCHIVE_DIR] {
                let open = Directory::open(&top, dir.into()).map_err(|refused| refused.to_string());
                places.push(Place { top: top.clone(), dir, open });
            }
        }
        places
    }

    fn head(&self) -> Result<&[Folder; 2]> {
        if let Some(head) = self.head.get() {
            return Ok(head);
        }
        let mut folders = [Folder::new(), Folder::new()];
        if let Some(head) = self.project.repo.head()?.id() {
            let tree = self.project.repo.gix().find_commit(head)?.tree()?;
            for (dir, folder) in [SPECS_DIR, ARCHIVE_DIR].into_iter().zip(&mut folders) {
                let found = tree.lookup_entry_by_path(dir)?.filter(|entry| entry.mode().is_tree());
                let Some(found) = found else { continue };
                for entry in found.object()?.into_tree().iter() {
                    let entry = entry.map_err(|error| Error::fatal("bad-tree", error.to_string()))?;
                    if entry.mode().is_blob() {
                        folder.insert(entry.filename().to_owned(), entry.object_id());
                    }
                }
            }
        }
        Ok(self.head.get_or_init(|| folders))
    }

    fn parse(&self, path: String, bytes: Vec<u8>, origin: Origin) -> Result<Loaded> {
        let blob = self.project.store()?.blob_id(&bytes);
        let spec = spec::parse(&path, &bytes);
        Ok(Loaded { text: Some(Text { path, bytes, blob, origin }), spec })
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
