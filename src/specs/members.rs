//! Groups: a driver and its members, `<driver>.1` and on.

use crate::project::Project;
use crate::specs::names::SpecNames;
use crate::{
    domain::{id::SpecId, state::State, status::Status},
    error::Result,
};

/// A driver with more members than this is not looked through to its end.
const MAX_MEMBERS: u32 = 1_000;

impl Project {
    /// The members of a spec, in order; none if it is a member itself. They are numbered from 1 without a gap.
    pub(crate) fn members(&self, names: &SpecNames<'_>, driver: &SpecId) -> Result<Vec<SpecId>> {
        let mut members = Vec::new();
        if driver.member_of().is_some() {
            return Ok(members);
        }
        for number in 1..=MAX_MEMBERS {
            let Ok(id) = SpecId::new(&format!("{driver}.{number}")) else { break };
            if !names.has(&id)? {
                break;
            }
            members.push(id);
        }
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
