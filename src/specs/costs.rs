//! What the runs of agents for specs cost, as the events count them: each run once, by the event that it ended with.

use std::rc::Rc;

use gix::ObjectId;

use super::{all::Specs, topic, view::own_attempt};
use crate::{
    domain::{
        cost::Cost,
        event::{Event, Op},
        history::History,
        id::SpecId,
        state::State,
    },
    error::Result,
    specs::view::rfc3339,
};

/// One run of an agent that an event counts.
#[derive(Clone, Debug)]
pub(crate) struct CountedRun {
    /// What it cost.
    pub cost: Cost,
    /// The start event of the attempt that it was for; a proposal how to split a spec belongs to none.
    pub attempt: Option<ObjectId>,
    /// The agent.
    pub agent: String,
    /// The session that the agent reported.
    pub session: Option<String>,
    /// When it ended, in seconds since 1970 UTC.
    pub at: i64,
    /// The month in which it ended, where it ran: `2026-02`.
    pub month: String,
}

impl CountedRun {
    /// The runs that the events of a spec count, the oldest first.
    pub(crate) fn all(history: &History) -> impl Iterator<Item = CountedRun> {
        history.events().iter().filter_map(CountedRun::of)
    }

    fn of(event: &Event) -> Option<CountedRun> {
        let facts = &event.facts;
        // Without a sum it repeats what an earlier event says: those of version 0.1.
        let cost = facts.cost.clone().filter(|_| facts.spent.is_some())?;
        let agent = facts.run_agent.as_ref().or(facts.agent.as_ref());
        // A note repeats the session of the attempt's own run.
        let session = if event.op == Op::Note { &facts.run_session } else { &facts.session };
        Some(CountedRun {
            cost,
            attempt: own_attempt(event),
            agent: agent.cloned().unwrap_or_else(|| "unknown".to_owned()),
            session: session.clone(),
            at: event.author.seconds,
            month: rfc3339(event.author.seconds, event.author.offset).chars().take(7).collect(),
        })
    }
}

impl Specs<'_> {
    /// The runs for a spec, the oldest first; none is looked for where the newest event counts none.
    ///
    /// # Errors
    /// If an event cannot be read.
    pub(crate) fn counted_runs(&self, id: &SpecId) -> Result<Vec<CountedRun>> {
        let Some(state) = self.recorded(id)?.state.filter(|state| state.facts.spent.is_some()) else {
            return Ok(Vec::new());
        };
        let walk = self.project.store()?.walk(id, state.tip)?;
        Ok(CountedRun::all(&walk.history).collect())
    }

    /// What all runs for a spec cost.
    ///
    /// # Errors
    /// If its newest event cannot be read.
    pub(crate) fn spent_on(&self, id: &SpecId) -> Result<Cost> {
        Ok(self.recorded(id)?.state.and_then(|state| state.facts.spent.clone()).unwrap_or_default())
    }

    /// What all runs for the specs of a topic cost, archived ones too.
    ///
    /// # Errors
    /// If a spec cannot be read.
    pub(crate) fn spent_on_topic(&self, topic: &str) -> Result<Cost> {
        let mut sum = Cost::default();
        for id in self.names.all()? {
            if let Some(spent) = self.state_of(id)?.and_then(|state| state.facts.spent.clone())
                && topic::is_of(&self.entry(id)?, topic)
            {
                sum.add(&spent);
            }
        }
        Ok(sum)
    }

    /// What all runs cost that ended since a moment, in seconds since 1970 UTC, for archived specs too.
    ///
    /// # Errors
    /// If a spec cannot be read.
    pub(crate) fn spent_since(&self, since: i64) -> Result<Cost> {
        let mut sum = Cost::default();
        for id in self.names.all()? {
            if self.state_of(id)?.is_some_and(|state| state.updated >= since) {
                self.counted_runs(id)?.iter().filter(|run| run.at >= since).for_each(|run| sum.add(&run.cost));
            }
        }
        Ok(sum)
    }

    /// The recorded state of a spec, whatever became of its work since; `None` if it has no readable history.
    fn state_of(&self, id: &SpecId) -> Result<Option<Rc<State>>> {
        Ok(self.names.tip(id)?.and_then(|tip| self.state_at(id, tip).ok()))
    }
}
