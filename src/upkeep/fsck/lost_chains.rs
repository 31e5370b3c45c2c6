//! Histories that are gone: their refs were deleted together with the logs, and their events lie among the objects until git collects
//! them. A `git fetch --prune` with a setting that maps our refs onto themselves deletes what only this clone knows in that way.

use std::collections::BTreeSet;

use super::{Finding, Repair};
use crate::{
    domain::{event::Event, id::SpecId},
    error::Result,
    specs::all::Specs,
};

/// Specs with a file or a kept attempt that have no chain, and events. All objects are gone through, if there is such a spec at all.
///
/// Events that only other clones wrote say of no loss here: a clone that shares the objects of another has them without a ref.
///
/// A single event is no finding here: it comes from an `add` that died before it made the ref. The file of that spec is a finding of its
/// own.
pub(super) fn check(specs: &Specs<'_>) -> Result<Vec<Finding>> {
    let store = specs.project.store()?;
    let mut without = BTreeSet::new();
    for id in specs.names.all()? {
        // Another check reports a fault of a ref that exists.
        if specs.names.tip(id)?.is_none() && matches!(store.tip(id), Ok(None)) {
            without.insert(id.clone());
        }
    }
    for (name, _) in store.all_kept()? {
        if let Some((Ok(id), _)) = name.split_once('/').map(|(id, attempt)| (SpecId::new(id), attempt))
            && matches!(store.tip(&id), Ok(None))
        {
            without.insert(id);
        }
    }
    let lost = if without.is_empty() { Vec::new() } else { store.events_among_objects(&without)? };
    let mut findings = Vec::new();
    for id in &without {
        let events: Vec<&Event> = lost.iter().filter(|event| event.spec == *id).collect();
        let is_own = |event: &&Event| event.facts.clone.as_deref() == Some(specs.project.clone_name());
        let newest = events.iter().map(|event| event.generation).max().filter(|newest| *newest > 1);
        if let Some(newest) = newest.filter(|_| events.iter().any(is_own)) {
            findings.push(gone(id, &events, newest));
        }
    }
    Ok(findings)
}

/// Of two events in one place one lost a race and was made again further on: so the greatest generation is where the chain ended,
/// unless two have it.
fn gone(id: &SpecId, events: &[&Event], newest: u64) -> Finding {
    let message = format!("its ref and reflog are missing, but {} of its events exist", events.len());
    let lost = Finding::error("lost-chain", message).of(id);
    let ends: Vec<&&Event> = events.iter().filter(|event| event.generation == newest).collect();
    match ends.as_slice() {
        [end] => lost.mended_by(Repair::Rejoin(id.clone(), end.id)),
        several => {
            let ends: Vec<String> = several.iter().map(|event| event.id.to_string()).collect();
            lost.help(format!(
                "its last event is one of {}; to restore it: git update-ref refs/chant/specs/{id} <event>",
                ends.join(", ")
            ))
        }
    }
}
