//! The second half of an exchange: pushes what the remote lacks, each history on its own.

mod bulk;
mod fold;

use std::collections::{HashMap, VecDeque};

use gix::ObjectId;

use super::{Exchange, counted};
use crate::{
    answer::{
        ExchangeResult,
        progress::{Progress, Step},
    },
    domain::id::SpecId,
    error::{Error, Kind, Result},
    git::{
        self,
        reference::RefUpdate,
        remote::{PushStatus, Update},
    },
    store::{
        NOTES_REF, Store,
        archive::ARCHIVES,
        tracking::{Tracked, tracked_archives, tracked_notes, tracked_specs},
    },
};

/// How many refs go in one push, at most.
const CHUNK: usize = 500;

/// A ref that the remote lacks, or has with another value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Due {
    /// The full name, here and there.
    pub name: String,
    /// The id here.
    pub id: ObjectId,
    /// The id that the remote had.
    pub known: Option<ObjectId>,
    subject: Subject,
}

/// What a ref belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Subject {
    Spec(SpecId),
    Archive(String),
    Notes,
}

/// The answers of the remote about the refs that were sent.
#[derive(Default)]
struct Answers {
    /// Whether the remote took any.
    took: bool,
    /// The refs that the remote takes only after a fetch.
    behind: Vec<Due>,
    /// The refs that the remote refuses, and why.
    refused: Vec<(Due, String)>,
}

impl Answers {
    /// Whether the remote took nothing, and would not after a fetch either.
    fn took_nothing(&self) -> bool {
        !self.took && self.behind.is_empty() && !self.refused.is_empty()
    }
}

impl Exchange<'_> {
    /// The refs to push, compared with those that the remote had at the last exchange. Refs that this clone's carrier holds there are
    /// pushed in no other way.
    fn due(&self, tracked: &Tracked) -> Result<Vec<Due>> {
        let mut due: Vec<Due> = Vec::new();
        let mut add = |name, id, known: Option<&ObjectId>, subject| {
            if known != Some(&id) {
                due.push(Due { name, id, known: known.copied(), subject });
            }
        };
        for (archive, id) in self.store.archives()? {
            let known = tracked.archives.get(&archive);
            add(format!("{ARCHIVES}{archive}"), id, known, Subject::Archive(archive));
        }
        for (spec, id) in self.store.tips()? {
            let known = tracked.specs.get(&spec);
            add(Store::ref_name(&spec), id, known, Subject::Spec(spec));
        }
        if let Some(id) = self.store.notes_tips(&self.remote.name)?.0 {
            add(NOTES_REF.to_owned(), id, tracked.notes.as_ref(), Subject::Notes);
        }
        if tracked.specs.is_empty()
            && tracked.archives.is_empty()
            && let Some(carried) = self.own_carried()?
            && due.iter().all(|due| carried.get(&due.name) == Some(&due.id))
        {
            due.clear();
        }
        Ok(due)
    }

    /// Reports what a push would do.
    pub(super) fn preview_push(&mut self, tracked: &Tracked) -> Result<()> {
        for due in self.due(tracked)? {
            self.report.add(ExchangeResult::Pushed, &due.name, due.known, Some(due.id));
        }
        for specs in self.folded_there(tracked)?.into_values() {
            self.report.deleted(&specs.into_iter().map(|(spec, _)| spec).collect::<Vec<_>>());
        }
        Ok(())
    }

    /// Pushes the refs that are due to the remote, which had the `tracked` ones. Gives those that it takes only after a fetch.
    pub(super) fn push(&mut self, tracked: &Tracked, progress: &dyn Progress) -> Result<Vec<Due>> {
        let mut answers = Answers::default();
        let mut now = None;
        if self.push_folded(tracked, &mut answers)? {
            now = Some(self.store.tracked(&self.remote.name)?);
        }
        let tracked = now.as_ref().unwrap_or(tracked);
        let mut due = self.due(tracked)?;
        due.retain(|due| !answers.behind.iter().any(|behind| behind.name == due.name));
        // A ref of the remote that is not taken over is in the way of ours.
        due.retain(|due| !self.report.is_unfit(&due.name));
        if due.is_empty() {
            return Ok(answers.behind);
        }
        progress.say(&Step::Note(format!("Pushing {} to {}", counted(due.len()), self.remote.name)));
        let bare = tracked.specs.is_empty() && tracked.archives.is_empty();
        let left = self.push_matching(due, &mut answers)?;
        if left.is_empty() && bare && answers.took_nothing() {
            return self.carry_all(answers);
        }
        let mut queue: VecDeque<Due> = left.into();
        let mut size = CHUNK;
        while !queue.is_empty() {
            let chunk: Vec<Due> = queue.drain(..size.min(queue.len())).collect();
            let (unanswered, trouble) = self.send(chunk, &mut answers)?;
            if unanswered.is_empty() {
                if bare && answers.took_nothing() {
                    return self.carry_all(answers);
                }
                continue;
            }
            // The connection broke, or a server between does not bear so many refs at once: smaller parts may come through.
            if size == 1 {
                return Err(trouble.unwrap_or_else(|| no_answer(&self.remote.name)));
            }
            git::remote::ask(&self.project.repo, &self.remote.name, NOTES_REF)?;
            size = (size.min(unanswered.len()) / 2).max(1);
            unanswered.into_iter().rev().for_each(|due| queue.push_front(due));
        }
        for (due, why) in &answers.refused {
            self.report.say(ExchangeResult::Refused, &due.name, why);
        }
        Ok(answers.behind)
    }

    /// Pushes everything as a branch: the remote has none of our refs, and took none of the first that it was sent.
    fn carry_all(&mut self, answers: Answers) -> Result<Vec<Due>> {
        match self.push_carrier()? {
            PushStatus::Done => Ok(Vec::new()),
            // Another clone of this name was faster: its carrier is fetched first.
            PushStatus::Behind => Ok(answers.refused.into_iter().map(|(due, _)| due).collect()),
            PushStatus::Refused(branch) => {
                for (due, why) in &answers.refused {
                    let why = format!("{why}; and it rejected the branch that carries them: {branch}");
                    self.report.say(ExchangeResult::Refused, &due.name, why);
                }
                Ok(Vec::new())
            }
        }
    }

    /// Sends some refs in one push. Gives those without an answer, and what went wrong.
    fn send(&mut self, chunk: Vec<Due>, answers: &mut Answers) -> Result<(Vec<Due>, Option<Error>)> {
        let updates: Vec<Update> = chunk.iter().map(|due| Update { id: due.id, name: due.name.clone() }).collect();
        let (fates, trouble) = match git::remote::push(&self.project.repo, &self.remote.name, &updates) {
            Ok(fates) => (fates, None),
            Err(error) => (Vec::new(), Some(error)),
        };
        Ok((self.note_fates(chunk, fates, answers, |_| true)?, trouble))
    }

    /// Notes what the remote answered about each ref. Gives the refs without an answer, and those that it holds but not as
    /// `is_sent` says.
    fn note_fates(
        &mut self,
        sent: Vec<Due>,
        fates: Vec<(String, PushStatus)>,
        answers: &mut Answers,
        is_sent: impl Fn(&Due) -> bool,
    ) -> Result<Vec<Due>> {
        let mut fates: HashMap<String, PushStatus> = fates.into_iter().collect();
        let (mut left, mut pushed) = (Vec::new(), Vec::new());
        for due in sent {
            match fates.remove(&due.name) {
                Some(PushStatus::Done) if is_sent(&due) => {
                    pushed.push(self.tracking(&due));
                    answers.took = true;
                    self.report.add(ExchangeResult::Pushed, &due.name, due.known, Some(due.id));
                }
                Some(PushStatus::Behind) => answers.behind.push(due),
                Some(PushStatus::Refused(why)) => answers.refused.push((due, why)),
                Some(PushStatus::Done) | None => left.push(due),
            }
        }
        self.store.track_each(&pushed)?;
        Ok(left)
    }

    /// How it is recorded that the remote holds a ref as we do.
    fn tracking(&self, due: &Due) -> RefUpdate {
        let remote = &self.remote.name;
        let name = match &due.subject {
            Subject::Spec(spec) => format!("{}{spec}", tracked_specs(remote)),
            Subject::Archive(archive) => format!("{}{archive}", tracked_archives(remote)),
            Subject::Notes => tracked_notes(remote),
        };
        RefUpdate { name, old: due.known, new: Some(due.id) }
    }
}

/// The error for a push without an answer.
pub(super) fn no_answer(remote: &str) -> Error {
    Error::fatal(Kind::RemoteUnreachable, format!("'{remote}' did not report the status of the push"))
        .hint("nothing is lost; the next sync retries")
}
