//! One process of an agent, whatever it is run for: started in its lease, listened to, shown, ended. What it is for, where it may write and
//! what follows from its end are the caller's.

use std::{
    cell::{Cell, RefCell},
    ffi::OsString,
    fs::File,
    path::Path,
};

use gix::ObjectId;

use super::kept_report::{self, KeptReport};
use crate::{
    agent::{
        lease::{Busy, Info, Lease, Life, Survivors, end_survivors},
        preset::{OutputParser, Protocol, Report},
        process::{self, Ending, Finished, GRACE, OutputFilter, ProcessGroup, Run},
        stop::{self, Reported},
    },
    answer::progress::{Progress, Pulse, Step},
    domain::{
        activity::Activity,
        checks::Permission,
        id::SpecId,
        stop::{StopKind, Stopped},
    },
    env::local_file,
    error::{Error, Exit, Kind, Result},
    git::process::scrubbed_env,
    project::{
        Project,
        agent::{ASIDE, Agent},
    },
};

/// What is different in the environment of a process that works on `spec`: git's own local variables are absent, since they would tie
/// it to another worktree and index.
pub(crate) fn environment(project: &Project, spec: &SpecId) -> Vec<(OsString, Option<OsString>)> {
    let mut env: Vec<_> = scrubbed_env(&project.env).into_iter().map(|name| (name, None)).collect();
    env.push(("CHANT_SPEC_ID".into(), Some(spec.as_str().into())));
    env
}

/// A process of an agent that is to be run.
pub(crate) struct AgentRun<'a> {
    /// The spec that it is for.
    pub id: &'a SpecId,
    /// What its lease is named by: the start event of its attempt, where it has one.
    pub key: ObjectId,
    /// The agent.
    pub agent: &'a Agent,
    /// The name that its session gets, where it takes one.
    pub name: String,
    /// What it is told.
    pub prompt: &'a str,
    /// The file with the same text.
    pub prompt_file: &'a Path,
    /// Where it works.
    pub dir: &'a Path,
    /// The session that it resumes.
    pub had: Option<&'a str>,
    /// Variables for it besides the usual ones.
    pub env: Vec<(OsString, Option<OsString>)>,
    /// The words of its sandbox; empty if it is not confined.
    pub sandbox: &'a [OsString],
    /// Whether its shell begins in another directory, and goes to the one where it works itself.
    pub enters: bool,
    /// A file that it can write, for the names of the processes that it leaves.
    pub left: Option<&'a Path>,
    /// Gets every byte that it prints.
    pub transcript: Option<&'a File>,
    /// How many bytes of the end of its output are kept.
    pub tail: usize,
}

/// What the caller of a run does beside it.
pub(crate) trait Beside {
    /// The process is in its lease, and has done nothing yet; an error keeps it from beginning.
    fn started(&mut self, process: &ProcessGroup) -> Result<()> {
        let _ = process;
        Ok(())
    }

    /// Called some times a second.
    fn tick(&mut self) {}

    /// The agent named its session.
    fn session(&mut self, session: &str) {
        let _ = session;
    }
}

/// Nothing.
impl Beside for () {}

/// How a process of an agent ended, and what the agent said of it.
pub(crate) struct Ran {
    /// How it ended.
    pub finished: Finished,
    /// What the agent reported of the run.
    pub report: Report,
    /// What it said of the end of the run.
    pub reported: Reported,
    /// Its last message.
    pub answer: String,
    /// What it said last.
    pub last_words: Option<String>,
    /// The permissions that it asked for, and what it was told.
    pub permissions: Vec<Permission>,
}

impl Ran {
    /// Why the agent stopped before its work was done, as far as that is known.
    pub(crate) fn stopped(&self, agent: &Agent) -> Option<Stopped> {
        let ending = self.finished.ending;
        let asked = || asked(&self.answer).filter(|_| ending.success());
        let stopped = self.reason(agent).or_else(asked);
        stopped.map(|stopped| stopped.or_said(self.last_words.as_deref()))
    }

    /// Refuses a run that did not come to a good end. `what` is not done then, in words.
    ///
    /// # Errors
    /// `interrupted`, or `agent-failed` with why and what the agent said last.
    pub(crate) fn require_success(&self, agent: &Agent, what: &str) -> Result<()> {
        let ending = self.finished.ending;
        if let Some(signal) = ending.interrupted() {
            let error = Error::fatal(Kind::Interrupted, format!("cannot {what}: {ending}"));
            return Err(Error { exit: Exit::Signal(signal), ..error });
        }
        // What held an agent up that ended well may have been of no consequence.
        let held_up = |stopped: &Stopped| matches!(stopped.kind, StopKind::Question | StopKind::Denied);
        let why = match self.reason(agent).filter(|stopped| !(ending.success() && held_up(stopped))) {
            Some(stopped) => stopped.or_said(self.last_words.as_deref()).to_string(),
            None if ending.success() => return Ok(()),
            None => {
                let said = self.last_words.as_ref().map(|said| format!(": {said}")).unwrap_or_default();
                format!("agent '{}' {ending}{said}", agent.name)
            }
        };
        Err(Error::negative(Kind::AgentFailed, format!("cannot {what}: {why}")))
    }

    /// As [`Ran::stopped`], without a question at the end of what it said.
    pub(crate) fn reason(&self, agent: &Agent) -> Option<Stopped> {
        let by_code = |code| agent.preset.and_then(|preset| (preset.stopped_by)(code));
        stop::reason(self.finished.ending, self.reported.clone(), by_code)
    }
}

/// Takes the lease `key` for a run about a spec below `place`. What a dead run under it left is ended and counted.
///
/// # Errors
/// `running` if another process has it, `survivor` if a process of a dead agent must not be ended. `what` is not done then, in words.
pub(crate) fn take_lease(project: &Project, id: &SpecId, key: ObjectId, place: &Path, what: &str) -> Result<Lease> {
    let refused = |kind, why: &str| Error::negative(kind, format!("cannot {what} '{}': {why}", id.short()));
    if let Life::Dead(info) = project.life(key)?
        && let Survivors::Refused(why) = end_survivors(&info, GRACE)?
    {
        return Err(refused(Kind::Survivor, &format!("an agent may still be running: {why}"))
            .hint("stop it by hand, then try again"));
    }
    let info = Info::of_this_process(id.clone(), place.to_owned(), project.env.now().as_second());
    let lease = Lease::acquire(&project.leases_dir(), &key, info)?.map_err(|Busy(why)| refused(Kind::Running, &why))?;
    kept_report::settle(project, key)?;
    Ok(lease)
}

/// Gives the lease `key` back: the run is over, and what it cost is counted, if no event counted it.
///
/// # Errors
/// If that cannot be recorded.
pub(crate) fn release(project: &Project, key: ObjectId, lease: Lease) -> Result<()> {
    let settled = kept_report::settle(project, key);
    lease.release()?;
    settled
}

/// The question with which an agent ended its last message.
fn asked(answer: &str) -> Option<Stopped> {
    let last = answer.lines().rev().map(str::trim).find(|line| !line.is_empty())?;
    last.ends_with('?').then(|| Stopped { kind: StopKind::Question, said: stop::words(last) })
}

impl AgentRun<'_> {
    /// Runs the process to its end; its group is written into `lease` before it does anything. What it reports is kept until an event counts
    /// it.
    ///
    /// # Errors
    /// If it could not be run. However it ended is a result.
    pub(crate) fn run<'r>(
        self,
        project: &Project,
        lease: &mut Lease,
        beside: &'r mut dyn Beside,
        progress: &'r dyn Progress,
    ) -> Result<Ran> {
        let line = self.agent.command_line(self.prompt_file, self.had);
        let there = shell_words::quote(&self.dir.to_string_lossy()).into_owned();
        let command = if self.enters { format!("cd {there} || exit 125; {line}") } else { line };
        let beside = RefCell::new(beside);
        let waiting = Activity::new("waiting for the agent");
        let pulse = RefCell::new(Pulse::begin(progress, project.config().progress()?, waiting));
        let mut sink = |line: &str| {
            progress.say(&Step::AgentLine(line));
            pulse.borrow_mut().shown();
        };
        let mut on_started = |started: &ProcessGroup| {
            lease.record_agent(started)?;
            beside.borrow_mut().started(started)
        };
        let (stop, stop_file) = (Cell::new(false), project.stop_file(self.key));
        let kept = RefCell::new(KeptReport::begin(project, self.id, self.key, &self.agent.name)?);
        let mut tick = || {
            kept.borrow_mut().write(false);
            beside.borrow_mut().tick();
            pulse.borrow_mut().tick();
            stop.set(stop.get() || stop_file.exists());
        };
        let (stdin, parser) = self.agent.converse(&self.name, self.prompt, self.dir, self.had);
        let (kept, beside, pulse, stop) = (&kept, &beside, &pulse, &stop);
        let mut listener =
            parser.map(|parser| Listener { parser, kept, session: None, beside, pulse, doing: None, stop });
        let mut run = Run::new(&command, self.dir);
        run.env = environment(project, self.id);
        run.env.push(("CHANT_PROMPT_FILE".into(), Some(self.prompt_file.into())));
        run.env.extend(self.env);
        run.sandbox = self.sandbox;
        run.left = self.left;
        run.stdin = stdin;
        run.transcript = self.transcript;
        run.sink = Some(&mut sink);
        run.filter = listener.as_mut().map(|listener| listener as &mut dyn OutputFilter);
        run.tail = self.tail;
        run.timeout = self.agent.timeout;
        run.tick = Some(&mut tick);
        run.on_started = Some(&mut on_started);
        let finished = process::run(run)?;
        progress.say(&Step::Ran);
        say_left(&finished, self.agent.protocol, progress);
        Ok(heard(listener.map(|listener| listener.parser), finished, || aside(self.prompt_file)))
    }
}

/// What the agent said in all, as its `parser` understood it; `aside` is what it printed beside the messages of a protocol.
fn heard(parser: Option<OutputParser>, finished: Finished, aside: impl Fn() -> Vec<u8>) -> Ran {
    let mut ran = match &parser {
        Some(parser) => Ran {
            report: parser.report().clone(),
            reported: parser.reported(),
            answer: parser.answer().to_owned(),
            last_words: parser.last_words(finished.ending.success()),
            permissions: parser.permissions().to_vec(),
            finished,
        },
        None => Ran {
            report: Report::default(),
            reported: Reported::default(),
            answer: String::new(),
            last_words: None,
            permissions: Vec::new(),
            finished,
        },
    };
    // Of an agent that is understood, what was shown is git-chant's wording: its own words are what it was heard to say.
    if ran.reported.last.is_empty() {
        let tail = if parser.is_some() { aside() } else { ran.finished.tail.clone() };
        ran.reported.last = stop::last_lines(&tail);
        ran.last_words = ran.last_words.or_else(|| stop::last_words(&tail));
    }
    ran
}

/// The end of what an agent printed beside the messages of its protocol; nothing where it speaks none.
fn aside(prompt_file: &Path) -> Vec<u8> {
    let file = prompt_file.with_file_name(ASIDE);
    local_file::read_end(&file, process::TAIL as u64).ok().flatten().unwrap_or_default()
}

/// Says what was found at the end of the process: what it left running, what is missing from its transcript.
fn say_left(finished: &Finished, protocol: Protocol, progress: &dyn Progress) {
    // Where it was ended by force, so were its children: it left nothing. One that is talked to is ended where it stays, with what it has
    // running.
    let forced = matches!(finished.ending, Ending::TimedOut(_) | Ending::Interrupted(_)) || protocol == Protocol::Acp;
    if finished.survivors > 0 && !forced {
        let left = match finished.survivors {
            1 => "a background process; it was".to_owned(),
            many => format!("{many} background processes; they were"),
        };
        let names = &finished.left;
        let which = if names.is_empty() { String::new() } else { format!(": {}", names.join(", ")) };
        progress.say(&Step::Warning(format!("the agent left {left} stopped{which}")));
    }
    if let Some(error) = &finished.transcript_error {
        progress.say(&Step::Warning(format!("the transcript is incomplete: {error}")));
    }
}

/// Listens to a process: what the agent does is shown, what it reports is kept.
struct Listener<'a, 'r> {
    parser: OutputParser,
    kept: &'a RefCell<KeptReport>,
    /// The session that was named.
    session: Option<String>,
    beside: &'a RefCell<&'r mut dyn Beside>,
    pulse: &'a RefCell<Pulse<'r>>,
    /// What the agent does.
    doing: Option<Activity>,
    /// Whether another process asks it to stop.
    stop: &'a Cell<bool>,
}

impl Listener<'_, '_> {
    /// Takes note of what the agent reported.
    fn note(&mut self) {
        let report = self.parser.report();
        if report.session != self.session {
            self.session.clone_from(&report.session);
            if let Some(session) = &self.session {
                self.beside.borrow_mut().session(session);
            }
        }
        self.kept.borrow_mut().take(report);
    }
}

impl OutputFilter for Listener<'_, '_> {
    fn push(&mut self, bytes: &[u8]) -> Vec<u8> {
        let heard = self.parser.push(bytes);
        self.note();
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
        self.note();
        self.kept.borrow_mut().write(true);
        heard
    }
}
