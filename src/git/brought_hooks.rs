//! Hooks, and programs that settings name, that a merge itself brings into the worktree of its target: none of them runs before a person has
//! seen it.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use bstr::ByteSlice as _;

use super::{
    history::{Change, overlap},
    hooks,
    obeyed::{Obeyed, plain},
    repository::Repository,
    worktree::{Worktree, real},
};
use crate::error::Result;

/// How many hooks are looked at.
const MANY: usize = 1000;

/// What git runs as hooks in `tree`, or finds them by, if one of the `changes` is of it. It may not be there yet: its name decides.
pub(super) fn brought(repo: &Repository, tree: &Worktree, changes: &[Change]) -> Result<Option<String>> {
    let dir = plain(&hooks::directory(tree.git()?)?);
    let mut names: BTreeSet<PathBuf> = [dir.clone(), real(&dir)].into();
    // Where that is the whole worktree, only what is named as a hook is one.
    if names.iter().any(|name| real(&tree.path).starts_with(name)) {
        names = names.iter().flat_map(|dir| hooks::NAMES.map(|hook| dir.join(hook))).collect();
    }
    // Husky has its own in '_', which run those beside it.
    names.extend(names.clone().iter().filter(|name| name.ends_with("_")).filter_map(|name| name.parent()).map(real));
    let entries = fs::read_dir(&dir).into_iter().flatten().flatten().take(MANY).map(|entry| entry.path());
    names.extend(entries.filter(|path| path.is_symlink()).map(|link| leads_to(&link)));
    // What configuration says of hooks, git reads again when it runs one.
    let obeyed = Obeyed::of(repo);
    names.extend(obeyed.included);
    // A program that git runs where it is is one as well.
    names.extend(obeyed.relative.keys().map(|path| tree.path.join(path)));
    names.extend(obeyed.programs);
    let tops = [tree.path.clone(), real(&tree.path)];
    let inside = |name: &PathBuf| tops.iter().find_map(|top| name.strip_prefix(top).ok().map(Path::to_owned));
    let is_changed = |name: &Path| {
        let name = gix::path::into_bstr(name).unwrap_or_default();
        changes.iter().any(|change| overlap(change.path.as_bstr(), &name))
    };
    let mut names = names.iter().filter_map(inside).filter(|name| !name.starts_with(".git"));
    Ok(names.find(|name| is_changed(name)).map(|name| name.display().to_string()))
}

/// The program, with its setting, that git would run to write the files of a merge and that one of the `changes` is of: it would run as soon
/// as it is written.
pub(super) fn brought_filter(repo: &Repository, changes: &[Change]) -> Option<(String, String)> {
    let filters = Obeyed::of(repo).relative.into_iter().filter(|(_, setting)| setting.starts_with("filter."));
    let is_changed = |path: &Path| {
        let path = gix::path::into_bstr(path).unwrap_or_default();
        changes.iter().any(|change| overlap(change.path.as_bstr(), &path))
    };
    let mut changed = filters.filter(|(path, _)| is_changed(path));
    changed.next().map(|(path, setting)| (path.display().to_string(), setting))
}

/// What a link leads to, whether that is there or not.
fn leads_to(link: &Path) -> PathBuf {
    let target = fs::read_link(link).unwrap_or_default();
    real(&plain(&link.parent().unwrap_or(link).join(target)))
}
