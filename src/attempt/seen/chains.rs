//! Refs of git-chant that changed during a run: whether events explain that. A history that lost events gets them back.

use std::{collections::BTreeMap, time::Duration};

use gix::ObjectId;

use crate::{
    domain::{enumeration::enumerate, event::Op, id::SpecId},
    error::Result,
    git::lookup,
    project::Project,
    store::{SPECS, archive::ARCHIVES, attempts::ATTEMPTS},
};

/// Whether a ref is one of ours.
pub(super) fn is_ours(name: &str) -> bool {
    ["refs/chant/", "refs/notes/chant", "refs/chant-local/"].iter().any(|prefix| name.starts_with(prefix))
}

/// What is to be said of one of our refs that changed from what it is in `before`; `None` if events explain it.
pub(super) fn unexplained(
    project: &Project,
    name: &str,
    before: &BTreeMap<String, String>,
    now: &BTreeMap<String, String>,
) -> Result<Option<String>> {
    let (old, new) = (before.get(name), now.get(name));
    // A listing can miss a ref, or take an old value of it, while another process packs refs. Reading the one ref is certain.
    let new = holds(project, name)?.or_else(|| new.filter(|id| id.parse::<ObjectId>().is_err()).cloned());
    let new = new.as_ref();
    if new == old || explained(project, name, old, new)? {
        return Ok(None);
    }
    let also = if restore(project, name, old, new)? { ", and was restored" } else { "" };
    Ok(Some(format!("the ref '{name}' changed without an event{also}")))
}

/// What is to be said of the decisions of people that a history received: a run that can write there may have made them up.
pub(super) fn decided(
    project: &Project,
    name: &str,
    before: &BTreeMap<String, String>,
    now: &BTreeMap<String, String>,
) -> Result<Option<String>> {
    let at = |refs: &BTreeMap<String, String>| refs.get(name)?.parse::<ObjectId>().ok();
    let (Some(Ok(spec)), Some(new)) = (name.strip_prefix(SPECS).map(SpecId::new), at(now)) else { return Ok(None) };
    let (old, walk) = (at(before), project.store()?.walk(&spec, new)?);
    let fresh = walk.history.events().iter().filter(|event| old.is_none_or(|old| !walk.history.reaches(old, event.id)));
    let decisions =
        fresh.filter(|event| matches!(event.op, Op::Approve | Op::Review | Op::Ack | Op::Adopt | Op::Resolve));
    let decisions: Vec<String> = decisions.map(|event| format!("'{}'", event.op.as_str())).collect();
    Ok((!decisions.is_empty())
        .then(|| format!("the history of '{}' received {} during the run", spec.short(), enumerate(&decisions))))
}

/// What one ref holds now, if it holds an id.
fn holds(project: &Project, name: &str) -> Result<Option<String>> {
    let Ok(full) = gix::refs::FullName::try_from(name) else { return Ok(None) };
    let target = lookup::target(project.repo.gix(), full.as_ref())?;
    Ok(target.as_ref().and_then(gix::refs::Target::try_id).map(|id| id.to_string()))
}

/// A history that grew by events on top of what it was is explained: another process worked in parallel. Everything else is not: a
/// chain that is gone, that was moved elsewhere, or that grew by what is no event. Notes may grow likewise.
fn explained(project: &Project, name: &str, old: Option<&String>, new: Option<&String>) -> Result<bool> {
    if name.starts_with("refs/chant-local/") {
        // Completing a spec and pruning drop the ref of an attempt whose commits are elsewhere.
        let old = old.and_then(|id| id.parse::<ObjectId>().ok());
        return match (new, old) {
            (None, Some(old)) => match name.strip_prefix(ATTEMPTS).and_then(|name| name.split_once('/')) {
                Some((id, name)) => match SpecId::new(id) {
                    Ok(id) => project.is_dispensable(&id, name, old),
                    Err(_) => Ok(false),
                },
                None => Ok(false),
            },
            (new, _) => Ok(new.is_some()),
        };
    }
    let old = old.and_then(|id| id.parse::<ObjectId>().ok());
    let chain = name.strip_prefix(SPECS).and_then(|name| SpecId::new(name).ok());
    let Some(new) = new.and_then(|id| id.parse::<ObjectId>().ok()) else {
        // One that is gone was folded if its archive holds it.
        let (Some(spec), Some(old), None) = (chain, old, new) else { return Ok(false) };
        let store = project.store()?;
        return store.folded_tip(&spec)?.map_or(Ok(false), |folded| store.covers(&spec, folded, old));
    };
    if name.starts_with("refs/notes/chant") {
        return match old {
            Some(old) => project.is_ancestor(old, new),
            None => Ok(true),
        };
    }
    if let Some(archive) = name.strip_prefix(ARCHIVES) {
        let grown = old.map_or(Ok(true), |old| project.is_ancestor(old, new))?;
        return Ok(grown && project.store()?.fit_archive(archive, new, old)?.is_ok());
    }
    let Some(spec) = chain else { return Ok(false) };
    let mut walk = project.store()?.walk(&spec, new)?;
    for pause in [10, 50] {
        if walk.missing.is_empty() {
            break;
        }
        // During a garbage collection an object can be on its way from one pack to another.
        std::thread::sleep(Duration::from_millis(pause));
        walk = project.store()?.walk(&spec, new)?;
    }
    let grown = old.is_none_or(|old| walk.history.reaches(new, old));
    Ok(grown && walk.invalid.is_empty() && walk.missing.is_empty())
}

/// A chain that lost events gets them back: it moves from what it is now to what it was, if that still is all that it lost. What
/// it gained otherwise stays as it is, for a person to look at.
fn restore(project: &Project, name: &str, old: Option<&String>, new: Option<&String>) -> Result<bool> {
    let Some(old) = old.and_then(|id| id.parse::<ObjectId>().ok()) else { return Ok(false) };
    let now = match new {
        Some(id) => match id.parse::<ObjectId>() {
            Ok(id) => Some(id),
            // A symbolic ref: not ours to follow or to replace.
            Err(_) => return Ok(false),
        },
        None => None,
    };
    let store = project.store()?;
    if let Some(archive) = name.strip_prefix(ARCHIVES) {
        return store.restore_archive(archive, now, old);
    }
    let Some(Ok(spec)) = name.strip_prefix(SPECS).map(SpecId::new) else { return Ok(false) };
    let only_lost = match now {
        Some(now) => store.walk(&spec, old)?.history.reaches(old, now),
        None => true,
    };
    if !only_lost {
        return Ok(false);
    }
    store.adopt(&spec, now, old, "restore")
}
