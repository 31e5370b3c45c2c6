//! What a check finds around its checkout: variables, a home directory, directories of caches and temporary files.

use std::{
    ffi::OsString,
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use rustix::fs::Access;

use crate::{agent::confine::Layer, env::Env, git::process::scrubbed_env, project::Project};

/// Endings of the names of variables that name directories of programs: caches, tools, settings.
const OF_DIRECTORIES: &[&str] = &["_HOME", "_ROOT", "_DIR", "_PREFIX", "PATH", "CACHE", "_cache"];

/// Variables that have a program keep what it builds outside the checkout, where another checkout would find it.
const OF_BUILDS: &[&str] =
    &["CARGO_TARGET_DIR", "CARGO_BUILD_TARGET_DIR", "CARGO_BUILD_BUILD_DIR", "PYTHONPYCACHEPREFIX"];

/// Places below a home directory that decide how programs run, and are no caches.
const DECIDING: &[&str] =
    &[".cargo/bin", ".config", ".local/bin", ".local/lib", ".node_libraries", ".node_modules", "bin"];

/// Of how many files of one place each is named; of more, the place itself.
const MOST_FILES: usize = 200;

/// What is different in the environment of a check from the person's: nothing ties it to a repository, and nothing tells it what it is
/// run for.
pub(super) fn environment(project: &Project) -> Vec<(OsString, Option<OsString>)> {
    let ours = project.env.names().filter(|name| name.as_encoded_bytes().starts_with(b"CHANT_"));
    let removed = ours.map(ToOwned::to_owned).chain(scrubbed_env(&project.env));
    removed.chain(OF_BUILDS.iter().map(OsString::from)).map(|name| (name, None)).collect()
}

/// The directories outside the checkout that programs write to, none within another: a check changes each of them for itself only.
/// The names of what it writes there begin with `kind`.
pub(super) fn layers(project: &Project, kind: &str) -> Vec<Layer> {
    let roots = roots(&project.env).into_iter().enumerate();
    roots.map(|(number, at)| Layer { at, lower: None, name: format!("{kind}-{number}") }).collect()
}

/// Whether a check that has these layers has a home directory of its own.
pub(super) fn has_own_home(env: &Env, layers: &[Layer]) -> bool {
    let home = env.home().and_then(|home| fs::canonicalize(home).ok());
    home.is_some_and(|home| layers.iter().any(|layer| home.starts_with(&layer.at)))
}

/// What changed in the home directory since the file `since` was written, as far as it decides how programs run: settings at its top,
/// programs, packages of the user.
pub(super) fn changed_at_home(env: &Env, since: &Path) -> Vec<PathBuf> {
    let Some(home) = env.home().and_then(|home| fs::canonicalize(home).ok()) else { return Vec::new() };
    let Ok(since) = fs::symlink_metadata(since).map(|meta| (meta.mtime(), meta.mtime_nsec())) else {
        return Vec::new();
    };
    let is_new = |meta: &fs::Metadata| !meta.is_dir() && (meta.ctime(), meta.ctime_nsec()) >= since;
    let mut changed = Vec::new();
    for (place, deep) in [(home.clone(), false)].into_iter().chain(DECIDING.iter().map(|name| (home.join(name), true)))
    {
        let (mut dirs, mut files) = (vec![place.clone()], Vec::new());
        while let Some(dir) = dirs.pop() {
            for entry in fs::read_dir(&dir).into_iter().flatten().flatten() {
                match entry.metadata() {
                    Ok(meta) if meta.is_dir() && deep => dirs.push(entry.path()),
                    // A run cannot write it.
                    Ok(_) if !deep && entry.file_name() == ".gitconfig" => {}
                    Ok(meta) if is_new(&meta) => files.push(entry.path()),
                    _ => {}
                }
            }
        }
        if files.len() > MOST_FILES && deep { changed.push(place) } else { changed.append(&mut files) }
    }
    changed.sort();
    changed
}

fn roots(env: &Env) -> Vec<PathBuf> {
    let mut named: Vec<PathBuf> = env.home().into_iter().collect();
    named.extend([env.temp_dir(), "/tmp".into(), "/var/tmp".into()]);
    for name in env.names() {
        let of_directory = name.to_str().is_some_and(|name| {
            OF_DIRECTORIES.iter().any(|ending| name.ends_with(ending)) && !OF_BUILDS.contains(&name)
        });
        let value = name.to_str().filter(|_| of_directory).and_then(|name| env.var(name));
        named.extend(value.map(PathBuf::from).filter(|path| path.is_absolute()));
    }
    let writable = |path: &Path| rustix::fs::access(path, Access::WRITE_OK | Access::EXEC_OK).is_ok();
    let mut roots: Vec<PathBuf> = named
        .into_iter()
        .filter_map(|path| fs::canonicalize(path).ok())
        .filter(|path| path.is_dir() && path.parent().is_some() && writable(path) && !of_the_system(path))
        .collect();
    roots.sort();
    let mut outermost: Vec<PathBuf> = Vec::new();
    for root in roots {
        if !outermost.iter().any(|outer| root.starts_with(outer)) {
            outermost.push(root);
        }
    }
    outermost
}

/// Whether a directory belongs to the system, which a check leaves as it is, even as root.
fn of_the_system(path: &Path) -> bool {
    let parts = ["/bin", "/boot", "/etc", "/lib", "/lib64", "/proc", "/run", "/sbin", "/sys", "/usr"];
    parts.iter().any(|part| path.starts_with(part) && !path.starts_with("/usr/local")) || path == Path::new("/var")
}
