//! Reading chains. Nothing here writes.

use std::collections::HashSet;

use gix::ObjectId;

use super::{Invalid, SPECS, Store, decode};
use crate::{
    domain::{event::Event, fold::fold, history::History, id::SpecId, state::State},
    error::{Error, Result},
};

/// A chain as it was read: its valid events, and what is wrong with the others.
#[derive(Debug, Default)]
pub struct Walk {
    /// The valid events of the spec.
    pub history: History,
    /// The others: skipped, never obeyed.
    pub invalid: Vec<Invalid>,
    /// The invalid commits again, each with the commits that it leads to, as the history takes them.
    pub gaps: Vec<(ObjectId, Vec<ObjectId>)>,
    /// Parents whose objects are not there (a shallow or damaged clone).
    pub missing: Vec<ObjectId>,
}

impl Store<'_> {
    /// The newest event of a spec; `None` if it has no chain.
    pub fn tip(&self, id: &SpecId) -> Result<Option<ObjectId>> {
        self.ref_target(&Self::ref_name(id))
    }

    /// Every spec that has a chain, with its tip, in the order of their ids. Refs whose name is no id are left out here;
    /// `fsck` names them.
    pub fn tips(&self) -> Result<Vec<(SpecId, ObjectId)>> {
        let mut tips = Vec::new();
        for (name, target) in self.raw_tips()? {
            if let (Ok(id), Some(target)) = (SpecId::new(&name), target) {
                tips.push((id, target));
            }
        }
        tips.sort_unstable();
        Ok(tips)
    }

    /// Every ref under the namespace, its name without the namespace, and its target unless it is symbolic or broken.
    pub fn raw_tips(&self) -> Result<Vec<(String, Option<ObjectId>)>> {
        self.listed(SPECS)
    }

    /// One event of `spec`.
    ///
    /// # Errors
    /// If the object is missing. What is no valid event of this spec is the inner [`Invalid`].
    pub fn event(&self, spec: &SpecId, id: ObjectId) -> Result<Result<Event, Invalid>> {
        let object = self.repo.find_object(id)?;
        if object.kind != gix::objs::Kind::Commit {
            return Ok(Err(Invalid { id, why: format!("it is a {}", object.kind) }));
        }
        Ok(decode(id, &object.data).and_then(|event| {
            if event.spec == *spec {
                Ok(event)
            } else {
                Err(Invalid { id, why: format!("it is about the spec '{}'", event.spec) })
            }
        }))
    }

    /// The state of a spec; `None` if it has no chain. Read from the newest event alone where that suffices.
    pub fn state(&self, spec: &SpecId) -> Result<Option<State>> {
        match self.tip(spec)? {
            Some(tip) => self.state_at(spec, tip).map(|(state, _)| Some(state)),
            None => Ok(None),
        }
    }

    /// The state at `tip`, and the history if it had to be read for that.
    pub fn state_at(&self, spec: &SpecId, tip: ObjectId) -> Result<(State, Option<History>)> {
        if let Ok(event) = self.event(spec, tip)?
            && let Some(state) = State::from_tip(&event)
        {
            return Ok((state, None));
        }
        let walk = self.walk(spec, tip)?;
        // An invalid tip is skipped: what it sits on still counts.
        match fold(&walk.history, tip) {
            Some(state) => Ok((state, Some(walk.history))),
            None => Err(no_events(spec, &walk)),
        }
    }

    /// All events of `spec` that `tip` reaches by own parents.
    pub fn walk(&self, spec: &SpecId, tip: ObjectId) -> Result<Walk> {
        let mut seen = HashSet::from([tip]);
        let mut queue = vec![tip];
        let mut events = Vec::new();
        let mut walk = Walk::default();
        while let Some(id) = queue.pop() {
            if self.repo.try_find_header(id)?.is_none() {
                walk.missing.push(id);
                continue;
            }
            let parents: Vec<ObjectId> = match self.event(spec, id)? {
                Ok(event) => {
                    let parents = event.own_parents().collect();
                    events.push(event);
                    parents
                }
                Err(invalid) => {
                    walk.invalid.push(invalid);
                    let parents: Vec<ObjectId> = self.first_parent(id)?.into_iter().collect();
                    walk.gaps.push((id, parents.clone()));
                    parents
                }
            };
            queue.extend(parents.into_iter().filter(|parent| seen.insert(*parent)));
        }
        walk.history = History::with_gaps(events, walk.gaps.iter().cloned());
        Ok(walk)
    }

    /// Of a commit that is no event only the first parent can be followed: the roles of the others are unknown.
    fn first_parent(&self, id: ObjectId) -> Result<Option<ObjectId>> {
        let object = self.repo.find_object(id)?;
        if object.kind != gix::objs::Kind::Commit {
            return Ok(None);
        }
        let commit = gix::objs::CommitRefIter::from_bytes(&object.data, id.kind());
        Ok({ commit }.parent_ids().next())
    }
}

fn no_events(spec: &SpecId, walk: &Walk) -> Error {
    let error = match walk.invalid.first() {
        Some(invalid) => Error::fatal("bad-chain", format!("'{}{spec}' holds no event of this spec: {invalid}", SPECS)),
        None => Error::fatal("bad-chain", format!("'{SPECS}{spec}' holds no event of this spec")),
    };
    error.hint(format!(
        "'git log {}{spec}' shows what it holds; its reflog, what it held",
        SPECS.trim_start_matches("refs/")
    ))
}
