//! The use case `graph`: which spec builds on which.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::{
    answer::{EdgeView, GraphView, NodeView},
    domain::{id::SpecId, pattern, status::Status},
    error::Result,
    specs::{all::Specs, entry::Entry},
};

/// Which specs are wanted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scope {
    /// Only those of this investigation, and what they build on.
    pub topic: Option<String>,
    /// Archived ones too.
    pub archived: bool,
}

/// The specs and what leads from one to another. Dependencies that are unknown or ambiguous lead nowhere: `lint` names them.
///
/// # Errors
/// If the specs cannot be read.
pub(crate) fn graph(specs: &Specs<'_>, scope: &Scope) -> Result<GraphView> {
    let mut entries = BTreeMap::new();
    for id in if scope.archived { specs.names.all()? } else { specs.names.active()? } {
        // What was recorded counts for the status alone, and all specs are held at once here.
        let entry = Entry { state: None, ..specs.entry(id)? };
        if scope.archived || entry.status != Status::Archived {
            entries.insert(id.clone(), entry);
        }
    }
    let edges = edges(specs, &entries)?;
    let wanted = scope.topic.as_deref().map(|topic| reached(&entries, &edges, topic));
    let is_wanted = |id: &SpecId| wanted.as_ref().is_none_or(|wanted| wanted.contains(id));
    Ok(GraphView {
        nodes: entries
            .values()
            .filter(|entry| is_wanted(&entry.id))
            .map(|entry| node(specs, entry))
            .collect::<Result<Vec<_>>>()?,
        edges: edges.into_iter().filter(|edge| is_wanted(&edge.from) && is_wanted(&edge.to)).collect(),
    })
}

fn node(specs: &Specs<'_>, entry: &Entry) -> Result<NodeView> {
    let front = entry.spec().map(|spec| &spec.front);
    Ok(NodeView {
        id: entry.id.clone(),
        short: entry.id.short().to_owned(),
        title: entry.spec().and_then(|spec| spec.title.clone()),
        status: entry.status,
        phase: front.and_then(|front| front.phase.clone()),
        topic: front.and_then(|front| front.topic.clone()),
        superseded_by: specs.successors(&entry.id, &entry.id)?.into_iter().next(),
    })
}

fn edges(specs: &Specs<'_>, entries: &BTreeMap<SpecId, Entry>) -> Result<Vec<EdgeView>> {
    let producers = producers(entries);
    let mut edges = Vec::new();
    for entry in entries.values() {
        let Some(spec) = entry.spec() else { continue };
        // What it builds on, each with whether it waits for it and whether it is informed by it.
        let mut builds_on: BTreeMap<SpecId, (bool, bool)> = BTreeMap::new();
        for written in &spec.front.depends_on {
            if let [id] = specs.project.candidates(&specs.names, written)?.as_slice() {
                builds_on.entry(id.clone()).or_default().0 = true;
            }
        }
        for written in &spec.front.informed_by {
            match pattern::Entry::parse(written) {
                Ok(pattern::Entry::Spec(id)) => builds_on.entry(id).or_default().1 = true,
                Ok(pattern::Entry::Path(path)) => {
                    for id in producers.get(path.as_str()).into_iter().flatten().filter(|id| **id != entry.id) {
                        builds_on.entry(id.clone()).or_default().1 = true;
                    }
                }
                _ => {}
            }
        }
        edges.extend(
            builds_on.into_iter().filter(|(id, _)| entries.contains_key(id)).map(|(to, (depends_on, informed_by))| {
                EdgeView { from: entry.id.clone(), to, depends_on, informed_by }
            }),
        );
    }
    Ok(edges)
}

/// Which specs write a path, by their target files.
fn producers(entries: &BTreeMap<SpecId, Entry>) -> HashMap<&str, Vec<SpecId>> {
    let mut producers: HashMap<&str, Vec<SpecId>> = HashMap::new();
    for entry in entries.values() {
        for path in entry.spec().map(|spec| spec.front.target_files.as_slice()).unwrap_or_default() {
            producers.entry(path).or_default().push(entry.id.clone());
        }
    }
    producers
}

/// The specs of a topic and all that they build on.
fn reached(entries: &BTreeMap<SpecId, Entry>, edges: &[EdgeView], topic: &str) -> HashSet<SpecId> {
    let mut from: HashMap<&SpecId, Vec<&SpecId>> = HashMap::new();
    for edge in edges {
        from.entry(&edge.from).or_default().push(&edge.to);
    }
    let of_topic = |entry: &&Entry| entry.spec().is_some_and(|spec| spec.front.topic.as_deref() == Some(topic));
    let mut open: Vec<&SpecId> = entries.values().filter(of_topic).map(|entry| &entry.id).collect();
    let mut reached: HashSet<SpecId> = open.iter().map(|id| (*id).clone()).collect();
    while let Some(id) = open.pop() {
        for to in from.get(id).into_iter().flatten() {
            if reached.insert((*to).clone()) {
                open.push(to);
            }
        }
    }
    reached
}
