//! Which specs exist: looked up one by one, and listed only where somebody asks for all of them.

use std::{
    cell::OnceCell,
    collections::{BTreeMap, BTreeSet, HashMap},
};

use gix::{ObjectId, bstr::ByteSlice};

use super::{ARCHIVE_DIR, Project, SPECS_DIR};
use crate::{
    domain::id::SpecId,
    error::{Error, Result},
    git::work_file::{self, Directory},
};

/// The specs that exist, by name only: nothing of them is read.
///
/// What is named in full is looked up as a ref and a file, and the others are not touched; for a short form names are listed;
/// the tips of all chains are read only where somebody goes through all specs. What was listed answers whatever comes after.
pub struct Census<'p> {
    project: &'p Project,
    tips: OnceCell<BTreeMap<SpecId, ObjectId>>,
    files: OnceCell<Files>,
    short: OnceCell<HashMap<String, Vec<SpecId>>>,
}

/// The files that may be specs.
#[derive(Debug, Default)]
struct Files {
    active: BTreeSet<SpecId>,
    archived: BTreeSet<SpecId>,
    strays: Vec<(String, String)>,
}

impl<'p> Census<'p> {
    fn new(project: &'p Project) -> Census<'p> {
        Census { project, tips: OnceCell::new(), files: OnceCell::new(), short: OnceCell::new() }
    }

    /// The newest event of a spec; `None` if it has no chain.
    pub fn tip(&self, id: &SpecId) -> Result<Option<ObjectId>> {
        match self.tips.get() {
            Some(tips) => Ok(tips.get(id).copied()),
            None => self.project.store()?.tip(id),
        }
    }

    /// Whether it has a file under `.chant/specs`.
    pub fn has_file(&self, id: &SpecId) -> Result<bool> {
        match self.files.get() {
            Some(files) => Ok(files.active.contains(id)),
            None => self.project.lists(SPECS_DIR, id),
        }
    }

    /// Whether it has a file under `.chant/archive`.
    pub fn has_archived_file(&self, id: &SpecId) -> Result<bool> {
        match self.files.get() {
            Some(files) => Ok(files.archived.contains(id)),
            None => self.project.lists(ARCHIVE_DIR, id),
        }
    }

    /// Whether there is anything of that name.
    pub fn has(&self, id: &SpecId) -> Result<bool> {
        Ok(self.tip(id)?.is_some() || self.has_file(id)? || self.has_archived_file(id)?)
    }

    /// Every spec, in the order of the ids.
    pub fn all(&self) -> Result<BTreeSet<&SpecId>> {
        let tips = kept(&self.tips, || Ok(self.project.store()?.tips()?.into_iter().collect()))?;
        let files = self.files()?;
        Ok(tips.keys().chain(&files.active).chain(&files.archived).collect())
    }

    /// Files under `.chant/specs` whose name is no id, with the reason.
    pub fn strays(&self) -> Result<&[(String, String)]> {
        Ok(&self.files()?.strays)
    }

    /// Every spec whose id begins with that day, as `2026-02-08`.
    pub fn of_day(&self, day: &str) -> Result<BTreeSet<SpecId>> {
        let mut found = self.names()?;
        found.retain(|id| id.date() == Some(day));
        Ok(found)
    }

    /// Every spec of which `query` is a short form, in the order of the ids.
    pub(super) fn matching(&self, query: &str) -> Result<Vec<SpecId>> {
        let short = kept(&self.short, || Ok(by_last_component(self.names()?)))?;
        let (stem, _) = SpecId::split_member(query);
        let last = stem.rsplit_once('-').map_or(stem, |(_, last)| last);
        let found = short.get(last).into_iter().flatten();
        Ok(found.filter(|id| id.matches(query)).cloned().collect())
    }

    /// Every spec, without reading what its chain's ref holds.
    fn names(&self) -> Result<BTreeSet<SpecId>> {
        let mut names: BTreeSet<SpecId> = match self.tips.get() {
            Some(tips) => tips.keys().cloned().collect(),
            None => self.project.store()?.names()?,
        };
        let files = self.files()?;
        names.extend(files.active.iter().chain(&files.archived).cloned());
        Ok(names)
    }

    fn files(&self) -> Result<&Files> {
        kept(&self.files, || self.project.files())
    }
}

/// What the cell holds, made at the first need.
fn kept<T>(cell: &OnceCell<T>, make: impl FnOnce() -> Result<T>) -> Result<&T> {
    match cell.get() {
        Some(made) => Ok(made),
        None => {
            let made = make()?;
            Ok(cell.get_or_init(|| made))
        }
    }
}

/// The ids by their sequence and by their suffix, with one of which every short form ends.
fn by_last_component(ids: BTreeSet<SpecId>) -> HashMap<String, Vec<SpecId>> {
    let mut short: HashMap<String, Vec<SpecId>> = HashMap::new();
    for id in ids {
        if let Some((sequence, suffix)) = id.parts() {
            short.entry(sequence.to_owned()).or_default().push(id.clone());
            if suffix != sequence {
                short.entry(suffix.to_owned()).or_default().push(id.clone());
            }
        }
    }
    short
}

impl Project {
    /// The specs that exist.
    pub fn census(&self) -> Census<'_> {
        Census::new(self)
    }

    /// Lists the files that may be specs.
    fn files(&self) -> Result<Files> {
        let mut files = Files::default();
        self.each_file(|dir, in_tree, stem| match SpecId::new(stem) {
            Ok(id) if dir == ARCHIVE_DIR => {
                files.archived.insert(id);
            }
            Ok(id) => {
                files.active.insert(id);
            }
            Err(_) if in_tree => {}
            Err(invalid) => files.strays.push((format!("{dir}/{stem}.md"), invalid.why.to_owned())),
        })?;
        Ok(files)
    }

    /// Shows `see` every file that may be a spec's: its directory, whether it was found in the tree of `HEAD`, which counts
    /// only where there is no work tree, and its name without the ending.
    fn each_file(&self, mut see: impl FnMut(&'static str, bool, &str)) -> Result<()> {
        for top in self.tops() {
            for dir in [SPECS_DIR, ARCHIVE_DIR] {
                let entries = work_file::list(&top, dir.into()).map_err(|refused| bad_directory(dir, &refused))?;
                for entry in entries {
                    if let Some(stem) = entry.name.to_str_lossy().strip_suffix(".md") {
                        see(dir, false, stem);
                    }
                }
            }
        }
        if self.repo.is_bare() {
            self.each_file_of_head(|dir, stem| see(dir, true, stem))?;
        }
        Ok(())
    }

    fn each_file_of_head(&self, mut see: impl FnMut(&'static str, &str)) -> Result<()> {
        let Some(head) = self.repo.head()?.id() else { return Ok(()) };
        let tree = self.repo.gix().find_commit(head)?.tree()?;
        for dir in [SPECS_DIR, ARCHIVE_DIR] {
            let Some(entry) = tree.lookup_entry_by_path(dir)?.filter(|entry| entry.mode().is_tree()) else { continue };
            for entry in entry.object()?.into_tree().iter() {
                let entry = entry.map_err(|error| Error::fatal("bad-tree", error.to_string()))?;
                if let Some(stem) = entry.filename().to_str_lossy().strip_suffix(".md") {
                    see(dir, stem);
                }
            }
        }
        Ok(())
    }

    /// Whether `dir` has the file of that spec, whatever it is; listing finds the same.
    fn lists(&self, dir: &str, id: &SpecId) -> Result<bool> {
        let name = format!("{id}.md");
        for top in self.tops() {
            let directory = Directory::open(&top, dir.into()).map_err(|refused| bad_directory(dir, &refused))?;
            if let Some(directory) = directory
                && directory.has(name.as_bytes().as_bstr()).map_err(|refused| bad_directory(dir, &refused))?
            {
                return Ok(true);
            }
        }
        if let (true, Some(head)) = (self.repo.is_bare(), self.repo.head()?.id()) {
            let tree = self.repo.gix().find_commit(head)?.tree()?;
            return Ok(tree.lookup_entry_by_path(format!("{dir}/{name}"))?.is_some());
        }
        Ok(false)
    }
}

fn bad_directory(dir: &str, refused: &work_file::Refused) -> Error {
    Error::fatal("bad-directory", format!("cannot read '{dir}': {refused}"))
}
