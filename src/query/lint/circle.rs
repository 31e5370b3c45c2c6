//! Circles of dependencies, over as many specs as the wanted ones lead to.

use std::collections::{BTreeMap, HashMap};

use crate::{
    domain::{
        graph::{Edges, circles, way_back},
        id::SpecId,
        status::Status,
    },
    error::Result,
    specs::all::Specs,
};

/// How many edges are looked at to find short ways around; what lies on circles is known without.
const STEPS: usize = 1_000_000;

/// How many specs of a way are named.
const NAMED: usize = 10;

/// A spec that depends on itself.
pub(super) struct Circle {
    /// The entry of `depends_on` that leads there.
    pub(super) entry: usize,
    /// What to say about it.
    pub(super) message: String,
}

/// The specs that `wanted` lead to and that depend on themselves. Those that are over wait for nothing.
pub(super) fn find(specs: &Specs<'_>, wanted: &[SpecId]) -> Result<BTreeMap<SpecId, Circle>> {
    let mut graph = Graph::default();
    for id in wanted {
        graph.node(id);
    }
    let mut at = 0;
    while at < graph.ids.len() {
        let (edges, entries) = graph.leads_to(specs, at)?;
        graph.edges.push(edges);
        graph.entries.push(entries);
        at += 1;
    }
    let mut found = BTreeMap::new();
    let mut steps = STEPS;
    for group in circles(&graph.edges) {
        for node in &group {
            found.insert(graph.ids[*node].clone(), graph.circle(&group, *node, &mut steps));
        }
    }
    Ok(found)
}

#[derive(Default)]
struct Graph {
    ids: Vec<SpecId>,
    nodes: HashMap<SpecId, usize>,
    edges: Edges,
    /// For each edge its place in `depends_on`.
    entries: Vec<Vec<usize>>,
}

impl Graph {
    fn node(&mut self, id: &SpecId) -> usize {
        if let Some(node) = self.nodes.get(id) {
            return *node;
        }
        self.nodes.insert(id.clone(), self.ids.len());
        self.ids.push(id.clone());
        self.ids.len() - 1
    }

    fn leads_to(&mut self, specs: &Specs<'_>, node: usize) -> Result<(Vec<usize>, Vec<usize>)> {
        let (mut edges, mut entries) = (Vec::new(), Vec::new());
        if specs.is_over_in_brief(&self.ids[node])? {
            return Ok((edges, entries));
        }
        // One that cannot be read is named as such, and leads nowhere.
        let Ok(recorded) = specs.recorded(&self.ids[node]) else { return Ok((edges, entries)) };
        if matches!(recorded.status, Status::Completed | Status::Cancelled | Status::Archived) {
            return Ok((edges, entries));
        }
        let Ok(depends_on) = specs.depends_on(&self.ids[node]) else { return Ok((edges, entries)) };
        for (at, written) in depends_on.iter().enumerate() {
            if let [to] = specs.project.candidates(&specs.names, written)?.as_slice() {
                edges.push(self.node(to));
                entries.push(at);
            }
        }
        Ok((edges, entries))
    }

    fn circle(&self, group: &[usize], node: usize, steps: &mut usize) -> Circle {
        let way = way_back(&self.edges, group, node, steps);
        let next = match &way {
            Some(way) => way.get(1).copied(),
            None => self.edges[node].iter().copied().find(|to| group.binary_search(to).is_ok()),
        };
        let edge = self.edges[node].iter().position(|to| Some(*to) == next).unwrap_or_default();
        let message = match way {
            Some(way) => format!("it depends on itself: {}", self.spoken(&way)),
            None => format!(
                "it depends on itself by way of '{}': {} specs lead around to each other",
                next.map_or("", |next| self.ids[next].short()),
                group.len()
            ),
        };
        Circle { entry: self.entries[node].get(edge).copied().unwrap_or_default(), message }
    }

    fn spoken(&self, way: &[usize]) -> String {
        let names = |way: &[usize]| way.iter().map(|node| self.ids[*node].short()).collect::<Vec<_>>().join(" -> ");
        if way.len() <= NAMED + 1 {
            return names(way);
        }
        let (first, last) = (&way[..NAMED / 2], &way[way.len() - NAMED / 2..]);
        format!("{} -> ({} more) -> {}", names(first), way.len() - NAMED, names(last))
    }
}
