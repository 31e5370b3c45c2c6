//! What has become of the inputs that an attempt was given: exact, by object id, against what was pinned.

use std::{collections::BTreeSet, rc::Rc};

use gix::ObjectId;

use crate::specs::all::{Entry, Specs};
use crate::{
    domain::{
        event::{Pin, Role},
        id::SpecId,
        pattern,
        state::State,
        status::Status,
    },
    error::Result,
    specs::cache::Then,
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
    /// since. Nothing for a spec without an attempt, or one that was cancelled.
    ///
    /// What the attempt itself made of an input is no drift.
    pub(crate) fn drifted(&self, entry: &Entry) -> Result<Vec<Change>> {
        let Some(state) = &entry.state else { return Ok(Vec::new()) };
        let Some(attempt) = state.attempt.filter(|_| entry.status != Status::Cancelled) else { return Ok(Vec::new()) };
        if state.facts.informed_by.is_empty() && entry.spec().is_none_or(|spec| spec.front.inputs().next().is_none()) {
            // Most specs rest on nothing, and this is asked of each that is listed.
            return Ok(Vec::new());
        }
        let base = self.base_of(entry)?;
        if base.commit().is_none() {
            return Ok(Vec::new());
        }
        let pins = &state.facts.informed_by;
        let work = state.facts.work_commits.last().copied();
        let mut changes = Vec::new();
        for pin in pins {
            match pin {
                Pin::Path { path, blob } => {
                    let now = self.project.input_blob(&base, path)?;
                    if now != Some(*blob) && !self.is_own(work, path, now)? {
                        changes.push(Change::File { path: path.clone(), was: *blob, now });
                    }
                }
                Pin::Spec { id, event } => changes.extend(self.spec_change(&entry.id, id, *event)?),
                Pin::Url(_) => {}
            }
        }
        let known: BTreeSet<&str> = pins
            .iter()
            .filter_map(|pin| match pin {
                Pin::Path { path, .. } => Some(path.as_str()),
                _ => None,
            })
            .collect();
        let entries: Vec<String> =
            entry.spec().map(|spec| spec.front.inputs().map(str::to_owned).collect()).unwrap_or_default();
        for written in entries {
            let globs =
                matches!(pattern::Entry::parse(&written), Ok(pattern::Entry::Glob(_) | pattern::Entry::Directory(_)));
            if !globs {
                continue;
            }
            for path in self.project.expand(&base, &written)? {
                if let Some(now) = base.blob(&path)?.filter(|_| !known.contains(path.as_str()))
                    && !self.is_own(work, &path, Some(now))?
                {
                    changes.push(Change::Added { path, now });
                }
            }
        }
        changes.extend(self.superseded(&entry.id, attempt, pins)?);
        Ok(changes)
    }

    /// Whether an input of the attempt is no longer what was pinned.
    pub(crate) fn is_stale(&self, entry: &Entry) -> Result<bool> {
        Ok(!self.drifted(entry)?.is_empty())
    }

    /// Whether the work of the attempt itself left `path` as it is now.
    fn is_own(&self, work: Option<ObjectId>, path: &str, now: Option<ObjectId>) -> Result<bool> {
        let Some(work) = work else { return Ok(false) };
        if self.project.repo.gix().try_find_header(work)?.is_none() {
            return Ok(false);
        }
        Ok(self.project.blob_id_in(work, path)? == now)
    }

    /// A spec is what it was as long as the same attempt decides it, with the same commits, on the same text.
    fn spec_change(&self, of: &SpecId, id: &SpecId, pinned: ObjectId) -> Result<Option<Change>> {
        let now = self.recorded(id)?;
        let changed = |now: Option<ObjectId>| Some(Change::Spec { id: id.clone(), was: pinned, now });
        let Some(state) = &now.state else { return Ok(changed(None)) };
        if state.tip == pinned {
            return Ok(None);
        }
        let store = self.project.store()?;
        let read = |state: State| Then {
            spec_blob: state.facts.spec_blob,
            attempt: state.attempt,
            work_commits: state.facts.work_commits,
        };
        let then = match &self.survey {
            Some(survey) => {
                survey.then(of, (id, pinned), || store.state_at(id, pinned).ok().map(|(state, _)| read(state)))
            }
            None => None,
        };
        let then = match then {
            Some(then) => then,
            None => match store.state_at(id, pinned) {
                Ok((state, _)) => Rc::new(read(state)),
                Err(_) => return Ok(None),
            },
        };
        let same = then.spec_blob == state.facts.spec_blob
            && (then.attempt.is_none() && state.attempt.is_none()
                || (then.attempt == state.attempt && then.work_commits == state.facts.work_commits));
        Ok(if same { None } else { changed(Some(state.tip)) })
    }

    /// The specs behind the attempt that others have taken the place of, and nobody has acknowledged.
    fn superseded(&self, spec: &SpecId, attempt: ObjectId, pins: &[Pin]) -> Result<Vec<Change>> {
        let Some(origins) = self.origins(spec, attempt)? else { return Ok(Vec::new()) };
        let mut ids: BTreeSet<SpecId> = origins.iter().cloned().collect();
        ids.extend(pins.iter().filter_map(|pin| match pin {
            Pin::Spec { id, .. } => Some(id.clone()),
            _ => None,
        }));
        let mut changes = Vec::new();
        for id in ids {
            let by = self.recorded(&id)?.state.and_then(|state| state.facts.superseded_by.clone());
            let seen = |by: &SpecId| pins.iter().any(|pin| matches!(pin, Pin::Spec { id, .. } if id == by));
            if let Some(by) = by.filter(|by| !seen(by) && by != spec) {
                changes.push(Change::Superseded { id, by });
            }
        }
        Ok(changes)
    }

    /// The specs whose events are behind an attempt, as far as they can be read; `None` if the attempt cannot be.
    pub(crate) fn origins(&self, spec: &SpecId, attempt: ObjectId) -> Result<Option<Rc<[SpecId]>>> {
        match &self.survey {
            Some(survey) => survey.origins(spec, attempt, || self.informed(spec, attempt)),
            None => Ok(self.informed(spec, attempt)?.map(|(origins, _)| origins)),
        }
    }

    /// The same, and whether all of those could be read.
    fn informed(&self, spec: &SpecId, attempt: ObjectId) -> Result<Option<(Rc<[SpecId]>, bool)>> {
        let store = self.project.store()?;
        let Ok(Ok(start)) = store.event(spec, attempt) else { return Ok(None) };
        let informed = start.parents.iter().filter(|(role, _)| *role == Role::Informed);
        // Of most of them its trailers say already whose they are.
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
        for change in self.drifted(entry)? {
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
