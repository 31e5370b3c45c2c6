//! The specs of which this clone has anything that could be removed.

use std::collections::BTreeSet;

use gix::ObjectId;

use crate::{
    agent::lease::{self, Life},
    domain::id::SpecId,
    error::Result,
    git::{repository::Head, worktree},
    project::Project,
    specs::attempt::SEEN_DIR,
};

/// Every spec that has a worktree, a branch, a kept attempt, a transcript, a lease or a record of what was seen in this clone.
pub(super) fn all(project: &Project) -> Result<BTreeSet<SpecId>> {
    let mut found: BTreeSet<SpecId> = BTreeSet::new();
    let names = project.spec_names();
    for tree in worktree::list(&project.repo)?.iter().filter(|tree| !tree.main) {
        let branch = tree.head.as_ref().and_then(Head::branch).map(|name| name.shorten().to_string());
        if let Some(id) = branch.as_deref().map(|name| spec_of_branch(project, name)).transpose()?.flatten() {
            found.insert(id);
        }
        // One that stands on something else is known by its place.
        let name = tree.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if let Some((_, short)) = name.rsplit_once(".chant-") {
            found.extend(project.candidates(&names, short)?);
        }
    }
    for name in spec_branches(project)? {
        found.extend(spec_of_branch(project, &name)?);
    }
    for (name, _) in project.store()?.all_kept()? {
        found.extend(name.split('/').next().and_then(|id| SpecId::new(id).ok()));
    }
    if let Ok(entries) = std::fs::read_dir(project.repo.chant_dir().join("transcripts")) {
        found.extend(entries.flatten().filter_map(|entry| SpecId::new(entry.file_name().to_str()?).ok()));
    }
    if let Ok(entries) = std::fs::read_dir(project.repo.common_dir().join(SEEN_DIR)) {
        found.extend(entries.flatten().filter_map(|entry| SpecId::new(entry.file_name().to_str()?).ok()));
    }
    for attempt in lease::list(&project.leases_dir())? {
        found.extend(spec_of_lease(project, attempt)?);
    }
    Ok(found)
}

/// The spec of a lease.
pub(super) fn spec_of_lease(project: &Project, attempt: ObjectId) -> Result<Option<SpecId>> {
    match project.life(attempt)? {
        Life::Running(info) | Life::Dead(info) => Ok(Some(info.spec)),
        Life::Unknown(_) => project.store()?.spec_of_event(attempt),
    }
}

/// The short names of all branches that are work branches of specs.
pub(super) fn spec_branches(project: &Project) -> Result<Vec<String>> {
    let prefix = format!("refs/heads/{}", project.config().branch_prefix()?);
    let mut names = Vec::new();
    for reference in project.repo.gix().references()?.prefixed(prefix.as_str())?.flatten() {
        let name = reference.name().shorten().to_string();
        if spec_of_branch(project, &name)?.is_some() {
            names.push(name);
        }
    }
    Ok(names)
}

fn spec_of_branch(project: &Project, short: &str) -> Result<Option<SpecId>> {
    let prefix = project.config().branch_prefix()?;
    Ok(short.strip_prefix(prefix.as_str()).and_then(|id| SpecId::new(id).ok()))
}

/// Whether this clone has anything of a spec, its chain and its file apart.
///
/// # Errors
/// If the repository cannot be read.
pub(crate) fn is_known(project: &Project, id: &SpecId) -> Result<bool> {
    Ok(all(project)?.contains(id))
}
