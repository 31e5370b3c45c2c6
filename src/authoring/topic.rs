//! What the spec of a further phase of an investigation builds on. No spec is created here.

use std::collections::BTreeMap;

use crate::{
    domain::{id::SpecId, pattern::is_url, phase::Phase, spec_file::FrontMatter, status::Status},
    error::Result,
    specs::{all::Specs, entry::Entry, text::path_of, topic::is_archived},
};

use super::template::heading;

/// An investigation as it stands.
#[derive(Clone, Debug, Default)]
pub(super) struct Known {
    /// The phases that have a spec, each with its newest one that was neither cancelled nor superseded.
    pub(super) phases: BTreeMap<Phase, SpecId>,
    /// The branch that its work is for, where a person named one: a full ref name.
    pub(super) onto: Option<String>,
    /// The address of the report.
    pub(super) report: Option<String>,
    /// The title, as the specs have it behind their phase.
    pub(super) title: Option<String>,
}

impl Known {
    /// Reads the specs of a topic, archived ones too as long as others are not.
    ///
    /// # Errors
    /// `no-topic` if all of them are archived, and phases among them; if the specs cannot be read.
    pub(super) fn of(specs: &Specs<'_>, topic: &str) -> Result<Known> {
        let mut known = Known::default();
        let (archived, active) = (specs.archived_of(topic)?, specs.of_topic(topic)?);
        let has_phase = |entry: &Entry| entry.spec().is_some_and(|spec| spec.front.known_phase().is_some());
        if active.is_empty() && archived.iter().any(has_phase) {
            return Err(is_archived(topic));
        }
        for entry in archived.into_iter().chain(active) {
            let Some((front, phase)) = entry.spec().and_then(|spec| Some((&spec.front, spec.front.known_phase()?)))
            else {
                continue;
            };
            if known.report.is_none() {
                known.report = front.informed_by.iter().find(|input| is_url(input)).cloned();
            }
            if let Some(onto) = entry.state.as_ref().and_then(|state| state.facts.onto.clone()) {
                known.onto = Some(onto);
            }
            if known.title.is_none() {
                known.title = entry.title().strip_prefix(&heading(phase, topic)).map(str::to_owned);
            }
            let was = entry.state.as_ref().and_then(|state| state.was);
            let counts = entry.status != Status::Cancelled
                && was != Some(Status::Cancelled)
                && !entry.facts().waits_for_adoption();
            if counts && specs.successor(&entry.id, &entry.id)? == entry.id {
                known.phases.insert(phase, entry.id.clone());
            }
        }
        Ok(known)
    }

    /// What a spec of `phase` builds on: it depends on the spec of the phase before and is informed by it and by the documents
    /// of all phases before, and its own document is its target.
    pub(super) fn wiring(&self, topic: &str, phase: Phase) -> FrontMatter {
        let before = || self.phases.range(..phase);
        let last = before().next_back();
        let documents = before().filter_map(|(phase, _)| phase.document(topic));
        FrontMatter {
            depends_on: last.map(|(_, id)| id.to_string()).into_iter().collect(),
            informed_by: last.map(|(_, id)| path_of(id)).into_iter().chain(documents).collect(),
            target_files: phase.document(topic).into_iter().collect(),
            ..FrontMatter::default()
        }
    }
}
