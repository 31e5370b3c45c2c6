//! Which spec stands in the place of another now. Superseding one is recorded by `authoring`.

use super::all::Specs;
use crate::{
    domain::{event::Op, id::SpecId, pattern, status::Status},
    error::Result,
    specs::text::path_of,
};

impl Specs<'_> {
    /// The specs that supersede `id` for `from`, each the one before it: the last stands in its place. A spec that was cancelled, and a
    /// proposal that no person has adopted, supersedes none, and `from` itself takes what it supersedes as it is.
    pub(crate) fn successors(&self, from: &SpecId, id: &SpecId) -> Result<Vec<SpecId>> {
        let mut found: Vec<SpecId> = Vec::new();
        loop {
            let last = found.last().unwrap_or(id);
            let next = self.with_state(last, |state| SpecId::new(state?.superseded_by?).ok())?;
            let Some(next) = next.filter(|next| next != from && next != id && !found.contains(next)) else { break };
            let proposed = self.with_state(&next, |state| state.is_none_or(|state| state.proposed_by.is_some()))?;
            if proposed || self.status(&next)? == Status::Cancelled {
                break;
            }
            found.push(next);
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
