//! The way there: push what the remote lacks, each chain on its own.

mod bulk;
mod fold;

use std::collections::{HashMap, VecDeque};

use gix::ObjectId;

use super::{Remote, Report, carry};
use crate::{
    answer::{
        Way,
        progress::{Progress, Step},
    },
    domain::id::SpecId,
    error::{Error, Kind, Result},
    git::{
        self,
        remote::{Fate, Update},
    },
    project::Project,
    store::{
        NOTES_REF, Store,
        archive::ARCHIVES,
        tracking::{Tracked, tracked_archives, tracked_notes, tracked_specs},
    },
};

/// How many refs go in one push, at most.
const CHUNK: usize = 500;

/// A ref that the remote does not hold as we do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Due {
    /// The full name, here and there.
    pub name: String,
    /// What it is here.
    pub id: ObjectId,
    /// What the remote had.
    pub known: Option<ObjectId>,
    what: What,
}

/// What a ref is about.
#[derive(Clone, Debug, PartialEq, Eq)]
enum What {
    Chain(SpecId),
    Archive(String),
    Notes,
}

impl Due {
    /// Writes down that the remote has it.
    fn track(&self, store: &Store<'_>, remote: &str) -> Result<()> {
        let name = match &self.what {
            What::Chain(spec) => format!("{}{spec}", tracked_specs(remote)),
            What::Archive(archive) => format!("{}{archive}", tracked_archives(remote)),
            What::Notes => tracked_notes(remote),
        };
        store.track(&name, self.known, self.id)
    }
}

/// Everything that is to be pushed, by what the remote had when it was asked last. What this clone's carrier holds there needs no
/// other way.
pub(super) fn due(project: &Project, store: &Store<'_>, remote: &str, tracked: &Tracked) -> Result<Vec<Due>> {
    let mut due: Vec<Due> = Vec::new();
    for (archive, id) in store.archives()? {
        let known = tracked.archives.get(&archive).copied();
        if known != Some(id) {
            due.push(Due { name: format!("{ARCHIVES}{archive}"), id, known, what: What::Archive(archive) });
        }
    }
    for (spec, id) in store.tips()? {
        let known = tracked.specs.get(&spec).copied();
        if known != Some(id) {
            due.push(Due { name: Store::ref_name(&spec), id, known, what: What::Chain(spec) });
        }
    }
    let known = tracked.notes;
    if let Some(id) = store.notes_tips(remote)?.0
        && known != Some(id)
    {
        due.push(Due { name: NOTES_REF.to_owned(), id, known, what: What::Notes });
    }
    if tracked.specs.is_empty()
        && tracked.archives.is_empty()
        && let Some(carried) = carry::own(project, store, remote)?
        && due.iter().all(|due| carried.get(&due.name) == Some(&due.id))
    {
        due.clear();
    }
    Ok(due)
}

/// Reports which refs of folded specs would go.
pub(super) fn preview_folded(store: &Store<'_>, tracked: &Tracked, report: &mut Report) -> Result<()> {
    for specs in fold::due(store, tracked)?.into_values() {
        report.deleted(&specs.into_iter().map(|(spec, _)| spec).collect::<Vec<_>>());
    }
    Ok(())
}

/// What the remote said of what was sent.
#[derive(Default)]
struct Answers {
    /// Whether it took any.
    took: bool,
    /// What it would only take after a fetch.
    behind: Vec<Due>,
    /// What it does not take, and why.
    refused: Vec<(Due, String)>,
}

impl Answers {
    /// The remote holds a ref as we do.
    fn there(&mut self, due: Due, store: &Store<'_>, remote: &Remote, report: &mut Report) -> Result<()> {
        due.track(store, &remote.name)?;
        self.took = true;
        report.add(Way::Pushed, &due.name, due.known.map(|id| id.to_string()), Some(due.id.to_string()));
        Ok(())
    }

    /// Whether it took nothing of what it was sent, and would not after a fetch either.
    fn took_nothing(&self) -> bool {
        !self.took && self.behind.is_empty() && !self.refused.is_empty()
    }
}

/// Pushes what is due to a remote that had what is `tracked`. Gives back what it would only take after a fetch.
pub(super) fn push(
    project: &Project,
    remote: &Remote,
    tracked: &Tracked,
    progress: &dyn Progress,
    report: &mut Report,
) -> Result<Vec<Due>> {
    let store = project.store()?;
    let mut answers = Answers::default();
    let mut now = None;
    if fold::push(project, &store, remote, tracked, &mut answers, report)? {
        now = Some(store.tracked(&remote.name)?);
    }
    let tracked = now.as_ref().unwrap_or(tracked);
    let mut due = due(project, &store, &remote.name, tracked)?;
    due.retain(|due| !answers.behind.iter().any(|behind| behind.name == due.name));
    // What is not taken over from the remote is in the way of what would go there.
    due.retain(|due| !report.is_unfit(&due.name));
    if due.is_empty() {
        return Ok(answers.behind);
    }
    progress.say(&Step::Note(format!("Pushing {} to {}", counted(due.len()), remote.name)));
    let bare = tracked.specs.is_empty() && tracked.archives.is_empty();
    let left = bulk::push(project, &store, remote, due, report, &mut answers)?;
    if left.is_empty() && bare && answers.took_nothing() {
        return carry_all(project, &store, remote, answers, report);
    }
    let mut queue: VecDeque<Due> = left.into();
    let mut size = CHUNK;
    while !queue.is_empty() {
        let chunk: Vec<Due> = queue.drain(..size.min(queue.len())).collect();
        let (open, trouble) = send(project, &store, remote, chunk, report, &mut answers)?;
        if open.is_empty() {
            if bare && answers.took_nothing() {
                return carry_all(project, &store, remote, answers, report);
            }
            continue;
        }
        // The connection broke, or what lies between does not bear so many at once: go on in smaller parts.
        if size == 1 {
            return Err(trouble.unwrap_or_else(|| no_answer(&remote.name)));
        }
        git::remote::ask(&project.repo, &remote.name, NOTES_REF)?;
        size = (size.min(open.len()) / 2).max(1);
        open.into_iter().rev().for_each(|due| queue.push_front(due));
    }
    for (due, why) in &answers.refused {
        report.refused(&due.name, why);
    }
    Ok(answers.behind)
}

/// The remote has none of our refs, and took none of the first that it was sent: a branch carries them all.
fn carry_all(
    project: &Project,
    store: &Store<'_>,
    remote: &Remote,
    answers: Answers,
    report: &mut Report,
) -> Result<Vec<Due>> {
    match carry::push(project, store, remote, report)? {
        Fate::There => Ok(Vec::new()),
        // Another clone of this name was faster: what it put there is fetched first.
        Fate::Behind => Ok(answers.refused.into_iter().map(|(due, _)| due).collect()),
        Fate::Refused(branch) => {
            for (due, why) in &answers.refused {
                report.refused(&due.name, &format!("{why}; nor does it take a branch that carries it: {branch}"));
            }
            Ok(Vec::new())
        }
    }
}

/// Sends some refs in one push; gives back those of which nothing was heard, and what went wrong.
fn send(
    project: &Project,
    store: &Store<'_>,
    remote: &Remote,
    chunk: Vec<Due>,
    report: &mut Report,
    answers: &mut Answers,
) -> Result<(Vec<Due>, Option<Error>)> {
    let updates: Vec<Update> = chunk.iter().map(|due| Update { id: due.id, name: due.name.clone() }).collect();
    let (fates, trouble): (HashMap<String, Fate>, _) = match git::remote::push(&project.repo, &remote.name, &updates) {
        Ok(fates) => (fates.into_iter().collect(), None),
        Err(error) => (HashMap::new(), Some(error)),
    };
    let mut open = Vec::new();
    for due in chunk {
        match fates.get(&due.name) {
            Some(Fate::There) => answers.there(due, store, remote, report)?,
            Some(Fate::Behind) => answers.behind.push(due),
            Some(Fate::Refused(why)) => answers.refused.push((due, why.clone())),
            None => open.push(due),
        }
    }
    Ok((open, trouble))
}

fn counted(refs: usize) -> String {
    if refs == 1 { "1 ref".to_owned() } else { format!("{refs} refs") }
}

/// The error for a push of which nothing was heard.
pub(super) fn no_answer(remote: &str) -> Error {
    Error::fatal(Kind::RemoteUnreachable, format!("'{remote}' did not say what became of what was pushed"))
        .hint("nothing is lost: what is not exchanged yet goes the next time")
}
