//! The commit that specs are seen from: its files, each looked up once.

use std::{
    cell::{OnceCell, RefCell},
    collections::HashMap,
};

use gix::{ObjectId, bstr::ByteSlice};

use crate::error::Result;
use crate::project::{Project, get_or_try_init};

/// A commit, or the absence of one in a repository without commits.
pub(crate) struct Base<'p> {
    project: &'p Project,
    commit: Option<ObjectId>,
    blobs: RefCell<HashMap<String, Option<ObjectId>>>,
    files: OnceCell<Vec<String>>,
}

impl<'p> Base<'p> {
    /// Nothing is read yet.
    pub(crate) fn new(project: &'p Project, commit: Option<ObjectId>) -> Base<'p> {
        Base { project, commit, blobs: RefCell::default(), files: OnceCell::new() }
    }

    /// Its id.
    pub(crate) fn commit(&self) -> Option<ObjectId> {
        self.commit
    }

    /// The id of a regular file in its tree.
    pub(crate) fn blob(&self, path: &str) -> Result<Option<ObjectId>> {
        let Some(commit) = self.commit else { return Ok(None) };
        if let Some(known) = self.blobs.borrow().get(path) {
            return Ok(*known);
        }
        let found = self.project.blob_id_in(commit, path)?;
        self.blobs.borrow_mut().insert(path.to_owned(), found);
        Ok(found)
    }

    /// The paths of all its regular files that are UTF-8, sorted.
    pub(crate) fn files(&self) -> Result<&[String]> {
        let list = || {
            let mut files = Vec::new();
            if let Some(commit) = self.commit {
                let tree = self.project.repo.gix().find_commit(commit)?.tree()?;
                for file in tree.traverse().breadthfirst.files()? {
                    if let (true, Ok(path)) = (file.mode.is_blob(), file.filepath.to_str()) {
                        files.push(path.to_owned());
                    }
                }
            }
            files.sort();
            Ok(files)
        };
        Ok(get_or_try_init(&self.files, list)?)
    }
}
