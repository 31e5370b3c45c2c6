//! What the agent is told about its spec: the text, the inputs, the attempts before. The words around them are in `agent::prompt`.

use std::path::Path;

use bstr::ByteSlice as _;
use gix::ObjectId;

use crate::{
    agent::prompt::{self, Input, Prompt},
    attempt::plan::{Plan, Resumed},
    domain::{
        event::Pin,
        phase::Phase,
        spec_file::{MAX_SPEC_LEN, criteria_of},
    },
    error::Result,
    git::work_file,
    project::Project,
    specs::{all::Specs, text::path_of},
};

/// The prompt for `attempt`, which is worked in `worktree`.
pub(super) fn text(project: &Project, plan: &Plan, attempt: ObjectId, worktree: &Path) -> Result<String> {
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
    let path = path_of(&plan.id);
    let ticked = plan
        .resumed
        .as_ref()
        .and_then(|_| work_file::read(worktree, path.as_bytes().as_bstr(), MAX_SPEC_LEN as u64).ok()?);
    let spec = String::from_utf8_lossy(ticked.as_deref().unwrap_or(&plan.first_text)).into_owned();
    let earlier = project.earlier_attempts(&plan.id, Some(attempt))?;
    let remarks = project.remarks((&plan.id, attempt), &plan.spec, plan.base)?;
    let reproduction = match plan.spec.front.known_phase() {
        Some(Phase::RootCause) => Specs::new(project)?.reproduction_for(&plan.id, &plan.spec)?,
        _ => None,
    };
    let base = plan.base.to_string();
    Ok(prompt::render(&Prompt {
        id: &plan.id,
        spec: &plan.spec,
        custom: plan.prompt.as_ref().map(|prompt| prompt.text.as_str()),
        worktree: &worktree.to_string_lossy(),
        branch: &project.branch(&plan.id)?,
        base: &base,
        spec_file: &path_of(&plan.id),
        text: &spec,
        inputs: &inputs,
        budget: usize::try_from(project.config().prompt_budget()?).unwrap_or(usize::MAX),
        earlier: &earlier,
        remarks: &remarks,
        attribution: project.config().attribution()?.trailer(&plan.agent.name).as_deref(),
        resumed: plan.resumed.as_ref().map(|resumed| history_of(resumed, &spec)).as_deref(),
        reproduction: reproduction.as_deref(),
    }))
}

/// What a resumed attempt has come to, for the agent that resumes it.
fn history_of(resumed: &Resumed, spec: &str) -> String {
    let so_far = &resumed.so_far;
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
    let failed = resumed.failed.iter().map(|check| {
        let detail = check.detail.as_deref().unwrap_or("failed").replace('\n', "\n  ");
        format!("- {}: {detail}", check.name)
    });
    list("Checks that did not pass:", &failed.collect::<Vec<_>>());
    let left = criteria_of(spec.as_bytes()).into_iter().filter(|one| !one.checked);
    list("Criteria that are left:", &left.map(|one| format!("- {}", one.text)).collect::<Vec<_>>());
    list("Commits so far:", &commits);
    list("Changed and not committed yet:", &uncommitted);
    list(
        "The last lines that were printed:",
        &so_far.said.iter().map(|line| format!("    {line}")).collect::<Vec<_>>(),
    );
    text
}
