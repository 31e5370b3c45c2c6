//! The specs of an investigation. What a spec of a further phase builds on is in `authoring`.

use std::collections::BTreeMap;

use super::{all::Specs, entry::Entry};
use crate::{
    domain::status::Status,
    error::{Error, Kind, Result},
};

/// Brings specs into the order of their phases, those of no phase last.
pub(crate) fn sort_by_phase(entries: &mut [Entry]) {
    let phase = |entry: &Entry| entry.spec().and_then(|spec| spec.front.known_phase());
    entries.sort_by_key(|entry| (phase(entry).is_none(), phase(entry), entry.id.clone()));
}

impl Specs<'_> {
    /// Every topic with its specs as [`Specs::of_any_topic`] gives them, in the order of the names.
    ///
    /// # Errors
    /// If the specs cannot be read.
    pub(crate) fn topics(&self) -> Result<BTreeMap<String, Vec<Entry>>> {
        let mut found: BTreeMap<String, Vec<Entry>> = BTreeMap::new();
        for id in self.names.all()? {
            let entry = self.entry(id)?;
            if let Some(topic) = entry.spec().and_then(|spec| spec.front.topic.clone()) {
                found.entry(topic).or_default().push(entry);
            }
        }
        for entries in found.values_mut() {
            if entries.iter().any(|entry| entry.status != Status::Archived) {
                entries.retain(|entry| entry.status != Status::Archived);
            }
        }
        Ok(found)
    }

    /// The specs of a topic in the order of their ids, archived ones left out.
    ///
    /// # Errors
    /// If the specs cannot be read.
    pub(crate) fn of_topic(&self, topic: &str) -> Result<Vec<Entry>> {
        let mut found = Vec::new();
        for id in self.names.active()? {
            if self.recorded(id)?.status == Status::Archived {
                continue;
            }
            let entry = self.entry(id)?;
            if is_of(&entry, topic) {
                found.push(entry);
            }
        }
        Ok(found)
    }

    /// The specs of a topic, of which there has to be at least one.
    ///
    /// # Errors
    /// `no-topic` if no spec belongs to it, or only archived ones.
    pub(crate) fn of_known_topic(&self, topic: &str) -> Result<Vec<Entry>> {
        let found = self.of_topic(topic)?;
        if found.is_empty() && !self.archived_of(topic)?.is_empty() {
            return Err(is_archived(topic));
        }
        known(topic, found)
    }

    /// The specs of a topic, of which there has to be at least one: where all of them are archived, those.
    ///
    /// # Errors
    /// `no-topic` if no spec belongs to it.
    pub(crate) fn of_any_topic(&self, topic: &str) -> Result<Vec<Entry>> {
        let active = self.of_topic(topic)?;
        if active.is_empty() { self.of_archived_topic(topic) } else { Ok(active) }
    }

    /// The archived specs of a topic, of which there has to be at least one.
    ///
    /// # Errors
    /// `no-topic` if no archived spec belongs to it.
    pub(crate) fn of_archived_topic(&self, topic: &str) -> Result<Vec<Entry>> {
        known(topic, self.archived_of(topic)?)
    }

    /// The archived specs of a topic in the order of their ids.
    ///
    /// # Errors
    /// If the specs cannot be read.
    pub(crate) fn archived_of(&self, topic: &str) -> Result<Vec<Entry>> {
        let mut found = Vec::new();
        for id in self.names.all()? {
            if self.recorded(id)?.status == Status::Archived {
                let entry = self.entry(id)?;
                if is_of(&entry, topic) {
                    found.push(entry);
                }
            }
        }
        Ok(found)
    }
}

/// Whether a spec belongs to the topic.
pub(super) fn is_of(entry: &Entry, topic: &str) -> bool {
    entry.spec().is_some_and(|spec| spec.front.topic.as_deref() == Some(topic))
}

/// Says that all specs of an investigation are archived.
pub(crate) fn is_archived(topic: &str) -> Error {
    Error::negative(Kind::NoTopic, format!("the investigation '{}' is archived", topic.escape_debug()))
        .hint(format!("to restore it: git chant archive --restore --topic {}", shell_words::quote(topic)))
}

fn known(topic: &str, entries: Vec<Entry>) -> Result<Vec<Entry>> {
    if entries.is_empty() {
        return Err(Error::negative(Kind::NoTopic, format!("no such investigation: '{}'", topic.escape_debug()))
            .hint("to list every spec: git chant list --all"));
    }
    Ok(entries)
}
