//! The agent's run: its prompt, its end.

use std::{path::Path, time::Duration};

use super::{Claimed, Plan};
use crate::{
    agent::{
        lease::Lease,
        process::Ending,
        prompt::{self, Input, Prompt},
    },
    domain::event::Pin,
    error::Result,
    project::{Project, progress::Progress, text::path_of},
    session::{Changes, Session},
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
    /// What it changed in the repository that no event explains, and the refs that moved meanwhile.
    pub changes: Changes,
    /// The lease of the attempt; whoever ends the attempt releases it.
    pub lease: Option<Lease>,
}

/// Runs the agent of `plan` in `worktree`.
pub fn run(
    project: &Project,
    plan: &Plan,
    claimed: &mut Claimed,
    worktree: &Path,
    progress: &dyn Progress,
) -> Result<Ran> {
    let session = Session {
        id: &plan.id,
        front: &plan.spec.front,
        attempt: claimed.attempt,
        base: plan.base,
        event: claimed.attempt,
        worktree,
        agent: &plan.agent,
        prompt: prompt_text(project, plan, worktree)?,
        env: Vec::new(),
    };
    let ended = session.run(project, &mut claimed.lease, progress)?;
    Ok(Ran {
        attempt: claimed.attempt,
        ending: ended.ending,
        duration: ended.duration,
        tail: ended.tail,
        changes: ended.changes,
        lease: None,
    })
}

fn prompt_text(project: &Project, plan: &Plan, worktree: &Path) -> Result<String> {
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
    let spec = String::from_utf8_lossy(&plan.text.bytes);
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
        earlier: &[],
    }))
}
