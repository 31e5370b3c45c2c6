//! One spec, and what belongs to it: its file, its run, its notes, its worktree and branch. Its events are in [`chain`].

use std::collections::BTreeSet;

use super::{Finding, Repair, chain, spec_files::SpecFiles};
use crate::{
    agent::lease::Life,
    domain::{id::SpecId, status::Status},
    error::Result,
    git::branch,
    project::{Project, agent::MANUAL},
    specs::{
        all::Specs,
        cleanup as keep,
        entry::Entry,
        facts::StateFacts,
        text::{TextSource, path_of},
    },
};

/// The findings about one spec. Specs whose chain is `gone` were named already.
pub(super) fn check(
    specs: &Specs<'_>,
    spec_files: &SpecFiles,
    gone: &BTreeSet<SpecId>,
    id: &SpecId,
) -> Result<Vec<Finding>> {
    let project = specs.project;
    let Some(tip) = specs.names.tip(id)? else {
        let half = if gone.contains(id) { None } else { half_made(specs, spec_files, id)? };
        return Ok(half.into_iter().collect());
    };
    let mut findings = chain::check(project, id, tip)?;
    let entry = specs.entry(id)?;
    if entry.state.is_none() && findings.is_empty() {
        let why = entry.broken.clone().unwrap_or_else(|| "cannot read its history".to_owned());
        findings.push(Finding::error("bad-chain", why).of(id));
    }
    findings.extend(run(project, &entry)?);
    findings.extend(dropped(specs, &entry)?);
    findings.extend(notes(project, &entry)?);
    findings.extend(left_over(specs, &entry)?);
    findings.extend(half_moved(project, id)?);
    findings.extend(lost_file(specs, spec_files, &entry)?);
    Ok(findings)
}

fn is_over(entry: &Entry) -> bool {
    matches!(entry.status, Status::Completed | Status::Cancelled | Status::Archived)
}

/// A run that died, or a completion that is not recorded.
fn run(project: &Project, entry: &Entry) -> Result<Option<Finding>> {
    let id = &entry.id;
    let Some(state) = &entry.state else { return Ok(None) };
    if state.status == Status::Finished && entry.status == Status::Completed {
        let found = Finding::warning("unrecorded", "its work is merged but not recorded as completed").of(id);
        return Ok(Some(found.mended_by(Repair::Heal(id.clone()))));
    }
    let Some(attempt) = state.attempt.filter(|_| state.status == Status::InProgress) else { return Ok(None) };
    match project.life(attempt)? {
        Life::Running(_) => Ok(None),
        Life::Dead(info) => {
            let message = format!("its run (process {} on {}) died", info.pid, info.host);
            Ok(Some(Finding::warning("orphaned", message).of(id).mended_by(Repair::Pause(id.clone()))))
        }
        Life::Unknown(why) => unknown_run(project, entry, attempt, why),
    }
}

/// Work that was merged and is not in its target any more.
fn dropped(specs: &Specs<'_>, entry: &Entry) -> Result<Option<Finding>> {
    let Some(state) = &entry.state else { return Ok(None) };
    let Some(dropped) = specs.dropped(&entry.id, &StateFacts::of(state))? else { return Ok(None) };
    let found = Finding::warning("dropped-work", dropped.to_string()).of(&entry.id);
    Ok(Some(found.help(format!("to work on it again: git chant reset {}", entry.id.short()))))
}

/// A run of this clone without a lease, or with a lease that says nothing: whether it lives is unknown.
fn unknown_run(
    project: &Project,
    entry: &Entry,
    attempt: gix::ObjectId,
    why: Option<String>,
) -> Result<Option<Finding>> {
    let Some(holder) = project.holder(&entry.id, attempt)? else { return Ok(None) };
    let by_hand = holder.facts.agent.as_deref() == Some(MANUAL);
    if by_hand || holder.facts.clone.as_deref() != Some(project.clone_name()) {
        return Ok(None);
    }
    let why = why.unwrap_or_else(|| "it has no lease".to_owned());
    let message = format!("cannot tell whether its run is alive: {why}");
    let help = format!("if its run is dead: git chant release {}", entry.id.short());
    Ok(Some(Finding::warning("lost-run", message).of(&entry.id).help(help)))
}

/// Commits of the work that do not say so. In silent mode none do.
fn notes(project: &Project, entry: &Entry) -> Result<Option<Finding>> {
    let Some(state) = &entry.state else { return Ok(None) };
    if project.silent || !matches!(entry.status, Status::Completed | Status::Finished | Status::Archived) {
        return Ok(None);
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
        return Ok(None);
    }
    let message = match missing.as_slice() {
        [one] => format!("its commit {one} has no note"),
        several => format!("{} of its commits have no note", several.len()),
    };
    let repair = Repair::Annotate(entry.id.clone(), missing);
    Ok(Some(Finding::warning("missing-note", message).of(&entry.id).mended_by(repair)))
}

/// A file that is both among the specs and in the archive: the process that moved it died.
fn half_moved(project: &Project, id: &SpecId) -> Result<Option<Finding>> {
    let message = "its file is in both the specs and the archive; an archive command was interrupted";
    let found = || Finding::warning("half-moved", message).of(id).at(path_of(id)).mended_by(Repair::Move(id.clone()));
    Ok(project.filed_twice(id)?.map(|_| found()))
}

/// A worktree or a branch of a spec that is closed, or pending again. A process that is about to remove it holds the lease.
fn left_over(specs: &Specs<'_>, entry: &Entry) -> Result<Option<Finding>> {
    let (id, project) = (&entry.id, specs.project);
    let pending = entry.status == Status::Pending;
    let Some(state) = entry.state.as_ref().filter(|_| pending || is_over(entry)) else { return Ok(None) };
    if let Some(attempt) = state.attempt
        && matches!(project.life(attempt)?, Life::Running(_))
    {
        return Ok(None);
    }
    let name = project.branch_ref(id)?;
    let what = match project.worktree_among(specs.worktrees()?, id)? {
        Some(tree) => format!("worktree '{}'", tree.path.display()),
        None => match branch::read(&project.repo, name.as_ref())? {
            Some(_) => format!("branch '{}'", name.shorten()),
            None => return Ok(None),
        },
    };
    let message = format!("it is {}, but its {what} still exists", entry.status);
    let repair = if pending {
        // A branch that was there before the first attempt is not ours to judge.
        let Some(start) = keep::last_start(project, id, state)? else { return Ok(None) };
        (!matches!(project.life(start)?, Life::Running(_))).then(|| Repair::ClearPending(id.clone()))
    } else {
        state.attempt.map(|_| Repair::Clear(id.clone()))
    };
    let found = Finding::warning("left-over", message).of(id);
    Ok(Some(match repair {
        Some(repair) => found.mended_by(repair),
        None => found,
    }))
}

/// A file without a chain that git does not have: an `add` that dies between the file and the event leaves it. A file in the index
/// or in `HEAD` is a pending spec that another person wrote, and fine. In silent mode git has no spec files.
fn half_made(specs: &Specs<'_>, spec_files: &SpecFiles, id: &SpecId) -> Result<Option<Finding>> {
    let project = specs.project;
    if project.store()?.tip(id).is_err() {
        // There is a ref, and it is damaged, which was said.
        return Ok(None);
    }
    let entry = specs.entry(id)?;
    let Some(loaded) = entry.loaded.as_ref().filter(|loaded| loaded.spec.is_ok()) else { return Ok(None) };
    let Some(text) = loaded.text.as_ref().filter(|text| text.path == path_of(id)) else { return Ok(None) };
    let TextSource::File(top) = &text.source else { return Ok(None) };
    if !project.silent {
        let head = project.repo.head()?.id();
        let committed = head.map(|head| project.blob_id_in(head, &text.path)).transpose()?.flatten();
        if committed.is_some() || spec_files.is_indexed(top, &text.path)? {
            return Ok(None);
        }
    }
    let message = "it has a file but no history; a 'git chant add' was interrupted";
    let half = Finding::warning("half-made", message).of(id).at(&text.path);
    Ok(Some(half.mended_by(Repair::Add(id.clone()))))
}

/// A chain that begins in this clone and is not over, whose file is nowhere: in no work tree of the repository and on no branch.
/// A spec that a colleague added, or that lies on another branch, has its file where it belongs.
fn lost_file(specs: &Specs<'_>, spec_files: &SpecFiles, entry: &Entry) -> Result<Option<Finding>> {
    let (id, project) = (&entry.id, specs.project);
    let Some(state) = entry.state.as_ref().filter(|_| !is_over(entry)) else { return Ok(None) };
    // What an agent proposed has no file before a person adopts it.
    if state.facts.proposed_by.is_some() {
        return Ok(None);
    }
    let lost = match &entry.loaded {
        None => true,
        Some(loaded) => loaded.text.as_ref().is_some_and(|text| text.source == TextSource::Event),
    };
    if !lost || project.repo.is_bare() || project.repo.work_dir().is_none() {
        return Ok(None);
    }
    let walk = project.store()?.walk(id, state.tip)?;
    let ours = |event: &crate::domain::event::Event| event.facts.clone.as_deref() == Some(project.clone_name());
    if !walk.history.events().first().is_some_and(ours) || spec_files.has(specs, id)? {
        return Ok(None);
    }
    let found = Finding::warning("lost-file", "no work tree and no branch has its file").of(id).at(path_of(id));
    let cancel = format!("to cancel the spec: git chant cancel {}", id.short());
    Ok(Some(if entry.loaded.is_some() {
        let restore = format!("to restore it: git chant fsck --repair; {cancel}");
        found.mended_by(Repair::Restore(id.clone())).help(restore)
    } else {
        found.help(cancel)
    }))
}
