//! Which commit a line or a path comes from.

use bstr::ByteSlice;
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
    // A name that git quotes is compared with none.
    let named = lines.find_map(|line| line.strip_prefix(b"filename "));
    let path = named.and_then(|name| name.to_str().ok()).unwrap_or(path).to_owned();
    Some(Line { commit, path, number })
}

/// The commit, of those that `tip` reaches and `since` does not, that a line of another commit comes from which has the same change of the
/// path in one. `None` if it comes from none of them.
///
/// # Errors
/// If git fails.
pub(crate) fn line_between(
    repo: &Repository,
    (commit, path, number): (ObjectId, &str, u64),
    since: ObjectId,
    tip: ObjectId,
) -> Result<Option<ObjectId>> {
    let Some(number) = place_in(repo, (tip, commit), path, number)? else { return Ok(None) };
    let (range, line) = (format!("{since}..{tip}"), format!("{number},{number}"));
    let output = Git::at(repo).args(["blame", "--porcelain", "-L", &line, &range, "--", path]).run()?;
    let is_older = output.stdout.lines().any(|line| line == b"boundary");
    let found = parsed(&output.stdout, path).filter(|_| output.success() && !is_older);
    Ok(found.map(|found| found.commit))
}

/// The number that a line of a file in the commit `new` has in `old`; `None` if it is not there.
fn place_in(repo: &Repository, (old, new): (ObjectId, ObjectId), path: &str, number: u64) -> Result<Option<u64>> {
    let git = Git::at(repo).global("--literal-pathspecs").args(["diff-tree", "-r", "-U0", "-p"]);
    let git = git.args(["--no-renames", "--no-ext-diff", "--no-textconv", "--no-color"]);
    let printed = git.args([old.to_string(), new.to_string()]).args(["--", path]).check()?.stdout;
    let mut shift: i64 = 0;
    for hunk in printed.lines().filter_map(|line| hunk(line.to_str().ok()?)) {
        let (old, new) = hunk;
        // Of a hunk without lines on one side git gives the line before it.
        let begin = if new.1 == 0 { new.0 + 1 } else { new.0 };
        if number < begin {
            break;
        }
        if number < begin + new.1 {
            return Ok(None);
        }
        shift += old.1.cast_signed() - new.1.cast_signed();
    }
    Ok(number.checked_add_signed(shift))
}

/// The lines of a hunk before and after, each with the first and how many: `@@ -1,2 +3 @@`.
fn hunk(line: &str) -> Option<((u64, u64), (u64, u64))> {
    let mut sides = line.strip_prefix("@@ -")?.split(' ');
    let side = |text: &str| {
        let (first, count) = text.split_once(',').unwrap_or((text, "1"));
        Some((first.parse().ok()?, count.parse().ok()?))
    };
    Some((side(sides.next()?)?, side(sides.next()?.strip_prefix('+')?)?))
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
