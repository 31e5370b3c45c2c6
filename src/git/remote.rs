//! Exchange with a remote, by git's own processes: its transports, its credentials, its configuration.

use std::time::{Duration, Instant};

use bstr::{BStr, BString, ByteSlice};
use gix::ObjectId;

use super::{process::Git, repository::Repository};
use crate::error::{Error, Result};

/// The remotes that the configuration names, sorted.
pub fn names(repo: &Repository) -> Vec<String> {
    repo.gix().remote_names().iter().map(ToString::to_string).collect()
}

/// Fetches refs.
///
/// `refspecs` name what goes where; whatever the configuration of the remote says about refspecs, tags, pruning or filters does
/// not count. All refs move or none. Refs in the destination namespaces that the remote has no longer are deleted. `tips` is a
/// glob of refs whose history the remote is likely to have.
///
/// # Errors
/// `remote-unreachable` if git could not fetch, in git's own words.
pub fn fetch(repo: &Repository, remote: &str, refspecs: &[String], tips: &str) -> Result<()> {
    let mut git = Git::at(repo)
        .may_ask()
        .config("fetch.fsckObjects=true")
        .args(["fetch", "--quiet", "--atomic", "--prune", "--refmap=", "--no-tags", "--no-write-fetch-head"])
        .args(["--no-recurse-submodules", "--no-auto-maintenance", "--no-show-forced-updates", "--no-filter"]);
    if repo.gix().references()?.prefixed(tips.trim_end_matches('*'))?.next().is_some() {
        git = git.arg(format!("--negotiation-tip={tips}"));
    }
    let git = git.arg("--").arg(remote).args(refspecs);
    let begun = Instant::now();
    let patience = repo.config().lock_timeout()?;
    loop {
        let output = git.run()?;
        if output.success() {
            return Ok(());
        }
        // Somebody else fetches here at the same time, and was faster.
        if !output.stderr.contains_str("cannot lock ref") || begun.elapsed() >= patience {
            return Err(unreachable(remote, "fetch from", &output.complaint()));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// One ref to push: an object of ours and the full name that it gets there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Update {
    /// What the ref is to hold.
    pub id: ObjectId,
    /// The full name of the ref at the remote.
    pub name: String,
}

/// What became of one [`Update`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// The remote holds it: it was sent, or was there already.
    There,
    /// The remote holds something that we do not build on: fetch, and try again.
    Behind,
    /// The remote does not take it, in its own words.
    Refused(String),
}

/// Pushes refs, each on its own, never by force, without the person's `pre-push` hook. What the answer does not tell of is left
/// out.
///
/// # Errors
/// `remote-unreachable` if there is no answer about any ref.
pub fn push(repo: &Repository, remote: &str, updates: &[Update]) -> Result<Vec<(String, Fate)>> {
    if updates.is_empty() {
        return Ok(Vec::new());
    }
    let git = Git::at(repo)
        .may_ask()
        .config(format!("remote.{remote}.mirror=false"))
        .config("push.followTags=false")
        .args(["push", "--porcelain", "--no-verify", "--no-atomic", "--no-signed", "--recurse-submodules=no", "--"])
        .arg(remote)
        .args(updates.iter().map(|update| format!("{}:{}", update.id, update.name)));
    let output = git.run()?;
    let fates: Vec<_> = output.stdout.lines().filter_map(|line| fate(line.as_bstr())).collect();
    if fates.is_empty() && !output.success() {
        return Err(unreachable(remote, "push to", &output.complaint()));
    }
    Ok(fates)
}

/// What one ref of a remote holds now; `None` if it is not there.
///
/// # Errors
/// `remote-unreachable` if the remote does not answer.
pub fn ask(repo: &Repository, remote: &str, name: &str) -> Result<Option<ObjectId>> {
    let found = list(repo, remote, name)?.into_iter().find(|(full, _)| full == name);
    Ok(found.map(|(_, id)| id))
}

/// The refs of a remote that match `pattern`, as `git ls-remote` matches.
///
/// # Errors
/// `remote-unreachable` if the remote does not answer.
pub fn list(repo: &Repository, remote: &str, pattern: &str) -> Result<Vec<(String, ObjectId)>> {
    let output = Git::at(repo).may_ask().args(["ls-remote", "--refs", "--", remote, pattern]).run()?;
    if !output.success() {
        return Err(unreachable(remote, "ask", &output.complaint()));
    }
    let lines = output.stdout.lines().filter_map(|line| line.split_once_str("\t"));
    Ok(lines.filter_map(|(id, name)| Some((name.to_str().ok()?.to_owned(), ObjectId::from_hex(id).ok()?))).collect())
}

fn unreachable(remote: &str, verb: &str, complaint: &str) -> Error {
    Error::fatal("remote-unreachable", format!("could not {verb} '{remote}': {complaint}"))
        .hint("nothing is lost: what is not exchanged yet goes the next time")
}

/// One line of `git push --porcelain`: a flag, `<from>:<to>`, a summary with the reason in brackets.
fn fate(line: &BStr) -> Option<(String, Fate)> {
    let mut fields = line.splitn_str(3, "\t");
    let (flag, refs, summary) = (fields.next()?, fields.next()?, fields.next()?);
    let name = refs.rsplit_once_str(":")?.1.to_str().ok()?.to_owned();
    let fate = match flag {
        b" " | b"*" | b"=" | b"+" => Fate::There,
        b"!" => refused(summary.as_bstr()),
        _ => return None,
    };
    Some((name, fate))
}

/// What git says where somebody else was faster, before the refs were sent or after.
const FASTER: &[&str] = &[
    "fetch first",
    "non-fast-forward",
    "stale info",
    "failed to update ref",
    "reference already exists",
    "incorrect old value provided",
    "failed to lock",
    "cannot lock ref",
];

fn refused(summary: &BStr) -> Fate {
    let reason: BString = match (summary.find("("), summary.rfind(")")) {
        (Some(from), Some(to)) if from < to => summary[from + 1..to].into(),
        _ => summary.to_owned(),
    };
    if FASTER.iter().any(|words| reason.contains_str(words)) {
        return Fate::Behind;
    }
    Fate::Refused(reason.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_of_an_answer_tells_of_one_ref() {
        let read = |line: &str| fate(line.into());
        let name = "refs/chant/specs/2026-02-08-010-v7b";
        let told = |flag: &str, summary: &str| read(&format!("{flag}\t0123:{name}\t{summary}"));
        let there = Some((name.to_owned(), Fate::There));
        assert_eq!(told("*", "[new reference]"), there);
        assert_eq!(told(" ", "0123..4567"), there);
        assert_eq!(told("=", "[up to date]"), there);
        for faster in
            ["[rejected] (fetch first)", "[rejected] (non-fast-forward)", "[remote rejected] (failed to update ref)"]
        {
            assert_eq!(told("!", faster), Some((name.to_owned(), Fate::Behind)), "{faster}");
        }
        let refused = Fate::Refused("deny updating a hidden ref".to_owned());
        assert_eq!(told("!", "[remote rejected] (deny updating a hidden ref)"), Some((name.to_owned(), refused)));
        assert_eq!(read("To file:///tmp/x"), None);
        assert_eq!(read("Done"), None);
    }
}
