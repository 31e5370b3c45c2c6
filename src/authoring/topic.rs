//! What the spec of a further phase of an investigation builds on. No spec is created here.

use std::collections::BTreeMap;

use crate::{
    domain::{id::SpecId, phase::Phase, spec_file::FrontMatter, status::Status},
    error::Result,
    specs::{all::Specs, text::path_of},
};

/// The phases of a topic that have a spec, each with its newest one that was not cancelled.
#[derive(Clone, Debug, Default)]
pub(super) struct Known(pub(super) BTreeMap<Phase, SpecId>);

impl Known {
    /// Reads the specs of a topic.
    ///
    /// # Errors
    /// If the specs cannot be read.
    pub(super) fn of(specs: &Specs<'_>, topic: &str) -> Result<Known> {
        let mut known = Known::default();
        for entry in specs.of_topic(topic)? {
            let phase = entry.spec().and_then(|spec| spec.front.known_phase());
            let counts = entry.status != Status::Cancelled && !entry.facts().waits_for_adoption();
            if let Some(phase) = phase.filter(|_| counts) {
                known.0.insert(phase, entry.id.clone());
            }
        }
        Ok(known)
    }

    /// What a spec of `phase` builds on: it depends on the spec of the phase before and is informed by it and by the documents
    /// of all phases before, and its own document is its target.
    pub(super) fn wiring(&self, topic: &str, phase: Phase) -> FrontMatter {
        let before = || self.0.range(..phase);
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
