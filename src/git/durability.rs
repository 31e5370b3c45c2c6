//! `core.fsync`: what has to be on disk before a command says that it is done.
//!
//! gix syncs nothing. Objects that it wrote are synced here afterwards, before any ref points at them; refs that have to be
//! durable are written by `git update-ref` (see `reference`).

use std::{fs::File, io, path::Path};

use gix::{ObjectId, objs::tree::EntryKind};

use super::repository::Repository;
use crate::error::{IoContext, Result};

/// Which of the things that we write are to be synced.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Durability {
    /// Loose objects.
    pub loose_object: bool,
    /// Refs.
    pub reference: bool,
}

impl Durability {
    /// Reads `core.fsync` and the older `core.fsyncObjectFiles`.
    pub(crate) fn from_config(config: &gix::config::Snapshot<'_>) -> Self {
        let asked = config.string("core.fsync").map(|value| Durability::parse(&value.to_string())).unwrap_or_default();
        let legacy = config.boolean("core.fsyncObjectFiles").unwrap_or(false);
        Durability { loose_object: asked.loose_object || legacy, ..asked }
    }

    /// Parses a value of `core.fsync` with git's rule: `-component` takes away from the platform's default only (in which
    /// neither loose objects nor refs are), and an unknown component means nothing.
    pub(crate) fn parse(value: &str) -> Self {
        let mut durability = Durability::default();
        for component in value.split(|c: char| c == ',' || c.is_ascii_whitespace()) {
            match component {
                "committed" | "added" | "all" => durability = Durability { loose_object: true, reference: true },
                "objects" | "loose-object" => durability.loose_object = true,
                "reference" => durability.reference = true,
                _ => {}
            }
        }
        durability
    }
}

impl Repository {
    /// What `core.fsync` asks to be synced to disk.
    pub(crate) fn durability(&self) -> Durability {
        Durability::from_config(&self.gix().config_snapshot())
    }
}

/// Syncs these objects if `core.fsync` asks for it; packed ones are left alone.
pub(crate) fn sync_objects(repo: &Repository, ids: &[ObjectId]) -> Result<()> {
    if repo.durability().loose_object {
        for id in ids {
            sync_loose(repo, *id)?;
        }
    }
    Ok(())
}

/// Syncs what `tree` has and `known` has not, if `core.fsync` asks for it.
pub(crate) fn sync_tree(repo: &Repository, tree: ObjectId, known: Option<ObjectId>) -> Result<()> {
    if repo.durability().loose_object { sync_tree_below(repo, tree, known) } else { Ok(()) }
}

fn sync_tree_below(repo: &Repository, tree: ObjectId, known: Option<ObjectId>) -> Result<()> {
    if Some(tree) == known {
        return Ok(());
    }
    let old = match known {
        Some(id) => Some(repo.gix().find_tree(id)?),
        None => None,
    };
    let new = repo.gix().find_tree(tree)?;
    for entry in new.iter() {
        let entry = entry?;
        let before = old
            .as_ref()
            .and_then(|tree| tree.find_entry(entry.filename().to_owned()))
            .map(|old| (old.mode().kind(), old.object_id()));
        let id = entry.object_id();
        match entry.mode().kind() {
            EntryKind::Tree => {
                let known = before.filter(|(kind, _)| *kind == EntryKind::Tree).map(|(_, id)| id);
                sync_tree_below(repo, id, known)?;
            }
            EntryKind::Commit => {}
            _ if before.is_some_and(|(_, old)| old == id) => {}
            _ => sync_loose(repo, id)?,
        }
    }
    sync_loose(repo, tree)
}

fn sync_loose(repo: &Repository, id: ObjectId) -> Result<()> {
    let hex = id.to_hex().to_string();
    let (directory, file) = hex.split_at(2);
    let directory = repo.common_dir().join("objects").join(directory);
    let path = directory.join(file);
    match sync_path(&path) {
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(()),
        other => other.io("sync", &path)?,
    }
    sync_path(&directory).io("sync", &directory)
}

fn sync_path(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_mean_what_git_does_with_them() {
        // Measured with strace on `git commit`: (value, loose objects synced, refs synced).
        for (value, loose_object, reference) in [
            ("", false, false),
            ("committed", true, true),
            ("added", true, true),
            ("all", true, true),
            ("reference", false, true),
            ("loose-object", true, false),
            ("objects", true, false),
            ("none", false, false),
            ("-reference", false, false),
            ("committed,-reference", true, true),
            ("all,none", true, true),
            ("bogus, reference", false, true),
        ] {
            assert_eq!(Durability::parse(value), Durability { loose_object, reference }, "{value}");
        }
    }
}
