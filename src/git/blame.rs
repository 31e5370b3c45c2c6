//! Which commit a line or a path comes from.

use bstr::ByteSlice;
use gix::ObjectId;

use super::{history, process::Git, promised, repository::Repository};
use crate::error::{Error, Kind, Result};

/// The commit that last changed line `line` (from 1) of `path`, relative to the top: in the work tree, or as `rev` has it. `None` if
/// the line is not committed yet.
///
/// # Errors
/// `no-line` if there is no such file or line, in git's own words.
pub(crate) fn line(repo: &Repository, rev: Option<&str>, path: &str, line: u64) -> Result<Option<ObjectId>> {
    promised::fetch_history(repo, rev.unwrap_or("HEAD"), path)?;
    let range = format!("{line},{line}");
    let git = Git::at(repo).args(["blame", "--porcelain", "-L", &range]).args(rev).arg("--").arg(path);
    let output = git.run()?;
    if !output.success() {
        return Err(Error::negative(
            Kind::NoLine,
            format!("cannot find the origin of '{path}:{line}': {}", output.complaint()),
        ));
    }
    let first = output.stdout.lines().next().and_then(|line| line.split_str(" ").next()).unwrap_or_default();
    let id = ObjectId::from_hex(first)
        .map_err(|_| Error::fatal(Kind::GitFailed, format!("unexpected output from git blame for '{path}'")))?;
    Ok((!id.is_null()).then_some(id))
}

/// The commits that changed `path`, relative to the top, newest first, at most `most`; renames are followed.
pub(crate) fn path(repo: &Repository, path: &str, most: usize) -> Result<Vec<ObjectId>> {
    promised::fetch_history(repo, "HEAD", path)?;
    let listed = Git::at(repo)
        .global("--literal-pathspecs")
        .args(["log", "--follow", "--format=%H", "-n", &most.to_string(), "--"])
        .arg(path)
        .check()?;
    Ok(history::ids(&listed).collect())
}

/// The subject of a commit.
pub(crate) fn subject(repo: &Repository, commit: ObjectId) -> Result<Option<String>> {
    let Some(object) = repo.gix().try_find_object(commit)? else { return Ok(None) };
    let Ok(commit) = object.try_into_commit() else { return Ok(None) };
    Ok(Some(commit.message()?.summary().to_str_lossy().into_owned()))
}
