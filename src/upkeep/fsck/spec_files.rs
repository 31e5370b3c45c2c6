//! Which spec files are in any work tree of the repository or on any branch. Each is looked for once.

use std::{
    cell::{OnceCell, RefCell},
    collections::{BTreeSet, HashMap, HashSet},
    path::{Path, PathBuf},
};

use gix::bstr::{BString, ByteSlice};

use crate::{
    domain::id::SpecId,
    error::Result,
    git::{process::Git, work_file},
    project::{ARCHIVE_DIR, SPECS_DIR},
    specs::all::Specs,
};

/// The spec files in all work trees and on all branches.
#[derive(Default)]
pub(super) struct SpecFiles {
    found: OnceCell<FoundFiles>,
    /// By work tree, the spec files that its index has.
    indexed: RefCell<HashMap<PathBuf, HashSet<BString>>>,
}

#[derive(Default)]
struct FoundFiles {
    ids: BTreeSet<SpecId>,
    /// Whether something could not be looked at: what is not found may lie there.
    unclear: bool,
}

impl SpecFiles {
    /// Whether the file of `id` lies somewhere, or may.
    pub(super) fn has(&self, specs: &Specs<'_>, id: &SpecId) -> Result<bool> {
        let found = match self.found.get() {
            Some(found) => found,
            None => {
                let found = find(specs)?;
                self.found.get_or_init(|| found)
            }
        };
        Ok(found.unclear || found.ids.contains(id))
    }

    /// Whether the index of the work tree `top` has the spec file `path`. Git is asked once for all of them.
    pub(super) fn is_indexed(&self, top: &Path, path: &str) -> Result<bool> {
        if let Some(known) = self.indexed.borrow().get(top) {
            return Ok(known.contains(path.as_bytes().as_bstr()));
        }
        let listed = Git::in_dir(top)
            .global("--literal-pathspecs")
            .args(["ls-files", "-z", "--full-name", "--", SPECS_DIR, ARCHIVE_DIR])
            .check()?;
        let known: HashSet<BString> = listed.records().map(BString::from).collect();
        let has = known.contains(path.as_bytes().as_bstr());
        self.indexed.borrow_mut().insert(top.to_owned(), known);
        Ok(has)
    }
}

fn find(specs: &Specs<'_>) -> Result<FoundFiles> {
    let mut found = FoundFiles::default();
    for tree in specs.worktrees()?.iter().filter(|tree| tree.path.is_dir()) {
        for dir in [SPECS_DIR, ARCHIVE_DIR] {
            match work_file::list(&tree.path, dir.into()) {
                Ok(entries) => found.ids.extend(entries.iter().filter_map(|entry| id_of(&entry.name.to_string()))),
                Err(_) => found.unclear = true,
            }
        }
    }
    // Branches have most of their trees in common.
    let mut seen = HashSet::new();
    let repo = specs.project.repo.gix();
    for prefix in ["refs/heads/", "refs/remotes/"] {
        for mut reference in repo.references()?.prefixed(prefix)?.flatten() {
            let Ok(tree) = reference.peel_to_tree() else {
                found.unclear = true;
                continue;
            };
            for dir in [SPECS_DIR, ARCHIVE_DIR] {
                let Some(entry) = tree.lookup_entry_by_path(dir)?.filter(|entry| entry.mode().is_tree()) else {
                    continue;
                };
                if seen.insert(entry.object_id()) {
                    let names = entry.object()?.into_tree();
                    found.ids.extend(names.iter().flatten().filter_map(|entry| id_of(&entry.filename().to_string())));
                }
            }
        }
    }
    Ok(found)
}

fn id_of(name: &str) -> Option<SpecId> {
    SpecId::new(name.strip_suffix(".md")?).ok()
}
