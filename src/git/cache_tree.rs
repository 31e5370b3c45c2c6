//! What the index says of whole directories: its cache tree, see gitformat-index(5).

use std::path::Path;

use bstr::ByteSlice;
use gix::{ObjectId, index};

use super::repository::Repository;

/// Whether the index file `index` has below the directory `dir` what the tree of `commit` has there. `None` where that takes a
/// comparison of files: git knows then.
pub fn is_as_committed(repo: &Repository, index: &Path, commit: ObjectId, dir: &str) -> Option<bool> {
    let repo = repo.gix();
    let tree = repo.find_commit(commit).ok()?.tree().ok()?;
    let committed = tree.lookup_entry_by_path(dir).ok()?.filter(|entry| entry.mode().is_tree())?.object_id();
    // A thread takes as long to start as to read the files of a large repository here, and what the sum would be over changes nothing:
    // git commits what stands in there.
    let options = index::decode::Options { thread_limit: Some(1), ..Default::default() };
    let index = index::File::at(index, repo.object_hash(), true, options).ok()?;
    let mut below = index.tree()?;
    for part in dir.split('/') {
        below = below.children.iter().find(|child| child.name.as_bstr() == part)?;
    }
    below.num_entries.map(|_| below.id == committed)
}
