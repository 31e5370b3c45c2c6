//! The texts of many specs: which file of a spec counts, and reading it.

use std::{cell::OnceCell, collections::HashMap, path::PathBuf, rc::Rc};

use gix::{
    ObjectId,
    bstr::{BStr, BString, ByteSlice},
};

use super::{
    ahead::{Ahead, How, Read, Wanted},
    survey::{Held, Survey},
    text::{Loaded, Origin, Text, archive_path_of, path_of},
};
use crate::{
    domain::{
        diagnostic::{Diagnostic, Severity},
        id::SpecId,
        spec_file::{self, MAX_SPEC_LEN},
        state::State,
    },
    error::{Error, Kind, Result},
    git::work_file::Directory,
    project::{ARCHIVE_DIR, Project, SPECS_DIR, get_or_try_init},
};

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
                    let entry = entry.map_err(|error| Error::fatal(Kind::BadTree, error.to_string()))?;
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
