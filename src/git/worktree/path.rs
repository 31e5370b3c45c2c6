//! Where the worktree of a spec lies.

use std::path::{Path, PathBuf};

use bstr::ByteSlice;
use rustix::fs::Access;

use crate::{
    error::{Error, Kind, Result},
    git::{process::Git, repository::Repository},
};

/// The path for the worktree of the spec with this short id: `<repo>.chant-<short id>` beside the main worktree (or the bare
/// repository), so that `../sibling` paths in it work; in `chant.worktreeDir` if that is set; in the cache directory if the
/// parent cannot be written, or belongs to another repository of which this one is a submodule. Absolute; nothing is made.
pub(crate) fn default_path(repo: &Repository, short_id: &str) -> Result<PathBuf> {
    let main = repo.main_work_dir().unwrap_or_else(|| repo.common_dir().to_owned());
    let name = format!("{}.chant-{short_id}", repository_name(&main));
    if let Some(dir) = repo.config().worktree_dir(repo.env().home())? {
        let dir = main.join(dir);
        let tidy = gix::path::normalize(dir.clone().into(), repo.env().cwd()).map(|path| path.into_owned());
        return Ok(tidy.unwrap_or(dir).join(name));
    }
    match main.parent() {
        Some(parent) if writable(parent) && !is_submodule(repo)? => Ok(parent.join(name)),
        _ => Ok(cache_dir(repo)?.join(name)),
    }
}

/// `app` of `/src/app` and of `/srv/app.git`; the directory that a hidden one lies in (`app/.bare`, `app/.git`).
fn repository_name(main: &Path) -> String {
    let base = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned());
    let own = base(main).unwrap_or_default();
    let name = if own.starts_with('.') { main.parent().and_then(base).unwrap_or_default() } else { own };
    let name = name.strip_suffix(".git").unwrap_or(&name);
    if name.is_empty() { "repository".to_owned() } else { name.to_owned() }
}

/// Whether what lies beside the main worktree lies in the work tree of another repository.
fn is_submodule(repo: &Repository) -> Result<bool> {
    // Where git keeps those of submodules; asked first, since the answer takes a process.
    if !repo.common_dir().components().any(|part| part.as_os_str() == "modules") {
        return Ok(false);
    }
    let asked = Git::at(repo).args(["rev-parse", "--show-superproject-working-tree"]).run()?;
    Ok(asked.success() && !asked.line().is_empty())
}

fn writable(dir: &Path) -> bool {
    rustix::fs::access(dir, Access::WRITE_OK | Access::EXEC_OK).is_ok()
}

/// A directory of this repository's own in the cache, so that equal names of repositories do not meet there.
fn cache_dir(repo: &Repository) -> Result<PathBuf> {
    let Some(cache) = repo.env().cache_dir() else {
        let message = "no place for a worktree: the main worktree's parent is not writable and HOME is not set";
        return Err(Error::fatal(Kind::NoWorktreePlace, message).hint("git config chant.worktreeDir <directory>"));
    };
    let path = gix::path::into_bstr(repo.common_dir())?;
    let hash = gix::objs::compute_hash(gix::hash::Kind::Sha1, gix::objs::Kind::Blob, path.as_bytes())?;
    Ok(cache.join("git-chant").join(hash.to_hex_with_len(12).to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_repositories() {
        for (path, name) in [
            ("/src/app", "app"),
            ("/srv/app.git", "app"),
            ("/srv/app/.bare", "app"),
            ("/srv/app/.git", "app"),
            ("/", "repository"),
        ] {
            assert_eq!(repository_name(Path::new(path)), name, "{path}");
        }
    }
}
