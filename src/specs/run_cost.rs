//! Counts what a run of an agent cost, once. What counted runs add up to is in `costs`.

use gix::ObjectId;

use crate::{
    agent::preset::Report,
    domain::{
        cost::Cost,
        event::{Event, Facts, Op},
        id::SpecId,
        new_event::{NewEvent, sentence},
    },
    error::Result,
    project::Project,
};

/// The report with what the run itself cost. Some agents report the sum of their whole session: what earlier runs in it cost is counted.
pub(crate) fn of_run(project: &Project, id: &SpecId, attempt: ObjectId, report: Report) -> Result<Report> {
    let (Some(cost), Some(session)) = (report.cost().filter(|_| report.of_session), &report.session) else {
        return Ok(report);
    };
    let store = project.store()?;
    let Some(tip) = store.tip(id)? else { return Ok(report) };
    let walk = store.walk(id, tip)?;
    // What another process paused is counted by a note of the attempt, which names no session of its own.
    let noted = |event: &Event| event.op == Op::Note && event.facts.reason.is_none() && event.attempt() == attempt;
    let same =
        walk.history.events().iter().filter(|event| event.facts.session.as_ref() == Some(session) || noted(event));
    let before: Cost = same.filter_map(|event| event.facts.cost.as_ref()).sum();
    let cost = cost.clone().without(&before);
    Ok(report.of_run(cost))
}

/// Records what a run cost that ended without an event of its own: another process recorded that the attempt is paused, or failed.
pub(crate) fn record(project: &Project, id: &SpecId, attempt: Option<ObjectId>, report: &Report) -> Result<()> {
    let Some(cost) = report.cost() else { return Ok(()) };
    let sentence = sentence("Cost", id.short(), &cost.to_string());
    let facts = Facts { attempt, cost: Some(cost.clone()), ..Facts::default() };
    project.store()?.record(id, NewEvent { op: Op::Note, sentence, facts })?;
    Ok(())
}
