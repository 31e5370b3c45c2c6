//! Which commits touched which files: the history of many files in one pass.

use std::collections::HashMap;

use bstr::{BString, ByteSlice};
use gix::{ObjectId, actor::Signature};

use super::{process::Git, repository::Repository};
use crate::error::{Error, Kind, Result};

/// The version of a file that a commit made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Version {
    /// The commit.
    pub commit: ObjectId,
    /// The blob of the file; `None` if the commit deleted it, or made it something else than a regular file.
    pub blob: Option<ObjectId>,
}

/// The versions of each file below `folders`, oldest first, as the commits that `tip` reaches have made them; merges are left out. A
/// rename is a deletion and an addition.
pub(crate) fn versions_below(
    repo: &Repository,
    tip: ObjectId,
    folders: &[&str],
) -> Result<HashMap<BString, Vec<Version>>> {
    let listed = Git::at(repo)
        .global("--literal-pathspecs")
        .args(["rev-list", "--topo-order", "--reverse", "--no-merges"])
        .arg(tip.to_hex().to_string())
        .arg("--")
        .args(folders)
        .check()?;
    let mut versions: HashMap<BString, Vec<Version>> = HashMap::new();
    if listed.stdout.is_empty() {
        return Ok(versions);
    }
    let changed = Git::at(repo)
        .global("--literal-pathspecs")
        .args(["diff-tree", "--stdin", "--root", "-r", "-z", "--raw", "--no-abbrev", "--no-renames", "--no-ext-diff"])
        .arg("--")
        .args(folders)
        .stdin_bytes(listed.stdout.to_vec())
        .check()?;
    let broken = || Error::fatal(Kind::GitFailed, "unexpected output from git diff-tree");
    let mut records = changed.records();
    let mut commit = None;
    while let Some(record) = records.next() {
        let Some(raw) = record.strip_prefix(b":") else {
            commit = Some(ObjectId::from_hex(record).map_err(|_| broken())?);
            continue;
        };
        // Old mode, new mode, old id, new id, what was done.
        let fields: Vec<&[u8]> = raw.split_str(" ").collect();
        let (Some(commit), Some(path), [_, mode, _, blob, _]) = (commit, records.next(), &fields[..]) else {
            return Err(broken());
        };
        let blob = ObjectId::from_hex(blob).map_err(|_| broken())?;
        let regular = mode.starts_with(b"100") && !blob.is_null();
        versions.entry(path.into()).or_default().push(Version { commit, blob: regular.then_some(blob) });
    }
    Ok(versions)
}

/// Who made a commit, and when; `None` if its author is not written as git writes one.
pub(crate) fn author_of(repo: &Repository, commit: ObjectId) -> Result<Option<Signature>> {
    let commit = repo.gix().find_commit(commit)?;
    let Ok(author) = commit.author() else { return Ok(None) };
    let usable = |part: &bstr::BStr| !part.is_empty() && !part.iter().any(|byte| b"<>\n\0".contains(byte));
    if !usable(author.name) || !usable(author.email) {
        return Ok(None);
    }
    Ok(author.to_owned().ok())
}

/// The commits that are meant by `names`, full ids or what they begin with, as far as they are here; one that means none or several is
/// left out. Nothing is fetched for it.
pub(crate) fn commits_named(repo: &Repository, names: &[String]) -> Result<HashMap<String, ObjectId>> {
    let hex = |name: &&String| (4..=64).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_hexdigit());
    let asked: Vec<&String> = names.iter().filter(hex).collect();
    if asked.is_empty() {
        return Ok(HashMap::new());
    }
    let questions: String = asked.iter().map(|name| format!("{name}^{{commit}}\n")).collect();
    let answers = Git::at(repo)
        .env("GIT_NO_LAZY_FETCH", "1")
        .args(["cat-file", "--batch-check=%(objectname)"])
        .stdin_bytes(questions)
        .check()?;
    // A line for each: an id, or the question and why there is no answer.
    let answers: Vec<&[u8]> = answers.stdout.lines().collect();
    if answers.len() != asked.len() {
        return Err(Error::fatal(Kind::GitFailed, "unexpected output from git cat-file"));
    }
    let found = |(name, answer): (&String, &[u8])| Some((name.clone(), ObjectId::from_hex(answer).ok()?));
    Ok(asked.into_iter().zip(answers).filter_map(found).collect())
}
