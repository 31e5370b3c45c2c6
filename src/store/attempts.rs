//! `refs/chant-local/attempts/<id>/<start event>`: the tip of each attempt, so that no commit of it is ever lost when its
//! branch moves or goes.

use std::time::{Duration, Instant};

use gix::ObjectId;

use super::{Store, refs::Moved};
use crate::{domain::id::SpecId, error::Result};

/// The namespace; local, never pushed.
pub(crate) const ATTEMPTS: &str = "refs/chant-local/attempts/";

impl Store<'_> {
    /// Keeps `tip` as what the attempt came to. What was kept under that name before stays in the ref's log, and stays
    /// reachable as long as `tip` reaches it; a tip that does not is kept beside it, under a name with a number.
    pub fn keep_attempt(&self, spec: &SpecId, attempt: ObjectId, tip: ObjectId) -> Result<String> {
        let started = Instant::now();
        let mut number = 0;
        loop {
            let name = match number {
                0 => format!("{ATTEMPTS}{spec}/{attempt}"),
                n => format!("{ATTEMPTS}{spec}/{attempt}-{n}"),
            };
            let old = self.ref_target(&name)?;
            if old == Some(tip) {
                return Ok(name);
            }
            if let Some(old) = old
                && !self.reaches(tip, old)?
            {
                number += 1;
                continue;
            }
            if self.swap(&name, old, tip, "chant: keep attempt")? == Moved::Yes {
                return Ok(name);
            }
            if started.elapsed() >= self.settings.patience {
                return Err(self.busy(&name));
            }
            std::thread::sleep(Duration::from_millis(2 + u64::from(tip.as_bytes()[0]) / 16));
        }
    }

    /// The attempts that are kept of a spec: the part of the name after the id, and the tip.
    pub fn kept_attempts(&self, spec: &SpecId) -> Result<Vec<(String, ObjectId)>> {
        let all = self.listed(&format!("{ATTEMPTS}{spec}/"))?;
        Ok(all.into_iter().filter_map(|(name, target)| Some((name, target?))).collect())
    }

    /// Every kept attempt: the name after the namespace, and the tip unless the ref is broken.
    pub fn all_kept(&self) -> Result<Vec<(String, Option<ObjectId>)>> {
        self.listed(ATTEMPTS)
    }

    /// Lets go of a kept attempt, once its commits are elsewhere. One that is gone already is fine.
    ///
    /// # Errors
    /// With code `busy` if it does not hold `tip` any more, or is locked; it stays then.
    pub fn drop_attempt(&self, spec: &SpecId, name: &str, tip: ObjectId) -> Result<()> {
        let name = format!("{ATTEMPTS}{spec}/{name}");
        let started = Instant::now();
        loop {
            match self.ref_target(&name)? {
                None => return Ok(()),
                Some(now) if now == tip && self.remove(&name, tip)? == Moved::Yes => return Ok(()),
                Some(now) if now == tip && started.elapsed() < self.settings.patience => {}
                Some(_) => return Err(self.busy(&name)),
            }
            std::thread::sleep(Duration::from_millis(2 + u64::from(tip.as_bytes()[0]) / 16));
        }
    }

    /// Whether one commit reaches another.
    pub(super) fn reaches(&self, later: ObjectId, earlier: ObjectId) -> Result<bool> {
        Ok(later == earlier
            || self.repo.merge_base(later, earlier).is_ok_and(|base| base.is_some_and(|base| base == earlier)))
    }
}
