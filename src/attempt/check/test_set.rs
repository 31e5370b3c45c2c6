//! Tests as a proof has them, and the commits that have them over other code. Which tests these are is found out in `held`.

use gix::{ObjectId, bstr::ByteSlice};

use crate::{
    error::Result,
    git::{
        object::{MOST_TEXT, begin_of_blob},
        overlay::{self, Patch, TreeEntry},
        repository::Repository,
    },
};

/// Tests as a proof has them.
#[derive(Clone, Debug, Default)]
pub(super) struct Tests {
    pub(super) whole: Vec<TreeEntry>,
    /// Changes of files that hold other code, too.
    pub(super) parts: Vec<Patch>,
    /// Files that there were none of.
    pub(super) absent: Vec<String>,
    /// Other tests that came with the work.
    pub(super) left_out: Vec<String>,
}

impl Tests {
    pub(super) fn is_empty(&self) -> bool {
        self.whole.is_empty() && self.parts.is_empty()
    }

    pub(super) fn paths(&self) -> Vec<String> {
        let parts = self.parts.iter().map(|patch| patch.path.clone());
        self.whole.iter().map(|file| file.path.clone()).chain(parts).collect()
    }

    /// A commit that has the code of `commit` and these tests; otherwise the path of the tests that cannot be laid over it.
    pub(super) fn over(&self, repo: &Repository, commit: ObjectId) -> Result<Result<ObjectId, String>> {
        let absent = [&self.absent[..], &self.left_out[..]].concat();
        let mut laid = overlay::lay_over(repo, commit, &self.whole, &absent)?;
        for patch in &self.parts {
            if overlay::holds(repo, laid, patch)? {
                continue;
            }
            match overlay::apply(repo, laid, patch)? {
                Some(applied) => laid = applied,
                None => return Ok(Err(patch.path.clone())),
            }
        }
        Ok(Ok(laid))
    }

    /// The other tests that came with the work, in words.
    pub(super) fn additions(&self) -> Vec<String> {
        self.left_out.iter().map(|path| format!("it adds '{path}'")).collect()
    }

    /// These tests, and no files at `paths`.
    pub(super) fn without(&self, paths: &[String]) -> Tests {
        let mut tests = self.clone();
        tests.absent.extend_from_slice(paths);
        tests
    }

    /// These tests and other files.
    pub(super) fn with(&self, files: Vec<TreeEntry>) -> Tests {
        let mut tests = self.clone();
        tests.whole.extend(files);
        tests
    }

    /// These tests, and of what `commit` has the files at `paths`.
    pub(super) fn with_files_of(&self, repo: &Repository, commit: ObjectId, paths: &[String]) -> Result<Tests> {
        let mut files = Vec::new();
        for path in paths {
            files.extend(overlay::file_in(repo, commit, path)?);
        }
        Ok(self.with(files))
    }

    /// The text of the tests: of files whole, of parts what they add and remove.
    pub(super) fn text(&self, repo: &Repository) -> Result<String> {
        let mut text = String::new();
        for file in &self.whole {
            text.push_str(&begin_of_blob(repo, file.blob, MOST_TEXT)?.to_str_lossy());
        }
        for line in self.parts.iter().filter_map(Patch::hunks).flatten().flatten() {
            text.push_str(&line.to_str_lossy());
        }
        Ok(text)
    }

    /// The paths of the tests that `commit` has otherwise, or not at all.
    pub(super) fn changed_in(&self, repo: &Repository, commit: ObjectId) -> Result<Vec<String>> {
        let mut changed = Vec::new();
        for file in &self.whole {
            match overlay::file_in(repo, commit, &file.path)? {
                Some(there) if there == *file => {}
                Some(_) => changed.push(format!("it changes '{}'", file.path)),
                None => changed.push(format!("it deletes '{}'", file.path)),
            }
        }
        for path in &self.absent {
            if overlay::file_in(repo, commit, path)?.is_some() {
                changed.push(format!("it adds '{path}'"));
            }
        }
        for patch in &self.parts {
            if !overlay::holds(repo, commit, patch)? {
                changed.push(format!("it changes the test in '{}'", patch.path));
            }
        }
        Ok(changed)
    }
}
