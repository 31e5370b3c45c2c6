//! The texts of many specs: which file of a spec counts, and reading it.

use std::{cell::OnceCell, collections::HashMap, path::PathBuf, rc::Rc};

use gix::{
    ObjectId,
    bstr::{BStr, BString, ByteSlice},
};

use super::{
    cache::{Cache, CachedFile},
    text::{ParsedText, Text, TextSource, archive_path_of, path_of},
};
use crate::{
    domain::{
        diagnostic::{Diagnostic, Severity},
        id::SpecId,
        spec_file::{self, MAX_SPEC_LEN},
    },
    error::{Error, Kind, Result},
    git::work_file::Directory,
    project::{ARCHIVE_DIR, Project, SPECS_DIR, get_or_try_init},
};

impl Project {
    /// The text of a spec; `None` if there is none anywhere. `tip` is its newest event.
    pub(crate) fn load(&self, id: &SpecId, tip: Option<ObjectId>) -> Result<Option<ParsedText>> {
        Ok(Texts::new(self).load(id, tip)?.map(Rc::unwrap_or_clone))
    }
}

/// The texts of many specs: the directories in which they are looked for are opened once.
pub(crate) struct Texts<'p> {
    project: &'p Project,
    cache: Option<Rc<Cache<'p>>>,
    /// Whether texts are parsed to outlines only.
    outlines: bool,
    directories: OnceCell<Vec<SpecDirectory>>,
    head: OnceCell<[Folder; 2]>,
}

/// The blobs of a directory of `HEAD`, by name.
type Folder = HashMap<BString, ObjectId>;

/// A directory of a work tree in which spec files may be.
struct SpecDirectory {
    top: PathBuf,
    dir: &'static str,
    /// The open directory; `None` if it is absent, otherwise why it cannot be opened.
    open: Result<Option<Directory>, String>,
}

impl<'p> Texts<'p> {
    /// The texts of `project`. None is read yet.
    pub(crate) fn new(project: &'p Project) -> Texts<'p> {
        Texts { project, cache: None, outlines: false, directories: OnceCell::new(), head: OnceCell::new() }
    }

    /// The texts for a command that reads all of them: of a text that the cache knows, the outline suffices.
    pub(crate) fn cached(project: &'p Project, cache: Option<Rc<Cache<'p>>>) -> Texts<'p> {
        Texts { cache, outlines: true, ..Texts::new(project) }
    }

    /// The text of a spec; `None` if there is none anywhere. `tip` is its newest event.
    pub(crate) fn load(&self, id: &SpecId, tip: Option<ObjectId>) -> Result<Option<Rc<ParsedText>>> {
        let name = BString::from(format!("{id}.md"));
        for (at, place) in self.directories.get_or_init(|| self.open()).iter().enumerate() {
            if let Some(found) = self.in_place(id, at, place, name.as_bstr())? {
                return Ok(Some(found));
            }
        }
        for (folder, path) in self.head()?.iter().zip([path_of(id), archive_path_of(id)]) {
            if let Some(blob) = folder.get(&name) {
                return self.stored(id, path, *blob, TextSource::Head).map(Some);
            }
        }
        if let Some(tip) = tip
            && let Some(blob) = self.project.store()?.text_at(id, tip)?
        {
            // Another clone recorded it, and may not have limited its size.
            if self.project.repo.gix().find_header(blob)?.size() > MAX_SPEC_LEN as u64 {
                let why = format!("it is larger than {MAX_SPEC_LEN} bytes");
                return Ok(Some(Rc::new(unreadable(path_of(id), &why))));
            }
            return self.stored(id, path_of(id), blob, TextSource::Event).map(Some);
        }
        Ok(None)
    }

    /// The file of a spec in one of the places, counted in their order; `None` if there is none.
    fn in_place(&self, id: &SpecId, at: usize, place: &SpecDirectory, name: &BStr) -> Result<Option<Rc<ParsedText>>> {
        let path = format!("{}/{name}", place.dir);
        let directory = match &place.open {
            Ok(None) => return Ok(None),
            Ok(Some(directory)) => directory,
            Err(why) => return Ok(Some(Rc::new(unreadable(path, why)))),
        };
        let stamp = match self.cache.as_ref().map(|cache| cache.text(id, at, directory, name)) {
            Some(CachedFile::Known(loaded)) => return Ok(Some(loaded)),
            Some(CachedFile::Unknown(stamp)) => stamp,
            None => None,
        };
        let bytes = match directory.read(name, MAX_SPEC_LEN as u64) {
            Ok(None) => return Ok(None),
            Ok(Some(bytes)) => bytes,
            Err(refused) => return Ok(Some(Rc::new(unreadable(path, &refused.to_string())))),
        };
        // What git would store for other line ends hangs on its attributes, which no stamp shows.
        let stamp = stamp.filter(|_| !bytes.contains(&b'\r'));
        let bytes = self.project.stored(&place.top, &path, bytes)?;
        let text = Text::new(path, bytes, self.project.repo.gix().object_hash(), TextSource::File(place.top.clone()));
        let loaded = match self.cache.as_ref().and_then(|cache| cache.same_text(id, &text.path, text.blob())) {
            Some(known) => known,
            None => Rc::new(self.parsed(text)),
        };
        if let Some(cache) = &self.cache {
            cache.note_text(id, Some(at), stamp, &loaded);
        }
        Ok(Some(loaded))
    }

    /// A text in the object database.
    fn stored(&self, id: &SpecId, path: String, blob: ObjectId, source: TextSource) -> Result<Rc<ParsedText>> {
        if let Some(known) = self.cache.as_ref().and_then(|cache| cache.same_text(id, &path, blob)) {
            return Ok(known);
        }
        let bytes = self.project.repo.gix().find_blob(blob)?.take_data();
        let loaded = Rc::new(self.parsed(Text::of_blob(path, bytes, blob, source)));
        if let Some(cache) = &self.cache {
            cache.note_text(id, None, None, &loaded);
        }
        Ok(loaded)
    }

    fn parsed(&self, text: Text) -> ParsedText {
        let read = if self.outlines { spec_file::skim } else { spec_file::parse };
        let spec = read(&text.path, &text.bytes);
        ParsedText { text: Some(text), spec }
    }

    fn open(&self) -> Vec<SpecDirectory> {
        let mut places = Vec::new();
        for top in self.project.tops() {
            for dir in [SPECS_DIR, ARCHIVE_DIR] {
                let open = Directory::open(&top, dir.into()).map_err(|refused| refused.to_string());
                places.push(SpecDirectory { top: top.clone(), dir, open });
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

fn unreadable(path: String, why: &str) -> ParsedText {
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
    ParsedText { text: None, spec: Err(vec![diagnostic]) }
}
