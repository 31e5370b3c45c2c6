//! What changed in the person's home directory since a moment, as far as it decides how programs run there.

use std::{
    fs,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    time::{Duration, UNIX_EPOCH},
};

use crate::{
    agent::preset,
    env::Env,
    error::{IoContext as _, Result},
    project::Project,
};

/// Places below a home directory that decide how programs run, and are no caches.
const DECIDING: &[&str] =
    &[".cargo/bin", ".config", ".local/bin", ".local/lib", ".node_libraries", ".node_modules", "bin"];

/// Endings of the names of files at the top of it that programs read when they start.
const STARTS: &[&str] = &["rc", "profile", "env", "login"];

/// Directories at the top that hold such places.
const LOOKED_INTO: &[&str] = &[".cache", ".config", ".local"];

/// Where programs keep things between two runs: the variable that says it, and the usual place below a home directory.
const KEPT: &[(&str, &str)] =
    &[("XDG_CACHE_HOME", ".cache"), ("XDG_DATA_HOME", ".local/share"), ("XDG_STATE_HOME", ".local/state")];

/// How many entries of one of these places are looked at: a larger one is named itself, because anything may be new in it.
const MOST_LOOKED: usize = 50_000;

/// Of how many files of one place each is named; of more, the place itself.
const MOST_FILES: usize = 200;

/// A moment as the file system has it: seconds since 1970 and nanoseconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Since(pub i64, pub i64);

impl Since {
    /// When a file was written.
    pub(super) fn of(meta: &fs::Metadata) -> Since {
        Since(meta.mtime(), meta.mtime_nsec())
    }

    /// The present moment, by a file in `dir`.
    ///
    /// # Errors
    /// If no file can be made there.
    pub(super) fn now(dir: &Path) -> Result<Since> {
        let file = tempfile::tempfile_in(dir).and_then(|file| file.metadata()).io("create a file in", dir)?;
        Ok(Since::of(&file))
    }
}

/// What changed in the home directory since then, as far as it decides how programs run: settings at its top, programs, packages of the
/// user, what programs keep between two runs.
pub(super) fn changed(project: &Project, since: Since) -> Vec<PathBuf> {
    let env = &project.env;
    let Some(home) = env.home().and_then(|home| fs::canonicalize(home).ok()) else { return Vec::new() };
    let ours = Ours::of(project);
    let mut search = Search::new(&home, since);
    // Cargo is told how to build by a file beside its caches.
    for entry in entries(&home).into_iter().chain(entries(&home.join(".cargo"))) {
        let is_new = |meta: fs::Metadata| if meta.is_dir() { search.is_made(&meta) } else { search.is_new(&meta) };
        let own = LOOKED_INTO.iter().any(|name| entry.file_name() == *name)
            || search.kept.contains(&entry.path())
            || ours.is(&entry.path());
        if !own && entry.metadata().is_ok_and(is_new) {
            search.changed.push(entry.path());
        }
    }
    for name in DECIDING {
        search.collect_new(&home.join(name));
    }
    for (variable, name) in KEPT {
        let named = env.var(variable).map(PathBuf::from).filter(|path| path.is_absolute());
        let dirs = [named, Some(home.join(name))].into_iter().flatten().filter_map(|dir| fs::canonicalize(dir).ok());
        for entry in dirs.flat_map(|dir| entries(&dir)) {
            search.entry(&entry);
        }
    }
    search.end()
}

/// What of that decides how programs start: settings of shells and of other programs, programs, packages of the user.
pub(super) fn starts_changed(env: &Env, since: Since) -> Vec<PathBuf> {
    let Some(home) = env.home().and_then(|home| fs::canonicalize(home).ok()) else { return Vec::new() };
    let mut search = Search::new(&home, since);
    for entry in entries(&home) {
        let starts = STARTS.iter().any(|ending| entry.file_name().to_string_lossy().ends_with(ending));
        if starts && entry.metadata().is_ok_and(|meta| meta.is_file() && search.is_new(&meta)) {
            search.changed.push(entry.path());
        }
    }
    for name in DECIDING {
        search.collect_new(&home.join(name));
    }
    search.end()
}

/// Those of such changes that a program other than a known agent may read: what the agents make for themselves is not among them.
pub(super) fn told<'a>(env: &Env, changed: &'a [PathBuf]) -> Vec<&'a PathBuf> {
    let home = env.home().and_then(|home| fs::canonicalize(home).ok());
    let own = |path: &PathBuf| {
        let names = preset::ALL.iter().flat_map(|preset| preset.writes);
        home.as_ref().is_some_and(|home| names.into_iter().any(|name| is_of(path, &home.join(name))))
    };
    changed.iter().filter(|path| !own(path)).collect()
}

/// What to say of such changes; `None` if there are none but those that the known agents make for themselves: no other program reads these.
pub(super) fn say(env: &Env, changed: &[PathBuf], what: &str) -> Option<String> {
    let told = told(env, changed);
    let first = told.first()?;
    let more = if told.len() > 1 { format!(", and {} more", told.len() - 1) } else { String::new() };
    Some(format!("{what}: '{}'{more}", first.display()))
}

/// Whether `path` is `kept`, lies in it, or is a file that is written beside it to take its place.
fn is_of(path: &Path, kept: &Path) -> bool {
    let beside = || {
        let name = kept.file_name()?.to_str()?;
        let rest = path.file_name()?.to_str()?.strip_prefix(name)?;
        Some(path.parent() == kept.parent() && rest.starts_with('.'))
    };
    path.starts_with(kept) || beside() == Some(true)
}

/// A search for what is newer than a file.
struct Search {
    since: Since,
    /// What is passed over.
    kept: Vec<PathBuf>,
    changed: Vec<PathBuf>,
}

impl Search {
    fn new(home: &Path, since: Since) -> Search {
        // A run cannot write these, and may have had git-chant make them.
        let kept = vec![home.join(".gitconfig"), home.join(".config/git")];
        Search { since, kept, changed: Vec::new() }
    }

    /// What was found, in order.
    fn end(mut self) -> Vec<PathBuf> {
        self.changed.sort();
        self.changed.dedup();
        self.changed
    }

    fn is_new(&self, meta: &fs::Metadata) -> bool {
        (meta.ctime(), meta.ctime_nsec()) >= (self.since.0, self.since.1)
    }

    /// Whether a directory was made since.
    fn is_made(&self, meta: &fs::Metadata) -> bool {
        let since = Duration::new(self.since.0.unsigned_abs(), u32::try_from(self.since.1).unwrap_or_default());
        meta.created().is_ok_and(|made| made >= UNIX_EPOCH + since)
    }

    /// What is new in the directory `top`, which is named itself where that is too much.
    fn collect_new(&mut self, top: &Path) {
        let (mut dirs, mut found, mut looked) = (vec![top.to_owned()], Vec::new(), 0);
        while let Some(dir) = dirs.pop().filter(|_| looked <= MOST_LOOKED) {
            for entry in entries(&dir) {
                looked += 1;
                match entry.metadata() {
                    _ if self.kept.contains(&entry.path()) => {}
                    Ok(meta) if meta.is_dir() && !self.is_made(&meta) => dirs.push(entry.path()),
                    Ok(meta) if meta.is_dir() || self.is_new(&meta) => found.push(entry.path()),
                    _ => {}
                }
            }
        }
        let is_too_much = found.len() > MOST_FILES || looked > MOST_LOOKED;
        if is_too_much { self.changed.push(top.to_owned()) } else { self.changed.append(&mut found) }
    }

    /// As [`Search::collect_new`], for an entry of a directory, whatever it is.
    fn entry(&mut self, entry: &fs::DirEntry) {
        match entry.metadata() {
            Ok(meta) if meta.is_dir() && !self.is_made(&meta) => self.collect_new(&entry.path()),
            Ok(meta) if meta.is_dir() || self.is_new(&meta) => self.changed.push(entry.path()),
            _ => {}
        }
    }
}

fn entries(dir: &Path) -> Vec<fs::DirEntry> {
    fs::read_dir(dir).into_iter().flatten().flatten().collect()
}

/// Where the repository and its worktrees are.
pub(super) struct Ours {
    main: Option<PathBuf>,
    common: Option<PathBuf>,
}

impl Ours {
    pub(super) fn of(project: &Project) -> Ours {
        let main = project.repo.main_work_dir().and_then(|main| fs::canonicalize(main).ok());
        Ours { main, common: fs::canonicalize(project.repo.common_dir()).ok() }
    }

    /// Whether one of them is, or is below, `path`, or would be a worktree beside the main one.
    pub(super) fn is(&self, path: &Path) -> bool {
        let beside = self.main.as_ref().map(|main| format!("{}.chant-", main.display()));
        [&self.main, &self.common].iter().any(|own| own.as_ref().is_some_and(|own| own.starts_with(path)))
            || beside.is_some_and(|beside| path.to_string_lossy().starts_with(&beside))
    }
}
