//! The use case `drift`: which specs rest on something that has changed since, and what rests on them.

use std::collections::{BTreeMap, BTreeSet};

use gix::ObjectId;

use crate::{
    answer::DriftView,
    domain::{id::SpecId, status::Status},
    error::Result,
    specs::{all::Specs, drift::Change, facts::Facts},
};

/// The changed inputs of the specs `ids`, or of all that are not archived.
///
/// # Errors
/// If the specs cannot be read.
pub(crate) fn drift(specs: &Specs<'_>, ids: Option<&[SpecId]>) -> Result<Vec<DriftView>> {
    let mut found = Vec::new();
    let mut below = None;
    let candidates = if ids.is_some() { specs.names.all()? } else { specs.names.active()? };
    for id in candidates {
        if ids.is_some_and(|ids| !ids.contains(id)) {
            continue;
        }
        let wanted = |status| ids.is_some() || status != Status::Archived;
        let found_of = |facts: &Facts<'_>| {
            let title = facts.text.as_ref().and_then(|text| text.title).map(str::to_owned);
            Ok((title, specs.drifted(facts)?))
        };
        let Some((title, changes)) = specs.inspect(id, wanted, found_of)?.filter(|(_, changes)| !changes.is_empty())
        else {
            continue;
        };
        let below = match &below {
            Some(below) => below,
            None => below.insert(informs(specs)?),
        };
        let downstream: Vec<String> = downstream(below, id).iter().map(|id| id.short().to_owned()).collect();
        found.extend(changes.into_iter().map(|change| view(id, title.as_deref(), change, &downstream)));
    }
    Ok(found)
}

fn view(id: &SpecId, title: Option<&str>, change: Change, downstream: &[String]) -> DriftView {
    let hex = |id: ObjectId| id.to_string();
    let short = |id: ObjectId| id.to_hex_with_len(10).to_string();
    let (kind, input, was, now, by, see) = match change {
        Change::File { path, was, now: Some(now) } => {
            let see = format!("git diff {} {}", short(was), short(now));
            ("changed", path, Some(hex(was)), Some(hex(now)), None, Some(see))
        }
        Change::File { path, was, now: None } => {
            ("gone", path, Some(hex(was)), None, None, Some(format!("git show {}", short(was))))
        }
        Change::Added { path, now } => {
            ("added", path, None, Some(hex(now)), None, Some(format!("git show {}", short(now))))
        }
        Change::Spec { id, was, now } => {
            let see = format!("git chant log {}", id.short());
            ("reworked", id.to_string(), Some(hex(was)), now.map(hex), None, Some(see))
        }
        Change::Superseded { id, by } => {
            let see = format!("git chant show {}", by.short());
            ("superseded", id.to_string(), None, None, Some(by.to_string()), Some(see))
        }
    };
    DriftView {
        spec: id.clone(),
        short: id.short().to_owned(),
        title: title.map(str::to_owned),
        kind: kind.to_owned(),
        input,
        was,
        now,
        by,
        see,
        downstream: downstream.to_vec(),
    }
}

/// For each spec those whose attempts it informed, as their start events say.
fn informs(specs: &Specs<'_>) -> Result<BTreeMap<SpecId, Vec<SpecId>>> {
    let mut informs: BTreeMap<SpecId, Vec<SpecId>> = BTreeMap::new();
    for id in specs.names.all()? {
        let Some(attempt) = specs.recorded(id)?.state.and_then(|state| state.attempt) else { continue };
        for by in specs.origins(id, attempt)?.iter().flat_map(|origins| origins.iter()) {
            informs.entry(by.clone()).or_default().push(id.clone());
        }
    }
    Ok(informs)
}

fn downstream(informs: &BTreeMap<SpecId, Vec<SpecId>>, id: &SpecId) -> BTreeSet<SpecId> {
    let mut found = BTreeSet::new();
    let mut open = vec![id];
    while let Some(id) = open.pop() {
        for next in informs.get(id).into_iter().flatten() {
            if found.insert(next.clone()) {
                open.push(next);
            }
        }
    }
    found.remove(id);
    found
}
