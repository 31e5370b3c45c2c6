//! The events of one spec.

use std::collections::BTreeSet;

use gix::ObjectId;

use super::{Finding, finding, step};
use crate::{domain::diagnostic::Severity, domain::id::SpecId, error::Result, project::Project};

/// The most faults of one chain that are named; what lies beyond is counted.
const MAX_FAULTS: usize = 20;

pub(super) fn check(project: &Project, id: &SpecId, tip: ObjectId) -> Result<Vec<Finding>> {
    let walk = project.store()?.walk(id, tip)?;
    let history = &walk.history;
    let mut faults = Vec::new();
    for invalid in &walk.invalid {
        faults.push(("invalid-event", format!("{invalid}: it is not obeyed")));
    }
    for missing in &walk.missing {
        faults.push(("missing-event", format!("the event {missing} is not in this repository")));
    }
    let mut looked_for = BTreeSet::new();
    for event in history.events() {
        if let Some(blob) = event.facts.spec_blob.filter(|blob| looked_for.insert(*blob))
            && project.repo.gix().try_find_header(blob)?.is_none()
        {
            faults
                .push(("missing-text", format!("the text {blob} of the event {} is not in this repository", event.id)));
        }
    }
    let complete = walk.missing.is_empty() && walk.invalid.is_empty();
    faults.extend(step::faults(history, complete));
    let wrong_status = faults.iter().any(|(code, _)| *code == "status");
    faults.extend(step::tip(history, tip).filter(|_| !wrong_status));
    let more = faults.len().saturating_sub(MAX_FAULTS);
    let mut findings: Vec<Finding> = faults
        .into_iter()
        .take(MAX_FAULTS)
        .map(|(code, message)| finding(Severity::Error, code, id, message, None).help(help(code, id)))
        .collect();
    if more > 0 {
        findings.push(finding(Severity::Error, "more", id, format!("{more} more problems of its events"), None));
    }
    let roots = history.events().iter().filter(|event| event.own_parents().next().is_none()).count();
    if roots > 1 {
        let message = format!("its chain has {roots} first events: it began in {roots} places, and was joined");
        findings.push(finding(Severity::Warning, "two-roots", id, message, None));
    }
    Ok(findings)
}

fn help(code: &str, id: &SpecId) -> String {
    match code {
        "missing-event" | "missing-text" => {
            "fetch it from a clone that has it; git fsck names what else is missing".to_owned()
        }
        _ => format!(
            "'git log chant/specs/{id}' shows its events, 'git reflog chant/specs/{id}' what the ref held before"
        ),
    }
}
