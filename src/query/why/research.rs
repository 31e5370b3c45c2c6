//! The research behind a spec: which specs informed it, what they recommended, and what was superseded on the way.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use gix::ObjectId;

use crate::{
    answer::ResearchView,
    domain::{
        event::{Event, Op, Pin, Role},
        history::History,
        id::SpecId,
        pattern::PathSet,
        spec_file::section,
        spec_type::SpecType,
    },
    error::Result,
    project::SPECS_DIR,
    specs::all::Specs,
    store::File,
};

/// How many specs of a trail are shown.
const MAX_TRAIL: usize = 50;

/// The specs that informed an attempt at `spec`, whose newest event is `tip`, breadth first: the nearest first, each once. What those
/// supersede follows at the end, as that. A spec that is no research and wrote documents itself comes first.
///
/// # Errors
/// If the repository cannot be read.
pub(crate) fn trail(
    specs: &Specs<'_>,
    spec: &SpecId,
    (tip, attempt): (ObjectId, Option<ObjectId>),
) -> Result<Vec<ResearchView>> {
    let mut way = Way { specs, seen: BTreeSet::from([spec.clone()]), pinned: BTreeMap::new(), found: Vec::new() };
    let own = way.follow((spec.clone(), tip, attempt))?;
    way.find_writers(own)?;
    let Way { mut seen, pinned, found, .. } = way;
    let none = BTreeMap::new();
    let mut views = Vec::new();
    let mut superseded = Vec::new();
    if specs.entry(spec)?.spec().is_some_and(|spec| spec.front.kind != SpecType::Research) {
        let own = view(specs, spec, tip, &none)?;
        views.extend(Some(own).filter(|own| !own.documents.is_empty()));
    }
    for (id, at) in &found {
        // This path held other text before the spec in its place wrote it.
        let replaced = specs.successors(id, id)?.iter().any(|by| found.iter().any(|(other, _)| other == by));
        views.push(view(specs, id, *at, if replaced { &none } else { &pinned })?);
        let named = specs.entry(id)?.spec().map(|spec| spec.front.supersedes.clone()).unwrap_or_default();
        superseded.extend(specs.named(&named)?);
    }
    while let Some(old) = superseded.pop() {
        if views.len() < MAX_TRAIL
            && seen.insert(old.clone())
            && let Some(state) = specs.recorded(&old)?.state
        {
            views.push(view(specs, &old, state.tip, &none)?);
            let named = specs.entry(&old)?.spec().map(|spec| spec.front.supersedes.clone()).unwrap_or_default();
            superseded.extend(specs.named(&named)?);
        }
    }
    // What was superseded is told after what counts.
    views.sort_by_key(|view| view.superseded_by.is_some());
    Ok(views)
}

/// Documents by their paths, with the text that was read.
type Documents = BTreeMap<String, ObjectId>;

/// The way back from a spec to what informed it.
struct Way<'w, 'p> {
    specs: &'w Specs<'p>,
    seen: BTreeSet<SpecId>,
    /// What the documents were for the nearest spec that was informed by them.
    pinned: Documents,
    /// The specs, each with the event by which it informed.
    found: Vec<(SpecId, ObjectId)>,
}

impl Way<'_, '_> {
    /// Goes from an attempt to what its events name, and on from there; gives the documents that the attempt itself was given.
    fn follow(&mut self, (spec, tip, attempt): (SpecId, ObjectId, Option<ObjectId>)) -> Result<Documents> {
        let store = self.specs.project.store()?;
        let mut queue = VecDeque::from([(spec, tip, attempt)]);
        let mut own = None;
        while let Some((id, tip, attempt)) = queue.pop_front() {
            let walk = store.walk(&id, tip)?;
            let Some(start) = start_of(&walk.history, attempt) else { continue };
            let mut given = Documents::new();
            for pin in &start.facts.informed_by {
                if let Pin::Path { path, blob } = pin {
                    given.insert(path.clone(), *blob);
                    self.pinned.entry(path.clone()).or_insert(*blob);
                }
            }
            own = own.or(Some(given));
            for (_, parent) in start.parents.iter().filter(|(role, _)| *role == Role::Informed) {
                let Some(by) = store.spec_of_event(*parent)? else { continue };
                if self.found.len() < MAX_TRAIL && self.seen.insert(by.clone()) {
                    self.found.push((by.clone(), *parent));
                    queue.push_back((by, *parent, None));
                }
            }
        }
        Ok(own.unwrap_or_default())
    }

    /// Finds the specs that wrote documents which are named by their paths alone, and goes on from there.
    fn find_writers(&mut self, documents: Documents) -> Result<()> {
        let is_research = |path: &str| path.starts_with(".chant/") && !path.starts_with(SPECS_DIR);
        let mut open: Documents = documents.into_iter().filter(|(path, _)| is_research(path)).collect();
        while !open.is_empty() {
            for (id, at) in &self.found {
                for file in outputs(self.specs, id, *at)? {
                    open.remove(&file.path);
                }
            }
            let mut next = Documents::new();
            for id in if open.is_empty() { BTreeSet::new() } else { self.specs.names.all()? } {
                if self.found.len() >= MAX_TRAIL || self.seen.contains(id) || !self.declares(id, &open)? {
                    continue;
                }
                let Some(state) = self.specs.recorded(id)?.state else { continue };
                let wrote = outputs(self.specs, id, state.tip)?;
                if wrote.iter().any(|file| open.get(&file.path) == Some(&file.blob)) {
                    self.seen.insert(id.clone());
                    self.found.push((id.clone(), state.tip));
                    next.extend(self.follow((id.clone(), state.tip, state.attempt))?);
                }
            }
            open = next.into_iter().filter(|(path, _)| is_research(path)).collect();
        }
        Ok(())
    }

    /// Whether a spec may have written one of these documents, by its target files.
    fn declares(&self, id: &SpecId, documents: &Documents) -> Result<bool> {
        let entry = self.specs.entry(id)?;
        let Some(spec) = entry.spec() else { return Ok(false) };
        let targets = PathSet::new(&spec.front.target_files).unwrap_or_default();
        Ok(documents.keys().any(|path| targets.matches(path.as_str().into())))
    }
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
    for file in outputs(specs, id, at)? {
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

/// What a spec had written when it informed another.
fn outputs(specs: &Specs<'_>, id: &SpecId, at: ObjectId) -> Result<Vec<File>> {
    let store = specs.project.store()?;
    let walk = store.walk(id, at)?;
    let finished = walk.history.events().iter().rev().find(|event| event.op == Op::Finish);
    Ok(finished.map(|event| store.evidence_files(event.id, "outputs")).transpose()?.unwrap_or_default())
}
