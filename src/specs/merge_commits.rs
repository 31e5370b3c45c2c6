//! The commits that a recorded merge made in its target.

use gix::ObjectId;

use crate::project::Project;
use crate::{domain::state::State, error::Result, git::history};

impl Project {
    /// The commits that the announced merge of `state` made: the merge, the squashed one, or each that was made again on top of
    /// the target. None where the target just moved forward to the work, and where they are not in this repository.
    ///
    /// # Errors
    /// If an object cannot be read.
    pub(crate) fn landed_commits(&self, state: &State) -> Result<Vec<ObjectId>> {
        let Some(landing) = state.landing() else { return Ok(Vec::new()) };
        let made = |commits: Vec<ObjectId>| {
            commits.into_iter().filter(|commit| !state.facts.work_commits.contains(commit)).collect::<Vec<_>>()
        };
        let Some(object) = self.repo.gix().try_find_object(landing.new)? else { return Ok(Vec::new()) };
        let Ok(commit) = object.try_into_commit() else { return Ok(Vec::new()) };
        let Some(old) = landing.old else { return Ok(made(vec![landing.new])) };
        if commit.parent_ids().count() > 1 {
            return Ok(made(vec![landing.new]));
        }
        // The commits beyond the edge of a shallow clone are not here.
        Ok(made(history::commits_between(&self.repo, Some(old), landing.new).unwrap_or(vec![landing.new])))
    }
}
