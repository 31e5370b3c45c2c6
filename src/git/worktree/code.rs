//! Whether git may run a program that lies in a worktree, or is named by what lies there. The repository's own configuration counts as it was
//! when the repository was opened. Confining such a git is up to the caller.

use std::{fs, path::PathBuf};

use bstr::ByteSlice as _;
use gix::{
    ObjectId,
    index::{File, decode, entry::Mode},
};

use super::Worktree;
use crate::{
    env::{Env, local_file},
    error::Result,
    git::repository::Repository,
};

/// How large a file with attributes is read, in bytes.
const MAX_ATTRIBUTES: u64 = 1 << 20;

/// Whether it may when it reads or writes files: a filter or a merge driver, or what the configuration of a submodule names. A repository
/// inside the worktree is as good as a submodule as soon as the index names it.
pub(crate) fn has_filters(repo: &Repository, worktree: &Worktree) -> bool {
    names_filters(repo) || names_programs(repo, "merge", &["driver"]) || has_repositories(repo, worktree)
}

/// Whether it may when it puts files into a worktree that has none, without submodules.
pub(crate) fn names_filters(repo: &Repository) -> bool {
    names_programs(repo, "filter", &["clean", "smudge", "process"])
}

/// Whether a checkout of `commit` may run a filter, of the machine or the person, too.
///
/// # Errors
/// If the commit cannot be read.
pub(crate) fn filters_commit(repo: &Repository, env: &Env, commit: ObjectId) -> Result<bool> {
    let snapshot = repo.gix().config_snapshot();
    if snapshot.plumbing().sections_by_name("filter").is_none_or(|mut all| all.next().is_none()) {
        return Ok(false);
    }
    let own = snapshot.trusted_path("core.attributesFile").ok().flatten();
    let named = [Some(repo.common_dir().join("info/attributes")), own.or_else(|| usual_attributes(env))];
    let filters = |text: &[u8]| text.contains_str("filter");
    // What is there and cannot be read may name one.
    if named.iter().flatten().any(|path| {
        let path = fs::canonicalize(path).unwrap_or_else(|_| path.clone());
        local_file::read(&path, MAX_ATTRIBUTES).map_or(true, |text| text.is_some_and(|text| filters(&text)))
    }) {
        return Ok(true);
    }
    let index = repo.gix().index_from_tree(&repo.gix().find_commit(commit)?.tree_id()?)?;
    for entry in index.entries().iter().filter(|entry| entry.path(&index).ends_with(b".gitattributes")) {
        if filters(&repo.gix().find_object(entry.id)?.data) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The file with attributes that git reads where the configuration names none.
fn usual_attributes(env: &Env) -> Option<PathBuf> {
    let config = env.var("XDG_CONFIG_HOME").filter(|dir| !dir.is_empty()).map(PathBuf::from);
    config.or_else(|| Some(env.home()?.join(".config"))).map(|dir| dir.join("git/attributes"))
}

/// Whether it may when it commits, merges or checks out: a hook or a file system monitor.
pub(crate) fn has_hooks(repo: &Repository) -> bool {
    let snapshot = repo.gix().config_snapshot();
    let is_set = |key: &str| snapshot.string(key).is_some();
    let hooks = fs::read_dir(repo.common_dir().join("hooks")).into_iter().flatten().flatten();
    snapshot.plumbing().sections_by_name("hook").is_some_and(|mut all| all.next().is_some())
        || is_set("core.hooksPath")
        || is_set("core.fsmonitor")
        || hooks.into_iter().any(|hook| !hook.file_name().as_encoded_bytes().ends_with(b".sample"))
}

/// Whether a setting of these names in a section is a command that may lie in the worktree. The one of git-lfs does not, which is in the
/// configuration of most machines that have it.
fn names_programs(repo: &Repository, section: &str, names: &[&str]) -> bool {
    let snapshot = repo.gix().config_snapshot();
    let sections: Vec<_> = snapshot.plumbing().sections_by_name(section).into_iter().flatten().collect();
    let mut commands = sections.iter().flat_map(|section| names.iter().flat_map(|name| section.values(name)));
    commands
        .any(|command| !command.is_empty() && !command.starts_with(b"git-lfs ") && !command.starts_with(b"git lfs "))
}

/// Whether its index names a repository of its own. An index that cannot be read may.
fn has_repositories(repo: &Repository, worktree: &Worktree) -> bool {
    let path = worktree.git_dir.join("index");
    if !path.exists() {
        return false;
    }
    let index = File::at(path, repo.gix().object_hash(), true, decode::Options::default());
    index.map_or(true, |index| index.entries().iter().any(|entry| entry.mode == Mode::COMMIT))
}
