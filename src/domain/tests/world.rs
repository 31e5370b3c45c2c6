//! Several clones of one spec that append offline, as the store does, and exchange.

use crate::{
    domain::{
        converge::{Source, Step, integrate},
        cost::Cost,
        event::{Approval, Author, Event, Facts, Landing, Op, Pin, Role},
        fold::fold,
        history::History,
        id::SpecId,
        new_event::{NewEvent, NotAllowed, Validated, validate},
        state::State,
        status::Status,
    },
    store::{encode, merge_event},
};
use gix::ObjectId;

pub(super) fn spec() -> SpecId {
    SpecId::new("2026-02-08-010-v7b").expect("a valid id")
}

/// An id that nothing has, one for each number.
pub(super) fn oid(number: u64) -> ObjectId {
    hash(format!("object {number}").as_bytes())
}

pub(super) fn hash(bytes: &[u8]) -> ObjectId {
    gix::objs::compute_hash(gix::hash::Kind::Sha1, gix::objs::Kind::Blob, bytes).expect("hashing in memory works")
}

/// The event with the id that its content gives it.
pub(super) fn seal(op: Op, parents: &[ObjectId], generation: u64, seconds: i64, facts: Facts) -> Event {
    let roles = vec![Role::Own; parents.len()];
    let message = encode(&spec(), &op, "", generation, &roles, &facts);
    let id = hash(format!("{parents:?} {seconds} {message}").as_bytes());
    Event {
        id,
        parents: parents.iter().map(|parent| (Role::Own, *parent)).collect(),
        op,
        spec: spec(),
        generation,
        author: Author { name: "A".into(), email: "a@example.org".into(), seconds, offset: 0 },
        sentence: String::new(),
        facts,
    }
}

/// What a merge of `parents` is, in every clone.
pub(super) fn join(history: &History, parents: &[ObjectId]) -> Event {
    let events: Vec<&Event> =
        parents.iter().map(|parent| history.get(*parent).expect("the parents are known")).collect();
    let (message, author) = merge_event(&spec(), parents.len(), &events);
    let generation = 1 + events.iter().map(|event| event.generation).max().expect("a merge has parents");
    assert!(message.contains(&format!("Chant-Gen: {generation}\n")), "{message}");
    Event {
        id: hash(format!("{parents:?} {message}").as_bytes()),
        author,
        ..seal(Op::Merge, parents, generation, 0, Facts::default())
    }
}

/// What one step of a random history does.
#[derive(Clone, Debug)]
pub(super) enum Act {
    /// A clone records something; `choice` says what.
    Record { clone: usize, op: Op, choice: u64 },
    /// A clone fetches from another one.
    Fetch { clone: usize, from: usize },
}

pub(super) struct World {
    pub history: History,
    pub tips: Vec<ObjectId>,
    nonce: u64,
}

impl World {
    /// `clones` clones of one new spec.
    pub(super) fn new(clones: usize) -> World {
        let mut world = World { history: History::default(), tips: Vec::new(), nonce: 0 };
        let draft = NewEvent {
            facts: Facts {
                created: Some("2026-02-08T00:00:00Z".into()),
                spec_blob: Some(oid(0)),
                base: Some(oid(1)),
                approval: Some(Approval { approved: true, blob: oid(0) }),
                ..Facts::default()
            },
            ..NewEvent::new(Op::Add, "")
        };
        let shaped = validate(None, None, &draft).expect("the first event is let pass");
        let first = world.write(Op::Add, None, shaped.facts);
        world.tips = vec![first; clones];
        world
    }

    pub(super) fn play(&mut self, acts: &[Act]) {
        for act in acts {
            match act {
                Act::Record { clone, op, choice } => {
                    let clone = clone % self.tips.len();
                    let draft = self.draft(self.tips[clone], op, *choice);
                    let _ = self.record(clone, &draft);
                }
                Act::Fetch { clone, from } => {
                    self.fetch(clone % self.tips.len(), from % self.tips.len(), Source::FetchOnly);
                }
            }
        }
    }

    /// The state and the history as the store reads them.
    fn read(&self, tip: ObjectId) -> (State, Option<History>) {
        match State::from_tip(self.history.get(tip).expect("tips are known")) {
            Some(state) => (state, None),
            None => (self.fold(tip), Some(History::new(self.history.events_of(tip).cloned()))),
        }
    }

    pub(super) fn fold(&self, tip: ObjectId) -> State {
        fold(&self.history, tip).expect("every tip reaches the first event")
    }

    /// Appends as the store does, and checks what has to hold of every append.
    pub(super) fn record(&mut self, clone: usize, draft: &NewEvent) -> Result<Validated, NotAllowed> {
        let tip = self.tips[clone];
        let (before, history) = self.read(tip);
        let shaped = validate(Some(&before), history.as_ref(), draft)?;
        let event = self.write(draft.op.clone(), Some(tip), shaped.facts.clone());
        self.tips[clone] = event;
        let after = self.fold(event);
        let written = self.history.get(event).expect("just written");
        assert_eq!(shaped.status, after.status, "the trailer is not the fold: {written:#?}\nbefore {before:#?}");
        if let Some(told) = State::from_tip(written) {
            assert_eq!(timeless(told), timeless(after.clone()), "{written:#?}\nbefore {before:#?}");
        } else {
            assert!(
                after.is_contended() || shaped.late || written.facts.current.is_some(),
                "the newest event should have told the state: {written:#?}"
            );
        }
        if shaped.late {
            assert_eq!((before.status, &before.open), (after.status, &after.open), "a late event changed the status");
            assert_eq!(written.attempt(), draft.facts.attempt.expect("a late event names its attempt"));
        }
        Ok(shaped)
    }

    /// Integrates the tip of `from` into `clone`.
    pub(super) fn fetch(&mut self, clone: usize, from: usize, source: Source) {
        let (local, remote) = (self.tips[clone], self.tips[from]);
        self.tips[clone] = match integrate(&self.history, local, remote, source) {
            Step::Keep => local,
            Step::Adopt => remote,
            Step::Merge(parents) => self.insert(join(&self.history, &parents)),
        };
    }

    pub(super) fn insert(&mut self, event: Event) -> ObjectId {
        let id = event.id;
        if self.history.get(id).is_none() {
            self.history = History::new(self.history.events().iter().cloned().chain([event]));
        }
        id
    }

    fn write(&mut self, op: Op, tip: Option<ObjectId>, mut facts: Facts) -> ObjectId {
        self.nonce += 1;
        facts.nonce = Some(self.nonce.to_string());
        let generation = 1 + tip.map_or(0, |tip| self.history.get(tip).expect("tips are known").generation);
        let event = seal(op, tip.as_slice(), generation, 1_000 + i64::try_from(self.nonce).expect("small"), facts);
        self.insert(event)
    }

    /// A draft with facts that depend on `choice` alone.
    fn draft(&self, tip: ObjectId, op: &Op, choice: u64) -> NewEvent {
        let bit = |at: u32| choice >> at & 1 == 1;
        let attempts: Vec<ObjectId> = self.history.ops_of(tip).map(Event::attempt).collect();
        let any = |salt: u64| attempts[usize::try_from((choice >> 8 ^ salt) % attempts.len() as u64).expect("small")];
        let open = self.fold(tip).open;
        let attempt = match choice % 8 {
            0 | 1 => open.get(usize::try_from(choice >> 9 & 1).expect("small")).copied(),
            2 => Some(any(0)),
            3 if bit(40) => Some(oid(999)),
            _ => None,
        };
        let supersedes = match op {
            Op::Resolve if bit(10) => open.iter().copied().skip(1).collect(),
            Op::Resolve | Op::Reset | Op::Release | Op::Start | Op::Edit if bit(11) => vec![any(1), any(5)],
            _ => Vec::new(),
        };
        let facts = Facts {
            attempt,
            supersedes,
            phase: bit(12).then(|| format!("phase {}", choice % 3)),
            spec_blob: bit(13).then(|| oid(choice % 5)),
            created: bit(14).then(|| "later".into()),
            base: bit(15).then(|| oid(choice % 7)),
            target: bit(16).then(|| format!("refs/heads/{}", choice % 3)),
            work_commits: if bit(17) { vec![oid(choice % 11), oid(choice % 13)] } else { Vec::new() },
            patch_ids: if bit(17) { vec!["a".into(), "b".into()] } else { Vec::new() },
            landing: bit(18).then(|| Landing { old: bit(19).then(|| oid(20)), new: oid(choice % 17) }),
            agent: bit(20).then(|| format!("agent {}", choice % 3)),
            model: bit(21).then(|| "model".into()),
            cost: bit(22).then(|| Cost::read(&format!("{} USD, {} tokens in", choice % 7, choice % 11 + 1))),
            session: bit(23).then(|| format!("{}", choice % 5)),
            exit: bit(24).then_some(3),
            superseded_by: bit(33).then(|| "2026-02-08-011-abc".parse().expect("an id")),
            proposed_by: bit(35).then(|| "2026-02-08-012-abc".parse().expect("an id")),
            informed_by: if bit(34) { vec![Pin::Url(format!("{}", choice % 4))] } else { Vec::new() },
            reason: bit(25).then(|| "because".into()),
            approval: bit(26).then(|| Approval { approved: bit(27), blob: oid(choice % 5) }),
            tampered: if bit(28) { vec![format!("ref {}", choice % 3)] } else { Vec::new() },
            contended: if bit(29) { vec![oid(5)] } else { Vec::new() },
            current: bit(30).then(|| oid(6)),
            status: bit(31).then_some(Status::Completed),
            was: bit(32).then_some(Status::Failed),
            ..Facts::default()
        };
        NewEvent { facts, ..NewEvent::new(op.clone(), "") }
    }
}

/// A state without its time: the newest event's own when read from the tip, the greatest of all when folded.
pub(super) fn timeless(state: State) -> State {
    State { updated: 0, ..state }
}
