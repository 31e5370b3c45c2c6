//! Files that git goes by beside its configuration: hooks, `info/`, alternates, the list of shallow commits, configuration of submodules
//! and of other worktrees. They are read bounded, and what is no file is only named.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use bstr::ByteSlice as _;

use super::{
    parts::{Part, Parts},
    settings::Settings,
};
use crate::{
    env::local_file,
    error::Result,
    git::{
        hooks::{self, NAMES},
        process::Git,
        status,
    },
    project::Project,
    store::Store,
};

/// A file up to this size, in bytes, is known by its content; a larger one by its size and times.
const MOST: u64 = 64 << 20;

/// How much of the list of shallow commits is read, in bytes: a line each.
const MOST_SHALLOW: u64 = 16 << 20;

/// How many files are looked at, in all directories of one kind.
const MANY: usize = 2000;

/// How deep directories are looked through.
const DEEP: usize = 8;

/// What stands before the content of a hook that git runs.
pub(super) const RUNS: &str = "runs ";

/// Looks at all of them.
pub(super) fn look(project: &Project, effective: &Settings) -> Result<Parts> {
    let common = project.repo.common_dir();
    let store = project.store()?;
    let mut look = Look { project, store: &store, parts: Parts::new() };
    look.directory(Part::Hook, &common.join("hooks"), DEEP);
    if effective.contains_key("core.hookspath") {
        look.configured_hooks(&hooks::directory(Git::at(&project.repo))?);
    }
    look.git_dir(common);
    if project.repo.git_dir() != common {
        look.file(Part::File, &common.join("config.worktree"));
    }
    look.other_worktrees(&common.join("worktrees"))?;
    look.modules(&common.join("modules"), DEEP);
    let list = local_file::read(&common.join("shallow"), MOST_SHALLOW).ok().flatten().unwrap_or_default();
    let commits = list.lines().map(|line| (line.to_str_lossy().into_owned(), String::new()));
    let mut commits: BTreeMap<String, String> = commits.collect();
    // What was not read is known by its size and time.
    if fs::metadata(common.join("shallow")).is_ok_and(|meta| meta.len() > MOST_SHALLOW) {
        commits.insert("all".to_owned(), status::stamp(&common.join("shallow")).unwrap_or_default());
    }
    look.parts.insert(Part::Shallow, commits);
    Ok(look.parts)
}

struct Look<'a> {
    project: &'a Project,
    store: &'a Store<'a>,
    parts: Parts,
}

impl Look<'_> {
    /// The hooks of a directory that `core.hooksPath` names. Where the repository or its work tree lies in it, what is beside them is no part of
    /// them.
    fn configured_hooks(&mut self, dir: &Path) {
        let real = |path: &Path| fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let (repo, of) = (&self.project.repo, real(dir));
        let main = repo.main_work_dir();
        let mut places = [Some(repo.common_dir()), repo.work_dir(), main.as_deref()].into_iter().flatten();
        if places.any(|place| real(place).starts_with(&of)) {
            NAMES.iter().for_each(|name| self.file(Part::Hook, &dir.join(name)));
        } else {
            self.directory(Part::Hook, dir, DEEP);
        }
    }

    /// What every git directory has besides its configuration.
    fn git_dir(&mut self, dir: &Path) {
        self.directory(Part::File, &dir.join("info"), 1);
        self.file(Part::File, &dir.join("objects/info/alternates"));
        self.file(Part::File, &dir.join("objects/info/http-alternates"));
    }

    /// The configuration of worktrees that are no attempts': those have theirs to themselves.
    fn other_worktrees(&mut self, dir: &Path) -> Result<()> {
        let prefix = format!("ref: refs/heads/{}", self.project.config().branch_prefix()?);
        for path in entries(dir) {
            let head = local_file::read(&path.join("HEAD"), 4096).ok().flatten().unwrap_or_default();
            if !head.starts_with(prefix.as_bytes()) {
                self.file(Part::File, &path.join("config.worktree"));
            }
        }
        Ok(())
    }

    /// The git directories of submodules, which may lie in each other.
    fn modules(&mut self, dir: &Path, depth: usize) {
        for path in entries(dir).into_iter().filter(|path| is_directory(path)) {
            if path.join("HEAD").is_file() {
                self.file(Part::File, &path.join("config"));
                self.file(Part::File, &path.join("config.worktree"));
                self.directory(Part::Hook, &path.join("hooks"), 1);
                self.git_dir(&path);
                if depth > 0 {
                    self.modules(&path.join("modules"), depth - 1);
                }
            } else if depth > 0 {
                self.modules(&path, depth - 1);
            }
        }
    }

    fn directory(&mut self, part: Part, dir: &Path, depth: usize) {
        for path in entries(dir) {
            let name = path.file_name().unwrap_or_default().as_encoded_bytes();
            // Git runs no examples. It writes its list of refs for dumb servers whenever it packs, first as `refs_` and six
            // characters, and other files first as `.lock`; it reads nothing by these names.
            let list = name == b"refs" || (name.starts_with(b"refs_") && name.len() == b"refs_abcdef".len());
            if name.ends_with(b".sample") || (part == Part::File && (list || name.ends_with(b".lock"))) {
                continue;
            }
            if is_directory(&path) && depth > 0 {
                self.directory(part, &path, depth - 1);
            } else {
                self.file(part, &path);
            }
        }
    }

    fn file(&mut self, part: Part, path: &Path) {
        let Ok(meta) = fs::symlink_metadata(path) else { return };
        let names = self.parts.entry(part).or_default();
        if names.len() < MANY {
            let mark = mark(self.store, path, &meta);
            names.insert(shown(self.project, path), mark);
        }
    }
}

/// What tells the content of a file from another, a link by what it leads to as well.
pub(super) fn mark(store: &Store<'_>, path: &Path, meta: &fs::Metadata) -> String {
    let link = if meta.is_symlink() { format!("{:?} ", fs::read_link(path).ok()) } else { String::new() };
    let (Ok(real), Ok(meta)) = (fs::canonicalize(path), fs::metadata(path)) else { return format!("{link}nothing") };
    let runs = if meta.permissions().mode() & 0o111 == 0 { "" } else { RUNS };
    match local_file::read(&real, MOST) {
        Ok(Some(bytes)) => format!("{link}{runs}{}", store.blob_id(&bytes)),
        _ => format!("{link}{runs}{}", status::stamp(&real).unwrap_or_default()),
    }
}

/// A path without what is only of this machine: relative to the git directory or the main worktree, where it lies in one.
fn shown(project: &Project, path: &Path) -> String {
    let common = project.repo.common_dir().to_owned();
    let within = [Some(common), project.repo.main_work_dir()].into_iter().flatten();
    let relative = within.into_iter().find_map(|dir| path.strip_prefix(dir).ok().map(Path::to_owned));
    relative.unwrap_or_else(|| path.to_owned()).to_string_lossy().into_owned()
}

/// The entries of a directory, in order, as many as are looked at.
fn entries(dir: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> =
        fs::read_dir(dir).into_iter().flatten().flatten().take(MANY).map(|entry| entry.path()).collect();
    found.sort();
    found
}

fn is_directory(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|meta| meta.is_dir())
}

/// Whether a file is known by its name and the blob that its content makes.
pub(super) fn is_blob(parts: &BTreeMap<String, String>, name: &str, blob: &str) -> bool {
    parts.get(name).is_some_and(|mark| mark.strip_prefix(RUNS).unwrap_or(mark) == blob)
}
