//! Whether paths still name what they named: a run that may rename a directory above the repository could put another in its place.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use crate::domain::byte_text::AnyPath;

/// Device and inode of paths, and of every directory above each.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Identities(BTreeMap<AnyPath, (u64, u64)>);

impl Identities {
    /// Looks at `paths` and at what is above them. Symbolic links are looked at themselves, and what they lead to as well.
    pub(crate) fn of<'a>(paths: impl IntoIterator<Item = &'a Path>) -> Self {
        let mut seen = BTreeMap::new();
        for path in paths {
            let real = fs::canonicalize(path).ok();
            for path in [Some(path), real.as_deref()].into_iter().flatten().flat_map(Path::ancestors) {
                if let Some(found) = identity(path) {
                    seen.insert(AnyPath(path.to_owned()), found);
                }
            }
        }
        Identities(seen)
    }

    /// Takes the directory at `path` as it is now.
    pub(crate) fn renew(&mut self, path: &Path) {
        let real = fs::canonicalize(path).ok();
        let at = |other: &Path| other == path || Some(other) == real.as_deref();
        for (other, before) in self.0.iter_mut().filter(|(other, _)| at(other)) {
            *before = identity(other).unwrap_or(*before);
        }
    }

    /// The outermost paths that are something else now. A path that is gone is none of them.
    pub(crate) fn changed(&self) -> Vec<PathBuf> {
        let mut changed: Vec<PathBuf> = Vec::new();
        // In this order a directory comes before what is in it.
        for (path, before) in &self.0 {
            let replaced = identity(path).is_some_and(|now| now != *before);
            if replaced && !changed.iter().any(|outer| path.starts_with(outer)) {
                changed.push(path.0.clone());
            }
        }
        changed
    }

    /// Whether both were looked at under the same root directory: a container that was made anew has another.
    pub(crate) fn have_one_root(&self, other: &Identities) -> bool {
        let root = |of: &Identities| of.0.get(&AnyPath("/".into())).copied();
        root(self) == root(other)
    }
}

fn identity(path: &Path) -> Option<(u64, u64)> {
    fs::symlink_metadata(path).ok().map(|meta| (meta.dev(), meta.ino()))
}
