//! Finds the commit that a bug came with: git's bisect, with the test of the reproduction laid over each commit in a clean checkout.
//!
//! The result is kept in the history of the reproduction and told to the root cause. No branch, file or index of the person is touched
//! but the document with the result.

use std::path::Path;

use gix::{ObjectId, bstr::ByteSlice as _};

use super::check::{Prover, Room, Shown};
use crate::{
    answer::progress::{Progress, Step},
    domain::{
        event::{Facts, Op},
        id::SpecId,
        new_event::NewEvent,
        phase::Phase,
        status::Status,
    },
    env::local_file,
    error::{Error, Kind, Result},
    git::{
        bisect::{Bisection, Next, Verdict},
        blame, history, work_file,
    },
    project::Project,
    specs::{all::Specs, attempt::Attempt, entry::Entry, inputs::MAX_INPUT_LEN, record},
    store::{Addition, Evidence, File},
};

/// How many commits are named where it is not known which one it was.
const NAMED: usize = 20;

/// The step at which the document of a result that does not count any more is removed.
const REMOVE: &str = "file.unlink";

/// What a person asked for.
pub(crate) struct Request<'a> {
    /// The investigation.
    pub topic: &'a str,
    /// A commit that the bug is not in; `None` to resume the bisection that is under way.
    pub good: Option<ObjectId>,
    /// A commit that it is in; `None` for the one that the reproduction began at.
    pub bad: Option<ObjectId>,
}

/// The result.
pub(crate) struct Bisected {
    /// The commit that the bug came with; the first of several where it cannot be told which.
    pub commits: Vec<ObjectId>,
    /// How many commits were tested.
    pub tested: usize,
    /// How many of them could not be judged.
    pub skipped: usize,
    /// The document with the result, a path; `None` where another text has its place.
    pub document: Option<String>,
    /// The spec of the root cause that was told, if there is one that is not closed.
    pub told: Option<SpecId>,
}

/// The spec of an investigation whose test shows the bug: its reproduction, otherwise its fix, which has the test itself.
///
/// # Errors
/// `no-topic` without such an investigation, `no-work` if neither is finished.
pub(crate) fn reproduction(specs: &Specs<'_>, topic: &str) -> Result<Entry> {
    let done = |entry: &Entry| matches!(entry.status, Status::Finished | Status::Completed);
    let phase = |entry: &Entry| entry.spec().filter(|spec| spec.front.reproduces.is_some())?.front.known_phase();
    let mut found = specs.of_any_topic(topic)?;
    specs.retain_current(&mut found)?;
    found.retain(|entry| done(entry) && matches!(phase(entry), Some(Phase::Reproduction | Phase::ForkFix)));
    found.sort_by_key(|entry| phase(entry) == Some(Phase::Reproduction));
    found.pop().ok_or_else(|| {
        Error::negative(
            Kind::NoWork,
            format!("'{topic}' has no finished reproduction, and no fix, whose test could be run"),
        )
        .hint(format!("to see where it stands: git chant status {topic}"))
    })
}

/// Bisects with the test of `entry`, a reproduction. What was found so far stays when the process ends, and the next goes on from there.
///
/// # Errors
/// `bad-range` if the test does not pass at the good commit, or does not fail at the bad one; what a signal interrupts can be resumed.
pub(crate) fn bisect(
    project: &Project,
    entry: &Entry,
    request: &Request<'_>,
    progress: &dyn Progress,
) -> Result<Bisected> {
    let id = &entry.id;
    let state = entry.state.as_deref().ok_or_else(|| Error::fatal(Kind::NoChain, "its history is missing"))?;
    let (read, spec) = entry.text()?;
    let attempt = project.attempt(id, state)?.with_text(read, spec);
    let made = state.facts.work_commits.last().copied();
    let (Some(base), Some(made)) = (attempt.base, made) else {
        return Err(Error::negative(Kind::NoWork, format!("'{}' has no commits", id.short())));
    };
    // Another process with the same bisection waits.
    let _held = project.lock_worktree(id)?;
    let bisection = Bisection::of(&project.repo, request.topic);
    let mut room = Room::for_attempt(project, attempt.start, progress)?;
    let mut test = |commit| test(project, &attempt, made, commit, &mut room, progress);
    if let Some(good) = request.good {
        let bad = request.bad.unwrap_or(base);
        for (commit, expected) in [(bad, Verdict::Bad), (good, Verdict::Good)] {
            let seen = test(commit)?;
            if seen != expected {
                return Err(unlike(commit, expected, seen));
            }
        }
        bisection.start(&project.repo, bad, good)?;
    } else if !bisection.is_under_way() {
        return Err(nothing_to_resume(project, request.topic)?);
    }
    let commits = loop {
        match bisection.next()? {
            Next::Test(commit) => bisection.tell(commit, test(commit)?)?,
            Next::Found(commit) => break vec![commit],
            Next::Among(commits) => break commits,
        }
    };
    let told = bisection.told()?;
    let skipped = told.iter().filter(|(_, verdict)| *verdict == Verdict::Skip).count();
    let document = document_of(request.topic);
    let text = text(project, request.topic, &attempt, &commits, &told)?;
    let specs = Specs::new(project)?;
    let results = results(&specs, request.topic)?;
    let blob = project.store()?.blob_id(text.as_bytes());
    let before = results.iter().rev().find(|result| result.blob != blob);
    let mut sentence = sentence(id, &commits, skipped);
    if before.is_some_and(|before| !before.is_forgotten()) {
        sentence.push_str("; this replaces the result before it");
    }
    record_result(project, id, &sentence, Some((&document, text.as_bytes())))?;
    let cause = root_cause(&specs, request.topic)?;
    if let Some(cause) = &cause {
        record_result(project, cause, &sentence, None)?;
    }
    let written = write_document(project, &document, &text, &results, progress)?;
    // Last: until then all of it can be done again.
    bisection.end()?;
    let document = written.then_some(document);
    Ok(Bisected { commits, tested: told.len(), skipped, document, told: cause })
}

/// Forgets the bisection that is under way, and the result of an earlier one: both specs record that it does not count, and its document goes
/// unless a person changed it.
///
/// # Errors
/// If the histories cannot be read or written.
pub(crate) fn forget(project: &Project, entry: &Entry, topic: &str, progress: &dyn Progress) -> Result<()> {
    Bisection::of(&project.repo, topic).end()?;
    let specs = Specs::new(project)?;
    let results = results(&specs, topic)?;
    if results.last().is_none_or(Recorded::is_forgotten) {
        return Ok(());
    }
    let (document, sentence) = (document_of(topic), "the earlier result of git bisect does not count any more");
    record_result(project, &entry.id, sentence, Some((&document, b"")))?;
    if let Some(cause) = root_cause(&specs, topic)? {
        record_result(project, &cause, sentence, None)?;
    }
    if project.repo.work_dir().is_none() {
        return Ok(());
    }
    let top = record::spec_top(project)?;
    match is_ours(project, &top, &document, &results)? {
        Some(true) => local_file::remove(REMOVE, &top.join(&document)).map(drop),
        Some(false) => {
            progress.say(&Step::Warning(format!("'{document}' was changed by hand and stays")));
            Ok(())
        }
        None => Ok(()),
    }
}

/// A result as a history has it.
struct Recorded {
    /// The event.
    event: ObjectId,
    /// What the event says.
    sentence: String,
    /// The document; the empty one says that those before it do not count.
    blob: ObjectId,
    /// When it was recorded, seconds since the epoch.
    at: i64,
}

impl Recorded {
    fn is_forgotten(&self) -> bool {
        self.blob.is_empty_blob()
    }
}

/// The results in the histories of an investigation, the oldest first.
fn results(specs: &Specs<'_>, topic: &str) -> Result<Vec<Recorded>> {
    let (store, document) = (specs.project.store()?, document_of(topic));
    let mut found = Vec::new();
    for entry in specs.of_any_topic(topic)? {
        let Some(tip) = store.tip(&entry.id)? else { continue };
        let history = store.walk(&entry.id, tip)?.history;
        for event in history.events().iter().filter(|event| event.op == Op::Note) {
            if let Some(blob) = store.evidence_id(event.id, &format!("outputs/{document}"))? {
                let sentence = event.facts.reason.clone().unwrap_or_default();
                found.push(Recorded { event: event.id, sentence, blob, at: event.author.seconds });
            }
        }
    }
    found.sort_by_key(|result| result.at);
    Ok(found)
}

/// The path of the document with the result.
fn document_of(topic: &str) -> String {
    format!(".chant/research/{topic}-bisect.md")
}

/// Why a bisection cannot be resumed: it ended with a result, or none began.
fn nothing_to_resume(project: &Project, topic: &str) -> Result<Error> {
    let results = results(&Specs::new(project)?, topic)?;
    if let Some(result) = results.last().filter(|result| !result.is_forgotten()) {
        let (event, document) = (result.event.to_hex_with_len(12), document_of(topic));
        let message = format!("the bisection of '{topic}' is complete: {}", result.sentence);
        return Ok(Error::usage(Kind::BadOption, message)
            .hint(format!("to read its document: git show {event}:outputs/{document}"))
            .hint(format!("to bisect once more: git chant bisect {topic} --good <revision>")));
    }
    let message = format!("no bisection of '{topic}' was interrupted; a new one needs a commit without the bug");
    Ok(Error::usage(Kind::BadOption, message).hint(format!("to name one: git chant bisect {topic} --good <revision>")))
}

/// Runs the test at a commit, and says what came of it.
fn test(
    project: &Project,
    attempt: &Attempt,
    made: ObjectId,
    at: ObjectId,
    room: &mut Room<'_>,
    progress: &dyn Progress,
) -> Result<Verdict> {
    let shown = Prover { project, attempt, made, at }.try_at(room)?;
    let subject = blame::subject(&project.repo, at)?.unwrap_or_default();
    let (verdict, word) = match shown {
        Shown::Bug => (Verdict::Bad, "bad".to_owned()),
        Shown::NoBug => (Verdict::Good, "good".to_owned()),
        Shown::Nothing(why) => (Verdict::Skip, format!("skipped: {why}")),
    };
    progress.say(&Step::Note(format!("{} {subject}: {word}", at.to_hex_with_len(10))));
    Ok(verdict)
}

fn unlike(commit: ObjectId, expected: Verdict, seen: Verdict) -> Error {
    let commit = commit.to_hex_with_len(10);
    let what = match (expected, seen) {
        (Verdict::Bad, Verdict::Good) => "passes at the bad commit",
        (Verdict::Bad, _) => "cannot be run at the bad commit",
        (_, Verdict::Bad) => "fails at the good commit",
        _ => "cannot be run at the good commit",
    };
    let error = Error::negative(Kind::BadRange, format!("the test {what} {commit}"));
    match expected {
        Verdict::Bad => error.hint("name another: --bad <revision>"),
        _ => error.hint("name another: --good <revision>"),
    }
}

/// One line for the histories of both specs. It leaves out subjects of commits, because agents read it.
fn sentence(id: &SpecId, commits: &[ObjectId], skipped: usize) -> String {
    let named: Vec<String> = commits.iter().take(NAMED).map(|id| id.to_hex_with_len(12).to_string()).collect();
    let named = named.join(", ");
    let short = id.short();
    match commits {
        [_] => format!("git bisect with the test of '{short}': the bug came with commit {named}"),
        _ => format!(
            "git bisect with the test of '{short}': the bug came with one of {} commits, of which {skipped} cannot be tested: {named}",
            commits.len()
        ),
    }
}

/// The document with the result.
fn text(
    project: &Project,
    topic: &str,
    attempt: &Attempt,
    commits: &[ObjectId],
    told: &[(ObjectId, Verdict)],
) -> Result<String> {
    let line = |commit: &ObjectId| -> Result<String> {
        let subject = blame::subject(&project.repo, *commit)?.unwrap_or_default();
        let plain: String = subject.chars().filter(|c| !c.is_control() && *c != '`').collect();
        Ok(format!("`{}` `{plain}`", commit.to_hex()))
    };
    let command = attempt.spec.front.reproduces.as_deref().unwrap_or_default();
    let mut text = format!("# Where {topic} came from\n\n");
    text.push_str(match commits {
        [_] => "The test fails from this commit on:\n\n",
        _ => "The test fails from one of these commits on; at those that were skipped it cannot be run:\n\n",
    });
    for commit in commits.iter().take(NAMED) {
        text.push_str(&format!("- {}\n", line(commit)?));
    }
    if let [first] = commits {
        let parent = project.repo.gix().find_commit(*first)?.parent_ids().next().map(gix::Id::detach);
        let paths = history::changed_paths(&project.repo, parent, *first)?;
        text.push_str("\nIt changes:\n\n");
        paths.iter().take(NAMED).for_each(|change| text.push_str(&format!("- `{}`\n", change.path)));
    }
    text.push_str(&format!(
        "\n## How it was found\n\n`{command}`, with the test of '{}', was run at:\n\n",
        attempt.id.short()
    ));
    for (commit, verdict) in told {
        let word = match verdict {
            Verdict::Good => "passes",
            Verdict::Bad => "fails",
            Verdict::Skip => "cannot be run",
        };
        text.push_str(&format!("- {}: {word}\n", line(commit)?));
    }
    Ok(text)
}

/// Records the result, unless the newest note is that already.
fn record_result(project: &Project, id: &SpecId, sentence: &str, document: Option<(&str, &[u8])>) -> Result<()> {
    let store = project.store()?;
    let Some(tip) = store.tip(id)? else { return Ok(()) };
    let walk = store.walk(id, tip)?;
    let newest = walk.history.events().iter().rev().find(|event| event.op == Op::Note);
    if newest.is_some_and(|event| event.facts.reason.as_deref() == Some(sentence)) {
        return Ok(());
    }
    let mut evidence = Evidence::default();
    if let Some((path, bytes)) = document {
        evidence.outputs.push(File { path: path.to_owned(), blob: store.write_blob(bytes)? });
    }
    let facts = Facts { reason: Some(sentence.to_owned()), ..Facts::default() };
    let event = NewEvent { op: Op::Note, sentence: sentence.to_owned(), facts };
    store.record(id, Addition { event, evidence, informed: Vec::new() })?;
    Ok(())
}

/// The root cause of the investigation, if it is still to be found.
fn root_cause(specs: &Specs<'_>, topic: &str) -> Result<Option<SpecId>> {
    let open = |entry: &Entry| !matches!(entry.status, Status::Completed | Status::Cancelled | Status::Archived);
    let of_phase = |entry: &Entry| entry.spec().is_some_and(|spec| spec.front.known_phase() == Some(Phase::RootCause));
    let mut found = specs.of_any_topic(topic)?;
    found.retain(|entry| of_phase(entry) && open(entry) && entry.state.is_some());
    Ok(found.pop().map(|entry| entry.id))
}

/// Writes the document into the work tree, where there is one, over an earlier result too. Gives whether it is there: a text that a person
/// wrote in its place stays.
fn write_document(
    project: &Project,
    path: &str,
    text: &str,
    results: &[Recorded],
    progress: &dyn Progress,
) -> Result<bool> {
    if project.repo.work_dir().is_none() {
        return Ok(true);
    }
    let top = record::spec_top(project)?;
    let (name, bytes) = (path.as_bytes().as_bstr(), text.as_bytes());
    if work_file::read(&top, name, bytes.len() as u64).ok().flatten().as_deref() == Some(bytes) {
        return Ok(true);
    }
    let written = match is_ours(project, &top, path, results)? {
        Some(true) => work_file::replace(&top, name, bytes),
        _ => work_file::create_new(&top, name, bytes, true),
    };
    if let Err(refused) = &written {
        progress.say(&Step::Warning(format!("'{path}' was not written: {refused}")));
    }
    Ok(written.is_ok())
}

/// Whether the file in the place of the document is an earlier result as it was recorded; `None` if no file is there.
fn is_ours(project: &Project, top: &Path, path: &str, results: &[Recorded]) -> Result<Option<bool>> {
    let store = project.store()?;
    Ok(match work_file::read(top, path.as_bytes().as_bstr(), MAX_INPUT_LEN) {
        Ok(bytes) => bytes.map(|bytes| results.iter().any(|result| result.blob == store.blob_id(&bytes))),
        Err(_) => Some(false),
    })
}
