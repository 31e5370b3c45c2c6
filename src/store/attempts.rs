//! `refs/chant-local/attempts/<id>/<start event>`: the tip of each attempt, so that no commit of it is ever lost when its
//! branch moves or goes.

use gix::ObjectId;

use super::{Store, refs::Moved};
use crate::{domain::id::SpecId, error::Result, git::private};

/// The namespace; local, never pushed.
pub(crate) const ATTEMPTS: &str = "refs/chant-local/attempts/";

impl Store<'_> {
    /// Keeps `tip` as the tip of the attempt. The tip that was kept before stays in the ref's log, and stays
    /// reachable as long as `tip` reaches it; a tip that does not is kept beside it, under a name with a number.
    pub fn keep_attempt(&self, spec: &SpecId, attempt: ObjectId, tip: ObjectId) -> Result<String> {
        let first = format!("{ATTEMPTS}{spec}/{attempt}");
        self.retry(&first, || {
            let mut name = first.clone();
            let mut old = self.ref_target(&name)?;
            for number in 1.. {
                match old {
                    Some(kept) if !self.reaches(tip, kept)? => name = format!("{first}-{number}"),
                    _ => break,
                }
                old = self.ref_target(&name)?;
            }
            let kept = old == Some(tip) || self.swap(&name, old, tip, "chant: keep attempt")? == Moved::Yes;
            Ok(kept.then_some(name))
        })
    }

    /// Keeps `tip` beside the tip of the attempt, under a name with a number, and gives the name of the ref.
    pub fn keep_beside(&self, spec: &SpecId, attempt: ObjectId, tip: ObjectId) -> Result<String> {
        let first = format!("{ATTEMPTS}{spec}/{attempt}");
        self.retry(&first, || {
            for number in 1.. {
                let name = format!("{first}-{number}");
                match self.ref_target(&name)? {
                    Some(kept) if kept == tip => return Ok(Some(name)),
                    Some(_) => {}
                    None if self.swap(&name, None, tip, "chant: keep attempt")? == Moved::Yes => return Ok(Some(name)),
                    None => break,
                }
            }
            Ok(None)
        })
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
        let full = format!("{ATTEMPTS}{spec}/{name}");
        self.retry(&full, || match self.ref_target(&full)? {
            None => Ok(Some(())),
            Some(now) if now == tip => Ok((self.remove(&full, tip)? == Moved::Yes).then_some(())),
            Some(_) => Err(self.busy(&full)),
        })?;
        // Only a whole id names the attempt; a name with a number is one more tip of it.
        private::forget(self.repo.common_dir(), name);
        Ok(())
    }

    /// Whether one commit reaches another.
    pub(super) fn reaches(&self, later: ObjectId, earlier: ObjectId) -> Result<bool> {
        Ok(later == earlier
            || self.repo.merge_base(later, earlier).is_ok_and(|base| base.is_some_and(|base| base == earlier)))
    }
}
