//! The rule of DESIGN, section 3, written a second time, slowly and from the text.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::{
    event::{Event, Op},
    status::Status,
};
use gix::ObjectId;

/// Status and open attempts of a set of events.
pub(super) fn judge(events: &[Event]) -> (Status, BTreeSet<ObjectId>) {
    let ancestors = ancestors(events);
    let sees = |later: &Event, earlier: ObjectId| later.id != earlier && ancestors[&later.id].contains(&earlier);
    let ops: Vec<&Event> = events.iter().filter(|event| event.op != Op::Merge).collect();
    let by_id: BTreeMap<ObjectId, &Event> = ops.iter().map(|event| (event.id, *event)).collect();
    let own = |event: &Event| match event.op {
        Op::Add | Op::Start | Op::Cancel | Op::Reset | Op::Release => event.id,
        _ => event.facts.attempt.unwrap_or(event.id),
    };
    let rank = |event: &Event| event.op.claims().expect("a phase event claims a status").rank();
    let pending = Status::Pending.rank();

    let phases: Vec<&&Event> = ops
        .iter()
        .filter(|event| event.op.claims().is_some())
        .filter(|event| {
            let attempt = own(event);
            attempt == event.id
                || (sees(event, attempt)
                    && by_id.get(&attempt).is_some_and(|first| {
                        first.op.claims().is_some() && rank(first) < pending && own(first) == attempt
                    }))
        })
        .collect();
    let over = |phase: &Event| {
        ops.iter().any(|event| {
            matches!(event.op, Op::Reset | Op::Cancel | Op::Resolve | Op::Start | Op::Release)
                && event.facts.supersedes.contains(&own(phase))
                && sees(event, own(phase))
                && (phase.op != Op::Complete || event.id == phase.id || sees(event, phase.id) || sees(phase, event.id))
        })
    };
    let is_newest = |event: &Event| !phases.iter().any(|later| own(later) == own(event) && sees(later, event.id));
    let standing: Vec<&&&Event> = phases
        .iter()
        .filter(|event| !over(event) && is_newest(event))
        .filter(|event| {
            let resumed = |other: &Event| other.op == Op::Resume && own(other) == own(event) && is_newest(other);
            !matches!(event.op, Op::Fail | Op::Pause) || !phases.iter().any(|other| resumed(other))
        })
        .collect();
    let open: BTreeSet<ObjectId> =
        standing.iter().filter(|event| rank(event) < pending).map(|event| own(event)).collect();
    let status = standing
        .iter()
        .min_by_key(|event| (rank(event), event.id))
        .and_then(|event| event.op.claims())
        .unwrap_or(Status::Pending);
    let archived = ops.iter().filter(|event| event.op == Op::Archive).any(|archive| {
        ops.iter().all(|event| {
            event.id == archive.id
                || sees(archive, event.id)
                || (sees(event, archive.id)
                    && event.op != Op::Unarchive
                    && !standing.iter().any(|stands| stands.id == event.id))
        })
    });
    (if archived { Status::Archived } else { status }, open)
}

/// Of each event those that it can reach, itself among them.
pub(super) fn ancestors(events: &[Event]) -> BTreeMap<ObjectId, BTreeSet<ObjectId>> {
    let by_id: BTreeMap<ObjectId, &Event> = events.iter().map(|event| (event.id, event)).collect();
    events
        .iter()
        .map(|event| {
            let mut seen = BTreeSet::from([event.id]);
            let mut queue = vec![event.id];
            while let Some(id) = queue.pop() {
                let parents = by_id.get(&id).into_iter().flat_map(|event| event.own_parents());
                queue.extend(parents.filter(|parent| by_id.contains_key(parent) && seen.insert(*parent)));
            }
            (event.id, seen)
        })
        .collect()
}
