//! Which live process tries a paused spec again, and when: what people are told while it leaves the agent alone.
//!
//! The file is a lease of its own for each attempt. It is a hint: nothing is decided by it.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use gix::ObjectId;

use super::view::rfc3339;
use crate::{
    agent::lease::{self, Info, Lease, Life, NextTry},
    answer::RetryView,
    domain::{id::SpecId, stop::MAX_TRIES},
    error::Result,
    project::Project,
};

/// The directory below that of the clone.
const DIR: &str = "retries";

/// Says that this process tries a spec again, until it is dropped.
#[derive(Debug)]
pub(crate) struct Announced(Option<Lease>);

impl Drop for Announced {
    fn drop(&mut self) {
        // A file that stays says nothing: its lock is gone.
        let _stays = self.0.take().map(Lease::release);
    }
}

impl Project {
    /// Says that this process tries `attempt` at the spec `id` again after `pause`, as try `number`. Where another process says that of it
    /// already, that one counts.
    ///
    /// # Errors
    /// If it cannot be written.
    pub(crate) fn announce_try(
        &self,
        id: &SpecId,
        attempt: ObjectId,
        pause: Duration,
        number: u32,
    ) -> Result<Announced> {
        let now = self.env.now().as_second();
        let at = now.saturating_add(i64::try_from(pause.as_secs()).unwrap_or(i64::MAX));
        let info = Info::of_this_process(id.clone(), PathBuf::new(), now);
        let info = Info { next_try: Some(NextTry { at, number }), ..info };
        Ok(Announced(Lease::acquire(&self.clone_dir().join(DIR), &attempt, info)?.ok()))
    }

    /// The live process of this clone that tries `attempt` again, if one does.
    pub(crate) fn next_try(&self, attempt: ObjectId) -> Result<Option<RetryView>> {
        let Life::Running(info) = Life::of(&self.clone_dir().join(DIR), &attempt)? else { return Ok(None) };
        let view = |NextTry { at, number }| RetryView { pid: info.pid, at: rfc3339(at, 0), number, of: MAX_TRIES };
        Ok(info.next_try.map(view))
    }
}

/// Removes what dead processes said of tries to come; `clone` is the directory of the clone.
pub(crate) fn forget_dead(clone: &Path) -> Result<()> {
    let dir = clone.join(DIR);
    for attempt in lease::list(&dir)? {
        lease::forget(&dir, &attempt)?;
    }
    Ok(())
}
