//! Which spec waits for which, and the cycles that dependencies must not close.

use std::collections::{BTreeMap, HashMap};

use gix::ObjectId;

use super::all::Specs;
use crate::{
    domain::{
        graph::{Edges, cycles, shortest_path},
        id::SpecId,
        readiness::Dependency,
        status::Status,
    },
    error::Result,
    project::target::short_name,
};

/// How many edges are searched for the shortest way around each cycle. Which specs lie on cycles is known without that.
const MAX_STEPS: usize = 1_000_000;

/// How many specs of a cycle are named.
const MAX_NAMED: usize = 10;

impl Specs<'_> {
    /// The dependency that `from` names as `written`.
    pub(crate) fn dependency(&self, from: &SpecId, written: &str, base: Option<ObjectId>) -> Result<Dependency> {
        let found = self.project.candidates(&self.names, written)?;
        let id = match found.as_slice() {
            [] => return Ok(Dependency::Unknown),
            [id] => &self.successor(from, id)?,
            // By their full ids: it may be the short ones that are alike.
            several => return Ok(Dependency::Ambiguous(several.iter().map(ToString::to_string).collect())),
        };
        if let Some(cycle) = self.cycle(from, id)? {
            return Ok(Dependency::Cycle(cycle.iter().map(|id| id.short().to_owned()).collect()));
        }
        let status = self.status(id)?;
        if !matches!(status, Status::Completed | Status::Archived) {
            return Ok(Dependency::Known {
                id: id.clone(),
                status,
                in_base: None,
                target: None,
                target_is_missing: false,
            });
        }
        if let Some(repeated) = self.repeated_below(from, id)? {
            return Ok(repeated);
        }
        let recorded = self.recorded(id)?;
        // An archived spec counts as what it was before.
        let was = recorded.state.as_ref().and_then(|state| state.was);
        let status = if status == Status::Archived { was.unwrap_or(Status::Completed) } else { status };
        let target = recorded.state.as_ref().and_then(|state| state.facts.target.clone());
        let in_base = self.work_in_base(id, recorded.state.as_deref(), base)?;
        let lacks = |name: &String| self.project.branch_start(name).map(|start| start.is_none());
        Ok(Dependency::Known {
            id: id.clone(),
            status,
            in_base,
            target_is_missing: in_base == Some(false) && target.as_ref().map(lacks).transpose()?.unwrap_or(false),
            target: target.map(|name| short_name(&name).to_owned()),
        })
    }

    /// The way from `start` over `id`, one of its dependencies, back to `start`, both ends included; `None` if there is none.
    fn cycle(&self, start: &SpecId, id: &SpecId) -> Result<Option<Vec<SpecId>>> {
        if start == id {
            return Ok(Some(vec![start.clone(), id.clone()]));
        }
        let graph =
            Graph::of([id], |id| if self.acyclic.borrow().contains(id) { Ok(Vec::new()) } else { self.waits_for(id) })?;
        let cycles = cycles(&graph.edges);
        if cycles.is_empty() {
            self.acyclic.borrow_mut().extend(graph.ids);
            return Ok(None);
        }
        let Some(end) = graph.nodes.get(start) else { return Ok(None) };
        let all: Vec<usize> = (0..graph.ids.len()).collect();
        let mut steps = usize::MAX;
        let way = shortest_path(&graph.edges, &all, 0, *end, &mut steps);
        Ok(way.map(|way| [start].into_iter().chain(way.iter().map(|node| &graph.ids[*node])).cloned().collect()))
    }

    /// The specs that `id` still waits for, each with its place in `depends_on`: a spec that is over waits for nothing.
    fn waits_for(&self, id: &SpecId) -> Result<Vec<(usize, SpecId)>> {
        let mut waits = Vec::new();
        if self.status(id)?.is_over() {
            return Ok(waits);
        }
        for (at, written) in self.depends_on(id)?.iter().enumerate() {
            if let [next] = self.project.candidates(&self.names, written)?.as_slice() {
                waits.push((at, self.successor(id, next)?));
            }
        }
        Ok(waits)
    }

    /// The specs that depend on themselves, among those that `wanted` lead to: for each the index of the entry in `depends_on` that leads
    /// around, and a sentence. A spec that cannot be read leads nowhere.
    pub(crate) fn cycles(&self, wanted: &[SpecId]) -> Result<BTreeMap<SpecId, (usize, String)>> {
        let graph = Graph::of(wanted, |id| Ok(self.waits_for(id).unwrap_or_default()))?;
        let mut steps = MAX_STEPS;
        let mut found = BTreeMap::new();
        for group in cycles(&graph.edges) {
            for node in &group {
                found.insert(graph.ids[*node].clone(), graph.described(&group, *node, &mut steps));
            }
        }
        Ok(found)
    }
}

/// Specs and what they wait for.
#[derive(Default)]
pub(super) struct Graph {
    ids: Vec<SpecId>,
    nodes: HashMap<SpecId, usize>,
    edges: Edges,
    /// For each edge its place in `depends_on`.
    entries: Vec<Vec<usize>>,
}

impl Graph {
    /// All specs that `from` lead to by what each `waits_for`.
    ///
    /// # Errors
    /// Those of `waits_for`.
    pub(super) fn of<'i>(
        from: impl IntoIterator<Item = &'i SpecId>,
        waits_for: impl Fn(&SpecId) -> Result<Vec<(usize, SpecId)>>,
    ) -> Result<Graph> {
        let mut graph = Graph::default();
        for id in from {
            graph.node(id);
        }
        while let Some(id) = graph.ids.get(graph.edges.len()) {
            let (entries, edges) = waits_for(id)?.into_iter().map(|(at, to)| (at, graph.node(&to))).unzip();
            graph.edges.push(edges);
            graph.entries.push(entries);
        }
        Ok(graph)
    }

    /// Whether `id` is one of them.
    pub(super) fn has(&self, id: &SpecId) -> bool {
        self.nodes.contains_key(id)
    }

    fn node(&mut self, id: &SpecId) -> usize {
        if let Some(node) = self.nodes.get(id) {
            return *node;
        }
        self.nodes.insert(id.clone(), self.ids.len());
        self.ids.push(id.clone());
        self.ids.len() - 1
    }

    /// The entry of `depends_on` by which `node` depends on itself, and the way around in words.
    fn described(&self, group: &[usize], node: usize, steps: &mut usize) -> (usize, String) {
        let way = shortest_path(&self.edges, group, node, node, steps);
        let next = match &way {
            Some(way) => way.get(1).copied(),
            None => self.edges[node].iter().copied().find(|to| group.binary_search(to).is_ok()),
        };
        let edge = self.edges[node].iter().position(|to| Some(*to) == next).unwrap_or_default();
        let message = match way {
            Some(way) => format!("it depends on itself: {}", self.named(&way)),
            None => format!(
                "it depends on itself through '{}', in a cycle of {} specs",
                next.map_or("", |next| self.ids[next].short()),
                group.len()
            ),
        };
        (self.entries[node].get(edge).copied().unwrap_or_default(), message)
    }

    fn named(&self, way: &[usize]) -> String {
        let names = |way: &[usize]| way.iter().map(|node| self.ids[*node].short()).collect::<Vec<_>>().join(" -> ");
        if way.len() <= MAX_NAMED + 1 {
            return names(way);
        }
        let (first, last) = (&way[..MAX_NAMED / 2], &way[way.len() - MAX_NAMED / 2..]);
        format!("{} -> ({} more) -> {}", names(first), way.len() - MAX_NAMED, names(last))
    }
}
