//! The events of one spec as a graph: which of them can be reached from which.

use std::collections::HashMap;

use gix::ObjectId;

use super::{
    event::{Event, Op},
    status::Status,
    stop::StopKind,
};

/// The events of one spec, in an order in which every event follows those that it can reach.
///
/// Only events of the same spec are in it, joined by their own parents; informed parents lead elsewhere. Commits that are no
/// valid events can lie between them: such a gap passes on what it reaches and is nothing itself.
#[derive(Clone, Debug, Default)]
pub struct History {
    events: Vec<Event>,
    /// For each event its place among all commits, rising.
    places: Vec<usize>,
    index: HashMap<ObjectId, usize>,
    /// For each commit the set of those that it reaches, itself among them.
    reach: Vec<Bits>,
}

/// A commit of the graph: an event, or a gap with the commits that it sits on.
enum Node {
    Event(Box<Event>),
    Gap(Vec<ObjectId>),
}

impl Node {
    fn parents(&self) -> Vec<ObjectId> {
        match self {
            Node::Event(event) => event.own_parents().collect(),
            Node::Gap(parents) => parents.clone(),
        }
    }

    fn generation(&self) -> u64 {
        match self {
            Node::Event(event) => event.generation,
            Node::Gap(_) => 0,
        }
    }
}

impl History {
    /// Orders `events`; parents that are not among them are ignored, an event that occurs twice counts once.
    pub fn new(events: impl IntoIterator<Item = Event>) -> History {
        History::with_gaps(events, [])
    }

    /// [`History::new`] with the commits that are no valid events and the parents that each of them leads to, so that what
    /// lies below them is still reached from above.
    pub fn with_gaps(
        events: impl IntoIterator<Item = Event>,
        gaps: impl IntoIterator<Item = (ObjectId, Vec<ObjectId>)>,
    ) -> History {
        let mut nodes: HashMap<ObjectId, Node> = HashMap::new();
        for event in events {
            nodes.entry(event.id).or_insert_with(|| Node::Event(Box::new(event)));
        }
        for (id, parents) in gaps {
            nodes.entry(id).or_insert(Node::Gap(parents));
        }
        let mut history = History::default();
        for id in topological(&nodes) {
            let node = nodes.remove(&id).expect("the order holds each id of the map once");
            history.push(id, node);
        }
        history
    }

    /// Why agents were stopped by what passes, try after try up to now, the newest reason first; empty if the last try ended otherwise.
    pub(crate) fn held_up(&self) -> Vec<&StopKind> {
        let mut kinds = Vec::new();
        let mut events = self.events().iter().rev().filter(|event| event.op != Op::Note && !event.is_merge());
        while let Some(event) = events.next()
            && event.op == Op::Pause
            && let Some(kind) = event.facts.stopped.as_ref().filter(|kind| kind.passes())
        {
            kinds.push(kind);
            if events.next().is_none_or(|event| event.op != Op::Resume) {
                break;
            }
        }
        kinds
    }

    /// This history with one more event on top, for folding at that event: where it stands among events that it does not
    /// reach is not settled by their generations as elsewhere.
    pub fn followed_by(&self, event: Event) -> History {
        let mut history = self.clone();
        history.push(event.id, Node::Event(Box::new(event)));
        history
    }

    /// The newest event of `attempt` that says of the spec what `status` says; a merge that was announced leaves it as finished as it was.
    pub fn deciding(&self, status: Status, attempt: Option<ObjectId>) -> Option<&Event> {
        let decides = |event: &&Event| event.op.claims() == Some(status) && event.op != Op::Land;
        self.events.iter().rev().filter(|event| Some(event.attempt()) == attempt).find(decides)
    }

    /// The event of one clone that ended an attempt, and the event of another that took the attempt over, where neither knew of the other.
    pub(crate) fn crossed(&self, attempt: ObjectId) -> Option<(&Event, &Event)> {
        let own = || self.events.iter().rev().filter(|event| event.attempt() == attempt);
        let end = own().find(|event| event.op == Op::Complete)?;
        let crossing = |event: &&Event| {
            let apart = !self.reaches(end.id, event.id) && !self.reaches(event.id, end.id);
            event.op == Op::Resume && event.facts.clone != end.facts.clone && apart
        };
        own().find(crossing).map(|taken| (end, taken))
    }

    /// Two events by which two clones resumed an attempt, the newer first, where neither knew of the other and no later event knows of both.
    pub(crate) fn resumed_apart(&self, attempt: ObjectId) -> Option<(&Event, &Event)> {
        let own = || self.events.iter().rev().filter(|event| event.attempt() == attempt && event.op.claims().is_some());
        let newer = own().find(|event| event.op == Op::Resume)?;
        let is_apart = |event: &&Event| {
            let crossing = !self.reaches(newer.id, event.id) && !self.reaches(event.id, newer.id);
            event.op == Op::Resume && event.facts.clone != newer.facts.clone && crossing
        };
        let older = own().find(is_apart)?;
        let is_settled = own().any(|event| self.reaches(event.id, newer.id) && self.reaches(event.id, older.id));
        (!is_settled).then_some((newer, older))
    }

    fn push(&mut self, id: ObjectId, node: Node) {
        let place = self.reach.len();
        let mut reach = Bits::default();
        reach.insert(place);
        for parent in node.parents() {
            if let Some(parent) = self.index.get(&parent) {
                reach.union(&self.reach[*parent]);
            }
        }
        self.index.insert(id, place);
        self.reach.push(reach);
        if let Node::Event(event) = node {
            self.places.push(place);
            self.events.push(*event);
        }
    }

    /// The events, each after those that it reaches.
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// The event of that id.
    pub fn get(&self, id: ObjectId) -> Option<&Event> {
        let place = self.index.get(&id)?;
        self.places.binary_search(place).ok().map(|at| &self.events[at])
    }

    /// Whether `later` reaches `earlier` by own parents; a commit reaches itself.
    pub fn reaches(&self, later: ObjectId, earlier: ObjectId) -> bool {
        match (self.index.get(&later), self.index.get(&earlier)) {
            (Some(later), Some(earlier)) => self.reach[*later].contains(*earlier),
            _ => false,
        }
    }

    /// The events that `tip` reaches, merges among them; `tip` may be a gap.
    pub fn events_of(&self, tip: ObjectId) -> impl Iterator<Item = &Event> + '_ {
        let reach = self.index.get(&tip).map(|place| &self.reach[*place]);
        self.places
            .iter()
            .zip(&self.events)
            .filter(move |(place, _)| reach.is_some_and(|reach| reach.contains(**place)))
            .map(|(_, event)| event)
    }

    /// The operations that `tip` reaches: everything but merges.
    pub fn ops_of(&self, tip: ObjectId) -> impl Iterator<Item = &Event> + '_ {
        self.events_of(tip).filter(|event| !event.is_merge())
    }
}

/// Kahn's algorithm; ties go to the lowest generation, then to the lowest id, so that the order depends on nothing else.
fn topological(nodes: &HashMap<ObjectId, Node>) -> Vec<ObjectId> {
    let mut waiting: HashMap<ObjectId, usize> = HashMap::new();
    let mut children: HashMap<ObjectId, Vec<ObjectId>> = HashMap::new();
    for (id, node) in nodes {
        let mut parents = node.parents();
        parents.retain(|parent| nodes.contains_key(parent));
        parents.sort_unstable();
        parents.dedup();
        waiting.insert(*id, parents.len());
        for parent in parents {
            children.entry(parent).or_default().push(*id);
        }
    }
    let key = |id: &ObjectId| std::cmp::Reverse((nodes[id].generation(), *id));
    let mut free: std::collections::BinaryHeap<_> =
        waiting.iter().filter(|(_, count)| **count == 0).map(|(id, _)| key(id)).collect();
    let mut order = Vec::with_capacity(nodes.len());
    while let Some(std::cmp::Reverse((_, id))) = free.pop() {
        order.push(id);
        for child in children.get(&id).into_iter().flatten() {
            let count = waiting.get_mut(child).expect("every commit waits");
            *count -= 1;
            if *count == 0 {
                free.push(key(child));
            }
        }
    }
    order
}

#[derive(Clone, Debug, Default)]
struct Bits(Vec<u64>);

impl Bits {
    fn insert(&mut self, at: usize) {
        if self.0.len() <= at / 64 {
            self.0.resize(at / 64 + 1, 0);
        }
        self.0[at / 64] |= 1 << (at % 64);
    }

    fn contains(&self, at: usize) -> bool {
        self.0.get(at / 64).is_some_and(|word| word & (1 << (at % 64)) != 0)
    }

    fn union(&mut self, other: &Bits) {
        if self.0.len() < other.0.len() {
            self.0.resize(other.0.len(), 0);
        }
        for (mine, theirs) in self.0.iter_mut().zip(&other.0) {
            *mine |= theirs;
        }
    }
}
