//! Counts what a run of an agent cost, once. What counted runs add up to is in `costs`.

use gix::ObjectId;

use super::costs::CountedRun;
use crate::{
    agent::preset::{OfSession, Report},
    domain::{
        cost::Cost,
        event::{Facts, Op},
        id::SpecId,
        new_event::{NewEvent, sentence},
    },
    error::Result,
    project::Project,
};

/// The report with what the run itself cost. Some agents report sums of their whole session: what earlier runs in it cost is counted.
pub(crate) fn of_run(project: &Project, id: &SpecId, report: Report) -> Result<Report> {
    let sums = report.of_session != OfSession::default() || report.session_tokens.is_some();
    let Some(session) = report.session.as_deref().filter(|_| sums && report.cost().is_some()) else {
        return Ok(report);
    };
    let store = project.store()?;
    let Some(tip) = store.tip(id)? else { return Ok(report) };
    let walk = store.walk(id, tip)?;
    let same = CountedRun::all(&walk.history).filter(|run| run.session.as_deref() == Some(session));
    let before: Vec<Cost> = same.map(|run| run.cost).collect();
    Ok(report.without(&before.iter().sum()))
}

/// Records what a run of `agent` cost that ended without an event of its own: another process recorded that the attempt is paused, or failed.
pub(crate) fn record(
    project: &Project,
    id: &SpecId,
    attempt: Option<ObjectId>,
    agent: &str,
    report: &Report,
) -> Result<()> {
    let Some(cost) = report.cost() else { return Ok(()) };
    let sentence = sentence("Cost", id.short(), &cost.to_string());
    let facts = Facts {
        attempt,
        cost: Some(cost.clone()),
        run_agent: Some(agent.to_owned()),
        run_session: report.session.clone(),
        ..Facts::default()
    };
    project.store()?.record(id, NewEvent { op: Op::Note, sentence, facts })?;
    Ok(())
}
