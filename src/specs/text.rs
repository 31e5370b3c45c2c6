//! The text of a spec: which file counts, and what it says.

use std::{cell::OnceCell, collections::HashMap, path::PathBuf, rc::Rc};

use gix::{
    ObjectId,
    bstr::{BStr, BString, ByteSlice},
    objs::{Kind, compute_hash},
};

use super::{
    ahead::{Ahead, How, Read, Wanted},
    survey::{Held, Survey},
};
use crate::project::{ARCHIVE_DIR, Project, SPECS_DIR, get_or_try_init};
use crate::{
    domain::{
        diagnostic::{Diagnostic, Severity},
        id::SpecId,
        spec_file,
        spec_file::{MAX_SPEC_LEN, Spec},
        state::State,
    },
    error::{Error, Result},
    git::work_file::Directory,
};

/// Where a text was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
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
    pub origin: Origin,
    /// Found out when it is asked for: whoever goes through thousands of texts seldom does.
    blob: OnceCell<ObjectId>,
    hash: gix::hash::Kind,
}

impl Text {
    /// A text of which nobody knows the blob yet, in a repository whose ids are of that kind.
    pub(crate) fn new(path: String, bytes: Vec<u8>, hash: gix::hash::Kind, origin: Origin) -> Text {
        Text { path, bytes, origin, blob: OnceCell::new(), hash }
    }

    /// One that is this blob.
    pub(crate) fn of_blob(path: String, bytes: Vec<u8>, blob: ObjectId, origin: Origin) -> Text {
        Text { path, bytes, origin, blob: blob.into(), hash: blob.kind() }
    }

    /// The blob that it is.
    pub(crate) fn blob(&self) -> ObjectId {
        *self.blob.get_or_init(|| {
            compute_hash(self.hash, Kind::Blob, &self.bytes).expect("hashing bytes in memory cannot fail")
        })
    }
}

/// A text, read.
#[derive(Clone, Debug)]
pub(crate) struct Loaded {
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
    pub(crate) fn valid(&self, id: &SpecId) -> Result<(&Text, &Spec)> {
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
pub(crate) fn path_of(id: &SpecId) -> String {
    format!("{SPECS_DIR}/{id}.md")
}

/// The path of an archived spec's file.
pub(crate) fn archive_path_of(id: &SpecId) -> String {
    format!("{ARCHIVE_DIR}/{id}.md")
}

impl Project {
    /// The text of a spec; `None` if there is none anywhere. `tip` is its newest event.
    pub(crate) fn load(&self, id: &SpecId, tip: Option<ObjectId>) -> Result<Option<Loaded>> {
        Ok(Texts::new(self).load(id, tip)?.map(Rc::unwrap_or_clone))
    }
}

/// The texts of many specs: the directories in which they are looked for are opened once.
pub(crate) struct Texts<'p> {
    project: &'p Project,
    survey: Option<Rc<Survey<'p>>>,
    /// Whether of each no more is wanted than an outline.
    outlines: bool,
    places: OnceCell<Vec<Place>>,
    head: OnceCell<[Folder; 2]>,
    ahead: OnceCell<Ahead>,
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
    pub(crate) fn new(project: &'p Project) -> Texts<'p> {
        Texts {
            project,
            survey: None,
            outlines: false,
            places: OnceCell::new(),
            head: OnceCell::new(),
            ahead: OnceCell::new(),
        }
    }

    /// The same for whoever goes through all of them: of a text that the survey knows the outline suffices.
    pub(crate) fn surveyed(project: &'p Project, survey: Option<Rc<Survey<'p>>>) -> Texts<'p> {
        Texts { survey, outlines: true, ..Texts::new(project) }
    }

    /// Begins to read what there is of these beside whatever else is done. Whoever keeps stamps of the files has looked at them before:
    /// what is read now may be newer than its stamp, and must not be older.
    pub(crate) fn read_ahead(&self, wanted: Vec<Wanted>) {
        let Some(top) = self.project.tops().into_iter().next() else { return };
        let repo = self.project.repo.gix();
        // Without a store whoever asks says why there is none.
        let settings = self.project.settings().ok().filter(|_| self.outlines);
        let how = How {
            // What is kept is kept by the blob that it is.
            hash: self.survey.as_ref().map(|_| repo.object_hash()),
            outlines: self.outlines,
            events: settings.map(|settings| (repo.clone().into_sync(), settings.clone())),
        };
        Ahead::begin(&top, wanted, how).into_iter().for_each(|ahead| drop(self.ahead.set(ahead)));
    }

    /// What the events of a spec amount to at `tip`, if that was read ahead.
    pub(crate) fn state_ahead(&self, id: &SpecId, tip: ObjectId) -> Option<State> {
        self.ahead.get()?.state(id, tip)
    }

    /// The text of a spec; `None` if there is none anywhere. `tip` is its newest event.
    pub(crate) fn load(&self, id: &SpecId, tip: Option<ObjectId>) -> Result<Option<Rc<Loaded>>> {
        let name = BString::from(format!("{id}.md"));
        for (at, place) in self.places.get_or_init(|| self.open()).iter().enumerate() {
            if let Some(found) = self.in_place(id, at, place, name.as_bstr())? {
                return Ok(Some(found));
            }
        }
        for (folder, path) in self.head()?.iter().zip([path_of(id), archive_path_of(id)]) {
            if let Some(blob) = folder.get(&name) {
                return self.stored(id, path, *blob, Origin::Head).map(Some);
            }
        }
        if let Some(tip) = tip
            && let Some(blob) = self.project.store()?.text_at(id, tip)?
        {
            // It came from elsewhere, where nobody looked how large it is.
            if self.project.repo.gix().find_header(blob)?.size() > MAX_SPEC_LEN as u64 {
                let why = format!("it is larger than {MAX_SPEC_LEN} bytes");
                return Ok(Some(Rc::new(unreadable(path_of(id), &why))));
            }
            return self.stored(id, path_of(id), blob, Origin::Event).map(Some);
        }
        Ok(None)
    }

    /// The file of a spec in one of the places, counted in their order; `None` if there is none.
    fn in_place(&self, id: &SpecId, at: usize, place: &Place, name: &BStr) -> Result<Option<Rc<Loaded>>> {
        let path = format!("{}/{name}", place.dir);
        let directory = match &place.open {
            Ok(None) => return Ok(None),
            Ok(Some(directory)) => directory,
            Err(why) => return Ok(Some(Rc::new(unreadable(path, why)))),
        };
        let stamp = match self.survey.as_ref().map(|survey| survey.text(id, at, directory, name)) {
            Some(Held::Known(loaded)) => return Ok(Some(loaded)),
            Some(Held::Unknown(stamp)) => stamp,
            None => None,
        };
        if at == 0
            && let Some(Read { bytes, blob, spec }) = self.ahead.get().and_then(|ahead| ahead.text(name))
        {
            let origin = Origin::File(place.top.clone());
            let text = match blob {
                Some(blob) => Text::of_blob(path, bytes, blob, origin),
                None => Text::new(path, bytes, self.project.repo.gix().object_hash(), origin),
            };
            let loaded = Rc::new(Loaded { text: Some(text), spec });
            if let Some(survey) = &self.survey {
                survey.note_text(id, Some(at), stamp, &loaded);
            }
            return Ok(Some(loaded));
        }
        let bytes = match directory.read(name, MAX_SPEC_LEN as u64) {
            Ok(None) => return Ok(None),
            Ok(Some(bytes)) => bytes,
            Err(refused) => return Ok(Some(Rc::new(unreadable(path, &refused.to_string())))),
        };
        // What git would store for other line ends hangs on its attributes, which no stamp shows.
        let stamp = stamp.filter(|_| !bytes.contains(&b'\r'));
        let bytes = self.project.stored(&place.top, &path, bytes)?;
        let text = Text::new(path, bytes, self.project.repo.gix().object_hash(), Origin::File(place.top.clone()));
        let loaded = match self.survey.as_ref().and_then(|survey| survey.same_text(id, &text.path, text.blob())) {
            Some(known) => known,
            None => Rc::new(self.parsed(text)),
        };
        if let Some(survey) = &self.survey {
            survey.note_text(id, Some(at), stamp, &loaded);
        }
        Ok(Some(loaded))
    }

    /// A text that is an object.
    fn stored(&self, id: &SpecId, path: String, blob: ObjectId, origin: Origin) -> Result<Rc<Loaded>> {
        if let Some(known) = self.survey.as_ref().and_then(|survey| survey.same_text(id, &path, blob)) {
            return Ok(known);
        }
        let bytes = self.project.repo.gix().find_blob(blob)?.take_data();
        let loaded = Rc::new(self.parsed(Text::of_blob(path, bytes, blob, origin)));
        if let Some(survey) = &self.survey {
            survey.note_text(id, None, None, &loaded);
        }
        Ok(loaded)
    }

    fn parsed(&self, text: Text) -> Loaded {
        let read = if self.outlines { spec_file::skim } else { spec_file::parse };
        let spec = read(&text.path, &text.bytes);
        Loaded { text: Some(text), spec }
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
        get_or_try_init(&self.head, || {
            let mut folders = [Folder::new(), Folder::new()];
            let Some(head) = self.project.repo.head()?.id() else { return Ok(folders) };
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
            Ok(folders)
        })
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
