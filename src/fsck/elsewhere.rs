//! Which spec files lie in any work tree of the repository or on any branch, looked for once.

use std::{
    cell::OnceCell,
    collections::{BTreeSet, HashSet},
};

use crate::{
    domain::id::SpecId,
    error::Result,
    git::work_file,
    project::{ARCHIVE_DIR, SPECS_DIR, world::World},
};

/// The spec files that lie anywhere.
#[derive(Default)]
pub(super) struct Elsewhere(OnceCell<Found>);

#[derive(Default)]
struct Found {
    ids: BTreeSet<SpecId>,
    /// Whether something could not be looked at: what is not found may lie there.
    unclear: bool,
}

impl Elsewhere {
    /// Whether the file of `id` lies somewhere, or may.
    pub(super) fn has(&self, world: &World<'_>, id: &SpecId) -> Result<bool> {
        let found = match self.0.get() {
            Some(found) => found,
            None => {
                let found = find(world)?;
                self.0.get_or_init(|| found)
            }
        };
        Ok(found.unclear || found.ids.contains(id))
    }
}

fn find(world: &World<'_>) -> Result<Found> {
    let mut found = Found::default();
    for tree in world.worktrees()?.iter().filter(|tree| tree.path.is_dir()) {
        for dir in [SPECS_DIR, ARCHIVE_DIR] {
            match work_file::list(&tree.path, dir.into()) {
                Ok(entries) => found.ids.extend(entries.iter().filter_map(|entry| id_of(&entry.name.to_string()))),
                Err(_) => found.unclear = true,
            }
        }
    }
    // Branches have most of their trees in common.
    let mut seen = HashSet::new();
    let repo = world.project.repo.gix();
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
