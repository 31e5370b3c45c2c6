//! Files of the project: in its work trees, and in the trees of commits.

use std::path::{Path, PathBuf};

use gix::{ObjectId, bstr::ByteSlice};

use super::Project;
use crate::{
    error::Result,
    git::{
        line_ends,
        object::{MOST_TEXT, begin_of_blob},
        worktree::include,
    },
};

/// Paths that no attempt changes: they are other people's specs, or instructions to agents.
pub(crate) fn is_forbidden(path: &str) -> bool {
    [".chant/specs/", ".chant/prompts/", ".chant/archive/", ".chant/run/"].iter().any(|dir| path.starts_with(dir))
        || [".chant", ".chant/specs", ".chant/prompts", ".chant/archive"].contains(&path)
}

impl Project {
    /// The tops of the work trees in which a spec's file counts: this one, and in silent mode the main one.
    pub(crate) fn tops(&self) -> Vec<PathBuf> {
        let mut tops: Vec<PathBuf> = self.repo.work_dir().map(Path::to_owned).into_iter().collect();
        if self.silent
            && let Some(main) = self.repo.main_work_dir()
            && !tops.contains(&main)
        {
            tops.push(main);
        }
        tops
    }

    /// What git would store for the `bytes` of the file at `path` in the work tree at `top`. In silent mode nothing is ever
    /// committed, and the bytes are what they are.
    pub(crate) fn stored(&self, top: &Path, path: &str, bytes: Vec<u8>) -> Result<Vec<u8>> {
        if self.silent || !bytes.contains(&b'\r') {
            return Ok(bytes);
        }
        let path = path.as_bytes().as_bstr();
        if self.repo.work_dir() == Some(top) {
            line_ends::stored(&self.repo, path, bytes)
        } else {
            line_ends::stored(&self.repo.reopen_at(top)?, path, bytes)
        }
    }

    /// A regular file in the tree of `commit`: its id and its bytes, of one that is longer than any text the first [`MOST_TEXT`].
    pub(crate) fn blob_in(&self, commit: ObjectId, path: &str) -> Result<Option<(ObjectId, Vec<u8>)>> {
        let tree = self.repo.gix().find_commit(commit)?.tree()?;
        match tree.lookup_entry_by_path(path)?.filter(|entry| entry.mode().is_blob()) {
            Some(entry) => {
                let id = entry.object_id();
                Ok(Some((id, begin_of_blob(&self.repo, id, MOST_TEXT)?)))
            }
            None => Ok(None),
        }
    }

    /// The id of a regular file in the tree of `commit`, without reading it.
    pub(crate) fn blob_id_in(&self, commit: ObjectId, path: &str) -> Result<Option<ObjectId>> {
        let tree = self.repo.gix().find_commit(commit)?.tree()?;
        Ok(tree.lookup_entry_by_path(path)?.filter(|entry| entry.mode().is_blob()).map(|entry| entry.object_id()))
    }

    /// Whether the tree of `commit` has something at `path`, as far as the tree can tell: a link on the way, or a submodule, may lead to it.
    pub(crate) fn has_in(&self, commit: ObjectId, path: &str) -> Result<bool> {
        let tree = self.repo.gix().find_commit(commit)?.tree()?;
        for end in path.match_indices('/').map(|(at, _)| at).chain([path.len()]) {
            let Some(entry) = tree.lookup_entry_by_path(&path[..end])? else { return Ok(false) };
            if entry.mode().is_link() || entry.mode().is_commit() {
                break;
            }
        }
        Ok(true)
    }

    /// Whether a new worktree may get the file at `path` from the main one, by its `.worktreeinclude`.
    pub(crate) fn is_included(&self, path: &str) -> bool {
        let main = self.repo.main_work_dir();
        main.is_some_and(|main| main.join(include::NAME).is_file() && main.join(path).exists())
    }
}
