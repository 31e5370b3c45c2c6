//! A driver completes with its last member.

use crate::{
    domain::{
        event::{Facts, Op},
        id::SpecId,
        new_event::NewEvent,
        status::Status,
    },
    error::{Error, Result},
    project::Project,
    specs::members::all_over,
    store::Refusal,
};

/// Records that the driver of `member` is completed, if this was its last open member. Two that finish together record it once; if the
/// process dies before, readers see it all the same and the next writer records it.
pub(crate) fn settle_driver(project: &Project, member: &SpecId) -> Result<()> {
    match member.member_of() {
        Some((driver, _)) => settle(project, &driver),
        None => settle(project, member),
    }
}

fn settle(project: &Project, driver: &SpecId) -> Result<()> {
    let store = project.store()?;
    let open = |state: Option<&crate::domain::state::State>| state.is_some_and(|state| state.status == Status::Pending);
    if !open(store.state(driver)?.as_ref()) {
        return Ok(());
    }
    let members = project.members(&project.spec_names(), driver)?;
    let states = members.iter().map(|id| store.state(id)).collect::<Result<Vec<_>>>()?;
    if !all_over(states.iter().map(Option::as_ref)) {
        return Ok(());
    }
    let sentence = format!("{} is completed with its last member", driver.short());
    let appended = store.append(driver, |state| {
        if open(state) {
            Ok(NewEvent { op: Op::Complete, sentence: sentence.clone(), facts: Facts::default() })
        } else {
            Err(Error::negative("moved", "somebody recorded it already"))
        }
    });
    match appended {
        Ok(_) => Ok(()),
        Err(Refusal::Failed(error)) if error.code == "moved" => Ok(()),
        Err(refusal) => Err(refusal.into_error(driver.short())),
    }
}
