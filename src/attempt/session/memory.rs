//! Remembers the session of an agent as soon as the agent names it, so that it can be resumed after any end. What the agent prints is
//! parsed in `agent::preset`.

use std::{
    cell::{Cell, RefCell},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use gix::bstr::ByteSlice as _;
use serde::{Deserialize, Serialize};

use super::{RUN_DIR, read_own, write_own};
use crate::{
    agent::{
        preset::{OutputParser, Report, is_session},
        process::OutputFilter,
        stop::Reported,
    },
    answer::progress::Pulse,
    domain::{activity::Activity, checks::Permission},
    env::local_file,
    git::work_file::Directory,
    project::agent::Agent,
};

/// The file, beside the prompt. An agent that changes it only gets itself into another session.
const NAME: &str = "session.json";

/// The file is a line; one that is larger is not ours, in bytes.
const MOST: u64 = 4096;

/// How often what an agent reports is written down while it runs.
const KEEP_EVERY: Duration = Duration::from_secs(1);

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
    if !agent.can_resume() {
        return None;
    }
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
    /// What its output says of the end of the run.
    pub reported: Reported,
    /// Its last message.
    pub answer: String,
    /// What it said last.
    pub last_words: Option<String>,
    /// The permissions that it asked for, and what it was told.
    pub permissions: Vec<Permission>,
}

/// Listens to a run and keeps the name of its session.
pub(super) struct Memory<'a> {
    parser: OutputParser,
    agent: String,
    worktree: PathBuf,
    kept: Option<String>,
    /// The file that keeps what the agent reported, what that was, and when it was written.
    file: PathBuf,
    reported: Report,
    written: Option<Instant>,
    /// What the agent does.
    pulse: &'a RefCell<Pulse<'a>>,
    doing: Option<Activity>,
    /// Whether another process asks it to stop.
    stop: &'a Cell<bool>,
}

impl<'a> Memory<'a> {
    /// For one run of `agent`, whose output `parser` understands.
    pub(super) fn new(
        parser: OutputParser,
        agent: &Agent,
        worktree: &Path,
        file: PathBuf,
        pulse: &'a RefCell<Pulse<'a>>,
        stop: &'a Cell<bool>,
    ) -> Self {
        let (agent, worktree, reported) = (agent.name.clone(), worktree.to_owned(), Report::default());
        Memory { parser, agent, worktree, kept: None, file, reported, written: None, pulse, doing: None, stop }
    }

    /// Keeps what the agent reported, so that it is counted if this process dies: now and then while it runs, and `at_end`.
    fn keep_report(&mut self, at_end: bool) {
        let report = self.parser.report();
        let is_due = at_end || self.written.is_none_or(|written| written.elapsed() >= KEEP_EVERY);
        if !is_due || report.cost().is_none() || *report == self.reported {
            return;
        }
        (self.reported, self.written) = (report.clone(), Some(Instant::now()));
        if let (Ok(text), Some(dir), Some(name)) =
            (serde_json::to_vec(report), self.file.parent(), self.file.file_name().and_then(|name| name.to_str()))
        {
            // Without it a run whose process dies is counted as nothing.
            let _counts_nothing = local_file::place(dir, name, &text);
        }
    }

    /// What the agent said of the run, and of its end.
    pub(super) fn heard(self) -> Heard {
        let parser = &self.parser;
        Heard {
            report: parser.report().clone(),
            reported: parser.reported(),
            answer: parser.answer().to_owned(),
            last_words: parser.last_words(),
            permissions: parser.permissions().to_vec(),
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

impl OutputFilter for Memory<'_> {
    fn push(&mut self, bytes: &[u8]) -> Vec<u8> {
        let heard = self.parser.push(bytes);
        self.keep();
        self.keep_report(false);
        if self.parser.does() != self.doing.as_ref() {
            self.doing = self.parser.does().cloned();
            if let Some(activity) = &self.doing {
                self.pulse.borrow_mut().does(activity.clone());
            }
        }
        heard
    }

    fn input(&mut self) -> Vec<u8> {
        if self.stop.get() {
            self.parser.cancel();
        }
        self.parser.input()
    }

    fn over(&self) -> Option<i32> {
        self.parser.over()
    }

    fn cancel(&mut self) {
        self.parser.cancel();
    }

    fn is_hopeless(&self) -> bool {
        self.parser.is_hopeless()
    }

    fn finish(&mut self) -> Vec<u8> {
        let heard = self.parser.finish();
        self.keep();
        self.keep_report(true);
        heard
    }
}
