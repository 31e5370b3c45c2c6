//! The fold: from the set of a spec's operations to its state.
//!
//! Status is a function of the set of operations alone, of their graph and not of any order in which they were seen, so it
//! is commutative, associative and idempotent, and merge events have no part in it (DESIGN, section 3, "Divergence").

use std::collections::{BTreeMap, BTreeSet};

use gix::ObjectId;

use super::{
    cost::Cost,
    event::{Approval, Event, Facts, Op, Review},
    history::History,
    state::State,
    status::Status,
};

/// Folds the operations that `tip` reaches; `None` if it reaches none.
pub(crate) fn fold(history: &History, tip: ObjectId) -> Option<State> {
    let ops: Vec<&Event> = history.ops_of(tip).collect();
    let newest = *ops.last()?;
    let superseded = superseded(history, &ops);
    let standing = not_undone(history, &ops, &superseded);
    let winner = standing.iter().copied().min_by_key(|event| (rank(event), event.id));
    let open: BTreeSet<ObjectId> =
        standing.iter().filter(|event| rank(event) < Status::Pending.rank()).map(|event| event.attempt()).collect();

    let before = winner.and_then(|event| event.op.claims()).unwrap_or(Status::Pending);
    let archived = ops.iter().any(|event| event.op == Op::Archive && archives(history, &ops, &standing, event));
    let attempt = (before != Status::Pending).then(|| winner.map(Event::attempt)).flatten();

    let mut facts = winner.unwrap_or(newest).facts.clone().of_state();
    if attempt.is_none() {
        facts = facts.of_spec();
    }
    facts.tampered = attempt.map(|attempt| unacknowledged(history, &ops, attempt)).unwrap_or_default();
    facts.approval = approval(history, &ops);
    facts.review = attempt.and_then(|attempt| review(history, &ops, attempt));
    facts.landing = attempt.and_then(|attempt| landing(&standing, attempt));
    facts.created = ops.iter().find_map(|event| event.facts.created.clone());
    facts.superseded_by = last(&ops, |event| event.facts.superseded_by.clone());
    facts.proposed_by = proposed(&ops);
    if let Some(pins) =
        winner.zip(attempt).and_then(|(winner, attempt)| acknowledged_inputs(history, &ops, winner, attempt))
    {
        facts.informed_by = pins;
    }
    facts.spent = spent(&ops);
    facts.onto = ops.iter().find_map(|event| event.facts.onto.clone());
    facts.spec_blob = last(&ops, |event| event.facts.spec_blob);
    facts.spec_path = last(&ops, |event| event.facts.spec_path.clone());
    facts.phase = last(&ops, |event| event.facts.phase.clone());
    Some(State {
        tip,
        generation: history.events_of(tip).map(|event| event.generation).max().unwrap_or_default(),
        status: if archived { Status::Archived } else { before },
        was: archived.then_some(before),
        attempt,
        open: open.into_iter().collect(),
        facts,
        updated: ops.iter().map(|event| event.author.seconds).max().unwrap_or_default(),
    })
}

/// Where one attempt among those that `tip` reaches stands, and its facts; `None` if it is over or no attempt at all.
pub(crate) fn fold_attempt(history: &History, tip: ObjectId, attempt: ObjectId) -> Option<(Status, Facts)> {
    let ops: Vec<&Event> = history.ops_of(tip).collect();
    let standing = not_undone(history, &ops, &superseded(history, &ops));
    let decides =
        standing.iter().filter(|event| event.attempt() == attempt).min_by_key(|event| (rank(event), event.id))?;
    let status = decides.op.claims().filter(|status| *status != Status::Pending)?;
    let mut facts = decides.facts.clone().of_state();
    facts.tampered = unacknowledged(history, &ops, attempt);
    facts.landing = landing(&standing, attempt);
    facts.review = review(history, &ops, attempt);
    Some((status, facts))
}

fn rank(event: &Event) -> u8 {
    event.op.claims().unwrap_or(Status::Pending).rank()
}

/// The attempts that some events name as over, with these events. A name counts only for an attempt that the event itself can reach: no
/// event ends what it has not seen.
fn superseded(history: &History, ops: &[&Event]) -> BTreeMap<ObjectId, Vec<ObjectId>> {
    let mut over: BTreeMap<ObjectId, Vec<ObjectId>> = BTreeMap::new();
    for event in ops.iter().filter(|event| event.op.ends_attempts()) {
        for named in &event.facts.supersedes {
            if *named != event.id && history.reaches(event.id, *named) {
                over.entry(*named).or_default().push(event.id);
            }
        }
    }
    over
}

/// The phase events that nothing supersedes: neither a later one of the same attempt, nor the end of the attempt. A completion is superseded
/// only by an end that has seen it or that it has seen: the work is in the target, even if another clone ended the attempt during the run.
/// Where two clones resumed one attempt, a run that failed or was paused says nothing of the run that it has not seen.
fn not_undone<'a>(history: &History, ops: &[&'a Event], over: &BTreeMap<ObjectId, Vec<ObjectId>>) -> Vec<&'a Event> {
    let mut attempts: BTreeMap<ObjectId, Vec<&Event>> = BTreeMap::new();
    for event in ops.iter().filter(|event| event.op.claims().is_some()) {
        if belongs(history, event) {
            attempts.entry(event.attempt()).or_default().push(event);
        }
    }
    let is_over = |event: &Event, ends: &[ObjectId]| {
        event.op != Op::Complete
            || ends.iter().any(|end| history.reaches(*end, event.id) || history.reaches(event.id, *end))
    };
    let mut standing = Vec::new();
    for (attempt, events) in attempts {
        let ends = over.get(&attempt).map(Vec::as_slice).unwrap_or_default();
        let is_last = |one: &Event| !events.iter().any(|other| other.id != one.id && history.reaches(other.id, one.id));
        let runs_apart = events.iter().any(|one| one.op == Op::Resume && is_last(one));
        let yields = |one: &Event| runs_apart && matches!(one.op, Op::Fail | Op::Pause);
        let stands = |one: &Event| (ends.is_empty() || !is_over(one, ends)) && is_last(one) && !yields(one);
        standing.extend(events.iter().copied().filter(|one| stands(one)));
    }
    standing
}

/// Whether the attempt that the event names is one, and the event can reach it. Otherwise it belongs to none and is not
/// obeyed.
fn belongs(history: &History, event: &Event) -> bool {
    let attempt = event.attempt();
    let is_attempt = |found: &Event| found.attempt() == attempt && rank(found) < Status::Pending.rank();
    attempt == event.id || (history.reaches(event.id, attempt) && history.get(attempt).is_some_and(is_attempt))
}

/// An archive counts only if nothing is concurrent with it and nothing after it takes it back: no `unarchive`, and no phase
/// event that stands. What an attempt that is over still reports does not.
fn archives(history: &History, ops: &[&Event], standing: &[&Event], archive: &Event) -> bool {
    let stands: BTreeSet<ObjectId> = standing.iter().map(|event| event.id).collect();
    ops.iter().all(|event| {
        let after = history.reaches(event.id, archive.id);
        let undoes = event.op == Op::Unarchive || stands.contains(&event.id);
        history.reaches(archive.id, event.id) || (after && !undoes)
    })
}

/// What the events of an attempt report, as far as `tip` reaches them, and no acknowledgement after them covers.
pub(crate) fn unacknowledged_of(history: &History, tip: ObjectId, attempt: ObjectId) -> Vec<String> {
    let ops: Vec<&Event> = history.ops_of(tip).collect();
    unacknowledged(history, &ops, attempt)
}

/// What the events of the attempt report and no acknowledgement after them covers.
fn unacknowledged(history: &History, ops: &[&Event], attempt: ObjectId) -> Vec<String> {
    let mut named: Vec<String> = Vec::new();
    for event in ops.iter().filter(|event| event.op.claims().is_some() && event.attempt() == attempt) {
        let acknowledged = ops
            .iter()
            .any(|ack| ack.op == Op::Ack && ack.facts.attempt == Some(attempt) && history.reaches(ack.id, event.id));
        if !acknowledged {
            named.extend(event.facts.tampered.iter().cloned());
        }
    }
    named.sort();
    named.dedup();
    named
}

/// The last word about the spec's text; among concurrent ones a rejection wins, then the lowest id.
fn approval(history: &History, ops: &[&Event]) -> Option<Approval> {
    let event = last_answer(history, ops, |_| true)?;
    Some(Approval { approved: event.op == Op::Approve, blob: event.facts.approval.as_ref()?.blob })
}

/// The last word about the work of an attempt; among concurrent ones a rejection wins, then the lowest id.
fn review(history: &History, ops: &[&Event], attempt: ObjectId) -> Option<Review> {
    let says = |event: &&&Event| event.attempt() == attempt && event.facts.review.is_some();
    let answers: Vec<&Event> = ops.iter().filter(says).copied().collect();
    let answer = maximal(history, &answers)
        .min_by_key(|event| (event.facts.review.is_some_and(|review| review.approved), event.id))?;
    answer.facts.review
}

/// Those of `events` that no other of them follows.
fn maximal<'a>(history: &History, events: &[&'a Event]) -> impl Iterator<Item = &'a Event> {
    let follows = |one: &Event| events.iter().any(|other| other.id != one.id && history.reaches(other.id, one.id));
    events.iter().copied().filter(move |one| !follows(one))
}

/// The event with the last word about the spec's text among the answers that count and that `tip` reaches.
pub(crate) fn answer(history: &History, tip: ObjectId, counts: impl Fn(&Event) -> bool) -> Option<&Event> {
    let ops: Vec<&Event> = history.ops_of(tip).collect();
    last_answer(history, &ops, counts)
}

fn last_answer<'a>(history: &History, ops: &[&'a Event], counts: impl Fn(&Event) -> bool) -> Option<&'a Event> {
    let is_answer = |event: &Event| matches!(event.op, Op::Approve | Op::Reject) && counts(event);
    let answers: Vec<&Event> = ops.iter().copied().filter(|event| is_answer(event)).collect();
    maximal(history, &answers).min_by_key(|event| (event.op == Op::Approve, event.id))
}

/// The inputs as the newest acknowledgement about the attempt has them, which repeats them all. What the deciding event has seen
/// already, it has carried on or replaced.
fn acknowledged_inputs(
    history: &History,
    ops: &[&Event],
    winner: &Event,
    attempt: ObjectId,
) -> Option<Vec<super::event::Pin>> {
    last(ops, |event| {
        let facts = &event.facts;
        let about = event.op == Op::Ack && facts.attempt == Some(attempt) && facts.current.is_none();
        let counts = about && !facts.informed_by.is_empty() && !history.reaches(winner.id, event.id);
        counts.then(|| facts.informed_by.clone())
    })
}

/// What all runs cost. Events of version 0.1 say what the one before them said, without a sum: they are not counted.
fn spent(ops: &[&Event]) -> Option<Cost> {
    let counted = ops.iter().filter(|event| event.facts.spent.is_some());
    let costs: Vec<&Cost> = counted.filter_map(|event| event.facts.cost.as_ref()).collect();
    (!costs.is_empty()).then(|| costs.into_iter().sum())
}

/// The spec whose agent proposed this one; `None` if a person added or adopted it.
fn proposed(ops: &[&Event]) -> Option<super::id::SpecId> {
    let adopted = ops.iter().any(|event| event.op == Op::Adopt);
    let added = ops.iter().filter(|event| event.op == Op::Add);
    added.filter(|_| !adopted).find_map(|event| event.facts.proposed_by.clone())
}

fn landing(standing: &[&Event], attempt: ObjectId) -> Option<super::event::Landing> {
    standing.iter().filter(|event| event.attempt() == attempt).find_map(|event| event.facts.landing)
}

fn last<T>(ops: &[&Event], pick: impl Fn(&Event) -> Option<T>) -> Option<T> {
    ops.iter().rev().find_map(|event| pick(event))
}
