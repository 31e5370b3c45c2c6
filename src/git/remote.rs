//! Exchange with a remote, by git's own processes: its transports, its credentials, its configuration.

use std::time::{Duration, Instant};

use bstr::{BStr, BString, ByteSlice};
use gix::{ObjectId, refspec::parse::Operation};

use super::{output::Output, process::Git, repository::Repository, stale_lock};
use crate::error::{Error, Kind, Result};

/// The exit code of a git that dies with a `fatal:` message.
const DIED: i32 = 128;

/// The namespace of the refs that each remote had at the last fetch.
const TRACKING: &str = "refs/chant-remote";

/// The remotes that the configuration names, sorted.
pub(crate) fn names(repo: &Repository) -> Vec<String> {
    repo.gix().remote_names().iter().map(ToString::to_string).collect()
}

/// A setting of a remote that makes a plain `git fetch` or `git push` write refs by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mapping {
    /// The name of the setting: `remote.<name>.fetch`, `.push` or `.mirror`.
    pub key: String,
    /// Its value.
    pub value: String,
    /// A glob, or the full name, of what it writes: here for a fetch, at the remote for a push.
    pub writes: String,
    /// Whether it is a setting of pushes.
    pub push: bool,
    /// Whether what is there is overwritten, whatever it is.
    pub forced: bool,
}

/// The settings by which the configured remotes make git write refs. Values that are no refspecs are left out: git refuses them.
pub(crate) fn mappings(repo: &Repository) -> Vec<Mapping> {
    let snapshot = repo.gix().config_snapshot();
    let mut found = Vec::new();
    for section in snapshot.plumbing().sections_by_name("remote").into_iter().flatten() {
        let Some(remote) = section.header().subsection_name() else { continue };
        for (name, push) in [("fetch", false), ("push", true)] {
            for value in section.values(name) {
                let operation = if push { Operation::Push } else { Operation::Fetch };
                let Ok(spec) = gix::refspec::parse(value.as_bstr(), operation) else { continue };
                // A push without a destination writes what it reads.
                let Some(writes) = spec.destination().or_else(|| spec.source().filter(|_| push)) else { continue };
                found.push(Mapping {
                    key: format!("remote.{remote}.{name}"),
                    value: value.to_string(),
                    writes: writes.to_string(),
                    push,
                    forced: value.starts_with(b"+"),
                });
            }
        }
        let key = format!("remote.{remote}.mirror");
        if snapshot.boolean(&key) == Some(true) && !found.iter().any(|mapping| mapping.key == key) {
            let (value, writes) = ("true".to_owned(), "refs/*".to_owned());
            found.push(Mapping { key, value, writes, push: true, forced: true });
        }
    }
    found
}

/// Fetches refs.
///
/// `refspecs` name what goes where; whatever the configuration of the remote says about refspecs, tags, pruning or filters does
/// not count. All refs move or none. Refs in the destination namespaces that the remote has no longer are deleted. `tips` is a
/// glob of refs whose history the remote is likely to have.
///
/// # Errors
/// `remote-unreachable` if git could not fetch, in git's own words.
pub(crate) fn fetch(repo: &Repository, remote: &str, refspecs: &[String], tips: &str) -> Result<()> {
    let mut git = Git::at(repo)
        .may_ask()
        .config("fetch.fsckObjects=true")
        .args(["fetch", "--quiet", "--atomic", "--prune", "--refmap=", "--no-tags", "--no-write-fetch-head"])
        .args(["--no-recurse-submodules", "--no-auto-maintenance", "--no-show-forced-updates", "--no-filter"]);
    if repo.gix().references()?.prefixed(tips.trim_end_matches('*'))?.next().is_some() {
        git = git.arg(format!("--negotiation-tip={tips}"));
    }
    let git = git.arg("--").arg(remote).args(refspecs);
    let deadline = Instant::now() + repo.config().lock_timeout()?;
    let mut pause = Duration::from_millis(20);
    loop {
        let output = git.run()?;
        if output.success() {
            return Ok(());
        }
        // Only this tool writes below TRACKING: a lock there that stopped git may be of a fetch of ours that died.
        if stale_lock::remove_below(repo.common_dir(), TRACKING)? > 0 {
            continue;
        }
        // git dies where it does not get what it asks the remote for. It ends in another way where it cannot write the refs here:
        // another fetch of this clone writes them.
        if output.code == Some(DIED) || Instant::now() >= deadline {
            return Err(unreachable(remote, "fetch from", &output));
        }
        std::thread::sleep(pause.min(deadline.saturating_duration_since(Instant::now())));
        pause = (pause * 2).min(Duration::from_secs(1));
    }
}

/// One ref to push: an object of ours and the full name that it gets there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Update {
    /// The id that the ref gets.
    pub id: ObjectId,
    /// The full name of the ref at the remote.
    pub name: String,
}

/// The answer of a remote about one [`Update`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PushStatus {
    /// The remote has the ref as it should be: updated or, where it was to be deleted, gone.
    Done,
    /// The remote has a value that ours does not build on: fetch, and try again.
    Behind,
    /// The remote refuses the ref, in its own words.
    Refused(String),
}

/// The state of one pushed ref at the remote, which is asked again where its answer was lost.
#[derive(Debug)]
pub(crate) enum Pushed {
    /// The remote holds it.
    Accepted,
    /// The remote holds something else: an error that says so.
    Behind(Error),
    /// The remote does not answer, and why.
    Unknown(String),
}

/// Pushes refs, each on its own, never by force, without the person's `pre-push` hook. A ref that the answer does not mention is left out.
///
/// # Errors
/// `remote-unreachable` if there is no answer about any ref.
pub(crate) fn push(repo: &Repository, remote: &str, updates: &[Update]) -> Result<Vec<(String, PushStatus)>> {
    if updates.is_empty() {
        return Ok(Vec::new());
    }
    fates(&send(repo, remote, Atomic::No, updates.iter().map(refspec), &[])?, remote)
}

/// Pushes every ref that matches one of these patterns (`refs/a/*`) to the same name, each as [`push`] does, with its value at that time.
///
/// # Errors
/// As [`push`].
pub(crate) fn push_matching(repo: &Repository, remote: &str, patterns: &[String]) -> Result<Vec<(String, PushStatus)>> {
    let refspecs = patterns.iter().map(|pattern| format!("{pattern}:{pattern}"));
    fates(&send(repo, remote, Atomic::No, refspecs, &[])?, remote)
}

/// Deletes refs of a remote, each on its own and only if it has the given id. A ref that the answer does not mention is left out.
///
/// # Errors
/// As [`push`].
pub(crate) fn delete(repo: &Repository, remote: &str, gone: &[Update]) -> Result<Vec<(String, PushStatus)>> {
    if gone.is_empty() {
        return Ok(Vec::new());
    }
    fates(&send(repo, remote, Atomic::No, [], gone)?, remote)
}

/// Whether all refs of a push move or none.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Atomic {
    /// Each moves on its own.
    No,
    /// All move or none.
    Yes,
}

fn refspec(update: &Update) -> String {
    format!("{}:{}", update.id, update.name)
}

/// Pushes `refspecs`, and deletes the refs of `gone` that have the given ids.
fn send(
    repo: &Repository,
    remote: &str,
    together: Atomic,
    refspecs: impl IntoIterator<Item = String>,
    gone: &[Update],
) -> Result<Output> {
    Git::at(repo)
        .may_ask()
        .config(format!("remote.{remote}.mirror=false"))
        .config("push.followTags=false")
        .args(["push", "--porcelain", "--no-verify", "--no-signed", "--recurse-submodules=no"])
        .arg(if together == Atomic::Yes { "--atomic" } else { "--no-atomic" })
        .args(gone.iter().map(|gone| format!("--force-with-lease={}:{}", gone.name, gone.id)))
        .args(["--", remote])
        .args(refspecs)
        .args(gone.iter().map(|gone| format!(":{}", gone.name)))
        .run()
}

fn fates(output: &Output, remote: &str) -> Result<Vec<(String, PushStatus)>> {
    let fates: Vec<_> = output.stdout.lines().filter_map(|line| fate(line.as_bstr())).collect();
    if fates.is_empty() && !output.success() {
        return Err(unreachable(remote, "push to", output));
    }
    Ok(fates)
}

/// Pushes an archive and deletes the refs of the specs in it, all or nothing, and only if each ref has the given id. The answer is empty if
/// the remote knows no such push.
///
/// # Errors
/// `remote-unreachable` if the remote does not answer.
pub(crate) fn push_and_delete(
    repo: &Repository,
    remote: &str,
    update: &Update,
    gone: &[Update],
) -> Result<Vec<(String, PushStatus)>> {
    let output = send(repo, remote, Atomic::Yes, [refspec(update)], gone)?;
    match fates(&output, remote) {
        // The remote can be asked, and took nothing: it has no such push.
        Err(_) if ask(repo, remote, &update.name).is_ok() => Ok(Vec::new()),
        fates => fates,
    }
}

/// The id of one ref of a remote now; `None` if it does not exist.
///
/// # Errors
/// `remote-unreachable` if the remote does not answer.
pub(crate) fn ask(repo: &Repository, remote: &str, name: &str) -> Result<Option<ObjectId>> {
    let found = list(repo, remote, &[name])?.into_iter().find(|(full, _)| full == name);
    Ok(found.map(|(_, id)| id))
}

/// The refs of a remote that match one of `patterns`, as `git ls-remote` matches.
///
/// # Errors
/// `remote-unreachable` if the remote does not answer.
pub(crate) fn list(repo: &Repository, remote: &str, patterns: &[&str]) -> Result<Vec<(String, ObjectId)>> {
    listed(&listing(repo, remote).args(patterns).run()?, remote)
}

/// All refs of a remote, and what `beside` gives, which is done while the remote is asked. The errors are those of [`list`].
pub(crate) fn list_beside<T>(
    repo: &Repository,
    remote: &str,
    beside: impl FnOnce() -> T,
) -> (Result<Vec<(String, ObjectId)>>, T) {
    let (output, done) = listing(repo, remote).run_beside(beside);
    (output.and_then(|output| listed(&output, remote)), done)
}

fn listing(repo: &Repository, remote: &str) -> Git {
    Git::at(repo).may_ask().args(["ls-remote", "--refs", "--", remote])
}

fn listed(output: &Output, remote: &str) -> Result<Vec<(String, ObjectId)>> {
    if !output.success() {
        return Err(unreachable(remote, "ask", output));
    }
    let lines = output.stdout.lines().filter_map(|line| line.split_once_str("\t"));
    Ok(lines.filter_map(|(id, name)| Some((name.to_str().ok()?.to_owned(), ObjectId::from_hex(id).ok()?))).collect())
}

/// Whether a remote lies on this machine: to connect to it costs next to nothing.
pub(crate) fn is_near(repo: &Repository, remote: &str) -> bool {
    let found = repo.gix().find_remote(remote).ok();
    let url = found.as_ref().and_then(|remote| remote.url(gix::remote::Direction::Fetch));
    url.is_some_and(|url| url.scheme == gix::url::Scheme::File)
}

fn unreachable(remote: &str, verb: &str, output: &Output) -> Error {
    Error::fatal(Kind::RemoteUnreachable, format!("could not {verb} '{remote}': {}", output.complaint()))
        .printed(&output.stderr.to_str_lossy())
        .hint("nothing is lost; the next sync retries")
}

/// One line of `git push --porcelain`: a flag, `<from>:<to>`, a summary with the reason in brackets.
fn fate(line: &BStr) -> Option<(String, PushStatus)> {
    let mut fields = line.splitn_str(3, "\t");
    let (flag, refs, summary) = (fields.next()?, fields.next()?, fields.next()?);
    let name = refs.rsplit_once_str(":")?.1.to_str().ok()?.to_owned();
    let fate = match flag {
        b" " | b"*" | b"=" | b"+" | b"-" => PushStatus::Done,
        b"!" => refused(summary.as_bstr()),
        _ => return None,
    };
    Some((name, fate))
}

/// The reasons that git gives where another push was faster, before the refs were sent or after.
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

fn refused(summary: &BStr) -> PushStatus {
    let reason: BString = match (summary.find("("), summary.rfind(")")) {
        (Some(from), Some(to)) if from < to => summary[from + 1..to].into(),
        _ => summary.to_owned(),
    };
    if FASTER.iter().any(|words| reason.contains_str(words)) {
        return PushStatus::Behind;
    }
    PushStatus::Refused(reason.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_of_an_answer_tells_of_one_ref() {
        let read = |line: &str| fate(line.into());
        let name = "refs/chant/specs/2026-02-08-010-v7b";
        let answer = |flag: &str, summary: &str| read(&format!("{flag}\t0123:{name}\t{summary}"));
        let done = Some((name.to_owned(), PushStatus::Done));
        assert_eq!(answer("*", "[new reference]"), done);
        assert_eq!(answer(" ", "0123..4567"), done);
        assert_eq!(answer("=", "[up to date]"), done);
        assert_eq!(read(&format!("-\t:{name}\t[deleted]")), done);
        for faster in
            ["[rejected] (fetch first)", "[rejected] (non-fast-forward)", "[remote rejected] (failed to update ref)"]
        {
            assert_eq!(answer("!", faster), Some((name.to_owned(), PushStatus::Behind)), "{faster}");
        }
        let refused = PushStatus::Refused("deny updating a hidden ref".to_owned());
        assert_eq!(answer("!", "[remote rejected] (deny updating a hidden ref)"), Some((name.to_owned(), refused)));
        assert_eq!(read("To file:///tmp/x"), None);
        assert_eq!(read("Done"), None);
    }
}
