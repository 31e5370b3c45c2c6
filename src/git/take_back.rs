//! A merge that git had written into index and files when the branch moved under it: somebody committed there in that moment. What was
//! written is taken back, so that the index shows nobody a change that is not theirs.

use std::{collections::BTreeMap, io::ErrorKind};

use bstr::{BString, ByteSlice};
use gix::ObjectId;

use super::{
    history::{self, Change, ChangeKind},
    repository::Repository,
    worktree::Worktree,
};
use crate::error::Result;

/// The index entries of the paths that a merge is about, as they were before it.
pub(super) struct Before {
    changes: Vec<Change>,
    entries: BTreeMap<BString, ObjectId>,
}

impl Before {
    /// Looks at the index of `place`, where `old` is about to become `new`.
    pub fn look(repo: &Repository, place: &Worktree, old: ObjectId, new: ObjectId) -> Result<Before> {
        let changes = history::changed_paths(repo, Some(old), new)?;
        let entries = entries(repo, place, &changes)?;
        Ok(Before { changes, entries })
    }

    /// Brings back the files that the merge has and the work tree lacks. Whoever commits there reads the index before locking it: it can
    /// bring back the entries of an earlier try that was taken back, and git takes their files for written.
    pub fn bring_back(&self, repo: &Repository, place: &Worktree) -> Result<()> {
        let mut missing = Vec::new();
        for change in self.changes.iter().filter(|change| change.kind != ChangeKind::Deleted) {
            let path = gix::path::from_bstr(change.path.as_bstr()).map(|path| place.path.join(path));
            if path
                .is_ok_and(|path| matches!(path.symlink_metadata(), Err(error) if error.kind() == ErrorKind::NotFound))
            {
                missing.extend_from_slice(&change.path);
                missing.push(0);
            }
        }
        if missing.is_empty() {
            return Ok(());
        }
        // What a sparse checkout leaves out stays out.
        let git = place.plain_git()?.global("--literal-pathspecs");
        git.args(["restore", "--worktree", "--pathspec-from-file=-", "--pathspec-file-nul"])
            .stdin_bytes(missing)
            .patient(repo.config().lock_timeout()?)
            .run()
            .map(drop)
    }

    /// Takes back what the merge into `new` has written, where nobody has touched it since: to what `now` has, at which the branch is.
    pub fn take_back(&self, repo: &Repository, place: &Worktree, new: ObjectId, now: ObjectId) -> Result<()> {
        let entries = entries(repo, place, &self.changes)?;
        let tree = repo.gix().find_commit(new)?.tree()?;
        let mut written = Vec::new();
        for change in &self.changes {
            let there = entries.get(&change.path);
            let merged = match change.kind {
                ChangeKind::Deleted => None,
                _ => tree.lookup_entry(change.path.split_str("/"))?.map(|entry| entry.object_id()),
            };
            if there.copied() == merged && there != self.entries.get(&change.path) {
                written.push(&change.path);
            }
        }
        if written.is_empty() {
            return Ok(());
        }
        let edited = place.plain_git()?.args(["diff-files", "--name-only", "-z"]).check()?;
        let edited: Vec<&[u8]> = edited.records().collect();
        written.retain(|path| !edited.contains(&path.as_slice()));
        let mut list = Vec::new();
        for path in written {
            list.extend_from_slice(path);
            list.push(0);
        }
        let source = format!("--source={now}");
        place
            .plain_git()?
            .global("--literal-pathspecs")
            .args(["restore", &source, "--staged", "--worktree", "--pathspec-from-file=-", "--pathspec-file-nul"])
            .stdin_bytes(list)
            .patient(repo.config().lock_timeout()?)
            .check()
            .map(drop)
    }
}

fn entries(repo: &Repository, place: &Worktree, changes: &[Change]) -> Result<BTreeMap<BString, ObjectId>> {
    let path = place.git_dir.join("index");
    if !path.is_file() {
        return Ok(BTreeMap::new());
    }
    let index = gix::index::File::at(&path, repo.gix().object_hash(), true, Default::default()).map_err(|error| {
        crate::error::Error::fatal("bad-index", format!("cannot read '{}': {error}", path.display()))
    })?;
    let found = changes.iter().filter_map(|change| {
        let entry = index.entry_by_path(change.path.as_bstr())?;
        Some((change.path.clone(), entry.id))
    });
    Ok(found.collect())
}
