//! What holds of every history that the store can make.

use std::collections::BTreeSet;

use crate::domain::{
    converge::Source,
    event::{Event, Facts, Op},
    fold::fold,
    history::History,
    new_event::{NewEvent, NotAllowed},
    state::State,
    status::Status,
};
use gix::ObjectId;
use proptest::prelude::*;

use crate::domain::tests::{
    cases,
    oracle::judge,
    processor_time,
    world::{Act, World, join, timeless},
};

const OPS: [(u32, Op); 21] = [
    (6, Op::Start),
    (2, Op::Resume),
    (2, Op::Pause),
    (5, Op::Finish),
    (2, Op::Land),
    (3, Op::Complete),
    (2, Op::Fail),
    (1, Op::Cancel),
    (2, Op::Reset),
    (1, Op::Release),
    (3, Op::Resolve),
    (1, Op::Approve),
    (1, Op::Reject),
    (2, Op::Ack),
    (1, Op::Supersede),
    (1, Op::Adopt),
    (1, Op::Note),
    (2, Op::Edit),
    (3, Op::Archive),
    (1, Op::Unarchive),
    (1, Op::Add),
];

pub(super) fn acts(fetches: u32) -> impl Strategy<Value = Vec<Act>> {
    let op = prop::sample::select(OPS.iter().flat_map(|(n, op)| vec![op.clone(); *n as usize]).collect::<Vec<_>>());
    let record = (0..3usize, op, any::<u64>()).prop_map(|(clone, op, choice)| Act::Record { clone, op, choice });
    let fetch = (0..3usize, 0..3usize).prop_map(|(clone, from)| Act::Fetch { clone, from });
    prop::collection::vec(prop_oneof![4 => record, fetches => fetch], 1..45)
}

/// The part of a state that is equal for all tips that know equal operations.
fn meaning(state: &State) -> State {
    State { tip: ObjectId::null(gix::hash::Kind::Sha1), generation: 0, ..state.clone() }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(75), failure_persistence: None, ..ProptestConfig::default() })]

    /// `World::record` compares the trailers, the shortcut and the fold after each append.
    #[test]
    fn one_clone_tells_its_state_in_the_newest_event(acts in acts(0)) {
        let mut world = World::new(1);
        world.play(&acts);
    }

    #[test]
    fn the_state_is_a_function_of_the_set_of_operations(acts in acts(1), seed in any::<u64>()) {
        let mut world = World::new(3);
        world.play(&acts);
        let tips = world.tips.clone();

        // Pairwise in both orders, all at once, one merge on top of another: always the same.
        let pairs = [[0usize, 1, 2], [1, 0, 2], [2, 1, 0], [0, 2, 1]];
        let mut states = Vec::new();
        for [a, b, c] in pairs {
            let ab = world.insert(join(&world.history, &sorted(&[tips[a], tips[b]])));
            let abc = world.insert(join(&world.history, &sorted(&[ab, tips[c]])));
            let again = world.insert(join(&world.history, &sorted(&[abc, ab])));
            states.extend([world.fold(abc), world.fold(again)]);
        }
        let flat = world.insert(join(&world.history, &sorted(&tips)));
        let whole = world.fold(flat);
        for state in states {
            prop_assert_eq!(meaning(&state), meaning(&whole));
        }

        // Nor does it matter in which order the events were read, how often, or what else is there.
        let mut events: Vec<Event> = world.history.events_of(flat).cloned().collect();
        shuffle(&mut events, seed);
        events.extend(events.clone().into_iter().take(5));
        prop_assert_eq!(&fold(&History::new(events.clone()), flat).expect("folds"), &whole);

        // It is what the text of the design says.
        let mut unique = events;
        unique.sort_by_key(|event| event.id);
        unique.dedup_by_key(|event| event.id);
        let (status, open) = judge(&unique);
        prop_assert_eq!((whole.status, whole.open.iter().copied().collect::<BTreeSet<_>>()), (status, open.clone()));
        prop_assert_eq!(whole.is_contended(), open.len() > 1);
    }

    #[test]
    fn nothing_is_lost_and_all_agree_in_the_end(acts in acts(1)) {
        let mut world = World::new(3);
        world.play(&acts);
        let known: BTreeSet<ObjectId> = world.tips.iter().flat_map(|tip| ids(&world, *tip)).collect();
        for _ in 0..4 {
            for (clone, from) in [(0, 1), (1, 2), (2, 0)] {
                world.fetch(clone, from, Source::FetchOnly);
            }
        }
        prop_assert_eq!(world.tips.iter().collect::<BTreeSet<_>>().len(), 1, "the tips differ");
        prop_assert_eq!(ids(&world, world.tips[0]), known);
    }

    #[test]
    fn a_contended_spec_is_cleared_by_naming(acts in acts(1), keep in any::<prop::sample::Index>()) {
        let mut world = World::new(3);
        world.play(&acts);
        world.fetch(0, 1, Source::FetchOnly);
        world.fetch(0, 2, Source::FetchOnly);
        let state = world.fold(world.tips[0]);
        if !state.is_contended() || state.status == Status::Archived {
            return Ok(());
        }
        let start = NewEvent::new(Op::Start, "");
        prop_assert_eq!(world.record(0, &start).expect_err("refused"), NotAllowed::Contended(state.open.clone()));
        let kept = *keep.get(&state.open);
        let over = state.open.iter().copied().filter(|open| *open != kept).collect();
        let resolve = NewEvent { facts: Facts { supersedes: over, ..Facts::default() }, ..NewEvent::new(Op::Resolve, "") };
        world.record(0, &resolve).expect("a contended spec can be resolved");
        let after = world.fold(world.tips[0]);
        prop_assert_eq!(after.open, vec![kept]);
        prop_assert_eq!(after.attempt, Some(kept));
        prop_assert!(State::from_tip(world.history.get(world.tips[0]).expect("known")).is_some());
    }
}

fn ids(world: &World, tip: ObjectId) -> BTreeSet<ObjectId> {
    world.history.ops_of(tip).map(|event| event.id).collect()
}

fn sorted(ids: &[ObjectId]) -> Vec<ObjectId> {
    ids.iter().copied().collect::<BTreeSet<_>>().into_iter().collect()
}

fn shuffle<T>(items: &mut [T], mut seed: u64) {
    for at in (1..items.len()).rev() {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        items.swap(at, usize::try_from((seed >> 33) % (at as u64 + 1)).expect("small"));
    }
}

/// Two clones start the same spec, one finishes; they meet.
fn two_attempts() -> (World, ObjectId, ObjectId) {
    let mut world = World::new(2);
    for clone in 0..2 {
        world.record(clone, &NewEvent::new(Op::Start, "")).expect("pending specs start");
    }
    let (a, b) = (world.tips[0], world.tips[1]);
    world.record(0, &NewEvent::new(Op::Finish, "")).expect("a started spec can finish");
    world.fetch(1, 0, Source::FetchOnly);
    (world, a, b)
}

#[test]
fn an_attempt_that_does_not_decide_still_finishes_with_its_own_facts() {
    let (mut world, _, b) = two_attempts();
    assert_eq!(world.fold(world.tips[1]).status, Status::Finished);
    let facts = Facts { attempt: Some(b), agent: Some("second".into()), ..Facts::default() };
    let finish =
        world.record(1, &NewEvent { facts, ..NewEvent::new(Op::Finish, "") }).expect("the other one can finish too");
    assert!(!finish.late);
    assert!(world.fold(world.tips[1]).is_contended());
}

#[test]
fn what_a_superseded_attempt_reports_is_kept_and_changes_no_status() {
    let (mut world, a, b) = two_attempts();
    let resolve =
        NewEvent { facts: Facts { supersedes: vec![b], ..Facts::default() }, ..NewEvent::new(Op::Resolve, "") };
    world.record(1, &resolve).expect("resolves");
    for status in [Status::Finished, Status::Completed, Status::Archived] {
        match status {
            Status::Completed => drop(world.record(1, &NewEvent::new(Op::Complete, "")).expect("completes")),
            Status::Archived => drop(world.record(1, &NewEvent::new(Op::Archive, "")).expect("archives")),
            _ => {}
        }
        let work = crate::domain::tests::world::oid(77);
        let facts = Facts { attempt: Some(b), work_commits: vec![work], ..Facts::default() };
        let late = world.record(1, &NewEvent { facts, ..NewEvent::new(Op::Finish, "") }).expect("recorded");
        assert!(late.late);
        assert_eq!(late.facts.work_commits, [work]);
        let state = world.fold(world.tips[1]);
        assert_eq!((state.status, state.attempt), (status, Some(a)));
    }
    // It can be taken out again, though a late event lies on top.
    world.record(1, &NewEvent::new(Op::Unarchive, "")).expect("unarchives");
    assert_eq!(world.fold(world.tips[1]).status, Status::Completed);
}

#[test]
fn what_was_completed_before_its_end_elsewhere_was_known_stays_completed() {
    for op in [Op::Release, Op::Reset, Op::Cancel] {
        let mut world = World::new(2);
        let start = world.record(0, &NewEvent::new(Op::Start, "")).map(|_| world.tips[0]).expect("starts");
        world.fetch(1, 0, Source::FetchOnly);
        world.record(1, &NewEvent::new(op.clone(), "")).expect("ends it");
        for phase in [Op::Finish, Op::Complete] {
            world.record(0, &NewEvent::new(phase, "")).expect("goes on");
        }
        world.fetch(0, 1, Source::FetchOnly);
        let state = world.fold(world.tips[0]);
        assert_eq!((state.status, state.attempt), (Status::Completed, Some(start)), "{op:?}");
        // A person who has seen both can begin again.
        world.record(0, &NewEvent::new(Op::Reset, "")).expect("resets");
        assert_eq!(world.fold(world.tips[0]).status, Status::Pending, "{op:?}");
    }
}

#[test]
fn an_attempt_that_is_over_is_not_released_in_place_of_the_present_one() {
    let (mut world, a, b) = two_attempts();
    let resolve =
        NewEvent { facts: Facts { supersedes: vec![b], ..Facts::default() }, ..NewEvent::new(Op::Resolve, "") };
    world.record(1, &resolve).expect("resolves");
    for op in [Op::Release, Op::Reset, Op::Cancel] {
        let facts = Facts { attempt: Some(b), ..Facts::default() };
        assert!(world.record(1, &NewEvent { facts, ..NewEvent::new(op, "") }).is_err());
    }
    assert_eq!(world.fold(world.tips[1]).open, vec![a]);
}

#[test]
fn an_archive_counts_only_if_nothing_is_concurrent() {
    for op in [Op::Edit, Op::Approve, Op::Reset, Op::Archive] {
        let mut world = World::new(2);
        world.record(0, &NewEvent::new(Op::Complete, "")).expect("completes");
        world.fetch(1, 0, Source::FetchOnly);
        world.record(0, &NewEvent::new(Op::Archive, "")).expect("archives");
        assert_eq!(world.fold(world.tips[0]).status, Status::Archived);
        world.record(1, &NewEvent::new(op.clone(), "")).expect("allowed");
        world.fetch(0, 1, Source::FetchOnly);
        let state = world.fold(world.tips[0]);
        assert_eq!(state.status, if op == Op::Reset { Status::Pending } else { Status::Completed }, "{op:?}");
        assert_eq!(state.was, None);
    }
}

#[test]
fn deep_chains_do_not_overflow() {
    let mut events = Vec::new();
    let mut state: Option<State> = None;
    let mut attempt = None;
    for n in 0..5_000u64 {
        let op = match n % 4 {
            _ if n == 0 => Op::Add,
            1 => Op::Start,
            2 => Op::Edit,
            3 => Op::Fail,
            _ => Op::Approve,
        };
        let draft = NewEvent::new(op.clone(), "");
        let shaped = crate::domain::new_event::validate(state.as_ref(), None, &draft).expect("allowed");
        let mut facts = shaped.facts;
        facts.nonce = Some(n.to_string());
        let tip: Option<&Event> = events.last();
        let parents: Vec<ObjectId> = tip.map(|event| event.id).into_iter().collect();
        let event = crate::domain::tests::world::seal(op, &parents, n + 1, 0, facts);
        state = Some(State::from_tip(&event).expect("a linear chain tells its state"));
        attempt = state.as_ref().and_then(|state| state.attempt).or(attempt);
        events.push(event);
    }
    let tip = events.last().expect("there are some").id;
    let (folded, took) = processor_time(|| fold(&History::new(events), tip).expect("folds"));
    assert!(took.as_secs() < 10, "{took:?}");
    assert_eq!(Some(timeless(folded)), state.map(timeless));
}
