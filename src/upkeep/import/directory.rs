//! Finds chant's spec files: `specs/<id>.md`, `archive/<id>.md`, and, of newer versions, `archive/<day>/<id>.md`. They are read elsewhere.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use gix::bstr::{BString, ByteSlice};

use crate::{
    answer::ProblemView,
    domain::{diagnostic::Severity, id::SpecId},
    error::{Error, Kind, Result},
    git::work_file::{self, Directory, DirectoryEntry, FileKind},
    project::Project,
};

/// A `.chant` directory to import.
#[derive(Clone, Debug)]
pub(super) struct ChantDirectory {
    /// The directory that everything is read below.
    pub(super) top: PathBuf,
    /// The path of the `.chant` below it.
    pub(super) chant: String,
    /// Whether `top` is the top of this work tree, so that git may have a history of it.
    pub(super) here: bool,
    /// Whether it is this repository's own.
    pub(super) own: bool,
}

/// A spec file of chant.
#[derive(Clone, Debug)]
pub(super) struct SourceFile {
    /// The spec.
    pub(super) id: SpecId,
    /// Its path as messages name it.
    pub(super) path: String,
    /// Its path below the top.
    pub(super) below: String,
    /// Whether it lies in the archive.
    pub(super) archived: bool,
    /// Whether it lies in a folder of the archive.
    pub(super) nested: bool,
}

impl ChantDirectory {
    /// The `.chant` that `dir` is or holds; without it this repository's own.
    pub(super) fn find(project: &Project, dir: Option<&Path>) -> Result<ChantDirectory> {
        project.repo.require_work_dir("import")?;
        let own = |top: PathBuf| ChantDirectory { top, chant: ".chant".to_owned(), here: true, own: true };
        let Some(dir) = dir else {
            let found = project.tops().into_iter().find(|top| top.join(".chant").is_dir());
            return found.map(own).ok_or_else(|| nothing(".chant"));
        };
        let shown = dir.display().to_string();
        let dir = fs::canonicalize(project.env.cwd().join(dir)).map_err(|_| nothing(&shown))?;
        let is_chant = |dir: &Path| dir.join("specs").is_dir() || dir.join("archive").is_dir();
        let chant = if dir.join(".chant").is_dir() { dir.join(".chant") } else { dir };
        if !is_chant(&chant) {
            return Err(nothing(&shown));
        }
        for top in project.tops() {
            let real = fs::canonicalize(&top).unwrap_or_else(|_| top.clone());
            if let Ok(below) = chant.strip_prefix(&real)
                && let Some(below) = below.to_str().filter(|below| !below.is_empty())
            {
                let own = below == ".chant";
                return Ok(ChantDirectory { top, chant: below.to_owned(), here: true, own });
            }
        }
        let (Some(top), Some(name)) = (chant.parent(), chant.file_name().and_then(|name| name.to_str())) else {
            return Err(nothing(&shown));
        };
        Ok(ChantDirectory { top: top.to_owned(), chant: name.to_owned(), here: false, own: false })
    }

    /// A path below the `.chant`, as messages name it.
    pub(super) fn shown(&self, below: &str) -> String {
        if self.here { below.to_owned() } else { self.top.join(below).display().to_string() }
    }

    /// The folders of specs, below the top.
    pub(super) fn folders(&self) -> [String; 2] {
        ["specs", "archive"].map(|name| format!("{}/{name}", self.chant))
    }

    /// The spec files by their ids, and a problem for each file that is none.
    pub(super) fn sources(&self) -> Result<(BTreeMap<SpecId, SourceFile>, Vec<ProblemView>)> {
        let mut found = Listing { home: self, sources: BTreeMap::new(), strays: Vec::new() };
        let [specs, archive] = self.folders();
        found.folder(&specs, false, false)?;
        for folder in found.folder(&archive, true, false)? {
            let folder = format!("{archive}/{folder}");
            let before = found.sources.len();
            found.folder(&folder, true, true)?;
            if found.sources.len() > before {
                let message = "git-chant keeps no files there; events keep the texts of its specs".into();
                found.stray(Severity::Warning, "archive", &folder, message);
            }
        }
        Ok((found.sources, found.strays))
    }
}

struct Listing<'h> {
    home: &'h ChantDirectory,
    sources: BTreeMap<SpecId, SourceFile>,
    strays: Vec<ProblemView>,
}

impl Listing<'_> {
    /// Adds the files of a folder; returns the folders in it.
    fn folder(&mut self, folder: &str, archived: bool, nested: bool) -> Result<Vec<BString>> {
        let entries = match Directory::open(&self.home.top, folder.as_bytes().as_bstr())
            .and_then(|directory| directory.map_or(Ok(Vec::new()), |directory| directory.list()))
        {
            Ok(entries) => entries,
            Err(refused) => {
                self.stray(Severity::Error, "bad-directory", folder, format!("not imported: {}", refused));
                return Ok(Vec::new());
            }
        };
        let mut folders = Vec::new();
        for DirectoryEntry { name, kind } in entries {
            let Ok(text) = name.to_str() else {
                if name.ends_with(b".md") {
                    let below = format!("{folder}/{}", name.to_str_lossy());
                    self.stray(
                        Severity::Warning,
                        "bad-name",
                        &below,
                        "its name is not a spec id: it is not UTF-8".into(),
                    );
                }
                continue;
            };
            let below = format!("{folder}/{text}");
            match text.strip_suffix(".md") {
                Some(stem) => self.file(stem, below, archived, nested),
                None if kind == FileKind::Directory && archived && !nested => folders.push(name),
                // chant's own status files and locks.
                None => {}
            }
        }
        Ok(folders)
    }

    fn file(&mut self, stem: &str, below: String, archived: bool, nested: bool) {
        let id = match SpecId::new(stem) {
            Ok(id) => id,
            Err(invalid) => {
                let message = format!("its name is not a spec id: {}", invalid.why);
                return self.stray(Severity::Warning, "bad-name", &below, message);
            }
        };
        if let Some(first) = self.sources.get(&id) {
            let message = format!("not imported: '{}' exists as well", first.path);
            return self.stray(Severity::Warning, "two-files", &below, message);
        }
        let path = self.home.shown(&below);
        self.sources.insert(id.clone(), SourceFile { id, path, below, archived, nested });
    }

    fn stray(&mut self, severity: Severity, code: &str, below: &str, message: String) {
        let path = Some(self.home.shown(below));
        self.strays.push(ProblemView { path, ..ProblemView::new(severity, code, message) });
    }
}

/// The bytes of a file beside the specs, at most `limit`; `None` if there is none.
pub(super) fn beside(home: &ChantDirectory, name: &str, limit: u64) -> Result<Option<Vec<u8>>, work_file::Refused> {
    work_file::read(&home.top, format!("{}/{name}", home.chant).as_bytes().as_bstr(), limit)
}

fn nothing(dir: &str) -> Error {
    Error::fatal(Kind::NoSpecs, format!("no specs in '{dir}'"))
        .hint("name the '.chant' directory that holds them, or its parent")
}
