//! Groups: a driver and its members, `<driver>.1` and on, or `<driver>.1-k3f` where several clones may add them.

use crate::project::Project;
use crate::specs::names::SpecNames;
use crate::{
    domain::{id::SpecId, state::State, status::Status},
    error::Result,
};

impl Project {
    /// The members of a spec by their numbers; none if it is a member itself.
    pub(crate) fn members(&self, names: &SpecNames<'_>, driver: &SpecId) -> Result<Vec<SpecId>> {
        if driver.member_of().is_some() {
            return Ok(Vec::new());
        }
        let mut members: Vec<SpecId> = names.members_of(driver)?.into_iter().collect();
        members.sort_by_cached_key(|id| id.member_of().map(|(_, number)| number));
        Ok(members)
    }
}

/// Whether a driver is done, by the states of its members: all of them over, one of them completed.
pub(crate) fn all_over<'s>(states: impl IntoIterator<Item = Option<&'s State>>) -> bool {
    let mut completed = false;
    for state in states {
        let Some(state) = state else { return false };
        let status =
            if state.status == Status::Archived { state.was.unwrap_or(Status::Completed) } else { state.status };
        match status {
            Status::Completed => completed = true,
            Status::Cancelled => {}
            _ => return false,
        }
    }
    completed
}
