//! Remembers the session of an agent as soon as the agent names it, so that it can be resumed after any end. What the agent prints is
//! parsed in `agent::preset`.

use std::path::{Path, PathBuf};

use gix::{ObjectId, bstr::ByteSlice as _};
use serde::{Deserialize, Serialize};

use super::{RUN_DIR, read_own, write_own};
use crate::{
    agent::{
        preset::{OutputParser, Report, is_session},
        process::OutputFilter,
    },
    domain::stop::Stopped,
    git::work_file::Directory,
    project::agent::Agent,
};

/// The file, beside the prompt. An agent that changes it only gets itself into another session.
const NAME: &str = "session.json";

/// The file is a line; one that is larger is not ours, in bytes.
const MOST: u64 = 4096;

/// What the file says.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct StoredSession {
    /// The name of the agent.
    agent: String,
    /// What the agent calls it.
    session: String,
}

/// The session that `agent` had in `worktree`, if it can resume it.
pub(super) fn kept(worktree: &Path, agent: &Agent) -> Option<String> {
    agent.resume?;
    // What cannot be read is not resumed; nothing is lost by that but what the agent remembers.
    let bytes = read_own(worktree, NAME, MOST)?;
    let kept: StoredSession = serde_json::from_slice(&bytes).ok()?;
    (kept.agent == agent.name && is_session(&kept.session)).then_some(kept.session)
}

/// What an agent said of one run.
#[derive(Default)]
pub(super) struct Heard {
    /// Of the run itself.
    pub report: Report,
    /// Why it stopped, as far as its output says so in fields.
    pub stopped: Option<Stopped>,
    /// Its last message.
    pub answer: String,
    /// What it said last.
    pub last_words: Option<String>,
}

/// Listens to a run and keeps the name of its session.
pub(super) struct Memory {
    parser: OutputParser,
    agent: String,
    worktree: PathBuf,
    kept: Option<String>,
}

impl Memory {
    /// For one run of `agent`, if its output is understood.
    pub(super) fn new(agent: &Agent, attempt: ObjectId, worktree: &Path) -> Option<Self> {
        let parser = agent.parser(&format!("chant-{attempt}"))?;
        Some(Memory { parser, agent: agent.name.clone(), worktree: worktree.to_owned(), kept: None })
    }

    /// What the agent said of the run, and of its end.
    pub(super) fn heard(self) -> Heard {
        let parser = &self.parser;
        Heard {
            report: parser.report().clone(),
            stopped: parser.stopped().cloned(),
            answer: parser.answer().to_owned(),
            last_words: parser.last_words(),
        }
    }

    fn keep(&mut self) {
        let session = &self.parser.report().session;
        let Some(session) = session.as_ref().filter(|session| self.kept.as_ref() != Some(session)) else { return };
        let kept = StoredSession { agent: self.agent.clone(), session: session.clone() };
        // Without the file a later run begins a session of its own: no reason to stop this one.
        let dir = Directory::open(&self.worktree, RUN_DIR.as_bytes().as_bstr());
        // Whatever the agent has put into its place is not followed.
        if let (Ok(text), Ok(Some(_))) = (serde_json::to_string(&kept), dir) {
            let _begins_anew_later = write_own(&self.worktree, NAME, &(text + "\n"));
        }
        self.kept = Some(kept.session);
    }
}

impl OutputFilter for Memory {
    fn push(&mut self, bytes: &[u8]) -> Vec<u8> {
        let heard = self.parser.push(bytes);
        self.keep();
        heard
    }

    fn is_hopeless(&self) -> bool {
        self.parser.is_hopeless()
    }

    fn finish(&mut self) -> Vec<u8> {
        let heard = self.parser.finish();
        self.keep();
        heard
    }
}
