//! The events of one spec: whether they are all there, and what the log of the ref knows beyond them. Whether each event may stand
//! where it stands is decided in `events`.

use std::collections::BTreeSet;

use gix::ObjectId;

use super::{
    Finding, Repair,
    events::{self, Flaw},
};
use crate::{
    domain::{history::History, id::SpecId},
    error::Result,
    project::Project,
};

/// The most faults of one chain that are named; what lies beyond is counted.
const MAX_FAULTS: usize = 20;

/// The findings about the events of a spec, whose ref holds `tip`.
pub(super) fn check(project: &Project, id: &SpecId, tip: ObjectId) -> Result<Vec<Finding>> {
    let walk = project.store()?.walk(id, tip)?;
    let history = &walk.history;
    let mut faults = Vec::new();
    for invalid in &walk.invalid {
        faults.push((Flaw::InvalidEvent, format!("{invalid}; it is ignored")));
    }
    for missing in &walk.missing {
        faults.push((Flaw::MissingEvent, format!("the event {missing} is not in this repository")));
    }
    let mut looked_for = BTreeSet::new();
    for event in history.events() {
        if let Some(blob) = event.facts.spec_blob.filter(|blob| looked_for.insert(*blob))
            && project.repo.gix().try_find_header(blob)?.is_none()
        {
            faults.push((
                Flaw::MissingText,
                format!("the text {blob} of the event {} is not in this repository", event.id),
            ));
        }
    }
    // Where objects are missing, what the chain reaches is unknown.
    let lost = if walk.missing.is_empty() { clobbered(project, id, history)? } else { None };
    let complete = walk.missing.is_empty() && walk.invalid.is_empty();
    faults.extend(events::faults(history, complete));
    let wrong_status = faults.iter().any(|(flaw, _)| *flaw == Flaw::Status);
    // What is missing may be what the newest event knows.
    faults.extend(events::tip(history, tip).filter(|_| !wrong_status && walk.missing.is_empty()));
    let shallow = project.repo.gix().is_shallow()?;
    let more = faults.len().saturating_sub(MAX_FAULTS);
    let mut findings: Vec<Finding> = faults
        .into_iter()
        .take(MAX_FAULTS)
        .map(|(flaw, message)| Finding::error(flaw.into(), message).of(id).help(help(flaw, id, shallow)))
        .collect();
    findings.extend(lost);
    if more > 0 {
        findings.push(Finding::error("more", format!("{more} more problems of its events")).of(id));
    }
    let roots = history.events().iter().filter(|event| event.own_parents().next().is_none()).count();
    if roots > 1 {
        let message = format!("its history has {roots} first events; it was created in {roots} clones and joined");
        findings.push(Finding::warning("two-roots", message).of(id));
    }
    Ok(findings)
}

/// Events that the log of the ref names and that the chain does not reach since a fetch or a push by force. A person who moved the
/// ref by hand meant it. Merge events are no loss: the rule of convergence drops them where others know the same.
fn clobbered(project: &Project, id: &SpecId, history: &History) -> Result<Option<Finding>> {
    let store = project.store()?;
    let (mut lost, mut moved) = (Vec::new(), false);
    for logged in store.logged(id)? {
        if moved
            && history.get(logged.id).is_none()
            && project.repo.gix().try_find_header(logged.id)?.is_some()
            && store.event(id, logged.id)?.is_ok_and(|event| !event.is_merge())
        {
            lost.push(logged.id);
        }
        moved |= logged.exchanged;
    }
    let Some(newest) = lost.first() else { return Ok(None) };
    let message = match lost.as_slice() {
        [one] => format!("its ref was moved by force: its reflog has the event {one}, its history does not"),
        _ => format!("its ref was moved by force: its reflog has {} events that its history lacks", lost.len()),
    };
    Ok(Some(Finding::error("clobbered", message).of(id).mended_by(Repair::Rejoin(id.clone(), *newest))))
}

fn help(flaw: Flaw, id: &SpecId, shallow: bool) -> String {
    match flaw {
        Flaw::MissingEvent if shallow => "this clone is shallow: git fetch --unshallow".to_owned(),
        Flaw::MissingEvent | Flaw::MissingText => {
            "fetch it from a clone that has it; to find other missing objects: git fsck".to_owned()
        }
        _ => format!(
            "to see its events: git log chant/specs/{id}; earlier values of the ref: git reflog chant/specs/{id}"
        ),
    }
}
