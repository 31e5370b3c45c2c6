//! The agent's run: its prompt, its surroundings, its end.

use std::{
    ffi::OsString,
    fs::File,
    path::{Path, PathBuf},
    time::Duration,
};

use super::{Claimed, Guard, Plan, guard::Changes, place, session::Keeper};
use crate::{
    agent::{
        lease::Lease,
        preset::Report,
        process::{self, Ending, Listener, Run, Stdin},
        prompt::{self, Input, Prompt},
        transcript,
    },
    domain::{event::Pin, status::Status, view::SoFar},
    error::{Error, Result},
    git::process::scrubbed_env,
    project::{
        Project,
        progress::{Progress, Step},
        text::path_of,
    },
};

/// How an agent's run ended.
#[derive(Debug)]
pub struct Ran {
    /// The attempt: its start event.
    pub attempt: gix::ObjectId,
    /// How it ended.
    pub ending: Ending,
    /// How long it took.
    pub duration: Duration,
    /// The end of its output.
    pub tail: Vec<u8>,
    /// What it said of the run itself.
    pub report: Report,
    /// What it changed in the repository that no event explains, and the refs that moved meanwhile.
    pub changes: Changes,
    /// The lease of the attempt; whoever ends the attempt releases it.
    pub lease: Option<Lease>,
}

/// Runs the agent of `plan` in `worktree`: in the session that it had, where it can.
pub fn run(
    project: &Project,
    plan: &Plan,
    claimed: &mut Claimed,
    worktree: &Path,
    progress: &dyn Progress,
) -> Result<Ran> {
    let text = prompt_text(project, plan, claimed.attempt, worktree)?;
    let prompt_file = place::write_own(worktree, "prompt.md", &text)?;
    let log_path = transcript::path(project.repo.common_dir(), &plan.id, &claimed.attempt);
    let log: File = match &plan.goes_on {
        Some(_) => transcript::resume(&log_path)?,
        None => transcript::create(&log_path)?,
    };
    let guard = Guard::before(project)?;
    let mut once = Once { project, plan, worktree, text: &text, prompt_file: &prompt_file, log: &log, progress };
    let session = plan.goes_on.as_ref().and_then(|goes_on| goes_on.session.as_deref());
    let (mut finished, mut report) = once.run(claimed, session)?;
    // It never began: what it was to go on with is gone.
    if let Some(session) = session
        && report.session.is_none()
        && matches!(finished.ending, Ending::Exited(code) if code != 0)
    {
        progress.say(&Step::Note(format!("the session '{session}' could not be resumed: a new one begins")));
        (finished, report) = once.run(claimed, None)?;
    }
    once.say_what_is_left(&finished);
    let changes = guard.after(project, &plan.id)?;
    Ok(Ran {
        attempt: claimed.attempt,
        ending: finished.ending,
        duration: finished.duration,
        tail: finished.tail,
        report,
        changes,
        lease: None,
    })
}

/// One process of an agent.
struct Once<'a> {
    project: &'a Project,
    plan: &'a Plan,
    worktree: &'a Path,
    text: &'a str,
    prompt_file: &'a Path,
    log: &'a File,
    progress: &'a dyn Progress,
}

impl Once<'_> {
    /// Runs it to its end, in `session` if there is one.
    fn run(&mut self, claimed: &mut Claimed, session: Option<&str>) -> Result<(process::Finished, Report)> {
        let (project, plan, progress) = (self.project, self.plan, self.progress);
        let quoted = shell_words::quote(&self.prompt_file.to_string_lossy()).into_owned();
        let line = match (session, plan.agent.resume) {
            (Some(session), Some(resume)) => resume.replace("{session}", &shell_words::quote(session)),
            _ => plan.agent.command.clone(),
        };
        let command = line.replace("{prompt_file}", &quoted);
        let mut sink = |line: &str| progress.say(&Step::AgentLine(line));
        let attempt = claimed.attempt;
        let lease = &mut claimed.lease;
        let mut on_started = |started: &process::Started| {
            lease.record_agent(started)?;
            still_claimed(project, plan, attempt)
        };
        let mut keeper = Keeper::new(&plan.agent, attempt, self.worktree);
        let mut run = Run::new(&command, self.worktree);
        run.env = environment(project, plan, attempt, self.worktree, self.prompt_file)?;
        run.stdin = Stdin::Bytes(self.text.as_bytes().to_vec());
        run.transcript = Some(self.log);
        run.sink = Some(&mut sink);
        run.listener = keeper.as_mut().map(|keeper| keeper as &mut dyn Listener);
        run.timeout = plan.agent.timeout;
        run.on_started = Some(&mut on_started);
        let finished = process::run(run)?;
        Ok((finished, keeper.map(Keeper::report).unwrap_or_default()))
    }

    /// Says what the run left behind that nobody expects.
    fn say_what_is_left(&self, finished: &process::Finished) {
        // Where it was ended by force, so were its children: it left nothing.
        let forced = matches!(finished.ending, Ending::TimedOut(_) | Ending::Interrupted(_));
        if finished.survivors > 0 && !forced {
            let left = match finished.survivors {
                1 => "a background process, which was".to_owned(),
                many => format!("{many} background processes, which were"),
            };
            self.progress.say(&Step::Warning(format!("the agent left {left} ended")));
        }
        if let Some(error) = &finished.transcript_error {
            self.progress.say(&Step::Warning(format!("the transcript is not complete: {error}")));
        }
    }
}

/// Whether the attempt is still to be run: whoever pauses it ends the agent that is in the lease, and one that comes later must see
/// that itself.
fn still_claimed(project: &Project, plan: &Plan, attempt: gix::ObjectId) -> Result<()> {
    let state = project.store()?.state(&plan.id)?;
    if state.is_some_and(|state| state.status == Status::InProgress && state.open.contains(&attempt)) {
        return Ok(());
    }
    Err(Error::negative("stopped", format!("'{}' was stopped before its agent began", plan.id.short())))
}

/// Writes the prompt into the worktree, for whoever carries the spec out there.
pub fn write_prompt(project: &Project, plan: &Plan, attempt: gix::ObjectId, worktree: &Path) -> Result<PathBuf> {
    place::write_own(worktree, "prompt.md", &prompt_text(project, plan, attempt, worktree)?)
}

fn prompt_text(project: &Project, plan: &Plan, attempt: gix::ObjectId, worktree: &Path) -> Result<String> {
    let inputs: Vec<Input> = plan
        .inputs
        .iter()
        .map(|input| {
            let name = match &input.pin {
                Pin::Path { path, .. } => path.clone(),
                Pin::Spec { id, .. } => format!("spec {id}"),
                Pin::Url(url) => url.clone(),
            };
            let text = input.bytes.as_ref().and_then(|bytes| String::from_utf8(bytes.clone()).ok());
            Input { name, text }
        })
        .collect();
    // Of an attempt that goes on the ticks count that it has made.
    let ticked = plan.goes_on.as_ref().and_then(|_| std::fs::read(worktree.join(path_of(&plan.id))).ok());
    let spec = String::from_utf8_lossy(ticked.as_deref().unwrap_or(&plan.text.bytes)).into_owned();
    let earlier = project.earlier_attempts(&plan.id, Some(attempt))?;
    let base = plan.base.to_string();
    Ok(prompt::render(&Prompt {
        id: plan.id.as_str(),
        short: plan.id.short(),
        title: plan.title(),
        topic: plan.spec.front.topic.as_deref(),
        kind: plan.spec.front.kind,
        phase: plan.spec.front.phase.as_deref(),
        custom: plan.prompt.as_ref().map(|prompt| prompt.text.as_str()),
        worktree: &worktree.to_string_lossy(),
        branch: &project.branch(&plan.id)?,
        base: &base,
        spec_file: &path_of(&plan.id),
        spec: &spec,
        inputs: &inputs,
        target_files: &plan.spec.front.target_files,
        budget: usize::try_from(project.config().prompt_budget()?).unwrap_or(usize::MAX),
        earlier: &earlier,
        goes_on: plan.goes_on.as_ref().map(|goes_on| history_of(&goes_on.so_far)).as_deref(),
    }))
}

/// What an attempt that goes on has come to, for whoever goes on with it.
fn history_of(so_far: &SoFar) -> String {
    let mut text = String::new();
    let mut list = |title: &str, lines: &[String]| {
        if !lines.is_empty() {
            text.push_str(&format!("{title}\n{}\n", lines.join("\n")));
        }
    };
    let commits: Vec<String> =
        so_far.commits.iter().map(|commit| format!("- {:.12} {}", commit.id, commit.subject)).collect();
    let uncommitted: Vec<String> = so_far.uncommitted.iter().map(|path| format!("- {path}")).collect();
    list("Stopped because:", &so_far.stopped.iter().map(|why| format!("- {why}")).collect::<Vec<_>>());
    list("Commits so far:", &commits);
    list("Changed and not committed yet:", &uncommitted);
    list(
        "The last lines that were printed:",
        &so_far.said.iter().map(|line| format!("    {line}")).collect::<Vec<_>>(),
    );
    text
}

/// What the agent sees of its surroundings: everything of the person's but git's own local variables, which would tie it to
/// another worktree and index.
fn environment(
    project: &Project,
    plan: &Plan,
    attempt: gix::ObjectId,
    worktree: &Path,
    prompt_file: &Path,
) -> Result<Vec<(OsString, Option<OsString>)>> {
    let mut env: Vec<(OsString, Option<OsString>)> =
        scrubbed_env(&project.env).into_iter().map(|name| (name, None)).collect();
    let mut set = |name: &str, value: OsString| env.push((name.into(), Some(value)));
    let front = &plan.spec.front;
    set("CHANT_SPEC_ID", plan.id.as_str().into());
    set("CHANT_SPEC_FILE", worktree.join(path_of(&plan.id)).into());
    set("CHANT_PROMPT_FILE", prompt_file.into());
    set("CHANT_PHASE", front.phase.clone().unwrap_or_default().into());
    set("CHANT_ATTEMPT", attempt.to_string().into());
    set("CHANT_WORKTREE", worktree.into());
    set("CHANT_BRANCH", project.branch(&plan.id)?.into());
    set("CHANT_BASE", plan.base.to_string().into());
    set("CHANT_TARGET_FILES", front.target_files.join("\n").into());
    set("CHANT_INFORMED_BY", front.informed_by.join("\n").into());
    Ok(env)
}
