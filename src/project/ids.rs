//! Which specs exist, and which one a person means.

use std::{
    cell::{Cell, OnceCell},
    collections::{BTreeMap, BTreeSet, HashMap},
};

use gix::ObjectId;

use super::{ARCHIVE_DIR, Project, SPECS_DIR};
use crate::{
    domain::{id::SpecId, status::Status},
    error::{Error, Result},
    git::work_file,
};

/// The specs that exist, by name only: nothing of them is read.
#[derive(Clone, Debug, Default)]
pub struct Census {
    /// Those with a chain, and its tip.
    pub chains: BTreeMap<SpecId, ObjectId>,
    /// Those with a file under `.chant/specs`.
    pub files: BTreeSet<SpecId>,
    /// Those with a file under `.chant/archive`.
    pub archived_files: BTreeSet<SpecId>,
    /// Files under `.chant/specs` whose name is no id, with the reason.
    pub strays: Vec<(String, String)>,
    asked: Cell<u32>,
    forms: OnceCell<HashMap<String, Vec<SpecId>>>,
}

/// How many short names are looked up by going through all ids; from then on an index is worth making.
const SCANS: u32 = 16;

impl Census {
    /// Every spec, in the order of the ids.
    pub fn all(&self) -> BTreeSet<&SpecId> {
        self.chains.keys().chain(&self.files).chain(&self.archived_files).collect()
    }

    /// Whether there is a spec of that very id.
    pub fn contains(&self, id: &SpecId) -> bool {
        self.chains.contains_key(id) || self.files.contains(id) || self.archived_files.contains(id)
    }

    /// Every spec that `query` is a form of, in the order of the ids.
    fn matching(&self, query: &str) -> Vec<SpecId> {
        if self.forms.get().is_none() && self.asked.get() < SCANS {
            self.asked.set(self.asked.get() + 1);
            return self.all().into_iter().filter(|id| id.matches(query)).cloned().collect();
        }
        let index = self.forms.get_or_init(|| {
            let mut index: HashMap<String, Vec<SpecId>> = HashMap::new();
            for id in self.all() {
                for form in id.forms() {
                    index.entry(form).or_default().push(id.clone());
                }
            }
            index
        });
        index.get(query).cloned().unwrap_or_default()
    }
}

impl Project {
    /// Counts the specs: refs and directory entries.
    pub fn census(&self) -> Result<Census> {
        let mut census = Census { chains: self.store()?.tips()?.into_iter().collect(), ..Census::default() };
        for top in self.tops() {
            for (dir, archive) in [(SPECS_DIR, false), (ARCHIVE_DIR, true)] {
                let entries = work_file::list(&top, dir.into())
                    .map_err(|refused| Error::fatal("bad-directory", format!("cannot read '{dir}': {refused}")))?;
                for entry in entries {
                    let name = entry.name.to_string();
                    let Some(stem) = name.strip_suffix(".md") else { continue };
                    match SpecId::new(stem) {
                        Ok(id) if archive => {
                            census.archived_files.insert(id);
                        }
                        Ok(id) => {
                            census.files.insert(id);
                        }
                        Err(invalid) => census.strays.push((format!("{dir}/{name}"), invalid.why.to_owned())),
                    }
                }
            }
        }
        if self.repo.is_bare() {
            self.count_head(&mut census)?;
        }
        Ok(census)
    }

    /// Without a work tree the specs that the tree of `HEAD` holds count.
    fn count_head(&self, census: &mut Census) -> Result<()> {
        let Some(head) = self.repo.head()?.id() else { return Ok(()) };
        let tree = self.repo.gix().find_commit(head)?.tree()?;
        for (dir, files) in [(SPECS_DIR, &mut census.files), (ARCHIVE_DIR, &mut census.archived_files)] {
            let Some(entry) = tree.lookup_entry_by_path(dir)?.filter(|entry| entry.mode().is_tree()) else { continue };
            for entry in entry.object()?.into_tree().iter() {
                let entry = entry.map_err(|error| Error::fatal("bad-tree", error.to_string()))?;
                let name = entry.filename().to_string();
                if let Some(Ok(id)) = name.strip_suffix(".md").map(SpecId::new) {
                    files.insert(id);
                }
            }
        }
        Ok(())
    }

    /// The spec that `query` means: a full id, a short form of one, or the path of its file.
    ///
    /// # Errors
    /// `unknown-spec` if none fits, `ambiguous-spec` with the candidates in the hints if several do.
    pub fn resolve(&self, query: &str) -> Result<SpecId> {
        self.resolve_in(&self.census()?, query)
    }

    /// The same in a census already taken.
    pub fn resolve_in(&self, census: &Census, query: &str) -> Result<SpecId> {
        match self.candidates(census, query)?.as_slice() {
            [one] => Ok(one.clone()),
            [] => Err(unknown(census, query)),
            several => Err(ambiguous(query, several)),
        }
    }

    /// Every spec that `query` may mean: the exact one, else the active ones, else the archived ones.
    pub fn candidates(&self, census: &Census, query: &str) -> Result<Vec<SpecId>> {
        let query = stem_of(query);
        if let Ok(exact) = SpecId::new(query)
            && census.contains(&exact)
        {
            return Ok(vec![exact]);
        }
        let matching = census.matching(query);
        if matching.len() < 2 {
            return Ok(matching);
        }
        let mut active = Vec::new();
        for id in &matching {
            if !self.is_archived(census, id)? {
                active.push(id.clone());
            }
        }
        Ok(if active.is_empty() { matching } else { active })
    }

    fn is_archived(&self, census: &Census, id: &SpecId) -> Result<bool> {
        match census.chains.get(id) {
            Some(tip) => Ok(self.store()?.state_at(id, *tip).is_ok_and(|(state, _)| state.status == Status::Archived)),
            None => Ok(!census.files.contains(id)),
        }
    }
}

/// `.chant/specs/<id>.md` and `<id>.md` mean the spec, as a person gets them from completing file names.
fn stem_of(query: &str) -> &str {
    let name = query.strip_prefix("./").unwrap_or(query);
    let name = name
        .strip_prefix(SPECS_DIR)
        .or_else(|| name.strip_prefix(ARCHIVE_DIR))
        .map_or(name, |rest| rest.trim_start_matches('/'));
    name.strip_suffix(".md").unwrap_or(name)
}

fn unknown(census: &Census, query: &str) -> Error {
    let error = Error::fatal("unknown-spec", format!("there is no spec '{}'", query.escape_debug()));
    if census.all().is_empty() {
        return error.hint("there are no specs yet; make one: git chant add \"What is to be done\"");
    }
    error.hint("'git chant list --all' shows every spec")
}

fn ambiguous(query: &str, several: &[SpecId]) -> Error {
    let mut error =
        Error::fatal("ambiguous-spec", format!("'{}' may mean {} specs", query.escape_debug(), several.len()));
    for id in several.iter().take(20) {
        error = error.hint(format!("it may be {id}"));
    }
    error
}
