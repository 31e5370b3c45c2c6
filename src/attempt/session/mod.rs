//! One run of an agent in a worktree: what it is told, what it sees of its surroundings, what it touched, how it ended.
//!
//! What the agent is to do comes from the caller: a run of the spec, or the resolving of a conflict. Claiming the spec and judging the
//! work is not done here.

mod memory;

use std::{
    borrow::Cow,
    ffi::OsString,
    fs::File,
    path::{Path, PathBuf},
};

use gix::{ObjectId, bstr::ByteSlice};

use crate::{
    agent::{
        lease::Lease,
        process::{self, Ending, ProcessGroup},
        transcript,
    },
    answer::progress::{Progress, Step},
    attempt::{
        check::{recall, remember_changes},
        request::Requests,
        seen::{Extent, Watch},
    },
    domain::{
        confined::{Confined, did_not_start},
        id::SpecId,
        spec_file::FrontMatter,
        status::Status,
    },
    error::{Error, Kind, Result},
    git::{private::Private, special_file, work_file},
    project::{Project, agent::Agent, warm},
    specs::{
        agent_run::{AgentRun, Beside, Ran},
        attempt::RunEnd,
        confined::ConfinedRun,
        run_cost,
        text::path_of,
    },
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

/// The files of a run: its prompt and its transcript.
#[derive(Clone, Copy)]
struct Files<'a> {
    prompt: &'a Path,
    transcript: &'a File,
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
        let mut watch =
            Watch::begin(project, self.id, self.attempt, self.worktree, inside.as_ref().map(ConfinedRun::protected))?;
        let had = if self.resumed { memory::kept(self.worktree, self.attempt, self.agent) } else { None };
        // What an earlier run was asked is not asked of this one; that it was paused since its claim it finds out itself.
        project.forget_stop(self.attempt);
        let agent = inside.as_ref().map_or(Cow::Borrowed(self.agent), |inside| inside.agent(self.agent));
        let this = Session { agent: &agent, ..self };
        let files = Files { prompt: &prompt_file, transcript: &log };
        let ran = this.until_it_begins(project, lease, &mut requests, (inside.as_ref(), had, files), progress)?;
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
            say_removed(special_file::remove(common), progress);
        }
        say_removed(special_file::remove_in_worktree(this.worktree), progress);
        watch.write(project)?;
        let changes = watch.compare(project, Extent::All)?;
        let confined = inside.as_ref().map_or(Confined::None, ConfinedRun::by);
        let refused = inside.as_ref().map_or(Ok(None), |inside| this.bring_in(project, inside, progress))?;
        let stopped = ran.stopped(&agent);
        let report = run_cost::of_run(project, this.id, ran.report)?;
        Ok(RunEnd {
            agent: agent.name.clone(),
            ending: ran.finished.ending,
            said: requests.said(),
            report,
            stopped,
            last_words: ran.last_words,
            permissions: ran.permissions,
            changes,
            confined,
            refused,
        })
    }

    /// Runs the agent until one run of it has begun: again where the sandbox could not be made, and in a session of its own where the one
    /// that it was to resume is gone.
    fn until_it_begins(
        &self,
        project: &Project,
        lease: &mut Lease,
        requests: &mut Requests<'_>,
        (inside, had, files): (Option<&ConfinedRun>, Option<String>, Files<'_>),
        progress: &dyn Progress,
    ) -> Result<Ran> {
        let left = inside.map(ConfinedRun::left_file);
        let mut env = self.environment(project)?;
        env.extend(inside.into_iter().flat_map(ConfinedRun::env));
        let mut once = |had: Option<&str>| {
            let run = AgentRun {
                id: self.id,
                key: self.attempt,
                agent: self.agent,
                name: format!("chant-{}", self.attempt),
                prompt: &self.prompt,
                prompt_file: files.prompt,
                dir: self.worktree,
                had,
                env: env.clone(),
                sandbox: inside.map_or(&[], ConfinedRun::words),
                enters: false,
                left: left.as_deref(),
                transcript: Some(files.transcript),
                tail: process::TAIL,
            };
            run.run(project, lease, &mut Attendant { session: self, requests, progress }, progress)
        };
        let mut ran = once(had.as_deref())?;
        for _ in 0..STARTS {
            if inside.is_none() || !did_not_start(ran.finished.ending.exit_code(), &ran.finished.tail) {
                break;
            }
            ran = once(had.as_deref())?;
        }
        let stops = project.stop_file(self.attempt).exists() || is_paused(project, self.id, self.attempt)?;
        project.forget_stop(self.attempt);
        // It ended by itself, without a reason, before it began: what it was to resume is gone.
        if let Some(had) = had.filter(|_| ran.report.session.is_none() && !stops)
            && matches!(ran.finished.ending, Ending::Exited(code) if code != 0)
            && ran.reason(self.agent).is_none()
        {
            progress.say(&Step::Note(format!("cannot resume session '{had}'; starting a new one")));
            ran = once(None)?;
        }
        Ok(ran)
    }

    /// Takes what a confined run left into the repository. Gives why its work was not taken, if it was not.
    fn bring_in(&self, project: &Project, inside: &ConfinedRun, progress: &dyn Progress) -> Result<Option<String>> {
        remember_changes(project, self.attempt)?;
        let refused = inside.bring_in(project, self.base)?;
        if refused.is_some() {
            // No command: git would go by the configuration that the agent left there.
            let private = Private::of(&project.repo, &self.attempt).git_dir;
            progress.say(&Step::Note(format!("its commits and its configuration stay in '{}'", private.display())));
        }
        for kept in inside.keep_stashes(project)? {
            progress.say(&Step::Note(format!("the agent left a stash; to apply it: git stash apply {kept}")));
        }
        Ok(refused)
    }

    /// What is different in the environment of the agent from the person's.
    fn environment(&self, project: &Project) -> Result<Vec<(OsString, Option<OsString>)>> {
        let mut env = Vec::new();
        let mut set = |name: &str, value: OsString| env.push((name.into(), Some(value)));
        set("CHANT_SPEC_FILE", self.worktree.join(path_of(self.id)).into());
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

/// What goes on beside the agent: its requests are answered, and its session is remembered.
struct Attendant<'a, 'p> {
    session: &'a Session<'a>,
    requests: &'a mut Requests<'p>,
    progress: &'a dyn Progress,
}

impl Beside for Attendant<'_, '_> {
    fn started(&mut self, process: &ProcessGroup) -> Result<()> {
        self.requests.accept(&process.marker);
        (self.session.may_begin)()
    }

    fn tick(&mut self) {
        serve(self.requests, self.progress);
    }

    fn session(&mut self, session: &str) {
        memory::remember(self.session.worktree, self.session.attempt, self.session.agent, session);
    }
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

/// Names the FIFOs and devices that were removed, so that git reads none of them.
pub(crate) fn say_removed(paths: Vec<PathBuf>, progress: &dyn Progress) {
    for path in paths {
        let what = format!("removed '{}': it was a FIFO or a device, not a file", path.display());
        progress.say(&Step::Warning(what));
    }
}
