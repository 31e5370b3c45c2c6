//! How the deciding attempt of a spec went so far, as its events tell.

use crate::{
    domain::event::Op,
    error::Result,
    project::Project,
    specs::{entry::Entry, view::rfc3339},
};

/// The facts of an attempt that its events tell.
#[derive(Debug, Default)]
pub(super) struct AttemptSummary {
    /// Which attempt it is, from 1.
    pub number: usize,
    /// Who wrote the event that decides the status.
    pub by: Option<String>,
    /// When, RFC 3339.
    pub since: Option<String>,
    /// Why, in their words.
    pub reason: Option<String>,
    /// How often its agent was stopped by what passes, try after try up to now.
    pub held_up: usize,
    clone: Option<String>,
}

impl AttemptSummary {
    /// Reads the events of a spec.
    pub(super) fn of(project: &Project, entry: &Entry) -> Result<AttemptSummary> {
        let Some(state) = &entry.state else { return Ok(AttemptSummary::default()) };
        let walk = project.store()?.walk(&entry.id, state.tip)?;
        let events = walk.history.events();
        let decided = walk.history.deciding(state.status, state.attempt);
        Ok(AttemptSummary {
            number: events.iter().filter(|event| event.op == Op::Start).count(),
            by: decided.map(|event| event.author.name.clone()),
            since: decided.map(|event| rfc3339(event.author.seconds, event.author.offset)),
            reason: decided.and_then(|event| event.facts.reason.clone()),
            held_up: walk.history.held_up().len(),
            clone: decided.and_then(|event| event.facts.clone.clone()),
        })
    }

    /// Whether that clone wrote the deciding event.
    pub(super) fn is_of(&self, clone: &str) -> bool {
        self.clone.as_deref() == Some(clone)
    }
}
