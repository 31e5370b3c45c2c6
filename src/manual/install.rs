//! Installs the pages of the manual where `man` finds them.

use std::{
    ffi::OsStr,
    fs,
    io::{Read as _, Write as _},
    path::{Path, PathBuf},
};

use super::{MANUAL, files};
use crate::{
    env::Env,
    error::{Error, IoContext, Kind, Result},
};

/// The sections that there are pages in, as directories.
const DIRECTORIES: [&str; 3] = ["man1", "man5", "man7"];

/// Where `man` looks in any case.
const OF_THE_SYSTEM: [&str; 3] = ["/usr/share/man", "/usr/local/share/man", "/usr/local/man"];

/// A change of one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// The file is to hold this page.
    Write(PathBuf, String),
    /// The file is to be removed.
    Remove(PathBuf),
}

impl Change {
    /// The file.
    pub(crate) fn path(&self) -> &Path {
        match self {
            Change::Write(path, _) | Change::Remove(path) => path,
        }
    }
}

/// The directories that the manual is installed in by default, the preferred one first: where this person's data is, and beside the
/// directories of commands that are this person's own.
pub(crate) fn places(env: &Env) -> Vec<PathBuf> {
    let Some(home) = env.home() else { return Vec::new() };
    let data = env.var("XDG_DATA_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let mut places = vec![data.unwrap_or_else(|| home.join(".local/share")).join("man")];
    for bin in std::env::split_paths(env.var("PATH").unwrap_or_default()) {
        let beside =
            bin.parent().filter(|_| bin.starts_with(&home) && bin.ends_with("bin")).map(|dir| dir.join("share/man"));
        places.extend(beside.filter(|place| !places.contains(place)));
    }
    places
}

/// Where to install by default: a place that `man` searches, if there is one.
///
/// # Errors
/// `no-home` if there is no home directory.
pub(crate) fn default_dir(env: &Env) -> Result<PathBuf> {
    let places = places(env);
    let found = places.iter().find(|place| is_searched(env, place)).or(places.first());
    found.cloned().ok_or_else(|| {
        Error::fatal(Kind::NoHome, "no home directory to install the manual in")
            .hint("to name a directory: git chant install-man <dir>")
    })
}

/// Whether `man` looks into `place`, as far as that can be told: by `MANPATH`, or because it lies beside a directory of `PATH`.
pub(crate) fn is_searched(env: &Env, place: &Path) -> bool {
    if let Some(manpath) = env.var("MANPATH").filter(|value| !value.is_empty()) {
        let named: Vec<_> = std::env::split_paths(manpath).collect();
        if named.iter().any(|dir| dir == place) {
            return true;
        }
        // An empty entry stands for what there would be without it.
        if !named.iter().any(|dir| dir.as_os_str().is_empty()) {
            return false;
        }
    }
    let beside =
        |bin: PathBuf| bin.parent().is_some_and(|dir| dir.join("share/man") == place || dir.join("man") == place);
    OF_THE_SYSTEM.iter().any(|dir| Path::new(dir) == place)
        || std::env::split_paths(env.var("PATH").unwrap_or_default()).any(beside)
}

/// The changes by which `place` gets the pages of this version and no others; none the second time.
///
/// # Errors
/// `exists` if a file that is none of ours stands where a page belongs; `io`.
pub(crate) fn install(place: &Path) -> Result<Vec<Change>> {
    let mut changes = Vec::new();
    let mut wanted = Vec::new();
    for page in files() {
        let path = place.join(page.directory()).join(&page.file);
        match fs::read(&path) {
            Ok(there) if there == page.text.as_bytes() => {}
            Ok(_) if !is_ours(&path) => {
                let message = format!("'{}' exists and is not a page of git-chant", path.display());
                return Err(Error::negative(Kind::Exists, message));
            }
            Err(cause) if cause.kind() != std::io::ErrorKind::NotFound => return Err(cause).io("read", &path),
            _ => changes.push(Change::Write(path.clone(), page.text)),
        }
        wanted.push(path);
    }
    changes.extend(ours(place)?.into_iter().filter(|path| !wanted.contains(path)).map(Change::Remove));
    Ok(changes)
}

/// The changes that remove our pages from `place`.
///
/// # Errors
/// `io`.
pub(crate) fn remove(place: &Path) -> Result<Vec<Change>> {
    Ok(ours(place)?.into_iter().map(Change::Remove).collect())
}

/// Makes a change: a page appears whole or not at all, and a directory is removed with its last page.
///
/// # Errors
/// `io`.
pub(crate) fn apply(change: &Change) -> Result<()> {
    match change {
        Change::Write(path, text) => {
            let dir = path.parent().unwrap_or(path);
            fs::create_dir_all(dir).io("make", dir)?;
            let mut file = tempfile::Builder::new()
                .prefix(".git-chant-")
                .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644))
                .tempfile_in(dir)
                .io("write to", dir)?;
            file.write_all(text.as_bytes()).io("write", path)?;
            file.persist(path).map_err(|error| error.error).io("write", path).map(drop)
        }
        Change::Remove(path) => {
            match fs::remove_file(path) {
                Err(cause) if cause.kind() != std::io::ErrorKind::NotFound => return Err(cause).io("remove", path),
                _ => {}
            }
            // What still holds something stays.
            let empty = path.ancestors().skip(1).take(2).try_for_each(fs::remove_dir);
            drop(empty);
            Ok(())
        }
    }
}

/// The pages of ours that are in `place`, of whatever version, in the order of their names.
fn ours(place: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for directory in DIRECTORIES.map(|name| place.join(name)) {
        let entries = match fs::read_dir(&directory) {
            Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => continue,
            entries => entries.io("read", &directory)?,
        };
        for entry in entries {
            let entry = entry.io("read", &directory)?;
            let named = |name: &OsStr| {
                name.to_str().is_some_and(|name| name.starts_with("git-chant") || name.starts_with("gitchant-"))
            };
            if named(&entry.file_name()) && is_ours(&entry.path()) {
                found.push(entry.path());
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Whether a file is a page that this tool has made: its title says so, or a comment where it only points to another.
fn is_ours(path: &Path) -> bool {
    let mut head = Vec::new();
    let regular = fs::symlink_metadata(path).is_ok_and(|meta| meta.is_file());
    let read = fs::File::open(path).and_then(|file| file.take(1024).read_to_end(&mut head));
    let mark = format!("\"{MANUAL}\"");
    regular && read.is_ok() && String::from_utf8_lossy(&head).contains(&mark)
}
