//! Which specs exist: looked up one by one, and listed only where a command needs all of them. Their texts and states are not here.

use std::{
    cell::{Cell, OnceCell},
    collections::{BTreeMap, BTreeSet, HashMap},
    ops::Bound,
    path::PathBuf,
    rc::Rc,
};

use gix::{
    ObjectId,
    bstr::{BStr, ByteSlice},
};

use super::{by_id::ById, cache::Cache};
use crate::project::{ARCHIVE_DIR, Project, SPECS_DIR, get_or_try_init};
use crate::specs::name_list::NameList;
use crate::{
    domain::id::SpecId,
    error::{Error, Kind, Result},
    git::work_file::{self, Directory},
    store::archive::ArchiveTrees,
};

/// After this many short forms a table of all ids answers: each lookup without it scans the list of names.
const MAX_SCANS: usize = 4;

/// The specs that exist, by name only: nothing of them is read.
///
/// A full id is looked up as a ref and a file, without a look at other specs. For a short form, names are listed. The tips of all
/// specs are read only where a command goes through all of them. A list answers every later question. Archived specs are listed
/// apart, and only at need: there may be a hundred times as many.
pub(crate) struct SpecNames<'p> {
    project: &'p Project,
    cache: Option<Rc<Cache<'p>>>,
    /// The specs that have a ref, with their tips.
    tips: OnceCell<ById<ObjectId>>,
    /// The specs whose chain is folded into an archive, with their tips.
    folded: OnceCell<BTreeMap<SpecId, ObjectId>>,
    folders: ArchiveTrees,
    /// The files under `.chant/specs`.
    active: OnceCell<Files>,
    /// The files under `.chant/archive`.
    archived: OnceCell<Files>,
    /// `.chant/archive` in each work tree, opened once.
    archive_directories: OnceCell<Vec<Directory>>,
    list: OnceCell<NameList>,
    by_component: OnceCell<HashMap<String, Vec<SpecId>>>,
    /// How often a short form was looked up.
    queries: Cell<usize>,
    archived_queries: Cell<usize>,
    archived_by_component: OnceCell<HashMap<String, Vec<SpecId>>>,
}

/// The files of a directory that may be specs.
#[derive(Debug, Default)]
struct Files {
    specs: BTreeSet<SpecId>,
    strays: Vec<(String, String)>,
}

impl Files {
    /// Adds the files of `dir`, by their sorted names: specs, and files whose name is no id.
    fn add_names<'n>(&mut self, dir: &str, names: impl Iterator<Item = &'n BStr>) {
        let mut specs = Vec::with_capacity(names.size_hint().0);
        for stem in names.filter_map(|name| name.strip_suffix(b".md")) {
            let stem = stem.to_str_lossy();
            match SpecId::new(&stem) {
                Ok(id) => specs.push(id),
                Err(invalid) => self.strays.push((format!("{dir}/{stem}.md"), invalid.why.to_owned())),
            }
        }
        // A set that is made at once takes a fraction of the time of single insertions.
        self.specs.append(&mut specs.into_iter().collect());
    }
}

impl<'p> SpecNames<'p> {
    pub(crate) fn new(project: &'p Project, cache: Option<Rc<Cache<'p>>>) -> SpecNames<'p> {
        SpecNames {
            project,
            cache,
            tips: OnceCell::new(),
            folded: OnceCell::new(),
            folders: ArchiveTrees::default(),
            active: OnceCell::new(),
            archived: OnceCell::new(),
            archive_directories: OnceCell::new(),
            list: OnceCell::new(),
            by_component: OnceCell::new(),
            queries: Cell::new(0),
            archived_queries: Cell::new(0),
            archived_by_component: OnceCell::new(),
        }
    }

    /// The newest event of a spec; `None` if it has no chain.
    pub(crate) fn tip(&self, id: &SpecId) -> Result<Option<ObjectId>> {
        let Some(tips) = self.tips.get() else { return self.project.store()?.tip(id) };
        match (tips.get(id.as_str()), self.folded.get()) {
            (Some(tip), _) => Ok(Some(*tip)),
            (None, Some(folded)) => Ok(folded.get(id).copied()),
            (None, None) if self.folders.lacks(id) => Ok(None),
            (None, None) => self.project.store()?.folded_tip_in(&self.folders, id),
        }
    }

    /// Whether the spec has a file under `.chant/specs`.
    pub(crate) fn has_file(&self, id: &SpecId) -> Result<bool> {
        match self.active.get() {
            Some(files) => Ok(files.specs.contains(id)),
            None => self.project.lists(&self.project.directories(SPECS_DIR)?, SPECS_DIR, id),
        }
    }

    /// Whether the spec has a file under `.chant/archive`.
    pub(crate) fn has_archived_file(&self, id: &SpecId) -> Result<bool> {
        match self.archived.get() {
            Some(files) => Ok(files.specs.contains(id)),
            None => {
                let directories = get_or_try_init(&self.archive_directories, || self.project.directories(ARCHIVE_DIR))?;
                self.project.lists(directories, ARCHIVE_DIR, id)
            }
        }
    }

    /// Whether the spec exists: it has a chain or a file.
    pub(crate) fn has(&self, id: &SpecId) -> Result<bool> {
        Ok(self.tip(id)?.is_some() || self.has_file(id)? || self.has_archived_file(id)?)
    }

    /// Whether a spec has members.
    pub(crate) fn has_members(&self, id: &SpecId) -> Result<bool> {
        let (Some(tips), Some(files)) = (self.tips.get(), self.active.get()) else {
            return Ok(!self.members_of(id)?.is_empty());
        };
        let prefix = format!("{id}.");
        let mut listed = tips.beginning_with(&prefix).chain(beginning_with(&files.specs, &prefix));
        if listed.any(|member| is_member_of(member, id)) {
            return Ok(true);
        }
        let directories = get_or_try_init(&self.archive_directories, || self.project.directories(ARCHIVE_DIR))?;
        if directories.is_empty() && self.folders.lacks(id) && !self.project.repo.is_bare() {
            return Ok(false);
        }
        // Of archived members the first will do: a driver that waits for none of its members is completed by then.
        SpecId::member(id, 1, None).map_or(Ok(false), |first| self.has(&first))
    }

    /// The members of a spec, archived ones too, in the order of their ids.
    pub(crate) fn members_of(&self, driver: &SpecId) -> Result<BTreeSet<SpecId>> {
        let prefix = format!("{driver}.");
        let mut found = BTreeSet::new();
        match (self.tips.get(), self.active.get()) {
            // Listing two directories of thousands of names takes longer than all else that is asked about one spec.
            (None, None) if !self.project.repo.is_bare() => found.extend(self.name_list()?.containing(&prefix)),
            (tips, files) => {
                match tips {
                    Some(tips) => found.extend(tips.beginning_with(&prefix).cloned()),
                    None => found.extend(self.project.store()?.names_with(&prefix)?),
                }
                match files {
                    Some(files) => found.extend(beginning_with(&files.specs, &prefix).cloned()),
                    None => found.extend(self.project.files(SPECS_DIR, &prefix, None)?.specs),
                }
            }
        }
        found.extend(self.project.files(ARCHIVE_DIR, &prefix, None)?.specs);
        match (self.folded.get(), driver.date()) {
            (Some(folded), _) => {
                found.extend(folded.keys().filter(|id| id.as_str().starts_with(&prefix)).cloned());
            }
            (None, Some(date)) if !self.folders.lacks(driver) => {
                found.extend(self.project.store()?.folded_in(date)?.into_keys());
            }
            _ => {}
        }
        found.retain(|id| is_member_of(id, driver));
        Ok(found)
    }

    /// Every spec, in the order of the ids.
    pub(crate) fn all(&self) -> Result<BTreeSet<&SpecId>> {
        // Refs first: a ref goes after its archive has the chain, and so one of the two has it at any time.
        let mut all = self.active()?;
        let folded = get_or_try_init(&self.folded, || self.project.store()?.folded())?;
        all.extend(folded.keys().chain(&self.archived_files()?.specs));
        Ok(all)
    }

    /// Every spec that has a ref or a file under `.chant/specs`. An archived spec is among them until its chain is folded.
    pub(crate) fn active(&self) -> Result<BTreeSet<&SpecId>> {
        let tips = get_or_try_init(&self.tips, || match &self.cache {
            Some(cache) => cache.tips(),
            None => Ok(self.project.store()?.tips()?.into_iter().collect()),
        })?;
        Ok(tips.ids().chain(&self.active_files()?.specs).collect())
    }

    /// Files under `.chant/specs` whose name is no id, with the reason, and those under `.chant/archive`.
    pub(crate) fn strays(&self) -> Result<Vec<(String, String)>> {
        Ok([self.active_files()?.strays.clone(), self.archived_files()?.strays.clone()].concat())
    }

    /// Every spec whose id begins with that day, as `2026-02-08`, but those that have nothing but a file under `.chant/archive`: there may
    /// be a hundred thousand of these.
    pub(crate) fn of_day(&self, day: &str) -> Result<BTreeSet<SpecId>> {
        let mut found = self.project.store()?.names_with(day)?;
        found.extend(self.project.files(SPECS_DIR, day, None)?.specs);
        found.extend(self.project.store()?.folded_in(day)?.into_keys());
        found.retain(|id| id.date() == Some(day));
        Ok(found)
    }

    /// Every spec of which `query` is a short form, in the order of the ids, of those that have a ref or a file under `.chant/specs`.
    pub(crate) fn matching(&self, query: &str) -> Result<Vec<SpecId>> {
        self.queries.set(self.queries.get() + 1);
        if self.queries.get() <= MAX_SCANS {
            let found = self.name_list()?.matching(query);
            // On a file system that shows no change of a directory, the list may lack new names.
            if !found.is_empty() {
                return Ok(found);
            }
        }
        Ok(matching(get_or_try_init(&self.by_component, || Ok(by_last_component(self.names()?)))?, query))
    }

    /// Every spec whose id contains `part`, in the order of the ids, of those that have a ref or a file under `.chant/specs`.
    pub(crate) fn containing(&self, part: &str) -> Result<Vec<SpecId>> {
        Ok(self.name_list()?.containing(part))
    }

    fn name_list(&self) -> Result<&NameList> {
        get_or_try_init(&self.list, || NameList::find(self.project, || self.raw_names()))
    }

    /// The names of refs and of files under `.chant/specs`, one a line. Some occur twice, and some are no ids: to parse each takes longer
    /// than to list them.
    fn raw_names(&self) -> Result<String> {
        let mut text = String::new();
        // A name of several lines is no id, but one of its lines might be.
        let mut add = |name: &str| text.extend([name, "\n"].iter().filter(|_| !name.contains('\n')).copied());
        if self.project.repo.is_bare() || self.tips.get().is_some() {
            self.names()?.iter().for_each(|id| add(id.as_str()));
            return Ok(text);
        }
        self.project.store()?.each_name("", &mut add)?;
        for directory in self.project.directories(SPECS_DIR)? {
            let names = directory.names_with(".md").map_err(|refused| bad_directory(SPECS_DIR, &refused))?;
            let stems = names.iter().filter_map(|name| name.to_str().ok()?.strip_suffix(".md"));
            stems.for_each(&mut add);
        }
        Ok(text)
    }

    /// Every archived spec of which `query` is a short form.
    pub(crate) fn matching_archived(&self, query: &str) -> Result<Vec<SpecId>> {
        self.archived_queries.set(self.archived_queries.get() + 1);
        if self.archived_queries.get() <= MAX_SCANS && !self.project.repo.is_bare() {
            return self.find_archived(query);
        }
        let archived = get_or_try_init(&self.archived_by_component, || {
            let folded = get_or_try_init(&self.folded, || self.project.store()?.folded())?;
            Ok(by_last_component(folded.keys().chain(&self.archived_files()?.specs).cloned().collect()))
        })?;
        Ok(matching(archived, query))
    }

    /// The archived specs that `query` is a short form of, for a single lookup: of the many names, only those that fit are read.
    fn find_archived(&self, query: &str) -> Result<Vec<SpecId>> {
        let last = last_component(query);
        let mut found = self.project.store()?.folded_with(last)?;
        for directory in get_or_try_init(&self.archive_directories, || self.project.directories(ARCHIVE_DIR))? {
            let names = directory.names_with(last).map_err(|refused| bad_directory(ARCHIVE_DIR, &refused))?;
            let ids = names.iter().filter_map(|name| name.to_str().ok()?.strip_suffix(".md"));
            found.extend(ids.filter_map(|id| SpecId::new(id).ok()));
        }
        found.retain(|id| id.matches(query));
        found.sort_unstable();
        found.dedup();
        Ok(found)
    }

    /// Every spec that has a ref or a file under `.chant/specs`, without reading what its chain's ref holds.
    fn names(&self) -> Result<BTreeSet<SpecId>> {
        let mut names: BTreeSet<SpecId> = match self.tips.get() {
            Some(tips) => tips.ids().cloned().collect(),
            None => self.project.store()?.names()?,
        };
        names.extend(self.active_files()?.specs.iter().cloned());
        Ok(names)
    }

    fn active_files(&self) -> Result<&Files> {
        get_or_try_init(&self.active, || self.project.files(SPECS_DIR, "", self.cache.as_deref()))
    }

    fn archived_files(&self) -> Result<&Files> {
        get_or_try_init(&self.archived, || self.project.files(ARCHIVE_DIR, "", None))
    }
}

fn is_member_of(id: &SpecId, driver: &SpecId) -> bool {
    id.member_of().is_some_and(|(stem, _)| stem == *driver)
}

/// The specs whose ids begin with `prefix`.
fn beginning_with<'s>(specs: &'s BTreeSet<SpecId>, prefix: &'s str) -> impl Iterator<Item = &'s SpecId> {
    specs
        .range::<str, _>((Bound::Included(prefix), Bound::Unbounded))
        .take_while(move |id| id.as_str().starts_with(prefix))
}

/// Every spec of which `query` is a short form, in the order of the ids.
fn matching(short: &HashMap<String, Vec<SpecId>>, query: &str) -> Vec<SpecId> {
    let found = short.get(last_component(query)).into_iter().flatten();
    found.filter(|id| id.matches(query)).cloned().collect()
}

/// The component of a short form by which ids are found: the sequence or the suffix, without the number of a member.
fn last_component(query: &str) -> &str {
    let (stem, _) = SpecId::split_member(query);
    stem.rsplit_once('-').map_or(stem, |(_, last)| last)
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
    pub(crate) fn spec_names(&self) -> SpecNames<'_> {
        SpecNames::new(self, None)
    }

    /// Lists the files of a directory that may be specs, and whose names begin with `prefix`.
    fn files(&self, dir: &'static str, prefix: &str, cache: Option<&Cache<'_>>) -> Result<Files> {
        let mut files = Files::default();
        for top in self.tops() {
            if let Some(names) = cache.and_then(|cache| cache.file_names(&top)) {
                files.add_names(dir, names);
                continue;
            }
            let listed = work_file::list_with(&top, dir.into(), prefix.as_bytes());
            let listed = listed.map_err(|refused| bad_directory(dir, &refused))?;
            files.add_names(dir, listed.iter().map(|entry| entry.name.as_bstr()));
        }
        files.strays.sort_unstable();
        if self.repo.is_bare()
            && let Some(head) = self.repo.head()?.id()
        {
            self.add_files_of(head, dir, &mut files)?;
        }
        Ok(files)
    }

    /// The files in the tree of `HEAD`, which count only where there is no work tree. Files whose names are no ids are left out.
    fn add_files_of(&self, head: ObjectId, dir: &str, files: &mut Files) -> Result<()> {
        let tree = self.repo.gix().find_commit(head)?.tree()?;
        let Some(entry) = tree.lookup_entry_by_path(dir)?.filter(|entry| entry.mode().is_tree()) else { return Ok(()) };
        for entry in entry.object()?.into_tree().iter() {
            let entry = entry.map_err(|error| Error::fatal(Kind::BadTree, error.to_string()))?;
            files.specs.extend(entry.filename().to_str_lossy().strip_suffix(".md").and_then(|id| SpecId::new(id).ok()));
        }
        Ok(())
    }

    /// `dir` in each work tree that has it.
    fn directories(&self, dir: &str) -> Result<Vec<Directory>> {
        let open = |top: PathBuf| Directory::open(&top, dir.into()).map_err(|refused| bad_directory(dir, &refused));
        self.tops().into_iter().filter_map(|top| open(top).transpose()).collect()
    }

    /// Whether `dir`, opened in each work tree, has the file of that spec, whatever it is; listing finds the same.
    fn lists(&self, opened: &[Directory], dir: &str, id: &SpecId) -> Result<bool> {
        let name = format!("{id}.md");
        for directory in opened {
            if directory.has(name.as_bytes().as_bstr()).map_err(|refused| bad_directory(dir, &refused))? {
                return Ok(true);
            }
        }
        if self.repo.is_bare()
            && let Some(head) = self.repo.head()?.id()
        {
            let tree = self.repo.gix().find_commit(head)?.tree()?;
            return Ok(tree.lookup_entry_by_path(format!("{dir}/{name}"))?.is_some());
        }
        Ok(false)
    }
}

fn bad_directory(dir: &str, refused: &work_file::Refused) -> Error {
    Error::fatal(Kind::BadDirectory, format!("cannot read '{dir}': {refused}"))
}
