//! Whether paths still name what they named: a run that may rename a directory above the repository could put another in its place.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

/// Device and inode of paths, and of every directory above each; none where there is nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Identities(BTreeMap<PathBuf, Option<(u64, u64)>>);

impl Identities {
    /// Looks at `paths` and at what is above them. Symbolic links are looked at themselves, and what they lead to as well.
    pub(crate) fn of<'a>(paths: impl IntoIterator<Item = &'a Path>) -> Self {
        let mut seen = BTreeMap::new();
        for path in paths {
            let real = fs::canonicalize(path).ok();
            for path in [Some(path), real.as_deref()].into_iter().flatten().flat_map(Path::ancestors) {
                if !seen.contains_key(path) {
                    seen.insert(path.to_owned(), identity(path));
                }
            }
        }
        Identities(seen)
    }

    /// The outermost paths that are something else now.
    pub(crate) fn changed(&self) -> Vec<PathBuf> {
        let mut changed: Vec<PathBuf> = Vec::new();
        // In this order a directory comes before what is in it.
        for (path, before) in &self.0 {
            if identity(path) != *before && !changed.iter().any(|outer| path.starts_with(outer)) {
                changed.push(path.clone());
            }
        }
        changed
    }
}

fn identity(path: &Path) -> Option<(u64, u64)> {
    fs::symlink_metadata(path).ok().map(|meta| (meta.dev(), meta.ino()))
}
