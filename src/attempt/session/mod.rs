//! One run of an agent in a worktree: what it is told, what it sees of its surroundings, what it touched, how it ended.
//!
//! What the agent is to do comes from the caller: a run of the spec, or the resolving of a conflict. Claiming the spec and judging the
//! work is not done here.

mod memory;

use std::{
    borrow::Cow,
    cell::{Cell, RefCell},
    ffi::OsString,
    fs::File,
    path::{Path, PathBuf},
};

use gix::{ObjectId, bstr::ByteSlice};

use memory::{Heard, Memory};

use crate::{
    agent::{
        lease::Lease,
        preset::Protocol,
        process::{self, Ending, OutputFilter, Run},
        stop, transcript,
    },
    answer::progress::{Progress, Pulse, Step},
    attempt::{
        check::{environment, recall, remember_changes},
        request::Requests,
        seen::{Extent, Watch},
    },
    domain::{
        activity::Activity,
        confined::{Confined, did_not_start},
        id::SpecId,
        spec_file::FrontMatter,
        status::Status,
        stop::{StopKind, Stopped},
    },
    error::{Error, Kind, Result},
    git::{private::Private, special_file, work_file},
    project::{
        Project,
        agent::{ASIDE, Agent},
        warm,
    },
    specs::{attempt::RunEnd, confined::ConfinedRun, run_cost, text::path_of},
};

/// The folder in a worktree for what is the tool's own: it ignores itself, so that no `git add -A` takes it.
pub(crate) const RUN_DIR: &str = ".chant/run";

/// The file in it that holds the prompt.
pub(crate) const PROMPT: &str = "prompt.md";

/// What an agent is to do, and where.
pub(crate) struct Session<'a> {
    /// The spec that it is for.
    pub id: &'a SpecId,
    /// What the spec says of itself.
    pub front: &'a FrontMatter,
    /// The attempt: its start event.
    pub attempt: ObjectId,
    /// The commit that the attempt started from.
    pub base: ObjectId,
    /// The event that the transcript is named by.
    pub event: ObjectId,
    /// Whether that transcript is added to, where there is one already.
    pub resumed: bool,
    /// Where it runs.
    pub worktree: &'a Path,
    /// The agent.
    pub agent: &'a Agent,
    /// What it is told.
    pub prompt: String,
    /// Variables for it besides the usual ones.
    pub env: Vec<(&'a str, OsString)>,
    /// Asked once it is in the lease and before it does anything: an error keeps it from beginning.
    pub may_begin: &'a dyn Fn() -> Result<()>,
}

/// How often a sandbox is made again that could not be made.
const STARTS: usize = 5;

impl Session<'_> {
    /// Runs the agent to its end, where it goes on in the session that it had, if it can; its process group is written into `lease`
    /// before it does anything.
    ///
    /// # Errors
    /// If it could not be run. However it ended is a result.
    pub(crate) fn run(self, project: &Project, lease: &mut Lease, progress: &dyn Progress) -> Result<RunEnd> {
        let prompt_file = write_own(self.worktree, PROMPT, &self.prompt)?;
        let log = transcript::path(project.repo.common_dir(), self.id, &self.event);
        let log = if self.resumed { transcript::resume(&log)? } else { transcript::create(&log)? };
        let inside = ConfinedRun::prepare(project, self.id, self.attempt, self.worktree, self.agent)?;
        let mut requests = Requests::open(project, self.id, self.attempt)?;
        let mut watch = Watch::begin(project, self.id, self.attempt, self.worktree, inside.is_some())?;
        let had = if self.resumed { memory::kept(self.worktree, self.agent) } else { None };
        // What an earlier run was asked is not asked of this one; that it was paused since its claim it finds out itself.
        project.forget_stop(self.attempt);
        let agent = inside.as_ref().map_or(Cow::Borrowed(self.agent), |inside| inside.agent(self.agent));
        let this = Session { agent: &agent, ..self };
        let mut once = |had: Option<&str>| {
            this.once(project, inside.as_ref(), &prompt_file, &log, lease, had, &mut requests, progress)
        };
        let (mut finished, mut heard) = once(had.as_deref())?;
        for _ in 0..STARTS {
            if inside.is_none() || !did_not_start(finished.ending.exit_code(), &finished.tail) {
                break;
            }
            (finished, heard) = once(had.as_deref())?;
        }
        let stops = project.stop_file(this.attempt).exists() || is_paused(project, this.id, this.attempt)?;
        project.forget_stop(this.attempt);
        let by_code = |code| this.agent.preset.and_then(|preset| (preset.stopped_by)(code));
        // It ended by itself, without a reason, before it began: what it was to resume is gone.
        if let Some(had) = had.filter(|_| heard.report.session.is_none() && !stops)
            && matches!(finished.ending, Ending::Exited(code) if code != 0)
            && stop::reason(finished.ending, heard.reported.clone(), by_code).is_none()
        {
            progress.say(&Step::Note(format!("cannot resume session '{had}'; starting a new one")));
            (finished, heard) = once(None)?;
        }
        let common = project.repo.common_dir();
        if !common.is_dir() {
            let what = "the repository was moved during the run, or a directory above it";
            return Err(Error::fatal(
                Kind::NotARepository,
                format!("there is no '{}' any more: {what}", common.display()),
            )
            .hint(format!("move it back, then: git chant work {}", self.id.short())));
        }
        serve(&mut requests, progress);
        if inside.is_none() {
            // It could write there.
            warm::forget(project)?;
            recall::forget(project)?;
            for path in special_file::remove(common) {
                let what = format!("removed '{}': it was a FIFO or a device, not a file", path.display());
                progress.say(&Step::Warning(what));
            }
        }
        watch.keep(project)?;
        let changes = watch.compare(project, Extent::All)?;
        let (mut confined, mut refused) = (Confined::None, None);
        if let Some(inside) = &inside {
            confined = inside.by();
            remember_changes(project, this.attempt)?;
            refused = inside.bring_in(project, this.base)?;
            if refused.is_some() {
                // No command: git would go by the configuration that the agent left there.
                let private = Private::of(&project.repo, &this.attempt).git_dir;
                progress.say(&Step::Note(format!("its commits and its configuration stay in '{}'", private.display())));
            }
            for kept in inside.keep_stashes(project)? {
                progress.say(&Step::Note(format!("the agent left a stash; to apply it: git stash apply {kept}")));
            }
        }
        let ending = finished.ending;
        let asked = || asked(&heard.answer).filter(|_| ending.success());
        let stopped = stop::reason(ending, heard.reported, by_code).or_else(asked);
        let last_words = heard.last_words;
        let stopped = stopped.map(|stopped| stopped.or_said(last_words.as_deref()));
        let report = run_cost::of_run(project, this.id, heard.report)?;
        // The event of its end counts it.
        project.forget_report(this.attempt);
        let (said, permissions) = (requests.said(), heard.permissions);
        let agent = this.agent.name.clone();
        Ok(RunEnd { agent, ending, said, report, stopped, last_words, permissions, changes, confined, refused })
    }

    /// Runs one process of the agent to its end, in the session that it `had`.
    #[expect(clippy::too_many_arguments, reason = "what differs from one process of the agent to the next")]
    fn once(
        &self,
        project: &Project,
        inside: Option<&ConfinedRun>,
        prompt_file: &Path,
        log: &File,
        lease: &mut Lease,
        had: Option<&str>,
        requests: &mut Requests<'_>,
        progress: &dyn Progress,
    ) -> Result<(process::Finished, Heard)> {
        let command = self.agent.command_line(prompt_file, had);
        let requests = RefCell::new(requests);
        let waiting = Activity::new("waiting for the agent");
        let pulse = RefCell::new(Pulse::begin(progress, project.config().progress()?, waiting));
        let mut sink = |line: &str| {
            progress.say(&Step::AgentLine(line));
            pulse.borrow_mut().shown();
        };
        let mut on_started = |started: &process::ProcessGroup| {
            lease.record_agent(started)?;
            requests.borrow_mut().accept(&started.marker);
            (self.may_begin)()
        };
        let (stop, stop_file) = (Cell::new(false), project.stop_file(self.attempt));
        let mut tick = || {
            serve(&mut requests.borrow_mut(), progress);
            pulse.borrow_mut().tick();
            stop.set(stop.get() || stop_file.exists());
        };
        let name = format!("chant-{}", self.attempt);
        let (stdin, parser) = self.agent.converse(&name, &self.prompt, self.worktree, had);
        let mut memory = parser.map(|parser| {
            Memory::new(parser, self.agent, self.worktree, project.report_file(self.attempt), &pulse, &stop)
        });
        let left = inside.map(ConfinedRun::left_file).unwrap_or_default();
        let mut run = Run::new(&command, self.worktree);
        run.env = self.environment(project, prompt_file)?;
        if let Some(inside) = inside {
            run.sandbox = inside.words();
            run.left = Some(&left);
            run.env.extend(inside.env());
        }
        run.stdin = stdin;
        run.transcript = Some(log);
        run.sink = Some(&mut sink);
        run.filter = memory.as_mut().map(|memory| memory as &mut dyn OutputFilter);
        run.timeout = self.agent.timeout;
        run.tick = Some(&mut tick);
        run.on_started = Some(&mut on_started);
        let finished = process::run(run)?;
        progress.say(&Step::Ran);
        // Of an agent that is understood, what was shown is git-chant's wording: its own words are what it was heard to say.
        let understood = memory.is_some();
        let mut heard = memory.map(Memory::heard).unwrap_or_default();
        if heard.reported.last.is_empty() {
            // Why an agent of the protocol said nothing may stand beside its messages.
            let tail = match (understood, self.agent.protocol) {
                (false, _) => finished.tail.clone(),
                (true, Protocol::Acp) => aside(self.worktree),
                (true, Protocol::Text) => Vec::new(),
            };
            heard.reported.last = stop::last_lines(&tail);
            heard.last_words = heard.last_words.or_else(|| stop::last_words(&tail));
        }
        // Where it was ended by force, so were its children: it left nothing.
        let forced = matches!(finished.ending, Ending::TimedOut(_) | Ending::Interrupted(_));
        // One that is talked to is ended where it stays, with what it has running.
        let forced = forced || self.agent.protocol == Protocol::Acp;
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
        Ok((finished, heard))
    }

    /// What is different in the environment of the agent from the person's.
    fn environment(&self, project: &Project, prompt_file: &Path) -> Result<Vec<(OsString, Option<OsString>)>> {
        let mut env = environment(project, self.id);
        let mut set = |name: &str, value: OsString| env.push((name.into(), Some(value)));
        set("CHANT_SPEC_FILE", self.worktree.join(path_of(self.id)).into());
        set("CHANT_PROMPT_FILE", prompt_file.into());
        set("CHANT_PHASE", self.front.phase.clone().unwrap_or_default().into());
        set("CHANT_ATTEMPT", self.attempt.to_string().into());
        set("CHANT_WORKTREE", self.worktree.into());
        set("CHANT_BRANCH", project.branch(self.id)?.into());
        set("CHANT_BASE", self.base.to_string().into());
        for (name, value) in &self.env {
            set(name, value.clone());
        }
        env.push(("CHANT_TARGET_FILES".into(), list(&self.front.target_files)));
        env.push(("CHANT_INFORMED_BY".into(), list(&self.front.informed_by)));
        Ok(env)
    }
}

/// The longest list that a variable holds, in bytes: Linux starts no program with one of 128 KiB.
const LONGEST_LIST: usize = 100_000;

/// The value of a variable that holds a list, an entry a line; `None` if it is too long.
fn list(entries: &[String]) -> Option<OsString> {
    let lines = entries.join("\n");
    (lines.len() <= LONGEST_LIST).then(|| lines.into())
}

/// Whether the attempt was paused since it began.
fn is_paused(project: &Project, id: &SpecId, attempt: ObjectId) -> Result<bool> {
    let state = project.store()?.state(id)?;
    Ok(state.is_some_and(|state| state.status == Status::Paused && state.attempt == Some(attempt)))
}

/// The end of what an agent printed beside the messages of its protocol.
fn aside(worktree: &Path) -> Vec<u8> {
    let bytes = read_own(worktree, ASIDE, 1 << 20).unwrap_or_default();
    bytes[bytes.len().saturating_sub(process::TAIL)..].to_vec()
}

/// The question with which an agent ended its last message.
fn asked(answer: &str) -> Option<Stopped> {
    let last = answer.lines().rev().map(str::trim).find(|line| !line.is_empty())?;
    last.ends_with('?').then(|| Stopped { kind: StopKind::Question, said: stop::words(last) })
}

/// Answers what the agent asks for. A mailbox that cannot be used is told of, and is no reason to end the agent.
fn serve(requests: &mut Requests<'_>, progress: &dyn Progress) {
    if let Err(error) = requests.serve() {
        progress.say(&Step::Warning(format!("cannot answer the agent's requests: {}", error.message)));
    }
    if requests.take_foreign() > 0 {
        progress.say(&Step::Warning(
            "ignored a request in the mailbox of this run that does not come from its agent".to_owned(),
        ));
    }
}

/// Makes the folder of the tool's own in a worktree, if it is not there.
pub(crate) fn own_dir(worktree: &Path) -> Result<()> {
    create_file(worktree, &format!("{RUN_DIR}/.gitignore"), b"*\n")
}

/// Creates a file in the worktree, with the folders above it. A file that is there stays as it is.
pub(crate) fn create_file(worktree: &Path, path: &str, bytes: &[u8]) -> Result<()> {
    match work_file::create_new(worktree, path.as_bytes().as_bstr(), bytes, false) {
        Ok(()) => Ok(()),
        Err(refused) if matches!(refused.why, work_file::Why::AlreadyExists) => Ok(()),
        Err(refused) => Err(Error::fatal(Kind::Copy, format!("cannot write '{path}' into the worktree: {refused}"))),
    }
}

/// Writes a file of the tool's own into the worktree, whole, replacing what is there. An agent may write there, too: no link is followed.
pub(crate) fn write_own(worktree: &Path, name: &str, text: &str) -> Result<PathBuf> {
    let path = format!("{RUN_DIR}/{name}");
    match work_file::replace(worktree, path.as_bytes().as_bstr(), text.as_bytes()) {
        Ok(()) => Ok(worktree.join(path)),
        Err(refused) => Err(Error::fatal(Kind::Copy, format!("cannot write '{path}' into the worktree: {refused}"))),
    }
}

/// What a file of the tool's own in the worktree holds now; `None` if it is not there, or larger than `limit` bytes. An agent may have
/// changed it.
pub(crate) fn read_own(worktree: &Path, name: &str, limit: u64) -> Option<Vec<u8>> {
    work_file::read(worktree, format!("{RUN_DIR}/{name}").as_bytes().as_bstr(), limit).ok()?
}
