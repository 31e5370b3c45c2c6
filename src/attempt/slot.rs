//! When a run of an agent has its turn, where the number of its runs at once is limited. The slots themselves are in `agent::slot`.

use std::time::Duration;

use super::work::Assignment;
use crate::{agent::slot::Slot, answer::progress::Step, error::Result, project::agent::MANUAL};

/// How often a process that waits for a slot looks again.
const LOOK: Duration = Duration::from_millis(100);

impl Assignment<'_> {
    /// Waits until one more run of the agent is allowed, if their number is limited. Gives its slot then, and whether others had to end first.
    pub(super) fn slot(&self, agent: &str) -> Result<(Option<Slot>, bool)> {
        let limit = self.project.config().agent_jobs(agent)?.filter(|_| agent != MANUAL);
        let Some(limit) = limit else { return Ok((None, false)) };
        let dir = self.project.slots_dir();
        if let Some(slot) = Slot::take(&dir, agent, limit)? {
            return Ok((Some(slot), false));
        }
        let runs = if limit == 1 { "once already".to_owned() } else { format!("{limit} times already") };
        let note = format!("waiting: '{agent}' runs {runs} (chant.agent.{agent}.jobs)");
        self.progress.say(&Step::Note(note));
        loop {
            std::thread::sleep(LOOK);
            if let Some(slot) = Slot::take(&dir, agent, limit)? {
                return Ok((Some(slot), true));
            }
        }
    }
}
