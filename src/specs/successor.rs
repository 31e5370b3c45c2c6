//! Which spec stands in the place of another now, and how that is recorded.

use super::{all::Specs, record};
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
    /// The specs that supersede `id` for `from`, each the one before it: the last stands in its place. A spec that was cancelled, and a
    /// proposal that no person has adopted, supersedes none, and `from` itself takes what it supersedes as it is.
    pub(crate) fn successors(&self, from: &SpecId, id: &SpecId) -> Result<Vec<SpecId>> {
        let mut found: Vec<SpecId> = Vec::new();
        loop {
            let last = found.last().unwrap_or(id);
            let next = self.informant(last)?.and_then(|last| last.superseded_by.clone());
            let Some(next) = next.filter(|next| next != from && next != id && !found.contains(next)) else { break };
            let proposed = self.informant(&next)?.is_none_or(|next| next.is_proposed);
            if proposed || self.status(&next)? == Status::Cancelled {
                break;
            }
            found.push(next);
        }
        Ok(found)
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
