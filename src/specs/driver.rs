//! A driver completes with its last member.

use crate::{
    domain::{event::Op, id::SpecId, new_event::NewEvent, state::State, status::Status},
    error::Result,
    project::Project,
    specs::members::all_over,
};

/// Records that the driver of `member` is completed, if this was its last open member. Two that finish together record it once; if the
/// process dies before, readers see it all the same and the next writer records it.
pub(crate) fn complete_driver(project: &Project, member: &SpecId) -> Result<()> {
    match member.member_of() {
        Some((driver, _)) => settle(project, &driver),
        None => settle(project, member),
    }
}

fn settle(project: &Project, driver: &SpecId) -> Result<()> {
    let store = project.store()?;
    let open = |state: &State| state.status == Status::Pending;
    if !store.state(driver)?.as_ref().is_some_and(open) {
        return Ok(());
    }
    let members = project.members(&project.spec_names(), driver)?;
    let states = members.iter().map(|id| store.state(id)).collect::<Result<Vec<_>>>()?;
    if !all_over(states.iter().map(Option::as_ref)) {
        return Ok(());
    }
    let event = NewEvent::new(Op::Complete, format!("{} is completed with its last member", driver.short()));
    store.record_if(driver, event, open)?;
    Ok(())
}
