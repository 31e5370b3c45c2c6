//! The events of one spec as a graph: which of them can be reached from which.

use std::collections::HashMap;

use gix::ObjectId;

use super::event::Event;

/// The events of one spec, in an order in which every event follows those that it can reach.
///
/// Only events of the same spec are in it, joined by their own parents; informed parents lead elsewhere.
#[derive(Clone, Debug, Default)]
pub struct History {
    events: Vec<Event>,
    index: HashMap<ObjectId, usize>,
    /// For each event the set of those that it reaches, itself among them.
    reach: Vec<Bits>,
}

impl History {
    /// Orders `events`; parents that are not among them are ignored, an event that occurs twice counts once.
    pub fn new(events: impl IntoIterator<Item = Event>) -> History {
        let mut by_id: HashMap<ObjectId, Event> = HashMap::new();
        for event in events {
            by_id.entry(event.id).or_insert(event);
        }
        let order = topological(&by_id);
        let mut history = History::default();
        for id in order {
            let event = by_id.remove(&id).expect("the order holds each id of the map once");
            let at = history.events.len();
            let mut reach = Bits::default();
            reach.insert(at);
            for parent in event.own_parents() {
                if let Some(parent) = history.index.get(&parent) {
                    reach.union(&history.reach[*parent]);
                }
            }
            history.index.insert(id, at);
            history.reach.push(reach);
            history.events.push(event);
        }
        history
    }

    /// The events, each after those that it reaches.
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// The event of that id.
    pub fn get(&self, id: ObjectId) -> Option<&Event> {
        self.index.get(&id).map(|at| &self.events[*at])
    }

    /// Whether `later` reaches `earlier` by own parents; an event reaches itself.
    pub fn reaches(&self, later: ObjectId, earlier: ObjectId) -> bool {
        match (self.index.get(&later), self.index.get(&earlier)) {
            (Some(later), Some(earlier)) => self.reach[*later].contains(*earlier),
            _ => false,
        }
    }

    /// The operations that `tip` reaches: everything but merges.
    pub fn ops_of(&self, tip: ObjectId) -> impl Iterator<Item = &Event> + '_ {
        let reach = self.index.get(&tip).map(|at| &self.reach[*at]);
        self.events
            .iter()
            .enumerate()
            .filter(move |(at, event)| !event.is_merge() && reach.is_some_and(|reach| reach.contains(*at)))
            .map(|(_, event)| event)
    }
}

/// Kahn's algorithm; ties go to the lowest generation, then to the lowest id, so that the order depends on nothing else.
fn topological(events: &HashMap<ObjectId, Event>) -> Vec<ObjectId> {
    let mut waiting: HashMap<ObjectId, usize> = HashMap::new();
    let mut children: HashMap<ObjectId, Vec<ObjectId>> = HashMap::new();
    for (id, event) in events {
        let mut parents: Vec<ObjectId> = event.own_parents().filter(|parent| events.contains_key(parent)).collect();
        parents.sort_unstable();
        parents.dedup();
        waiting.insert(*id, parents.len());
        for parent in parents {
            children.entry(parent).or_default().push(*id);
        }
    }
    let key = |id: &ObjectId| std::cmp::Reverse((events[id].generation, *id));
    let mut free: std::collections::BinaryHeap<_> =
        waiting.iter().filter(|(_, count)| **count == 0).map(|(id, _)| key(id)).collect();
    let mut order = Vec::with_capacity(events.len());
    while let Some(std::cmp::Reverse((_, id))) = free.pop() {
        order.push(id);
        for child in children.get(&id).into_iter().flatten() {
            let count = waiting.get_mut(child).expect("every event waits");
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
