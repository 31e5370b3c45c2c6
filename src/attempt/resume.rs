//! Plans how an attempt is resumed that was paused, that was cut short, or whose checks failed: in its worktree, from its base, with the inputs that were pinned at its start.

use crate::{
    answer::progress::{Progress, Step},
    attempt::plan::{Plan, Request, Resumed, instructions},
    domain::{check_line::CheckLine, event::Pin, id::SpecId, state::State, status::Status},
    error::{Error, Kind, Result},
    git::worktree::Worktree,
    project::{Project, agent::Agent},
    specs::{
        all::Specs,
        attempt::Attempt,
        entry::Entry,
        inputs::Input,
        text::{Text, TextSource},
    },
};

/// How the paused attempt at a spec goes on, in the worktree that `track` has seen to; `None` if there is none.
///
/// # Errors
/// `no-worktree` if there is nothing to go on in, `other-target` if the request names another branch than the one that it was started for.
pub(super) fn plan(project: &Project, entry: &Entry, request: Request<'_>) -> Result<Option<Plan>> {
    let Some(state) = entry.state.as_deref().filter(|_| entry.status == Status::Paused && !request.fresh) else {
        return Ok(None);
    };
    project.refuse_moved_worktree(&entry.id)?;
    let Some((attempt, worktree)) = kept(project, entry, state)? else { return Err(nowhere(project, &entry.id)?) };
    refuse_other_target(&attempt, request.onto)?;
    let again = project.held_up(&entry.id)?.map(|_| first_again(project, &attempt, request)).transpose()?.flatten();
    let request = Request { agent: request.agent.or(again.as_deref()), ..request };
    go_on(project, entry, (attempt, worktree), request, Vec::new())
}

/// Why an attempt cannot be resumed here, with what there is of it.
pub(super) fn nowhere(project: &Project, id: &SpecId) -> Result<Error> {
    let short = id.short();
    let error = match project.worktree_of(id)?.filter(|tree| tree.path.is_dir()) {
        Some(tree) => {
            let (path, branch) = (tree.path.to_string_lossy(), project.branch(id)?);
            let message = format!("the worktree of '{short}' is not on its branch '{branch}'");
            let (path, branch) = (shell_words::quote(&path), shell_words::quote(&branch));
            Error::negative(Kind::NoWorktree, message)
                .hint(format!("to resume the attempt, first: git -C {path} switch {branch}"))
        }
        None => {
            let error = Error::negative(Kind::NoWorktree, format!("'{short}' has no worktree to continue in"));
            match project.store()?.kept_attempts(id)?.last() {
                Some((name, _)) => {
                    error.hint(format!("to see its commits: git log refs/chant-local/attempts/{id}/{name}"))
                }
                None => error
                    .hint("this clone has no commit of it: it made none, or they were not pushed from the other clone"),
            }
        }
    };
    Ok(error.hint(format!("to start over: git chant work {short} --fresh")))
}

/// The agent that began the attempt, if another one took its place that was stopped by what passes, too: a person prefers the first.
fn first_again(project: &Project, attempt: &Attempt, request: Request<'_>) -> Result<Option<String>> {
    let here = project.agents_here()?;
    let is_here = |name: &String| here.contains(name);
    if request.agent.is_some() || !attempt.agent.as_ref().is_some_and(is_here) {
        return Ok(None);
    }
    let began = project.store()?.event(&attempt.id, attempt.start)?;
    Ok(began.ok().and_then(|event| event.facts.agent.clone()).filter(is_here))
}

/// How the failed attempt at a spec goes on for `target`, if its work only lacks something, or its agent was cut short, and its text and its
/// inputs are as they were; `None` if a new one has to begin.
pub(super) fn after_failure(
    specs: &Specs<'_>,
    entry: &Entry,
    request: Request<'_>,
    target: Option<&str>,
) -> Result<Option<Plan>> {
    let failed = |state: &&State| {
        entry.status == Status::Failed && !state.is_contended() && state.unacknowledged().is_empty() && !request.fresh
    };
    let Some(state) = entry.state.as_deref().filter(failed) else { return Ok(None) };
    let Some((attempt, worktree)) = kept(specs.project, entry, state)? else { return Ok(None) };
    if attempt.target.as_deref() != target || !specs.drifted(&entry.facts())?.is_empty() {
        return Ok(None);
    }
    let Some(checks) = specs.resumable_checks(entry)? else { return Ok(None) };
    let plan = go_on(specs.project, entry, (attempt, worktree), request, checks)?;
    Ok(plan.filter(|plan| plan.resumed.as_ref().is_some_and(|resumed| !resumed.text_changed)))
}

/// The attempt that decides the status, with its worktree, if it can go on there.
fn kept(project: &Project, entry: &Entry, state: &State) -> Result<Option<(Attempt, Worktree)>> {
    let id = &entry.id;
    let Some(worktree) = project.worktree_of(id)? else { return Ok(None) };
    if !project.can_go_on(id, &worktree)? {
        return Ok(None);
    }
    Ok(Some((project.attempt(id, state)?, worktree)))
}

/// The plan of an attempt that goes on; `failed` is what did not pass.
fn go_on(
    project: &Project,
    entry: &Entry,
    (attempt, worktree): (Attempt, Worktree),
    request: Request<'_>,
    failed: Vec<CheckLine>,
) -> Result<Option<Plan>> {
    let id = &entry.id;
    let (Some(base), Some(state)) = (attempt.base, entry.state.as_deref()) else { return Ok(None) };
    let pinned = entry.loaded.as_ref().and_then(|loaded| loaded.text.as_ref()).map(|text| text.blob());
    let so_far = project.so_far(&attempt, &worktree)?;
    // The agent that had the attempt resumes it, unless another one is asked for.
    let same = attempt.agent.clone().filter(|name| request.agent.is_none() && project.has_agent(name));
    let resumed = Resumed {
        attempt: attempt.start,
        worktree,
        so_far,
        failed,
        status: entry.status,
        text_changed: pinned.is_some_and(|blob| blob != attempt.blob),
    };
    Ok(Some(Plan {
        id: id.clone(),
        base,
        target: attempt.target.clone(),
        agent: Agent::choose(project, &attempt.spec, same.as_deref().or(request.agent), request.timeout)?,
        inputs: inputs(project, &attempt, &state.facts.informed_by)?,
        existing: Vec::new(),
        informed: Vec::new(),
        prompt: instructions(project, base, &attempt.spec, request.prompt)?,
        first_text: attempt.bytes.clone(),
        text: Text::of_blob(attempt.spec_path.clone(), attempt.bytes.clone(), attempt.blob, TextSource::Event),
        spec: attempt.spec,
        before: Some(resumed.attempt),
        resumed: Some(resumed),
    }))
}

/// Says that an attempt resumes where it stopped.
pub(super) fn say(plan: &Plan, resumed: &Resumed, progress: &dyn Progress) {
    let short = plan.id.short();
    let why = resumed.so_far.stopped.as_deref().map(|why| format!(": {why}")).unwrap_or_default();
    let (place, status) = (resumed.worktree.path.display(), resumed.status);
    let what = if status == Status::Failed { "failed" } else { "paused" };
    progress.say(&Step::Note(format!("resuming '{short}' in '{place}' ({what}{why})")));
    if status == Status::Failed {
        progress.say(&Step::Hint(format!("to start over instead: git chant work {short} --fresh")));
    }
    if resumed.text_changed {
        let warning = format!("the text of '{short}' has changed; the attempt resumes with the earlier text");
        progress.say(&Step::Warning(warning));
        progress.say(&Step::Hint(format!("to start over with the new text: git chant reset {short}")));
    }
}

fn refuse_other_target(attempt: &Attempt, onto: Option<&str>) -> Result<()> {
    let Some(onto) = onto else { return Ok(()) };
    let asked = crate::project::target::full_name(onto)?;
    if attempt.target.as_deref() == Some(asked.as_str()) {
        return Ok(());
    }
    let (short, target) = (attempt.id.short(), attempt.target_name().unwrap_or("no branch"));
    Err(Error::negative(Kind::OtherTarget, format!("the paused attempt on '{short}' is for '{target}'"))
        .hint(format!("to resume it: git chant work {short}"))
        .hint(format!("to start over for the other branch: git chant reset {short}")))
}

/// The inputs as they were pinned.
fn inputs(project: &Project, attempt: &Attempt, pins: &[Pin]) -> Result<Vec<Input>> {
    let store = project.store()?;
    let of = |pin: &Pin| {
        let bytes = match pin {
            Pin::Path { path, .. } => store.evidence_of(attempt.start, &format!("inputs/{path}"))?,
            Pin::Spec { event, .. } => store.evidence_of(*event, "spec.md")?,
            Pin::Url(_) => None,
        };
        Ok(Input { pin: pin.clone(), bytes, committed: true })
    };
    pins.iter().map(of).collect()
}
