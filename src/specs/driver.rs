//! When a driver is done: with its last member, unless it has checks of its own; those are run on its target then.

use std::collections::HashSet;

use super::{all::Specs, members::all_over};
use crate::{
    domain::{
        event::Op,
        id::SpecId,
        new_event::{NewEvent, sentence},
        spec_file::{Criterion, Spec},
        state::State,
        status::Status,
    },
    error::Result,
    project::Project,
};

/// Records that the driver of `member` is completed, if this was its last open member and the driver has nothing to check itself. Two that
/// finish together record it once; if the process dies before, readers see it all the same and the next writer records it. Returns whether
/// this process recorded it.
pub(crate) fn complete_driver(project: &Project, member: &SpecId) -> Result<bool> {
    match member.member_of() {
        Some((driver, _)) => settle(project, &driver),
        None => settle(project, member),
    }
}

fn settle(project: &Project, driver: &SpecId) -> Result<bool> {
    let store = project.store()?;
    let open = |state: &State| state.status == Status::Pending;
    if !store.state(driver)?.as_ref().is_some_and(open) {
        return Ok(false);
    }
    let members = project.members(&project.spec_names(), driver)?;
    let states = members.iter().map(|id| store.state(id)).collect::<Result<Vec<_>>>()?;
    if !all_over(states.iter().map(Option::as_ref)) || Specs::new(project)?.has_own_checks(driver)? {
        return Ok(false);
    }
    let event = NewEvent::new(Op::Complete, sentence("Completed", driver.short(), "with its last member"));
    Ok(store.record_if(driver, event, open)?.is_some())
}

/// Whether all members of the driver are over, and its own checks are what is left.
///
/// # Errors
/// If the specs cannot be read.
pub(crate) fn is_due(specs: &Specs<'_>, driver: &SpecId) -> Result<bool> {
    Ok(specs.members_are_over(driver)? && specs.recorded(driver)?.status == Status::Pending)
}

impl Specs<'_> {
    /// Whether a driver is judged by more than its members: it has commands, target files, or criteria that are no member's.
    pub(super) fn has_own_checks(&self, driver: &SpecId) -> Result<bool> {
        let Some(loaded) = self.whole_text(driver)? else { return Ok(false) };
        let Ok(spec) = &loaded.spec else { return Ok(true) };
        let front = &spec.front;
        let more = !front.verify.is_empty() || front.reproduces.is_some() || !front.target_files.is_empty();
        Ok(more || !self.own_criteria(driver, spec)?.is_empty())
    }

    /// The criteria of a driver without those that a member has, too: a part of its text that became a member is judged there.
    pub(crate) fn own_criteria(&self, driver: &SpecId, spec: &Spec) -> Result<Vec<Criterion>> {
        let mut theirs = HashSet::new();
        for member in self.members(driver)? {
            if let Some(loaded) = self.whole_text(&member)?
                && let Ok(spec) = &loaded.spec
            {
                theirs.extend(spec.criteria.iter().map(|criterion| criterion.text.clone()));
            }
        }
        Ok(spec.criteria.iter().filter(|criterion| !theirs.contains(&criterion.text)).cloned().collect())
    }
}
