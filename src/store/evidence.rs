//! The tree of an event: the spec as it was, its pinned inputs, its outputs, the checks. What the files say is not read here.

use gix::{ObjectId, objs::tree::EntryKind};

use super::Store;
use crate::{
    domain::{event::Op, history::History},
    error::Result,
    git::object::patiently,
};

/// A file of an event's tree, named by its path in the repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// The path, relative to the top of the work tree.
    pub path: String,
    /// Its content, as an object that exists.
    pub blob: ObjectId,
}

/// The files that an event keeps in its tree.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    /// `spec.md`: the very blob of the spec file.
    pub spec: Option<ObjectId>,
    /// `inputs/…`: the pinned files.
    pub inputs: Vec<File>,
    /// `outputs/…`: the target files that the attempt wrote under `.chant/`.
    pub outputs: Vec<File>,
    /// `checks.json`: what was checked, and how it ended.
    pub checks: Option<ObjectId>,
    /// `patches.json`: what the work changed, path by path.
    pub patches: Option<ObjectId>,
    /// `review.md`: what an agent said that reviewed the work.
    pub review: Option<ObjectId>,
}

impl Store<'_> {
    /// Writes a blob, synced if `core.fsync` asks for it.
    pub fn write_blob(&self, bytes: &[u8]) -> Result<ObjectId> {
        let id = patiently(|| Ok(self.repo.write_blob(bytes)?.detach()))?;
        self.sync_objects(&[id])?;
        Ok(id)
    }

    /// Writes the tree of an event. Paths that a tree cannot hold (`..`, `.git`) are refused by the editor.
    pub(super) fn write_evidence(&self, evidence: &Evidence) -> Result<ObjectId> {
        let tree = patiently(|| self.write_tree(evidence))?;
        self.sync_tree(tree)?;
        Ok(tree)
    }

    fn write_tree(&self, evidence: &Evidence) -> Result<ObjectId> {
        let empty = ObjectId::empty_tree(self.repo.object_hash());
        let mut editor = self.repo.edit_tree(empty)?;
        if let Some(spec) = evidence.spec {
            editor.upsert("spec.md", EntryKind::Blob, spec)?;
        }
        if let Some(checks) = evidence.checks {
            editor.upsert("checks.json", EntryKind::Blob, checks)?;
        }
        if let Some(patches) = evidence.patches {
            editor.upsert("patches.json", EntryKind::Blob, patches)?;
        }
        if let Some(review) = evidence.review {
            editor.upsert("review.md", EntryKind::Blob, review)?;
        }
        for (folder, files) in [("inputs", &evidence.inputs), ("outputs", &evidence.outputs)] {
            for file in files {
                editor.upsert(format!("{folder}/{}", file.path), EntryKind::Blob, file.blob)?;
            }
        }
        let tree = editor.write()?.detach();
        if tree == empty {
            // The empty tree is virtual for gix; git fsck wants it written.
            self.repo.write_object(gix::objs::Tree::empty())?;
        }
        Ok(tree)
    }

    /// Syncs a tree and those below it, if `core.fsync` asks for it.
    pub(super) fn sync_tree(&self, tree: ObjectId) -> Result<()> {
        if !self.settings.sync_objects {
            return Ok(());
        }
        let below = self.repo.find_tree(tree)?.traverse().breadthfirst.files()?;
        let trees = below.into_iter().filter(|entry| entry.mode.is_tree()).map(|entry| entry.oid);
        self.sync_objects(&trees.chain([tree]).collect::<Vec<_>>())
    }

    /// The bytes of one file in an event's tree, `checks.json` or `outputs/<path>`; `None` if it has none of that name.
    pub fn evidence_of(&self, event: ObjectId, path: &str) -> Result<Option<Vec<u8>>> {
        match self.evidence_id(event, path)? {
            Some(id) => Ok(Some(self.repo.find_blob(id)?.take_data())),
            None => Ok(None),
        }
    }

    /// The bytes of the file `path` in the newest event `op` of `history` that keeps it; `None` if none does.
    pub(crate) fn newest_evidence(&self, history: &History, op: &Op, path: &str) -> Result<Option<Vec<u8>>> {
        for event in history.events().iter().rev().filter(|event| event.op == *op) {
            if let Some(bytes) = self.evidence_of(event.id, path)? {
                return Ok(Some(bytes));
            }
        }
        Ok(None)
    }

    /// The id of one file in an event's tree.
    pub fn evidence_id(&self, event: ObjectId, path: &str) -> Result<Option<ObjectId>> {
        let tree = self.repo.find_commit(event)?.tree()?;
        Ok(tree.lookup_entry_by_path(path)?.filter(|entry| entry.mode().is_blob()).map(|entry| entry.object_id()))
    }

    /// The files below one folder of an event's tree: `inputs` or `outputs`, with paths relative to it.
    pub fn evidence_files(&self, event: ObjectId, folder: &str) -> Result<Vec<File>> {
        let tree = self.repo.find_commit(event)?.tree()?;
        let Some(entry) = tree.lookup_entry_by_path(folder)?.filter(|entry| entry.mode().is_tree()) else {
            return Ok(Vec::new());
        };
        let mut files = Vec::new();
        for entry in entry.object()?.into_tree().traverse().breadthfirst.files()? {
            if entry.mode.is_blob()
                && let Ok(path) = String::from_utf8(entry.filepath.into())
            {
                files.push(File { path, blob: entry.oid });
            }
        }
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(files)
    }
}
