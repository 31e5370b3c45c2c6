//! `refs/chant-local/attempts/<id>/<start event>`: the tip of each attempt, so that no commit of it is ever lost when its
//! branch moves or goes.

use gix::ObjectId;

use super::{Store, refs::Moved};
use crate::{
    domain::id::SpecId,
    error::{Error, Result},
};

/// The namespace; local, never pushed.
pub const ATTEMPTS: &str = "refs/chant-local/attempts/";

impl Store<'_> {
    /// Keeps `tip` as what the attempt came to. What was kept under that name before stays in the ref's log, and stays
    /// reachable as long as `tip` reaches it; a tip that does not is kept beside it, under a name with a number.
    pub fn keep_attempt(&self, spec: &SpecId, attempt: ObjectId, tip: ObjectId) -> Result<String> {
        for number in 0..1000 {
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
                continue;
            }
            if self.swap(&name, old, tip, "chant: keep attempt")? == Moved::Yes {
                return Ok(name);
            }
        }
        Err(Error::fatal("busy", format!("could not keep the attempt under '{ATTEMPTS}{spec}/'")))
    }

    /// The attempts that are kept of a spec: the part of the name after the id, and the tip.
    pub fn kept_attempts(&self, spec: &SpecId) -> Result<Vec<(String, ObjectId)>> {
        let prefix = format!("{ATTEMPTS}{spec}/");
        let platform = self.repo.references()?;
        let mut kept = Vec::new();
        for reference in platform.prefixed(prefix.as_str())? {
            let reference = reference.map_err(|error| Error::fatal("bad-ref", error.to_string()))?;
            if let Some(target) = reference.target().try_id() {
                kept.push((reference.name().as_bstr().to_string()[prefix.len()..].to_owned(), target.to_owned()));
            }
        }
        Ok(kept)
    }

    /// Lets go of a kept attempt, once its commits are elsewhere.
    pub fn drop_attempt(&self, spec: &SpecId, name: &str, tip: ObjectId) -> Result<()> {
        self.remove(&format!("{ATTEMPTS}{spec}/{name}"), tip).map(|_| ())
    }

    fn reaches(&self, later: ObjectId, earlier: ObjectId) -> Result<bool> {
        Ok(later == earlier
            || self.repo.merge_base(later, earlier).is_ok_and(|base| base.is_some_and(|base| base == earlier)))
    }
}
