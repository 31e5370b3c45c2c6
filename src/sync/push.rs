//! The way there: push what the remote lacks, each chain on its own.

use std::collections::VecDeque;

use gix::ObjectId;

use super::{Remote, Report};
use crate::{
    domain::{id::SpecId, view::Way},
    error::{Error, Result},
    git::{
        self,
        remote::{Fate, Update},
    },
    project::{
        Project,
        progress::{Progress, Step},
    },
    store::{NOTES_REF, Store},
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
    spec: Option<SpecId>,
}

/// Everything that is to be pushed, by what the remote had when it was asked last.
pub(super) fn due(store: &Store<'_>, remote: &str) -> Result<Vec<Due>> {
    let known = store.tracked(remote)?.specs;
    let mut due: Vec<Due> = Vec::new();
    for (spec, id) in store.tips()? {
        let there = known.get(&spec).copied();
        if there != Some(id) {
            due.push(Due { name: Store::ref_name(&spec), id, known: there, spec: Some(spec) });
        }
    }
    if let (Some(id), known) = store.notes_tips(remote)?
        && known != Some(id)
    {
        due.push(Due { name: NOTES_REF.to_owned(), id, known, spec: None });
    }
    Ok(due)
}

/// Pushes what is due. Gives back what the remote would only take after a fetch.
pub(super) fn push(
    project: &Project,
    remote: &Remote,
    progress: &dyn Progress,
    report: &mut Report,
) -> Result<Vec<Due>> {
    let store = project.store()?;
    let mut due = due(&store, &remote.name)?;
    // What is not taken over from the remote is in the way of what would go there.
    due.retain(|due| !report.is_unfit(&due.name));
    if due.is_empty() {
        return Ok(Vec::new());
    }
    progress.say(&Step::Note(format!("Pushing {} to {}", counted(due.len()), remote.name)));
    let mut behind = Vec::new();
    let mut queue: VecDeque<Due> = due.into();
    let mut size = CHUNK;
    while !queue.is_empty() {
        let chunk: Vec<Due> = queue.drain(..size.min(queue.len())).collect();
        let (open, trouble) = send(project, &store, remote, chunk, report, &mut behind)?;
        if open.is_empty() {
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
    Ok(behind)
}

/// Sends some refs in one push; gives back those of which nothing was heard, and what went wrong.
fn send(
    project: &Project,
    store: &Store<'_>,
    remote: &Remote,
    chunk: Vec<Due>,
    report: &mut Report,
    behind: &mut Vec<Due>,
) -> Result<(Vec<Due>, Option<Error>)> {
    let updates: Vec<Update> = chunk.iter().map(|due| Update { id: due.id, name: due.name.clone() }).collect();
    let (fates, trouble) = match git::remote::push(&project.repo, &remote.name, &updates) {
        Ok(fates) => (fates, None),
        Err(error) => (Vec::new(), Some(error)),
    };
    let mut open = Vec::new();
    for due in chunk {
        match fates.iter().find(|(name, _)| *name == due.name).map(|(_, fate)| fate) {
            Some(Fate::There) => {
                match &due.spec {
                    Some(spec) => store.track(&remote.name, spec, due.known, due.id)?,
                    None => store.track_notes(&remote.name, due.known, due.id)?,
                }
                report.add(Way::Pushed, &due.name, due.known.map(|id| id.to_string()), Some(due.id.to_string()));
            }
            Some(Fate::Behind) => behind.push(due),
            Some(Fate::Refused(why)) => report.refused(&due.name, why),
            None => open.push(due),
        }
    }
    Ok((open, trouble))
}

fn counted(refs: usize) -> String {
    if refs == 1 { "1 ref".to_owned() } else { format!("{refs} refs") }
}

fn no_answer(remote: &str) -> Error {
    Error::fatal("remote-unreachable", format!("'{remote}' did not say what became of what was pushed"))
        .hint("nothing is lost: what is not exchanged yet goes the next time")
}
