//! Checks single events: whether each may follow its parents, and records the state that follows from it.

use std::collections::BTreeSet;

use gix::ObjectId;

use crate::domain::{
    event::{Event, Op},
    fold::fold,
    history::History,
    new_event::{NewEvent, NotAllowed, validate},
    state::State,
};

/// A fault of an event. The name in kebab case is the stable code of the finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub(super) enum Flaw {
    InvalidEvent,
    MissingEvent,
    MissingText,
    Generation,
    UnknownAttempt,
    BadStep,
    Status,
    Tip,
}

/// A flaw and a sentence about it.
pub(super) type Fault = (Flaw, String);

/// Faults of single events. `complete` says that nothing of the chain is missing or invalid.
///
/// Each event is judged by the state at its parent, which is read from that parent's trailers: those were judged before, so
/// that a long chain costs one step an event and not one fold.
pub(super) fn faults(history: &History, complete: bool) -> Vec<Fault> {
    let mut faults = Vec::new();
    for event in history.events() {
        faults.extend(generation(history, event));
        faults.extend(foreign(history, event, complete));
        faults.extend(step(history, event));
    }
    faults
}

/// 1 + the greatest among its own parents, where all of them are known.
fn generation(history: &History, event: &Event) -> Option<Fault> {
    let mut greatest = 0;
    for parent in event.own_parents() {
        greatest = greatest.max(history.get(parent)?.generation);
    }
    let expected = greatest.saturating_add(1);
    (event.generation != expected).then(|| {
        (
            Flaw::Generation,
            format!("the event {} records generation {}; computed {expected}", event.id, event.generation),
        )
    })
}

/// Attempts that the event names and cannot know: the event does not count for them.
fn foreign(history: &History, event: &Event, complete: bool) -> Vec<Fault> {
    if !complete {
        return Vec::new();
    }
    let named: BTreeSet<ObjectId> =
        event.facts.attempt.into_iter().chain(event.facts.supersedes.iter().copied()).collect();
    named
        .into_iter()
        .filter(|named| *named != event.id && !history.reaches(event.id, *named))
        .map(|named| {
            (
                Flaw::UnknownAttempt,
                format!("the event {} names the attempt {named}, which is not an ancestor", event.id),
            )
        })
        .collect()
}

/// Whether the transition table lets the event follow its parent, and whether its status is what comes out.
fn step(history: &History, event: &Event) -> Option<Fault> {
    if event.is_merge() || matches!(event.op, Op::Unknown(_)) {
        return None;
    }
    let op = event.op.as_str();
    let mut parents = event.own_parents();
    let (parent, second) = (parents.next(), parents.next());
    if second.is_some() {
        return Some((Flaw::BadStep, format!("the event {} ({op}) has several parents but is not a merge", event.id)));
    }
    let read = parent.and_then(|parent| State::from_tip(history.get(parent)?));
    let folded = match (&read, parent) {
        (None, Some(parent)) => Some(fold(history, parent)?),
        _ => None,
    };
    let over = folded.is_some().then_some(history);
    let draft = NewEvent { op: event.op.clone(), sentence: String::new(), facts: event.facts.clone() };
    match validate(read.or(folded).as_ref(), over, &draft) {
        Err(NotAllowed::Forbidden(refused)) => {
            Some((Flaw::BadStep, format!("the event {} ({op}) cannot follow: the spec was {}", event.id, refused.from)))
        }
        Err(obstacle) => {
            Some((Flaw::BadStep, format!("the event {} ({op}) is not possible here: {obstacle}", event.id)))
        }
        Ok(shaped) => {
            let said = event.facts.status.filter(|said| *said != shaped.status)?;
            Some((Flaw::Status, format!("the event {} ({op}) records {said}; computed {}", event.id, shaped.status)))
        }
    }
}

/// A state that the newest event records and that does not follow from all events: listings trust it.
pub(super) fn tip(history: &History, tip: ObjectId) -> Option<Fault> {
    let event = history.get(tip)?;
    let folded = fold(history, tip)?;
    let said = State::from_tip(event)?;
    let names = said.differences(&folded);
    if names.is_empty() {
        return None;
    }
    let message = match names.as_slice() {
        ["status", ..] => format!("its newest event records {}; computed {}", said.status, folded.status),
        _ => format!("its newest event contradicts earlier ones: {}", names.join(", ")),
    };
    Some((Flaw::Tip, message))
}
