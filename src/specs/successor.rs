//! Which spec stands in the place of another now, and how that is recorded.

use super::{all::Specs, entry::Entry, record};
use crate::{
    domain::{
        event::{Facts, Op},
        id::SpecId,
        new_event::{NewEvent, sentence},
        pattern,
        status::Status,
    },
    error::Result,
    project::Project,
    specs::text::path_of,
};

impl Project {
    /// Records on the specs that the front matter of `new` names in `supersedes`, in `written`, that it takes their place, and why. What is
    /// recorded already stays as it is; a name that means no spec, or several, means none.
    pub(crate) fn supersede_named(&self, new: &SpecId, written: &[String], reason: Option<&str>) -> Result<()> {
        if written.is_empty() {
            return Ok(());
        }
        let specs = Specs::new(self)?;
        for old in specs.named(written)?.iter().filter(|old| *old != new) {
            let entry = specs.entry(old)?;
            if entry.state.as_ref().is_some_and(|state| state.facts.superseded_by.as_ref() == Some(new)) {
                continue;
            }
            if entry.state.is_none() {
                let (text, spec) = entry.text()?;
                record::added(self, old, &text.path, &text.bytes, spec, None)?;
            }
            let facts =
                Facts { superseded_by: Some(new.clone()), reason: reason.map(str::to_owned), ..Facts::default() };
            let why = reason.map(|reason| format!(": {reason}")).unwrap_or_default();
            let sentence = sentence("Superseded", entry.title(), &format!("by {}{why}", new.short()));
            record::append(self, old, NewEvent { op: Op::Supersede, sentence, facts }, None)?;
        }
        Ok(())
    }
}

impl Specs<'_> {
    /// The specs that supersede `id` for `from`, each the one before it: the last stands in its place. `from` itself takes what it
    /// supersedes as it is.
    ///
    /// # Errors
    /// If the specs cannot be read.
    pub(crate) fn successors(&self, from: &SpecId, id: &SpecId) -> Result<Vec<SpecId>> {
        let mut found: Vec<SpecId> = Vec::new();
        loop {
            let next = self.superseding(found.last().unwrap_or(id))?;
            match next.filter(|next| next != from && next != id && !found.contains(next)) {
                Some(next) => found.push(next),
                None => return Ok(found),
            }
        }
    }

    /// The newest spec that was recorded as superseding `id`, among those that count. The one place that decides this: a spec that was
    /// cancelled, archived since or not, and a proposal that no person has adopted, supersedes none.
    fn superseding(&self, id: &SpecId) -> Result<Option<SpecId>> {
        let Some(newest) = self.informant(id)?.and_then(|state| state.superseded_by.clone()) else { return Ok(None) };
        if self.can_supersede(&newest)? {
            return Ok(Some(newest));
        }
        let Some(tip) = self.names.tip(id)? else { return Ok(None) };
        let history = self.project.store()?.walk(id, tip)?.history;
        for event in history.events().iter().rev().filter(|event| event.op == Op::Supersede) {
            if let Some(by) = event.facts.superseded_by.as_ref().filter(|by| **by != newest)
                && self.can_supersede(by)?
            {
                return Ok(Some(by.clone()));
            }
        }
        Ok(None)
    }

    fn can_supersede(&self, id: &SpecId) -> Result<bool> {
        if self.informant(id)?.is_none_or(|state| state.is_proposed) {
            return Ok(false);
        }
        let was = match self.status(id)? {
            Status::Archived => self.recorded(id)?.state.as_ref().and_then(|state| state.was),
            status => Some(status),
        };
        Ok(was != Some(Status::Cancelled))
    }

    /// The specs that ids mean as people write them in a front matter, short ones too. One that means no spec, or several, means none.
    pub(crate) fn named(&self, written: &[String]) -> Result<Vec<SpecId>> {
        let mut found = Vec::new();
        for written in written {
            if let [one] = self.project.candidates(&self.names, written)?.as_slice() {
                found.push(one.clone());
            }
        }
        Ok(found)
    }

    /// The spec that stands in the place of `id` for `from`: itself unless it is superseded.
    pub(crate) fn successor(&self, from: &SpecId, id: &SpecId) -> Result<SpecId> {
        Ok(self.successors(from, id)?.pop().unwrap_or_else(|| id.clone()))
    }

    /// The specs that `id` supersedes by its text, directly and through others, the nearest first.
    ///
    /// # Errors
    /// If the specs cannot be read.
    pub(crate) fn predecessors(&self, id: &SpecId) -> Result<Vec<SpecId>> {
        let (mut found, mut at) = (vec![id.clone()], 0);
        while let Some(next) = found.get(at).cloned() {
            at += 1;
            let named = self.entry(&next)?.spec().map(|spec| spec.front.supersedes.clone()).unwrap_or_default();
            for old in self.named(&named)? {
                if !found.contains(&old) {
                    found.push(old);
                }
            }
        }
        found.remove(0);
        Ok(found)
    }

    /// Leaves of `entries` those that no other spec supersedes.
    ///
    /// # Errors
    /// If the specs cannot be read.
    pub(crate) fn retain_current(&self, entries: &mut Vec<Entry>) -> Result<()> {
        let mut current = Vec::new();
        for entry in entries.drain(..) {
            if self.successor(&entry.id, &entry.id)? == entry.id {
                current.push(entry);
            }
        }
        *entries = current;
        Ok(())
    }

    /// An entry of `informed_by` of the spec `from`, with the spec that it names replaced by the one in its place.
    pub(crate) fn current_input(&self, from: &SpecId, written: &str) -> Result<String> {
        Ok(match pattern::Entry::parse(written) {
            Ok(pattern::Entry::Spec(id)) if self.names.has(&id)? => {
                let successor = self.successor(from, &id)?;
                if successor == id { written.to_owned() } else { path_of(&successor) }
            }
            _ => written.to_owned(),
        })
    }

    /// Why `by` superseded `id`, if the person who recorded that gave a reason.
    pub(crate) fn why_superseded(&self, id: &SpecId, by: &SpecId) -> Result<Option<String>> {
        let Some(tip) = self.names.tip(id)? else { return Ok(None) };
        let walk = self.project.store()?.walk(id, tip)?;
        let recorded = walk
            .history
            .events()
            .iter()
            .rev()
            .find(|event| event.op == Op::Supersede && event.facts.superseded_by.as_ref() == Some(by));
        Ok(recorded.and_then(|event| event.facts.reason.clone()))
    }
}
