//! Refs and events of specs, and the files and notes that belong to them.

use super::{Finding, Repair, finding};
use crate::{
    agent::lease::Life,
    domain::{diagnostic::Severity, fold::fold, id::SpecId, state::State, status::Status, view::ProblemView},
    error::Result,
    git::{branch, process::Git},
    project::{
        Project,
        text::{Origin, path_of},
        world::{Entry, World},
    },
    store::{SPECS, Walk},
};

/// Refs under the namespace that are no chains.
pub(super) fn refs(project: &Project) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for (name, target) in project.store()?.raw_tips()? {
        let full = format!("{SPECS}{name}");
        let said = match (SpecId::new(&name), target) {
            (Err(invalid), _) => {
                Some(("bad-ref", invalid.to_string(), format!("git update-ref -d {}", shell_words::quote(&full))))
            }
            (Ok(_), None) => Some((
                "symbolic-ref",
                "it is a symbolic ref, which git-chant never makes".to_owned(),
                format!("git symbolic-ref --delete {full}"),
            )),
            (Ok(_), Some(_)) => None,
        };
        if let Some((code, message, help)) = said {
            let mut problem = ProblemView::new(Severity::Error, code, message);
            problem.path = Some(full);
            problem.help = Some(help);
            findings.push(Finding { problem, repair: None });
        }
    }
    Ok(findings)
}

/// Everything about one spec.
pub(super) fn spec(world: &World<'_>, id: &SpecId) -> Result<Vec<Finding>> {
    let entry = world.entry(id)?;
    let mut findings = Vec::new();
    match world.census.tip(id)? {
        Some(tip) => {
            let walk = world.project.store()?.walk(id, tip)?;
            findings.extend(events(world.project, &entry, &walk)?);
            findings.extend(run(world.project, &entry)?);
            findings.extend(notes(world.project, &entry)?);
            findings.extend(left_over(world, &entry)?);
        }
        None => findings.extend(half_made(world, &entry)?),
    }
    Ok(findings)
}

fn events(project: &Project, entry: &Entry, walk: &Walk) -> Result<Vec<Finding>> {
    let id = &entry.id;
    let mut findings = Vec::new();
    let mut error = |code: &str, message: String| findings.push(finding(Severity::Error, code, id, message, None));
    for invalid in &walk.invalid {
        error("invalid-event", invalid.to_string());
    }
    for missing in &walk.missing {
        error("missing-event", format!("the event {missing} is not in this repository"));
    }
    let history = &walk.history;
    let roots = history.events().iter().filter(|event| event.own_parents().next().is_none()).count();
    if roots > 1 {
        error("two-roots", format!("its chain has {roots} first events"));
    }
    for event in history.events() {
        let parents =
            event.own_parents().filter_map(|parent| history.get(parent)).map(|parent| parent.generation).max();
        if walk.missing.is_empty()
            && walk.invalid.is_empty()
            && event.generation != parents.unwrap_or(0).saturating_add(1)
        {
            error("generation", format!("the event {} says generation {}", event.id, event.generation));
        }
        if let Some(blob) = event.facts.spec_blob
            && project.repo.gix().try_find_header(blob)?.is_none()
        {
            error("missing-text", format!("the text {blob} of the event {} is not in this repository", event.id));
        }
    }
    if let Some(state) = &entry.state
        && let Some(tip) = history.get(state.tip)
        && let Some(said) = State::from_tip(tip)
        && let Some(folded) = fold(history, tip.id)
        && said.status != folded.status
    {
        error("status", format!("its newest event says {}, and its events amount to {}", said.status, folded.status));
    }
    Ok(findings)
}

/// Runs that died, and completions that nobody recorded.
fn run(project: &Project, entry: &Entry) -> Result<Vec<Finding>> {
    let id = &entry.id;
    let Some(state) = &entry.state else { return Ok(Vec::new()) };
    let mut findings = Vec::new();
    if state.status == Status::Finished && entry.status == Status::Completed {
        let message = "its work is in its target, which is not recorded yet".to_owned();
        findings.push(finding(Severity::Warning, "unrecorded", id, message, Some(Repair::Heal(id.clone()))));
    }
    if let Some(attempt) = state.attempt.filter(|_| state.status == Status::InProgress)
        && let Life::Dead(info) = project.life(attempt)?
    {
        let message = format!("its run (process {} on {}) is dead", info.pid, info.host);
        findings.push(finding(Severity::Warning, "orphaned", id, message, Some(Repair::Release(id.clone()))));
    }
    Ok(findings)
}

fn notes(project: &Project, entry: &Entry) -> Result<Vec<Finding>> {
    let Some(state) = &entry.state else { return Ok(Vec::new()) };
    if project.silent || !matches!(entry.status, Status::Completed | Status::Finished | Status::Archived) {
        return Ok(Vec::new());
    }
    let store = project.store()?;
    let landed = state.facts.landing.map(|landing| landing.new).filter(|_| entry.status != Status::Finished);
    let mut missing = Vec::new();
    for commit in state.facts.work_commits.iter().copied().chain(landed) {
        if project.repo.gix().try_find_header(commit)?.is_some() && !store.is_annotated(&entry.id, commit)? {
            missing.push(commit);
        }
    }
    if missing.is_empty() {
        return Ok(Vec::new());
    }
    let message = format!("{} of its commits have no note", missing.len());
    let repair = Repair::Annotate(entry.id.clone(), missing);
    Ok(vec![finding(Severity::Warning, "missing-note", &entry.id, message, Some(repair))])
}

/// A worktree or a branch of a spec that is over.
fn left_over(world: &World<'_>, entry: &Entry) -> Result<Vec<Finding>> {
    let id = &entry.id;
    if !matches!(entry.status, Status::Completed | Status::Cancelled | Status::Archived) {
        return Ok(Vec::new());
    }
    let repair = entry.state.as_ref().and_then(|state| state.attempt).map(|_| Repair::Clear(id.clone()));
    if let Some(tree) = world.project.worktree_among(world.worktrees()?, id)? {
        let message = format!("it is {}, and its worktree '{}' is still there", entry.status, tree.path.display());
        return Ok(vec![finding(Severity::Warning, "left-over", id, message, repair)]);
    }
    let name = world.project.branch_ref(id)?;
    match branch::read(&world.project.repo, name.as_ref())? {
        Some(_) => {
            let message = format!("it is {}, and its branch '{}' is still there", entry.status, name.shorten());
            Ok(vec![finding(Severity::Warning, "left-over", id, message, repair)])
        }
        None => Ok(Vec::new()),
    }
}

/// A file without a chain. One that is committed is a pending spec that somebody else wrote, and fine; one that is not is what
/// `add` leaves if it dies between the file and the event.
fn half_made(world: &World<'_>, entry: &Entry) -> Result<Vec<Finding>> {
    let Some(loaded) = &entry.loaded else { return Ok(Vec::new()) };
    let Some(text) = &loaded.text else { return Ok(Vec::new()) };
    let Origin::File(top) = &text.origin else { return Ok(Vec::new()) };
    if text.path != path_of(&entry.id) || loaded.spec.is_err() {
        return Ok(Vec::new());
    }
    let tracked = Git::in_dir(top).global("--literal-pathspecs").args(["ls-files", "-z", "--", &text.path]).run()?;
    if !world.project.silent && tracked.records().next().is_some() {
        return Ok(Vec::new());
    }
    let message = "it has a file and no recorded history: its 'git chant add' did not come to its end".to_owned();
    let mut half = finding(Severity::Warning, "half-made", &entry.id, message, Some(Repair::Add(entry.id.clone())));
    half.problem.path = Some(text.path.clone());
    Ok(vec![half])
}
