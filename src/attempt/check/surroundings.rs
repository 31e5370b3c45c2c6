//! What a check finds around its checkout: variables, a home directory, directories of caches and temporary files.

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
};

use rustix::fs::Access;

use super::changes;
use crate::{
    agent::confine::Layer,
    attempt::home::Ours,
    env::Env,
    error::{Error, Kind, Result},
    git::{
        process::scrubbed_env,
        repository::Head,
        worktree::{self, Worktree},
    },
    project::Project,
};

/// Endings of the names of variables that name directories of programs: caches, tools, settings.
const OF_DIRECTORIES: &[&str] = &["_HOME", "_ROOT", "_DIR", "_PREFIX", "PATH", "CACHE", "_cache"];

/// Variables that have a program keep what it builds outside the checkout, where another checkout would find it.
const OF_BUILDS: &[&str] =
    &["CARGO_TARGET_DIR", "CARGO_BUILD_TARGET_DIR", "CARGO_BUILD_BUILD_DIR", "PYTHONPYCACHEPREFIX"];

/// How many entries of directories for temporary files are hidden: a run that leaves more cannot be checked.
const MOST_TEMPORARY: usize = 20_000;

/// What is different in the environment of a check from the person's: nothing ties it to a repository, nothing tells it what it is run for,
/// and programs speak English, which is how it is known what they say.
pub(super) fn environment(project: &Project) -> Vec<(OsString, Option<OsString>)> {
    let ours = project.env.names().filter(|name| name.as_encoded_bytes().starts_with(b"CHANT_"));
    let removed = ours.map(ToOwned::to_owned).chain(scrubbed_env(&project.env));
    let removed = removed.chain(OF_BUILDS.iter().map(OsString::from)).map(|name| (name, None));
    removed.chain([("LANGUAGE".into(), Some("en".into()))]).collect()
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

/// Where agents work and worked, which no check in the checkout at `place` finds: their worktrees, those that are kept for the next one, and
/// what their private repositories hold.
pub(super) fn of_agents(project: &Project, place: &Path) -> Result<Vec<PathBuf>> {
    let prefix = project.config().branch_prefix()?.to_string();
    let home = project.env.home();
    let is_agents = |tree: &Worktree| match &tree.head {
        Some(Head::Branch(name, _)) => name.shorten().starts_with(prefix.as_bytes()),
        _ => true,
    };
    let holds = |tree: &Path| [Some(place), home.as_deref()].iter().flatten().any(|held| held.starts_with(tree));
    let trees = worktree::list(&project.repo)?.into_iter().filter(|tree| !tree.main && is_agents(tree));
    let trees = trees.map(|tree| tree.path).filter(|path| !holds(path));
    let chant = project.repo.chant_dir();
    Ok(trees.chain(["pool", "runs"].map(|name| chant.join(name))).collect())
}

/// All that a check of an attempt does not find in the person's directories: what its own run changed or made there since the file `since`
/// was written, and what other runs changed. Those of the home directory come first; the number says how many they are.
///
/// # Errors
/// If that cannot be told.
pub(super) fn hidden(project: &Project, since: &Path) -> Result<(Vec<PathBuf>, usize)> {
    let mut hidden = changes::at_home(project, since)?;
    hidden.extend(changes::by_runs(project)?);
    hidden.sort();
    hidden.dedup();
    let at_home = hidden.len();
    hidden.extend(new_temporary(project, since)?);
    Ok((hidden, at_home))
}

/// What appeared at the top of directories for temporary files since the file `since` was written.
fn new_temporary(project: &Project, since: &Path) -> Result<Vec<PathBuf>> {
    let env = &project.env;
    let Ok(since) = fs::symlink_metadata(since).and_then(|meta| meta.modified()) else {
        return Ok(Vec::new());
    };
    let mut dirs: Vec<PathBuf> = [env.temp_dir(), "/tmp".into(), "/var/tmp".into()]
        .into_iter()
        .filter_map(|dir: PathBuf| fs::canonicalize(dir).ok())
        .collect();
    dirs.sort();
    dirs.dedup();
    let entries = dirs.iter().flat_map(|dir| fs::read_dir(dir).into_iter().flatten().flatten());
    let is_new =
        |entry: &fs::DirEntry| entry.metadata().and_then(|meta| meta.created()).is_ok_and(|made| made >= since);
    let ours = Ours::of(project);
    let new = entries.filter(is_new).map(|entry| entry.path()).filter(|path| !ours.is(path));
    let new: Vec<PathBuf> = new.take(MOST_TEMPORARY + 1).collect();
    match new.get(MOST_TEMPORARY) {
        Some(last) => {
            let place = last.parent().unwrap_or(last).display();
            let message = format!("the run left more than {MOST_TEMPORARY} entries in directories such as '{place}'");
            Err(Error::negative(Kind::Checks, message).hint("remove them, so that no check finds them"))
        }
        None => Ok(new),
    }
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
