//! What the spec of a further phase of an investigation builds on. No spec is created here.

use std::collections::BTreeMap;

use crate::{
    domain::{id::SpecId, pattern::is_url, phase::Phase, spec_file::FrontMatter, status::Status},
    error::Result,
    specs::{all::Specs, text::path_of},
};

/// An investigation as it stands.
#[derive(Clone, Debug, Default)]
pub(super) struct Known {
    /// The phases that have a spec, each with its newest one that was neither cancelled nor superseded.
    pub(super) phases: BTreeMap<Phase, SpecId>,
    /// The branch that its work is for, where a person named one: a full ref name.
    pub(super) onto: Option<String>,
    /// The address of the report.
    pub(super) report: Option<String>,
}

impl Known {
    /// Reads the specs of a topic.
    ///
    /// # Errors
    /// If the specs cannot be read.
    pub(super) fn of(specs: &Specs<'_>, topic: &str) -> Result<Known> {
        let mut known = Known::default();
        for entry in specs.of_topic(topic)? {
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
            let counts = entry.status != Status::Cancelled && !entry.facts().waits_for_adoption();
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
