//! What has become of the inputs that an attempt was given: exact, by object id, against what was pinned.

use std::{cell::OnceCell, collections::BTreeSet, rc::Rc};

use gix::ObjectId;

use super::{
    all::Specs,
    base::Base,
    entry::Entry,
    facts::{Facts, PinFacts, TextFacts, WorkFacts},
};
use crate::{
    domain::{
        event::{Pin, Role},
        id::SpecId,
        pattern,
        status::Status,
    },
    error::Result,
    project::{get_or_try_init, target::full_name},
};

/// How an input is not what it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// A file has other content, or is gone (`now` is `None`).
    File {
        /// Its path.
        path: String,
        /// What was pinned.
        was: ObjectId,
        /// What it is.
        now: Option<ObjectId>,
    },
    /// A file that an entry of the front matter names now and did not name then.
    Added {
        /// Its path.
        path: String,
        /// What it is.
        now: ObjectId,
    },
    /// Another spec was worked again, or has another text.
    Spec {
        /// Which.
        id: SpecId,
        /// The event that was pinned.
        was: ObjectId,
        /// Its newest event; `None` if it is gone.
        now: Option<ObjectId>,
    },
    /// Another spec has taken the place of one that it was informed by.
    Superseded {
        /// The one that it was informed by.
        id: SpecId,
        /// The one in its place.
        by: SpecId,
    },
}

impl Specs<'_> {
    /// How the inputs of the deciding attempt differ from what they were when it began, or from what a person has acknowledged
    /// since. Nothing for a spec without an attempt, or a cancelled one, nor where another spec stands in its place.
    ///
    /// What the attempt itself made of an input is no drift.
    pub(crate) fn drifted(&self, facts: &Facts<'_>) -> Result<Vec<Change>> {
        let Some(state) = &facts.state else { return Ok(Vec::new()) };
        let Some(attempt) = state.work.attempt.filter(|_| facts.status != Status::Cancelled) else {
            return Ok(Vec::new());
        };
        // Most specs have no inputs, and this is asked of each that is listed.
        if state.pins.is_empty() && facts.text.as_ref().is_none_or(|text| text.inputs().next().is_none()) {
            return Ok(Vec::new());
        }
        let base = self.base_of(facts)?;
        if base.commit().is_none() {
            return Ok(Vec::new());
        }
        let elsewhere = OnceCell::new();
        let work = state.work.commits.last().copied();
        let mut known = BTreeSet::new();
        let mut changes = Vec::new();
        for pin in &state.pins {
            match *pin {
                PinFacts::Path(path, blob) => {
                    known.insert(path);
                    let now = self.project.input_blob(&base, path)?;
                    let unknown =
                        now.is_none() && *get_or_try_init(&elsewhere, || self.is_target_elsewhere(facts, &base))?;
                    if now != Some(blob) && !unknown && !self.is_own(work, path, now)? {
                        changes.push(Change::File { path: path.to_owned(), was: blob, now });
                    }
                }
                PinFacts::Spec(id, event) => {
                    if let Ok(id) = SpecId::new(id) {
                        changes.extend(self.spec_change(facts.id, &id, event)?);
                    }
                }
                PinFacts::Url => {}
            }
        }
        for written in facts.text.iter().flat_map(TextFacts::inputs) {
            let names_many =
                || matches!(pattern::Entry::parse(written), Ok(pattern::Entry::Glob(_) | pattern::Entry::Directory(_)));
            if pattern::is_url(written) || !names_many() {
                continue;
            }
            for path in self.project.expand(&base, written)? {
                if let Some(now) = base.blob(&path)?.filter(|_| !known.contains(path.as_str()))
                    && !self.is_own(work, &path, Some(now))?
                {
                    changes.push(Change::Added { path, now });
                }
            }
        }
        changes.extend(self.superseded(facts.id, attempt, &state.pins)?);
        if !changes.is_empty() && self.successor(facts.id, facts.id)? != *facts.id {
            changes.clear();
        }
        Ok(changes)
    }

    /// Whether a spec is for a branch that this clone does not have, and began on that: the documents are there, and not gone.
    fn is_target_elsewhere(&self, facts: &Facts<'_>, base: &Base<'_>) -> Result<bool> {
        let (Some(text), false) = (&facts.text, self.project.silent) else { return Ok(false) };
        let onto = facts.state.as_ref().and_then(|state| state.onto);
        let target = self.project.target_of((text.phase, text.topic), onto)?.and_then(|name| full_name(&name).ok());
        let Some(target) = target else { return Ok(false) };
        if self.project.branch_start(&target)?.is_some() {
            return Ok(false);
        }
        let began = self.recorded(facts.id)?.state.and_then(|state| state.facts.base);
        Ok(match (began, base.commit()) {
            (Some(began), Some(base)) if facts.status != Status::Completed => !self.project.is_ancestor(began, base)?,
            _ => true,
        })
    }

    /// Whether the work of the attempt itself left `path` as it is now.
    fn is_own(&self, work: Option<ObjectId>, path: &str, now: Option<ObjectId>) -> Result<bool> {
        let Some(work) = work else { return Ok(false) };
        if self.project.repo.gix().try_find_header(work)?.is_none() {
            return Ok(false);
        }
        Ok(self.project.blob_id_in(work, path)? == now)
    }

    /// How `id`, an input of `of` that was pinned at an event, has changed: other work decides it.
    fn spec_change(&self, of: &SpecId, id: &SpecId, pinned: ObjectId) -> Result<Option<Change>> {
        let changed = |now: Option<ObjectId>| Some(Change::Spec { id: id.clone(), was: pinned, now });
        let Some(now) = self.informant(id)? else { return Ok(changed(None)) };
        if now.tip == pinned {
            return Ok(None);
        }
        let store = self.project.store()?;
        let read = || store.state_at(id, pinned).ok().map(|(state, _)| WorkFacts::of(&state));
        let then = match &self.cache {
            Some(cache) => cache.pinned(of, (id, pinned), read),
            None => read(),
        };
        Ok(if then.is_none_or(|then| then.is_same(&now.work)) { None } else { changed(Some(now.tip)) })
    }

    /// The superseded specs among those that informed the attempt, unless a person has acknowledged that.
    fn superseded(&self, spec: &SpecId, attempt: ObjectId, pins: &[PinFacts<'_>]) -> Result<Vec<Change>> {
        let Some(origins) = self.origins(spec, attempt)? else { return Ok(Vec::new()) };
        let pinned = || {
            pins.iter().filter_map(|pin| match pin {
                PinFacts::Spec(id, _) => Some(*id),
                _ => None,
            })
        };
        let mut ids: BTreeSet<SpecId> = origins.iter().cloned().collect();
        ids.extend(pinned().filter_map(|id| SpecId::new(id).ok()));
        let mut changes = Vec::new();
        for id in ids {
            let by = self.successor(spec, &id)?;
            if by != id && !pinned().any(|id| id == by.as_str()) {
                changes.push(Change::Superseded { id, by });
            }
        }
        Ok(changes)
    }

    /// The specs that informed an attempt, as far as their events can be read; `None` if the attempt cannot be read.
    pub(crate) fn origins(&self, spec: &SpecId, attempt: ObjectId) -> Result<Option<Rc<[SpecId]>>> {
        match &self.cache {
            Some(cache) => cache.origins(spec, attempt, || self.informed(spec, attempt)),
            None => Ok(self.informed(spec, attempt)?.map(|(origins, _)| origins)),
        }
    }

    /// The specs that informed an attempt, and whether the events of all of them could be read.
    fn informed(&self, spec: &SpecId, attempt: ObjectId) -> Result<Option<(Rc<[SpecId]>, bool)>> {
        let store = self.project.store()?;
        let Ok(Ok(start)) = store.event(spec, attempt) else { return Ok(None) };
        let informed = start.parents.iter().filter(|(role, _)| *role == Role::Informed);
        // The trailers of the start event name the spec of most of them.
        let pinned = |event: ObjectId| {
            start.facts.informed_by.iter().find_map(|pin| match pin {
                Pin::Spec { id, event: pinned } if *pinned == event => Some(id.clone()),
                _ => None,
            })
        };
        let spec = |id| pinned(id).or_else(|| store.spec_of_event(id).ok().flatten());
        let specs: Vec<Option<SpecId>> = informed.map(|(_, id)| spec(*id)).collect();
        let all = specs.iter().all(Option::is_some);
        Ok(Some((specs.into_iter().flatten().collect(), all)))
    }

    /// The inputs of the deciding attempt as they are now: what a person acknowledges.
    pub(crate) fn inputs_now(&self, entry: &Entry) -> Result<Vec<Pin>> {
        let Some(state) = &entry.state else { return Ok(Vec::new()) };
        let mut pins = state.facts.informed_by.clone();
        for change in self.drifted(&entry.facts())? {
            match change {
                Change::File { path, now, .. } => {
                    pins.retain(|pin| !matches!(pin, Pin::Path { path: old, .. } if *old == path));
                    pins.extend(now.map(|blob| Pin::Path { path, blob }));
                }
                Change::Added { path, now } => pins.push(Pin::Path { path, blob: now }),
                Change::Spec { id, now, .. } => {
                    pins.retain(|pin| !matches!(pin, Pin::Spec { id: old, .. } if *old == id));
                    pins.extend(now.map(|event| Pin::Spec { id, event }));
                }
                Change::Superseded { by, .. } => {
                    if let Some(event) = self.recorded(&by)?.state.map(|state| state.tip) {
                        pins.push(Pin::Spec { id: by, event });
                    }
                }
            }
        }
        Ok(pins)
    }
}
