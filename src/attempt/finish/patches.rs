//! What an attempt changed, path by path, for the finish event: alone, and together with work of the same target that upstream lacks.

use gix::ObjectId;

use crate::{
    domain::{
        id::SpecId,
        patches::{Joined, Patches, PathPatch},
        status::Status,
    },
    error::{Error, Kind, Result},
    git::path_patches,
    project::{Project, SPECS_DIR},
    specs::{all::Specs, attempt::Attempt},
};

/// How many specs of a target are looked at, the newest.
const MOST: usize = 50;

/// Writes what the commits between `since` and `tip` change. Gives the blob; `None` if they change nothing.
///
/// # Errors
/// If git fails.
pub(super) fn write(project: &Project, attempt: &Attempt, since: ObjectId, tip: ObjectId) -> Result<Option<ObjectId>> {
    let own = path_patches::between(&project.repo, Some(since), tip, SPECS_DIR)?;
    if own.is_empty() {
        return Ok(None);
    }
    let joined = joined(project, attempt, &own, tip)?;
    let json = serde_json::to_vec(&Patches::new(own, joined))
        .map_err(|error| Error::fatal(Kind::Add, format!("cannot write what the work changed: {error}")))?;
    project.store()?.write_blob(&json).map(Some)
}

/// What the attempt changed together with the work that it builds on, as far as upstream lacks that: a squash may have it all in one. Only
/// paths that more than one of the specs changed.
fn joined(project: &Project, attempt: &Attempt, own: &[PathPatch], tip: ObjectId) -> Result<Option<Joined>> {
    let (Some(base), Some(target)) = (attempt.base, &attempt.target) else { return Ok(None) };
    let specs = Specs::cached(project)?;
    let upstream = project.upstream_main()?;
    let (mut first, mut found) = (base, Vec::new());
    for id in specs.names.active()?.into_iter().rev().take(MOST) {
        let Some((began, landed)) = work(&specs, id, target)?.filter(|_| *id != attempt.id) else { continue };
        let is_there = |commit: Option<ObjectId>| match commit {
            Some(commit) => project.is_ancestor(landed, commit),
            None => Ok(false),
        };
        if is_there(Some(base))? && !is_there(upstream)? {
            found.push(id.clone());
            if project.is_ancestor(began, first)? {
                first = began;
            }
        }
    }
    if found.is_empty() {
        return Ok(None);
    }
    let mut paths = path_patches::between(&project.repo, Some(first), tip, SPECS_DIR)?;
    paths.retain(|all| own.iter().any(|own| own.path == all.path && !own.is_same(all)));
    found.reverse();
    found.push(attempt.id.clone());
    Ok((!paths.is_empty()).then_some(Joined { specs: found, paths }))
}

/// Where the work of a spec for `target` began, and the commit by which the target has it.
fn work(specs: &Specs<'_>, id: &SpecId, target: &str) -> Result<Option<(ObjectId, ObjectId)>> {
    let Some(state) = specs.recorded(id)?.state else { return Ok(None) };
    let facts = &state.facts;
    let is_done =
        matches!(state.status, Status::Finished | Status::Completed) && facts.target.as_deref() == Some(target);
    let landed = state.landing().map(|landing| landing.new).or(facts.work_commits.last().copied());
    Ok(facts.base.zip(landed).filter(|_| is_done && !facts.work_commits.is_empty()))
}
