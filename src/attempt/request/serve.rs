//! The side of the process that runs the agent: requests are read, recorded and answered.
//!
//! The agent can put anything into the mailbox. Only plain files of a limited size and number are read, and an answer is a file that
//! is written once: a request that has one is over, whatever is put in its place.

use std::{fs, path::PathBuf};

use bstr::{BStr, ByteSlice};
use gix::ObjectId;

use super::{Answer, MOST, Mailbox, REQUESTS, Request, seal};
use crate::{
    agent::lease::Life,
    domain::{
        event::{Facts, Op},
        failure::Said,
        id::SpecId,
        new_event::{NewEvent, sentence},
        spec_file,
        state::State,
    },
    env::fault,
    error::{Error, IoContext, Kind, Result},
    git::{private::Private, work_file::Directory},
    project::Project,
    specs::proposal,
};

/// How many requests of one attempt are answered.
const MOST_REQUESTS: usize = 100;

/// How many entries of the mailbox are looked at.
const MOST_ENTRIES: usize = 1000;

/// The longest words of a note or a failure, in bytes.
const MOST_WORDS: usize = 8 << 10;

/// The requests of one attempt, while its agent runs.
pub(crate) struct Requests<'a> {
    project: &'a Project,
    id: &'a SpecId,
    attempt: ObjectId,
    mailbox: Mailbox,
    /// The marks of the run's processes: what seals its requests.
    marks: Vec<String>,
    /// How many requests came from elsewhere, and of how many that was told.
    foreign: (usize, usize),
    /// Keys of requests that have an answer.
    answered: Vec<String>,
    said: Option<Said>,
}

impl<'a> Requests<'a> {
    /// Makes the mailbox of a run of `attempt` at the spec `id`, before the agent starts.
    ///
    /// # Errors
    /// If its folders cannot be made.
    pub(crate) fn open(project: &'a Project, id: &'a SpecId, attempt: ObjectId) -> Result<Requests<'a>> {
        let run_dir = Private::of(&project.repo, &attempt).run_dir;
        let mailbox = Mailbox::of(&run_dir);
        for dir in [mailbox.writable.join(REQUESTS), run_dir.join(super::ANSWERS)] {
            fault::around("dir.make", || fs::create_dir_all(&dir)).io("create", &dir)?;
        }
        let mut requests = Requests::in_mailbox(project, id, attempt, mailbox);
        // What an earlier run of the attempt was answered, a failure for example, is not about this one.
        requests.answered = requests.keys().into_iter().filter(|key| requests.mailbox.has("answer", key)).collect();
        Ok(requests)
    }

    fn in_mailbox(project: &'a Project, id: &'a SpecId, attempt: ObjectId, mailbox: Mailbox) -> Requests<'a> {
        let (marks, answered) = (Vec::new(), Vec::new());
        Requests { project, id, attempt, mailbox, marks, foreign: (0, 0), answered, said: None }
    }

    /// Takes requests of the processes that have this mark, from now on.
    pub(crate) fn accept(&mut self, mark: &str) {
        self.marks.push(mark.to_owned());
    }

    /// How many requests did not come from the run since the last call.
    pub(crate) fn take_foreign(&mut self) -> usize {
        let (all, told) = self.foreign;
        self.foreign.1 = all;
        all - told
    }

    /// The requests of a run that is over; `None` if it had no mailbox.
    fn of_dead(project: &'a Project, id: &'a SpecId, attempt: ObjectId) -> Option<Requests<'a>> {
        let run_dir = Private::of(&project.repo, &attempt).run_dir;
        let mailbox = Mailbox::of(&run_dir);
        let answers = run_dir.join(super::ANSWERS);
        let there = |dir: &PathBuf| fs::symlink_metadata(dir).is_ok_and(|meta| meta.is_dir());
        (there(&answers) && there(&mailbox.writable.join(REQUESTS)))
            .then(|| Requests::in_mailbox(project, id, attempt, mailbox))
    }

    /// Answers what was asked since the last call.
    ///
    /// # Errors
    /// If an answer cannot be written.
    pub(crate) fn serve(&mut self) -> Result<()> {
        for key in self.keys() {
            if self.answered.len() >= MOST_REQUESTS + self.foreign.0 {
                return Ok(());
            }
            if !self.mailbox.has("answer", &key) {
                let answer = match self.answer(&key) {
                    Ok(answer) => answer,
                    Err(error) => Answer::Refused { why: error.message },
                };
                self.mailbox.write_once("answer", &key, &answer)?;
            }
            if let Some(Answer::Recorded { said: Some(said), .. }) = self.mailbox.kept("answer", &key) {
                self.add_said(said);
            }
            self.answered.push(key);
        }
        Ok(())
    }

    /// What the agent said when it failed its attempt.
    pub(crate) fn said(self) -> Option<Said> {
        self.said
    }

    fn add_said(&mut self, said: Said) {
        self.said = Some(match self.said.take() {
            None => said,
            Some(before) => Said {
                reason: format!("{}; {}", before.reason, said.reason),
                research_insufficient: before.research_insufficient || said.research_insufficient,
            },
        });
    }

    /// The keys of requests that are new, in no order that means anything.
    fn keys(&self) -> Vec<String> {
        let Ok(Some(folder)) = Directory::open(&self.mailbox.writable, REQUESTS.into()) else { return Vec::new() };
        let names = folder.first_names(MOST_ENTRIES).unwrap_or_default();
        let mut keys: Vec<String> = names.iter().filter_map(|name| key_of(name.as_bstr())).collect();
        keys.retain(|key| !self.answered.contains(key));
        keys.sort();
        keys
    }

    fn answer(&mut self, key: &str) -> Result<Answer> {
        let name = format!("request-{key}");
        let folder = Directory::open(&self.mailbox.writable, REQUESTS.into())?;
        let bytes = folder.map(|folder| folder.read(name.as_bytes().as_bstr(), MOST)).transpose()?.flatten();
        let bytes = bytes.ok_or_else(|| refused("the request is missing"))?;
        let Some(json) = seal::opened(&self.marks, key, &bytes) else {
            self.foreign.0 += 1;
            return Err(refused("the request does not come from the agent of this run"));
        };
        match serde_json::from_slice(json).map_err(|error| refused(format!("the request cannot be read: {error}")))? {
            Request::Note { text } => self.note(&words(&text)?),
            Request::Fail(said) => {
                let said = Said { reason: words(&said.reason)?, ..said };
                let sentence = sentence("Failing", self.id.short(), &format!("{said} (recorded when its agent ends)"));
                Ok(Answer::Recorded { spec: self.id.clone(), sentence, said: Some(said) })
            }
            Request::Add { text, onto } => self.add(key, &text, onto.as_deref()),
        }
    }

    /// Records a remark, and once only for each attempt: the process may have died before it could answer.
    fn note(&self, text: &str) -> Result<Answer> {
        let store = self.project.store()?;
        let sentence = text.to_owned();
        let answer = Answer::Recorded { spec: self.id.clone(), sentence: sentence.clone(), said: None };
        if let Some(tip) = store.tip(self.id)? {
            let walk = store.walk(self.id, tip)?;
            let mut notes = walk.history.events().iter().filter(|event| event.op == Op::Note);
            if notes.any(|event| event.facts.attempt == Some(self.attempt) && event.sentence == sentence) {
                return Ok(answer);
            }
        }
        let facts = Facts { attempt: Some(self.attempt), reason: Some(text.to_owned()), ..Facts::default() };
        let current = |state: &State| state.attempt == Some(self.attempt);
        match store.record_if(self.id, NewEvent { op: Op::Note, sentence, facts }, current)? {
            Some(_) => Ok(answer),
            None => Err(refused(format!("the attempt on '{}' is over", self.id.short()))),
        }
    }

    /// Records a proposal under an id that is written down first: the process may die before it can answer.
    fn add(&self, key: &str, text: &str, onto: Option<&str>) -> Result<Answer> {
        let spec = spec_file::parse("<the request>", text.as_bytes()).map_err(|found| {
            let first = found.first().map(|one| format!(": line {}: {}", one.line, one.message));
            refused(format!("the text is not a valid spec{}", first.unwrap_or_default()))
        })?;
        if let Some(onto) = onto {
            let short = onto.strip_prefix("refs/heads/").ok_or_else(|| refused("'--onto' names no branch"))?;
            crate::project::target::full_name(short)?;
        }
        let id = match self.mailbox.kept::<SpecId>("accepted", key) {
            Some(id) => id,
            None => {
                let id = proposal::fresh_id(self.project)?;
                self.mailbox.write_once("accepted", key, &id)?;
                id
            }
        };
        let sentence = proposal::record(self.project, &id, text.as_bytes(), &spec, self.id, onto)?;
        Ok(Answer::Recorded { spec: id, sentence, said: None })
    }
}

/// Answers what the agent of a dead run had asked, and gives its words if it had failed its attempt.
///
/// # Errors
/// If it cannot be recorded.
pub(crate) fn leftover(project: &Project, id: &SpecId, attempt: ObjectId) -> Result<Option<Said>> {
    let Some(mut requests) = Requests::of_dead(project, id, attempt) else { return Ok(None) };
    if let Life::Dead(info) | Life::Running(info) = project.life(attempt)?
        && let Some(agent) = info.agent
    {
        requests.accept(&agent.marker);
    }
    requests.serve()?;
    Ok(requests.said())
}

/// The key in the name of a request: 16 hexadecimal digits.
fn key_of(name: &BStr) -> Option<String> {
    let key = name.strip_prefix(b"request-")?.to_str().ok()?;
    let hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    (key.len() == 16 && key.bytes().all(hex)).then(|| key.to_owned())
}

/// Words that an event can carry: one line, not empty, of a limited length.
fn words(text: &str) -> Result<String> {
    let line = crate::terminal::sanitize::line(text);
    let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.len() {
        0 => Err(refused("it is empty")),
        length if length > MOST_WORDS => Err(refused(format!("it has {length} bytes; {MOST_WORDS} are recorded"))),
        _ => Ok(line),
    }
}

fn refused(why: impl Into<String>) -> Error {
    Error::negative(Kind::RefusedRequest, why)
}
