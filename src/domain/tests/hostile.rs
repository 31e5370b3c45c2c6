//! Histories that no version of this tool would write.

use crate::domain::{
    event::{Event, Facts, Op},
    fold::fold,
    history::History,
    state::State,
    status::Status,
};
use gix::ObjectId;
use proptest::prelude::*;

use crate::domain::tests::{
    cases,
    oracle::judge,
    world::{oid, seal},
};

/// An event that anything may be wrong with: its operation, its generation, the attempts that it names, its parents.
#[derive(Clone, Debug)]
struct Forged {
    op: usize,
    generation: u64,
    parents: Vec<prop::sample::Index>,
    attempt: Option<prop::sample::Index>,
    supersedes: Vec<prop::sample::Index>,
    status: usize,
    current: bool,
}

fn forged() -> impl Strategy<Value = Forged> {
    let generation = prop_oneof![4 => 0..20u64, 1 => Just(u64::MAX), 1 => Just(u64::MAX - 1)];
    let index = any::<prop::sample::Index>;
    (
        0..Op::ALL.len() + 1,
        generation,
        prop::collection::vec(index(), 0..4),
        prop::option::of(index()),
        prop::collection::vec(index(), 0..3),
        0..Status::ALL.len(),
        any::<bool>(),
    )
        .prop_map(|(op, generation, parents, attempt, supersedes, status, current)| Forged {
            op,
            generation,
            parents,
            attempt,
            supersedes,
            status,
            current,
        })
}

fn forge(all: &[Forged]) -> Vec<Event> {
    let mut events: Vec<Event> = Vec::new();
    // Ids that exist, that will exist nowhere, and the null id.
    let mut known: Vec<ObjectId> = vec![oid(1), ObjectId::null(gix::hash::Kind::Sha1)];
    for (n, forged) in all.iter().enumerate() {
        let parents: Vec<ObjectId> = forged.parents.iter().map(|index| *index.get(&known)).collect();
        let facts = Facts {
            nonce: Some(n.to_string()),
            status: Some(Status::ALL[forged.status]),
            attempt: forged.attempt.map(|index| *index.get(&known)),
            supersedes: forged.supersedes.iter().map(|index| *index.get(&known)).collect(),
            current: forged.current.then(|| oid(3)),
            ..Facts::default()
        };
        let op = Op::ALL.get(forged.op).cloned().unwrap_or(Op::Unknown("frobnicate".into()));
        let event = seal(op, &parents, forged.generation, i64::MAX, facts);
        known.push(event.id);
        events.push(event);
    }
    events
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(75), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn forged_histories_fold_by_the_same_rule(all in prop::collection::vec(forged(), 1..30)) {
        let events = forge(&all);
        let history = History::new(events.clone());
        let backwards = History::new(events.iter().rev().cloned());
        for event in &events {
            let state = fold(&history, event.id);
            prop_assert_eq!(&state, &fold(&backwards, event.id));
            let _ = State::from_tip(event);
            if let Some(state) = state {
                let below: Vec<Event> = history.events_of(event.id).cloned().collect();
                let (status, open) = judge(&below);
                prop_assert_eq!((state.status, state.open), (status, open.into_iter().collect::<Vec<_>>()));
            }
        }
    }

    /// Whatever is drafted upon it: an answer, or a refusal, and never a status that the fold does not give.
    #[test]
    fn drafts_on_forged_histories_are_shaped_by_the_same_rule(
        all in prop::collection::vec(forged(), 1..20),
        op in 0..Op::ALL.len(),
        attempt in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let events = forge(&all);
        let history = History::new(events.clone());
        let tip = events.last().expect("at least one").id;
        let Some(state) = fold(&history, tip) else { return Ok(()) };
        let ids: Vec<ObjectId> = events.iter().map(|event| event.id).chain([oid(9)]).collect();
        let facts = Facts { attempt: attempt.map(|index| *index.get(&ids)), ..Facts::default() };
        let draft = crate::domain::new_event::NewEvent { op: Op::ALL[op].clone(), sentence: String::new(), facts };
        let mine = History::new(history.events_of(tip).cloned());
        if let Ok(shaped) = crate::domain::new_event::validate(Some(&state), Some(&mine), &draft) {
            let event = seal(draft.op.clone(), &[tip], state.generation.saturating_add(1), 0, shaped.facts);
            let after = fold(&history.followed_by(event.clone()), event.id).expect("folds");
            prop_assert_eq!(after.status, shaped.status);
            if let Some(told) = State::from_tip(&event) {
                prop_assert_eq!(told.open, after.open);
                prop_assert_eq!(told.attempt, after.attempt);
            }
        }
    }
}

fn chain(ops: &[(Op, Facts)]) -> (History, Vec<ObjectId>) {
    let mut events: Vec<Event> = Vec::new();
    for (n, (op, facts)) in ops.iter().enumerate() {
        let parents: Vec<ObjectId> = events.last().map(|event| event.id).into_iter().collect();
        let facts = Facts { nonce: Some(n.to_string()), ..facts.clone() };
        events.push(seal(op.clone(), &parents, n as u64 + 1, 0, facts));
    }
    let ids = events.iter().map(|event| event.id).collect();
    (History::new(events), ids)
}

#[test]
fn an_event_of_an_attempt_that_it_cannot_reach_is_not_obeyed() {
    let named = |id| Facts { attempt: Some(id), ..Facts::default() };
    for unknown in [oid(7), ObjectId::null(gix::hash::Kind::Sha1)] {
        let (history, ids) =
            chain(&[(Op::Add, Facts::default()), (Op::Start, Facts::default()), (Op::Complete, named(unknown))]);
        let state = fold(&history, ids[2]).expect("folds");
        assert_eq!((state.status, state.attempt), (Status::InProgress, Some(ids[1])));
    }
    // The first event is no attempt, nor is an edit.
    let (history, ids) = chain(&[(Op::Add, Facts::default()), (Op::Edit, Facts::default())]);
    for named_event in ids.clone() {
        let event = seal(Op::Complete, &[ids[1]], 3, 0, named(named_event));
        let state = fold(&history.followed_by(event.clone()), event.id).expect("folds");
        assert_eq!(state.status, Status::Pending);
    }
}

#[test]
fn only_an_operation_that_ends_attempts_ends_one_that_it_has_seen() {
    let (history, ids) = chain(&[(Op::Add, Facts::default()), (Op::Start, Facts::default())]);
    let over = Facts { supersedes: vec![ids[1]], ..Facts::default() };
    for (op, parent) in
        [(Op::Reset, ids[0]), (Op::Edit, ids[1]), (Op::Unknown("end".into()), ids[1]), (Op::Finish, ids[0])]
    {
        let event = seal(op.clone(), &[parent], 3, 0, over.clone());
        let merge = seal(Op::Merge, &[ids[1], event.id], 4, 0, over.clone());
        let state = fold(&history.followed_by(event).followed_by(merge.clone()), merge.id).expect("folds");
        assert!(state.open.contains(&ids[1]), "{op:?}");
    }
}

#[test]
fn a_trailer_at_odds_with_its_operation_is_not_believed() {
    let lie = |op: Op, status, attempt| {
        let facts = Facts { status: Some(status), attempt, ..Facts::default() };
        State::from_tip(&seal(op, &[oid(1)], 2, 0, facts))
    };
    assert_eq!(lie(Op::Fail, Status::Completed, Some(oid(1))), None);
    assert_eq!(lie(Op::Add, Status::Pending, None), None, "an add is a first event");
    assert_eq!(lie(Op::Archive, Status::Completed, Some(oid(1))), None);
    assert_eq!(lie(Op::Edit, Status::InProgress, None), None, "an agent is at work, and none is named");
    let root = seal(
        Op::Complete,
        &[],
        1,
        0,
        Facts { status: Some(Status::Completed), attempt: Some(oid(1)), ..Facts::default() },
    );
    assert_eq!(State::from_tip(&root), None, "a first event belongs to no earlier attempt");
}

#[test]
fn what_lies_below_a_gap_is_still_reached() {
    let (below, ids) = chain(&[(Op::Add, Facts::default()), (Op::Start, Facts::default())]);
    let gap = oid(50);
    let finish = seal(Op::Finish, &[gap], 4, 0, Facts { attempt: Some(ids[1]), ..Facts::default() });
    let events = below.events().iter().cloned().chain([finish.clone()]);
    let history = History::with_gaps(events, [(gap, vec![ids[1]])]);
    let state = fold(&history, finish.id).expect("folds");
    assert_eq!((state.status, state.attempt), (Status::Finished, Some(ids[1])));
    let under = fold(&history, gap).expect("a gap can be the tip");
    assert_eq!((under.status, under.generation, under.tip), (Status::InProgress, 2, gap));
    assert!(history.reaches(finish.id, gap) && history.get(gap).is_none());
}
