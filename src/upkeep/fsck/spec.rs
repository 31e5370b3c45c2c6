//! One spec, and what belongs to it: its file, its run, its notes, its worktree and branch.

use std::collections::BTreeSet;

use super::{Finding, Repair, chain, elsewhere::Elsewhere, finding};
use crate::{
    agent::lease::Life,
    domain::{diagnostic::Severity, id::SpecId, status::Status},
    error::Result,
    git::branch,
    project::{Project, agent::MANUAL},
    specs::{
        all::{Entry, Specs},
        cleanup as keep,
        text::{TextSource, path_of},
    },
};

/// Everything about one spec. Those whose chain is `gone` were named already.
pub(super) fn check(
    specs: &Specs<'_>,
    elsewhere: &Elsewhere,
    gone: &BTreeSet<SpecId>,
    id: &SpecId,
) -> Result<Vec<Finding>> {
    let project = specs.project;
    let Some(tip) = specs.names.tip(id)? else {
        return if gone.contains(id) { Ok(Vec::new()) } else { half_made(specs, elsewhere, id) };
    };
    let mut findings = chain::check(project, id, tip)?;
    let entry = specs.entry(id)?;
    if entry.state.is_none() && findings.is_empty() {
        let why = entry.broken.clone().unwrap_or_else(|| "its chain cannot be read".to_owned());
        findings.push(finding(Severity::Error, "bad-chain", id, why, None));
    }
    findings.extend(run(project, &entry)?);
    findings.extend(notes(project, &entry)?);
    findings.extend(left_over(specs, &entry)?);
    findings.extend(half_moved(project, id)?);
    findings.extend(lost_file(specs, elsewhere, &entry)?);
    Ok(findings)
}

fn is_over(entry: &Entry) -> bool {
    matches!(entry.status, Status::Completed | Status::Cancelled | Status::Archived)
}

/// Runs that died, and completions that nobody recorded.
fn run(project: &Project, entry: &Entry) -> Result<Vec<Finding>> {
    let id = &entry.id;
    let Some(state) = &entry.state else { return Ok(Vec::new()) };
    if state.status == Status::Finished && entry.status == Status::Completed {
        let message = "its work is in its target, which is not recorded yet".to_owned();
        return Ok(vec![finding(Severity::Warning, "unrecorded", id, message, Some(Repair::Heal(id.clone())))]);
    }
    let Some(attempt) = state.attempt.filter(|_| state.status == Status::InProgress) else { return Ok(Vec::new()) };
    match project.life(attempt)? {
        Life::Running(_) => Ok(Vec::new()),
        Life::Dead(info) => {
            let message = format!("its run (process {} on {}) is dead", info.pid, info.host);
            Ok(vec![finding(Severity::Warning, "orphaned", id, message, Some(Repair::Pause(id.clone())))])
        }
        Life::Unknown(why) => Ok(unknown_run(project, entry, attempt, why)?.into_iter().collect()),
    }
}

/// A run of this clone that has no lease, or one that says nothing: nobody can tell whether it lives.
fn unknown_run(
    project: &Project,
    entry: &Entry,
    attempt: gix::ObjectId,
    why: Option<String>,
) -> Result<Option<Finding>> {
    let Ok(start) = project.store()?.event(&entry.id, attempt)? else { return Ok(None) };
    let by_hand = start.facts.agent.as_deref() == Some(MANUAL);
    if by_hand || start.facts.clone.as_deref() != Some(project.clone_name()) {
        return Ok(None);
    }
    let message = match why {
        Some(why) => format!("whether its run lives cannot be told: {why}"),
        None => "whether its run lives cannot be told: it has no lease".to_owned(),
    };
    let help = format!("if nothing runs any more: git chant release {}", entry.id.short());
    Ok(Some(finding(Severity::Warning, "lost-run", &entry.id, message, None).help(help)))
}

/// Commits of the work that do not say so. In silent mode none do.
fn notes(project: &Project, entry: &Entry) -> Result<Vec<Finding>> {
    let Some(state) = &entry.state else { return Ok(Vec::new()) };
    if project.silent || !matches!(entry.status, Status::Completed | Status::Finished | Status::Archived) {
        return Ok(Vec::new());
    }
    let landed = if entry.status == Status::Finished { Vec::new() } else { project.landed_commits(state)? };
    let mut commits = Vec::new();
    for commit in state.facts.work_commits.iter().copied().chain(landed) {
        if project.repo.gix().try_find_header(commit)?.is_some_and(|header| header.kind() == gix::objs::Kind::Commit) {
            commits.push(commit);
        }
    }
    let missing = project.store()?.unannotated(&entry.id, &commits)?;
    if missing.is_empty() {
        return Ok(Vec::new());
    }
    let message = match missing.as_slice() {
        [one] => format!("its commit {one} has no note"),
        several => format!("{} of its commits have no note", several.len()),
    };
    let repair = Repair::Annotate(entry.id.clone(), missing);
    Ok(vec![finding(Severity::Warning, "missing-note", &entry.id, message, Some(repair))])
}

/// The same file among the specs and in the archive: somebody died on the way.
fn half_moved(project: &Project, id: &SpecId) -> Result<Vec<Finding>> {
    if project.filed_twice(id)?.is_none() {
        return Ok(Vec::new());
    }
    let message = "its file is among the specs and in the archive: moving it did not come to its end".to_owned();
    let mut found = finding(Severity::Warning, "half-moved", id, message, Some(Repair::Move(id.clone())));
    found.problem.path = Some(path_of(id));
    Ok(vec![found])
}

/// A worktree or a branch of a spec that is over, or that is pending again. Whoever is about to clear it away holds the lease.
fn left_over(specs: &Specs<'_>, entry: &Entry) -> Result<Vec<Finding>> {
    let (id, project) = (&entry.id, specs.project);
    let pending = entry.status == Status::Pending;
    let Some(state) = entry.state.as_ref().filter(|_| pending || is_over(entry)) else { return Ok(Vec::new()) };
    if let Some(attempt) = state.attempt
        && matches!(project.life(attempt)?, Life::Running(_))
    {
        return Ok(Vec::new());
    }
    let name = project.branch_ref(id)?;
    let what = match project.worktree_among(specs.worktrees()?, id)? {
        Some(tree) => format!("worktree '{}'", tree.path.display()),
        None => match branch::read(&project.repo, name.as_ref())? {
            Some(_) => format!("branch '{}'", name.shorten()),
            None => return Ok(Vec::new()),
        },
    };
    let message = format!("it is {}, and its {what} is still there", entry.status);
    let repair = if pending {
        // A branch that was there before anybody began is not ours to judge.
        let Some(start) = keep::last_start(project, id, state)? else { return Ok(Vec::new()) };
        (!matches!(project.life(start)?, Life::Running(_))).then(|| Repair::ClearPending(id.clone()))
    } else {
        state.attempt.map(|_| Repair::Clear(id.clone()))
    };
    Ok(vec![finding(Severity::Warning, "left-over", id, message, repair)])
}

/// A file without a chain. One that git has (in the index or in `HEAD`) is a pending spec that somebody else wrote, and fine;
/// one that only lies there is what `add` leaves if it dies between the file and the event. In silent mode git has none.
fn half_made(specs: &Specs<'_>, elsewhere: &Elsewhere, id: &SpecId) -> Result<Vec<Finding>> {
    let project = specs.project;
    if project.store()?.tip(id).is_err() {
        // There is a ref, and it is damaged, which was said.
        return Ok(Vec::new());
    }
    let entry = specs.entry(id)?;
    let Some(loaded) = entry.loaded.as_ref().filter(|loaded| loaded.spec.is_ok()) else { return Ok(Vec::new()) };
    let Some(text) = loaded.text.as_ref().filter(|text| text.path == path_of(id)) else { return Ok(Vec::new()) };
    let TextSource::File(top) = &text.source else { return Ok(Vec::new()) };
    if !project.silent {
        let head = project.repo.head()?.id();
        let committed = head.map(|head| project.blob_id_in(head, &text.path)).transpose()?.flatten();
        if committed.is_some() || elsewhere.is_indexed(top, &text.path)? {
            return Ok(Vec::new());
        }
    }
    let message = "it has a file and no recorded history: its 'git chant add' did not come to its end".to_owned();
    let mut half = finding(Severity::Warning, "half-made", id, message, Some(Repair::Add(id.clone())));
    half.problem.path = Some(text.path.clone());
    Ok(vec![half])
}

/// A chain that begins in this clone and is not over, whose file is nowhere: in no work tree of the repository and on no branch.
/// A spec that a colleague added, or that lies on another branch, has its file where it belongs.
fn lost_file(specs: &Specs<'_>, elsewhere: &Elsewhere, entry: &Entry) -> Result<Vec<Finding>> {
    let (id, project) = (&entry.id, specs.project);
    let Some(state) = entry.state.as_ref().filter(|_| !is_over(entry)) else { return Ok(Vec::new()) };
    let lost = match &entry.loaded {
        None => true,
        Some(loaded) => loaded.text.as_ref().is_some_and(|text| text.source == TextSource::Event),
    };
    if !lost || project.repo.is_bare() || project.repo.work_dir().is_none() {
        return Ok(Vec::new());
    }
    let walk = project.store()?.walk(id, state.tip)?;
    let ours = |event: &crate::domain::event::Event| event.facts.clone.as_deref() == Some(project.clone_name());
    if !walk.history.events().first().is_some_and(ours) || elsewhere.has(specs, id)? {
        return Ok(Vec::new());
    }
    let message = "its file is in no work tree and on no branch".to_owned();
    let repair = entry.loaded.is_some().then(|| Repair::Restore(id.clone()));
    let mut found = finding(Severity::Warning, "lost-file", id, message, repair);
    found.problem.path = Some(path_of(id));
    let cancel = format!("git chant cancel {}", id.short());
    Ok(vec![match found.repair {
        Some(_) => found.help(format!("to have it back: git chant fsck --repair; to give the spec up: {cancel}")),
        None => found.help(format!("to give the spec up: {cancel}")),
    }])
}
