//! Which commit a line or a path comes from.

use std::borrow::Cow;

use bstr::{BStr, ByteSlice};
use gix::ObjectId;

use super::{history, process::Git, promised, repository::Repository};
use crate::error::{Error, Kind, Result};

/// A line as the commit has it that last changed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    /// The commit.
    pub commit: ObjectId,
    /// The path that the file has there.
    pub path: String,
    /// The number of the line there, from 1.
    pub number: u64,
}

/// Where line `line` (from 1) of `path`, relative to the top, comes from: in the work tree, or as `rev` has it. `None` if the line is not
/// committed yet.
///
/// # Errors
/// `no-line` if there is no such file or line, in git's own words.
pub(crate) fn line(repo: &Repository, rev: Option<&str>, path: &str, line: u64) -> Result<Option<Line>> {
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
    let found = parsed(&output.stdout, path);
    let found =
        found.ok_or_else(|| Error::fatal(Kind::GitFailed, format!("unexpected output from git blame for '{path}'")))?;
    Ok((!found.commit.is_null()).then_some(found))
}

/// The line of which `git blame --porcelain` tells first; `path` is its file unless git names another.
fn parsed(printed: &[u8], path: &str) -> Option<Line> {
    let mut lines = printed.lines();
    let mut head = lines.next()?.to_str().ok()?.split(' ');
    let commit = ObjectId::from_hex(head.next()?.as_bytes()).ok()?;
    let number = head.next()?.parse().ok()?;
    let named = lines.find_map(|line| line.strip_prefix(b"filename ")).map(|name| unquoted(name.as_bstr()));
    let path = named.as_ref().and_then(|name| name.to_str().ok()).unwrap_or(path).to_owned();
    Some(Line { commit, path, number })
}

/// A name as git prints it where there is no `-z`: quoted if it has bytes that are not printable ASCII.
fn unquoted(name: &BStr) -> Cow<'_, BStr> {
    match gix::quote::ansi_c::undo(name) {
        Ok((plain, _)) => plain,
        Err(_) => name.into(),
    }
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
