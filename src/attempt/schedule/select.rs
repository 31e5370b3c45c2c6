//! Selects the specs that can be worked now, and those that could follow them. Which of them is begun first is not decided here.

use std::{
    cmp::Reverse,
    collections::{BTreeSet, HashSet},
};

use gix::ObjectId;

use crate::{
    domain::{
        filter::Filter,
        id::SpecId,
        readiness::{Obstacle, Reason},
        status::Status,
    },
    error::Result,
    specs::{all::Specs, entry::Entry},
};

/// A spec to be worked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Job {
    /// The spec.
    pub id: SpecId,
    /// The agent that would work on it, where that is known.
    pub agent: Option<String>,
    /// The agents that can take its place, itself among them, the first first; none where a person or the spec says who does it.
    pub others: Vec<String>,
    /// The agent in whose place it is worked, which is left alone now.
    pub instead_of: Option<String>,
    /// The event that paused it for what passes, where it is to be tried again.
    pub held_up: Option<ObjectId>,
    /// Whether it is not begun again if its agent is stopped by what passes.
    pub last: bool,
    /// How early it is worked among others: the greater first.
    pub priority: i16,
}

/// A spec that may become ready.
#[derive(Clone, Debug)]
pub(crate) struct Waiting {
    /// The spec.
    pub job: Job,
    /// The specs that it waits for; none if it waits for what one of any may bring.
    pub on: BTreeSet<SpecId>,
}

/// What there is to do.
#[derive(Clone, Debug, Default)]
pub(crate) struct Selection {
    /// What can be worked now, by priority, then by id.
    pub ready: Vec<Job>,
    /// What could follow.
    pub waiting: Vec<Waiting>,
}

/// What is asked for.
#[derive(Clone, Debug, Default)]
pub(crate) struct SelectionRequest {
    /// These specs; none means all that are ready.
    pub named: Vec<SpecId>,
    /// Of those that are not named, only these.
    pub filter: Filter,
    /// What becomes ready, too.
    pub chain: bool,
    /// The agent that was asked for, which counts for all of them.
    pub agent: Option<String>,
    /// The agent of what says nothing else.
    pub usual: Option<String>,
    /// The agents that can take the place of one another, the first first; none where there is one alone.
    pub in_turn: Vec<String>,
}

/// The specs that a person means who names `id`: of a driver its members that are open, for they do its work; the driver itself once
/// they are over.
pub(crate) fn expand(specs: &Specs<'_>, id: SpecId) -> Result<Vec<SpecId>> {
    let mut open = Vec::new();
    for member in specs.members(&id)? {
        if !specs.status(&member)?.is_over() {
            open.push(member);
        }
    }
    Ok(if open.is_empty() { vec![id] } else { open })
}

/// Looks through the specs as they are now.
pub(crate) fn select(specs: &Specs<'_>, wanted: &SelectionRequest) -> Result<Selection> {
    let mut selection = Selection::default();
    let mut seen = HashSet::new();
    for id in wanted.named.iter().filter(|id| seen.insert((*id).clone())) {
        let on: BTreeSet<SpecId> =
            open_dependencies(specs, id)?.into_iter().filter(|other| wanted.named.contains(other)).collect();
        let job = job(&specs.entry(id)?, wanted);
        if on.is_empty() {
            selection.ready.push(job);
        } else {
            selection.waiting.push(Waiting { job, on });
        }
    }
    if wanted.named.is_empty() || wanted.chain {
        for id in specs.names.active()? {
            if !seen.contains(id) {
                consider(specs, wanted, id, &mut selection)?;
            }
        }
    }
    selection.ready.sort_by_key(|job| Reverse(job.priority));
    Ok(selection)
}

/// The specs that are asked for and paused: a person resumes them, by name.
pub(crate) fn paused(specs: &Specs<'_>, wanted: &SelectionRequest) -> Result<Vec<SpecId>> {
    let mut paused = Vec::new();
    for id in specs.names.active()? {
        if specs.status(id)? == Status::Paused && takes(wanted, &specs.entry(id)?) {
            paused.push(id.clone());
        }
    }
    Ok(paused)
}

/// Whether a spec that is not named is asked for.
fn takes(wanted: &SelectionRequest, entry: &Entry) -> bool {
    entry.spec().map(|spec| &spec.front).is_some_and(|front| {
        wanted.filter.takes(front.kind, front.phase.as_deref(), front.topic.as_deref(), |label| {
            front.labels.iter().any(|one| one == label)
        })
    })
}

/// Adds a spec that was not named to those that are ready or wait, if it is one of them.
fn consider(specs: &Specs<'_>, wanted: &SelectionRequest, id: &SpecId, selection: &mut Selection) -> Result<()> {
    if specs.status(id)? != Status::Pending {
        return Ok(());
    }
    let entry = specs.entry(id)?;
    if !takes(wanted, &entry) {
        return Ok(());
    }
    let reasons = specs.reasons(&entry.facts())?;
    if reasons.is_empty() {
        if wanted.named.is_empty() {
            selection.ready.push(job(&entry, wanted));
        }
    } else if wanted.chain && reasons.iter().all(passes) {
        let on = open_dependencies(specs, id)?;
        selection.waiting.push(Waiting { job: job(&entry, wanted), on });
    }
    Ok(())
}

/// Whether other specs can take the reason away.
fn passes(reason: &Reason) -> bool {
    matches!(reason.obstacle, Obstacle::Dependency | Obstacle::Input | Obstacle::Base)
}

/// The specs that have to be completed before `id` is ready.
fn open_dependencies(specs: &Specs<'_>, id: &SpecId) -> Result<BTreeSet<SpecId>> {
    let mut open = BTreeSet::new();
    for reason in specs.reasons(&specs.entry(id)?.facts())? {
        if matches!(reason.obstacle, Obstacle::Dependency | Obstacle::Cycle)
            && let [other] = specs.project.candidates(&specs.names, &reason.what)?.as_slice()
        {
            open.insert(specs.successor(id, other)?);
        }
    }
    Ok(open)
}

/// Of those that wait, the ones that are ready now that `done` is completed; the others stay.
pub(super) fn released(
    specs: &Specs<'_>,
    done: &SpecId,
    wanted: &SelectionRequest,
    waiting: &mut Vec<Waiting>,
) -> Result<Vec<Job>> {
    let driver = done.member_of().map(|(driver, _)| driver);
    let mut ready = Vec::new();
    let mut left = Vec::new();
    for mut one in std::mem::take(waiting) {
        let concerned =
            one.on.is_empty() || one.on.contains(done) || driver.as_ref().is_some_and(|id| one.on.contains(id));
        if !concerned {
            left.push(one);
            continue;
        }
        let named = wanted.named.contains(&one.job.id);
        one.on = open_dependencies(specs, &one.job.id)?;
        if named {
            one.on.retain(|other| wanted.named.contains(other));
        }
        // Of a named one whatever else is in the way is an error that its own work reports.
        let is_ready =
            if named { one.on.is_empty() } else { specs.reasons(&specs.entry(&one.job.id)?.facts())?.is_empty() };
        if is_ready {
            ready.push(one.job);
        } else {
            left.push(one);
        }
    }
    *waiting = left;
    Ok(ready)
}

fn job(entry: &Entry, wanted: &SelectionRequest) -> Job {
    let priority = entry.facts().text.map_or(0, |text| text.priority);
    let agent = agent(entry, wanted);
    let says = wanted.agent.is_some() || entry.spec().is_some_and(|spec| spec.front.agent.is_some());
    let others = if says { Vec::new() } else { wanted.in_turn.clone() };
    Job { id: entry.id.clone(), agent, others, instead_of: None, held_up: None, last: false, priority }
}

fn agent(entry: &Entry, wanted: &SelectionRequest) -> Option<String> {
    let recorded = || {
        let state = entry.state.as_ref().filter(|_| entry.status == Status::Paused)?;
        state.facts.agent.clone()
    };
    let said = || entry.spec().and_then(|spec| spec.front.agent.clone());
    wanted.agent.clone().or_else(recorded).or_else(said).or_else(|| wanted.usual.clone())
}
