//! The research behind a spec: which specs informed it, what they recommended, and what was superseded on the way.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use gix::ObjectId;

use crate::{
    answer::ResearchView,
    domain::{
        event::{Event, Op, Pin, Role},
        history::History,
        id::SpecId,
        spec_file::section,
        state::State,
    },
    error::Result,
    project::SPECS_DIR,
    specs::all::Specs,
};

/// How many specs of a trail are shown.
const MAX_TRAIL: usize = 50;

/// The specs that informed the deciding attempt of `spec`, breadth first: the nearest first, each once. What those supersede follows at
/// the end, as that.
///
/// # Errors
/// If the repository cannot be read.
pub(crate) fn trail(specs: &Specs<'_>, spec: &SpecId, state: &State) -> Result<Vec<ResearchView>> {
    let store = specs.project.store()?;
    let mut seen = BTreeSet::from([spec.clone()]);
    let mut queue = VecDeque::from([(spec.clone(), state.tip, state.attempt)]);
    // What the documents were for the nearest spec that was informed by them.
    let mut pinned = BTreeMap::new();
    let mut found = Vec::new();
    while let Some((id, tip, attempt)) = queue.pop_front() {
        let walk = store.walk(&id, tip)?;
        let Some(start) = start_of(&walk.history, attempt) else { continue };
        for pin in &start.facts.informed_by {
            if let Pin::Path { path, blob } = pin {
                pinned.entry(path.clone()).or_insert(*blob);
            }
        }
        for (_, parent) in start.parents.iter().filter(|(role, _)| *role == Role::Informed) {
            let Some(by) = store.spec_of_event(*parent)? else { continue };
            if found.len() < MAX_TRAIL && seen.insert(by.clone()) {
                found.push((by.clone(), *parent));
                queue.push_back((by, *parent, None));
            }
        }
    }
    let none = BTreeMap::new();
    let mut views = Vec::new();
    let mut superseded = Vec::new();
    for (id, at) in &found {
        // The same path held other text before the spec in its place wrote it.
        let replaced = specs.successors(id, id)?.iter().any(|by| found.iter().any(|(other, _)| other == by));
        views.push(view(specs, id, *at, if replaced { &none } else { &pinned })?);
        let named = specs.entry(id)?.spec().map(|spec| spec.front.supersedes.clone()).unwrap_or_default();
        superseded.extend(named.iter().filter_map(|old| SpecId::new(old).ok()));
    }
    while let Some(old) = superseded.pop() {
        if views.len() < MAX_TRAIL
            && seen.insert(old.clone())
            && let Some(state) = specs.recorded(&old)?.state
        {
            views.push(view(specs, &old, state.tip, &none)?);
            let named = specs.entry(&old)?.spec().map(|spec| spec.front.supersedes.clone()).unwrap_or_default();
            superseded.extend(named.iter().filter_map(|old| SpecId::new(old).ok()));
        }
    }
    // What was superseded is told after what counts.
    views.sort_by_key(|view| view.superseded_by.is_some());
    Ok(views)
}

/// The event that began `attempt`; without one, the last that began any.
fn start_of(history: &History, attempt: Option<ObjectId>) -> Option<&Event> {
    match attempt {
        Some(attempt) => history.get(attempt),
        None => history.events().iter().rev().find(|event| event.op == Op::Start),
    }
}

/// A spec as it was when it informed another: its documents are in its events, wherever the files are now. Of a document that is
/// `pinned`, that text counts.
fn view(specs: &Specs<'_>, id: &SpecId, at: ObjectId, pinned: &BTreeMap<String, ObjectId>) -> Result<ResearchView> {
    let store = specs.project.store()?;
    let entry = specs.entry(id)?;
    let by = specs.successors(id, id)?.into_iter().next();
    let mut view = ResearchView {
        short: id.short().to_owned(),
        title: entry.spec().and_then(|spec| spec.title.clone()),
        phase: entry.spec().and_then(|spec| spec.front.phase.clone()),
        documents: Vec::new(),
        recommendation: None,
        superseded_because: by.as_ref().map(|by| specs.why_superseded(id, by)).transpose()?.flatten(),
        superseded_by: by.map(|by| by.short().to_owned()),
    };
    let walk = store.walk(id, at)?;
    let finished = walk.history.events().iter().rev().find(|event| event.op == Op::Finish);
    for file in finished.map(|event| store.evidence_files(event.id, "outputs")).transpose()?.unwrap_or_default() {
        if file.path.starts_with(SPECS_DIR) {
            continue;
        }
        let blob = pinned.get(&file.path).copied().unwrap_or(file.blob);
        if view.recommendation.is_none()
            && let Some(object) = specs.project.repo.gix().try_find_object(blob)?
            && let Ok(text) = String::from_utf8(object.detach().data)
        {
            view.recommendation = section(&text, "recommend");
        }
        view.documents.push(file.path);
    }
    Ok(view)
}
