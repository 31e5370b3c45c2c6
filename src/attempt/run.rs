//! The agent's run: its prompt, its end.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use crate::{
    agent::{
        lease::Lease,
        preset::Report,
        process::Ending,
        prompt::{self, Input, Prompt},
    },
    answer::{SoFar, progress::Progress},
    attempt::{
        claim::Claimed,
        plan::Plan,
        session::{self, Changes, Session},
    },
    domain::{event::Pin, status::Status},
    error::{Error, Result},
    project::Project,
    specs::text::path_of,
};

/// How an agent's run ended.
#[derive(Debug)]
pub(crate) struct Ran {
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

/// Runs the agent of `plan` in `worktree`.
pub(super) fn run(
    project: &Project,
    plan: &Plan,
    claimed: &mut Claimed,
    worktree: &Path,
    progress: &dyn Progress,
) -> Result<Ran> {
    let attempt = claimed.attempt;
    let session = Session {
        id: &plan.id,
        front: &plan.spec.front,
        attempt,
        base: plan.base,
        event: attempt,
        goes_on: plan.goes_on.is_some(),
        worktree,
        agent: &plan.agent,
        prompt: prompt_text(project, plan, attempt, worktree)?,
        env: Vec::new(),
        may_begin: &|| still_claimed(project, plan, attempt),
    };
    let ended = session.run(project, &mut claimed.lease, progress)?;
    Ok(Ran {
        attempt,
        ending: ended.ending,
        duration: ended.duration,
        tail: ended.tail,
        report: ended.report,
        changes: ended.changes,
        lease: None,
    })
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
pub(super) fn write_prompt(project: &Project, plan: &Plan, attempt: gix::ObjectId, worktree: &Path) -> Result<PathBuf> {
    session::write_own(worktree, "prompt.md", &prompt_text(project, plan, attempt, worktree)?)
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
