//! Finished work that is in its target already, however it came there.

use gix::ObjectId;

use super::attempt::Attempt;
use crate::{
    domain::{event::Landing, state::State, status::Status},
    error::Result,
    git::arrival,
    project::{Project, SPECS_DIR},
};

/// How finished work stands to its target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arrival {
    /// It is not found there.
    No,
    /// The target reaches the commit that was announced, or the work itself.
    Reached,
    /// Another commit brought it there: squashed, rebased or picked.
    As(Landing),
}

impl Project {
    /// Whether and how a finished spec's work is in its target. Trailers and messages are hints, never proof.
    pub(crate) fn arrival(&self, state: &State) -> Result<Arrival> {
        self.arrival_by(state, |ancestor, descendant| self.is_ancestor(ancestor, descendant))
    }

    /// [`Project::arrival`] by another way to tell whether a commit reaches another.
    pub(super) fn arrival_by(
        &self,
        state: &State,
        is_ancestor: impl Fn(ObjectId, ObjectId) -> Result<bool>,
    ) -> Result<Arrival> {
        if state.status != Status::Finished || !state.unacknowledged().is_empty() {
            return Ok(Arrival::No);
        }
        let Some(target) = &state.facts.target else { return Ok(Arrival::No) };
        let Some(tip) = self.branch_tip(target)? else { return Ok(Arrival::No) };
        if let Some(landing) = state.facts.landing
            && is_ancestor(landing.new, tip)?
        {
            return Ok(Arrival::Reached);
        }
        // In silent mode there is more to a completion than commits: only the announced merge says that the documents are in place.
        let Some(work) = state.facts.work_commits.last().filter(|_| !self.silent) else { return Ok(Arrival::No) };
        if is_ancestor(*work, tip)? {
            return Ok(Arrival::Reached);
        }
        let base = state.facts.base;
        Ok(base.map(|base| self.came_as(tip, base, *work)).transpose()?.flatten().map_or(Arrival::No, Arrival::As))
    }

    /// The commit below `tip` that has the work of an attempt in another form.
    ///
    /// # Errors
    /// If git fails.
    pub(crate) fn landed_otherwise(&self, attempt: &Attempt, tip: ObjectId, work: ObjectId) -> Result<Option<Landing>> {
        attempt.base.map(|base| self.came_as(tip, base, work)).transpose().map(Option::flatten)
    }

    /// The commit that `tip` reaches and that has the changes between `base` and `work` in another form.
    ///
    /// # Errors
    /// If git fails.
    pub(super) fn came_as(&self, tip: ObjectId, base: ObjectId, work: ObjectId) -> Result<Option<Landing>> {
        let Some(new) = arrival::find(&self.repo, tip, (base, work), SPECS_DIR)? else { return Ok(None) };
        let old = self.repo.gix().find_commit(new)?.parent_ids().next().map(gix::Id::detach);
        Ok(Some(Landing { old, new }))
    }
}
