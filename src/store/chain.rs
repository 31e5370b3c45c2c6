//! Reads chains. Nothing here writes.

use std::{
    collections::{BTreeSet, HashSet},
    io::ErrorKind,
};

use gix::{ObjectId, bstr::ByteSlice};

use super::{Invalid, MAX_EVENT_LEN, SPECS, Store, decode};
use crate::{
    domain::{event::Event, fold::fold, history::History, id::SpecId, state::State},
    error::{Error, IoContext, Kind, Result},
};

/// The commits of a chain that is taken from a remote have no more than this together, in bytes: a chain of some dozens has about a
/// hundred thousand.
pub(super) const MAX_CHAIN_LEN: u64 = 64 << 20;

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

impl Walk {
    /// The history that two chains of one spec make together.
    pub(super) fn together(one: &Walk, other: &Walk) -> History {
        let events = one.history.events().iter().chain(other.history.events()).cloned();
        History::with_gaps(events, one.gaps.iter().chain(&other.gaps).cloned().collect::<Vec<_>>())
    }
}

impl Store<'_> {
    /// The newest event of a spec, folded or not; `None` if it has no chain.
    pub fn tip(&self, id: &SpecId) -> Result<Option<ObjectId>> {
        Ok(self.tip_and_ref(id)?.0)
    }

    /// The id in the ref of a spec; `None` if the spec has no ref, for example because its chain is folded.
    pub fn ref_tip(&self, id: &SpecId) -> Result<Option<ObjectId>> {
        self.ref_target(&Self::ref_name(id))
    }

    /// The newest event of a spec, and what its ref holds: the next event of a folded chain makes the ref anew. The ref is read first:
    /// it goes after the archive has the chain.
    pub(super) fn tip_and_ref(&self, id: &SpecId) -> Result<(Option<ObjectId>, Option<ObjectId>)> {
        match self.ref_tip(id)? {
            Some(tip) => Ok((Some(tip), Some(tip))),
            None => Ok((self.folded_tip(id)?, None)),
        }
    }

    /// Every spec that has a ref, with its tip, in the order of their ids. Refs whose name is no id are left out here;
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

    /// Every spec that has a ref, without reading what the refs hold: loose ones are only names of a directory then.
    pub fn names(&self) -> Result<BTreeSet<SpecId>> {
        self.names_with("")
    }

    /// Those of them whose ids begin with `prefix`.
    pub fn names_with(&self, prefix: &str) -> Result<BTreeSet<SpecId>> {
        let mut names = BTreeSet::new();
        self.each_name(prefix, |name| names.extend(SpecId::new(name)))?;
        Ok(names)
    }

    /// Has a look at the names of refs that begin with `prefix`, in no order, and at one twice that is loose and packed. Not all of them
    /// need be ids.
    pub fn each_name(&self, prefix: &str, mut look: impl FnMut(&str)) -> Result<()> {
        let dir = self.repo.common_dir().join(SPECS);
        match std::fs::read_dir(&dir) {
            Ok(entries) => {
                for entry in entries {
                    let entry = entry.io("list", &dir)?;
                    let name = entry.file_name();
                    // A directory is what is left of refs of other names.
                    if let Some(name) = name.to_str().filter(|name| name.starts_with(prefix))
                        && !entry.file_type().is_ok_and(|kind| kind.is_dir())
                    {
                        look(name);
                    }
                }
            }
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {}
            Err(error) => return Err(error).io("list", &dir),
        }
        // After the loose ones: git packs a ref before it takes the loose one away.
        self.each_packed(prefix, |name, _| look(name))
    }

    /// Those of them that are packed, with their tips; a loose ref of the same name counts more.
    pub fn packed_tips(&self) -> Result<Vec<(SpecId, ObjectId)>> {
        let mut tips = Vec::new();
        self.each_packed("", |name, tip| tips.extend(SpecId::new(name).map(|id| (id, tip))))?;
        Ok(tips)
    }

    /// Has a look at each packed ref that begins with `prefix`: its name without the namespace, and what it holds.
    fn each_packed(&self, prefix: &str, mut look: impl FnMut(&str, ObjectId)) -> Result<()> {
        let Some(packed) = self.repo.refs.open_packed_buffer()? else { return Ok(()) };
        for reference in packed.iter_prefixed(format!("{SPECS}{prefix}").into())? {
            let reference = reference?;
            let name = reference.name.as_bstr().strip_prefix(SPECS.as_bytes()).and_then(|name| name.to_str().ok());
            name.into_iter().for_each(|name| look(name, reference.target()));
        }
        Ok(())
    }

    /// Every ref under the namespace, its name without the namespace, and its target unless it is symbolic or broken.
    pub fn raw_tips(&self) -> Result<Vec<(String, Option<ObjectId>)>> {
        self.listed(SPECS)
    }

    /// One event of `spec`.
    ///
    /// # Errors
    /// If the object is missing. What is no valid event of this spec is the inner `Invalid`.
    pub fn event(&self, spec: &SpecId, id: ObjectId) -> Result<Result<Event, Invalid>> {
        Ok(event_of(spec, id, &self.repo.find_object(id)?))
    }

    /// The spec of an event; `None` if the object is no event, or is not here.
    pub fn spec_of_event(&self, id: ObjectId) -> Result<Option<SpecId>> {
        let Some(object) = self.repo.try_find_object(id)? else { return Ok(None) };
        if object.kind != gix::objs::Kind::Commit {
            return Ok(None);
        }
        Ok(decode(id, &object.data).ok().map(|event| event.spec))
    }

    /// The state of a spec; `None` if it has no chain. Read from the newest event alone where that suffices.
    pub fn state(&self, spec: &SpecId) -> Result<Option<State>> {
        match self.tip(spec)? {
            Some(tip) => self.state_at(spec, tip).map(|(state, _)| Some(state)),
            None => Ok(None),
        }
    }

    /// The state at `tip`, and the history if it had to be read for that. The state at one event never changes.
    ///
    /// # Errors
    /// `cut-off` if the newest event does not tell it and an event below is not here: what is missing may say otherwise.
    pub fn state_at(&self, spec: &SpecId, tip: ObjectId) -> Result<(State, Option<History>)> {
        if let Ok(event) = self.event(spec, tip)?
            && let Some(state) = State::from_tip(&event)
        {
            return Ok((state, None));
        }
        let walk = self.walk(spec, tip)?;
        if let Some(missing) = walk.missing.first() {
            let error =
                Error::fatal(Kind::CutOff, format!("of the events of '{spec}' {missing} is not in this repository"));
            return Err(if self.repo.is_shallow()? {
                error.hint("this clone is shallow: git fetch --unshallow")
            } else {
                error.hint("fetch it from a clone that has it")
            });
        }
        // An invalid tip is skipped: what it sits on still counts.
        match fold(&walk.history, tip) {
            Some(state) => Ok((state, Some(walk.history))),
            None => Err(no_events(spec, &walk)),
        }
    }

    /// The blob of the spec's text as `tip` knows it. A merge event holds none, and what it joins may hold several: the one of
    /// the newest event counts.
    pub fn text_at(&self, spec: &SpecId, tip: ObjectId) -> Result<Option<ObjectId>> {
        if let Some(text) = self.evidence_id(tip, "spec.md")? {
            return Ok(Some(text));
        }
        // Every event carries on the text of the one before it: without one there was none, unless histories were joined since.
        if self.event(spec, tip)?.is_ok_and(|event| !event.is_merge()) {
            return Ok(None);
        }
        for event in self.walk(spec, tip)?.history.ops_of(tip).collect::<Vec<_>>().into_iter().rev() {
            if let Some(text) = self.evidence_id(event.id, "spec.md")? {
                return Ok(Some(text));
            }
        }
        Ok(None)
    }

    /// All events of `spec` that `tip` reaches by own parents.
    pub fn walk(&self, spec: &SpecId, tip: ObjectId) -> Result<Walk> {
        Ok(self.walk_at_most(spec, tip, None)?.expect("only a bound can end it early"))
    }

    /// The events of a chain that came from elsewhere; `None` if it has more commits than `bound`, one that is too large to be an
    /// event, or [`MAX_CHAIN_LEN`] bytes of them.
    pub(super) fn walk_at_most(&self, spec: &SpecId, tip: ObjectId, bound: Option<usize>) -> Result<Option<Walk>> {
        let mut seen = HashSet::from([tip]);
        let mut read = 0;
        let mut queue = vec![tip];
        let mut events = Vec::new();
        let mut walk = Walk::default();
        while let Some(id) = queue.pop() {
            if let Some(most) = bound {
                let size = self.repo.try_find_header(id)?.map_or(0, |header| header.size());
                read += size;
                if seen.len() > most || size > MAX_EVENT_LEN as u64 || read > MAX_CHAIN_LEN {
                    return Ok(None);
                }
            }
            let Some(object) = self.repo.try_find_object(id)? else {
                walk.missing.push(id);
                continue;
            };
            let parents: Vec<ObjectId> = match event_of(spec, id, &object) {
                Ok(event) => {
                    let parents = event.own_parents().collect();
                    events.push(event);
                    parents
                }
                Err(invalid) => {
                    walk.invalid.push(invalid);
                    let parents: Vec<ObjectId> = first_parent(&object).into_iter().collect();
                    walk.gaps.push((id, parents.clone()));
                    parents
                }
            };
            queue.extend(parents.into_iter().filter(|parent| seen.insert(*parent)));
        }
        walk.history = History::with_gaps(events, walk.gaps.iter().cloned());
        Ok(Some(walk))
    }
}

fn event_of(spec: &SpecId, id: ObjectId, object: &gix::Object<'_>) -> Result<Event, Invalid> {
    if object.kind != gix::objs::Kind::Commit {
        return Err(Invalid { id, why: format!("it is a {}", object.kind) });
    }
    decode(id, &object.data).and_then(|event| {
        if event.spec == *spec {
            Ok(event)
        } else {
            Err(Invalid { id, why: format!("it is about the spec '{}'", event.spec) })
        }
    })
}

/// Of a commit that is no event only the first parent can be followed: the roles of the others are unknown.
fn first_parent(object: &gix::Object<'_>) -> Option<ObjectId> {
    if object.kind != gix::objs::Kind::Commit {
        return None;
    }
    let commit = gix::objs::CommitRefIter::from_bytes(&object.data, object.id.kind());
    commit.parent_ids().next()
}

fn no_events(spec: &SpecId, walk: &Walk) -> Error {
    let error = match walk.invalid.first() {
        Some(invalid) => {
            Error::fatal(Kind::BadChain, format!("'{}{spec}' holds no event of this spec: {invalid}", SPECS))
        }
        None => Error::fatal(Kind::BadChain, format!("'{SPECS}{spec}' holds no event of this spec")),
    };
    error.hint(format!(
        "'git log {}{spec}' shows what it holds; its reflog, what it held",
        SPECS.trim_start_matches("refs/")
    ))
}
