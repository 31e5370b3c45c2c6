//! Chains of events that happened before they were recorded: what `import` and `fsck --repair` find in the history of the repository.

use gix::actor::Signature;

use super::{Addition, Appended, Refusal, Store, append::Predecessor, refs::Moved};
use crate::{
    domain::{event::Op, id::SpecId, new_event::validate},
    error::{Error, Kind},
};

/// An event that happened before it is recorded.
#[derive(Debug)]
pub struct PastEvent {
    /// The event.
    pub addition: Addition,
    /// The person or program that did it, and when.
    pub author: Signature,
}

impl Store<'_> {
    /// Writes the events `past` as the first ones of `spec`, oldest first; no ref is moved. Returns the last.
    ///
    /// Nothing in these events tells who recorded them (but a signature): two clones that find the same begin the same chain, and have
    /// nothing to join.
    ///
    /// # Errors
    /// If the transition table refuses one; nothing but unreachable objects is left then.
    pub fn write_past(&self, spec: &SpecId, past: &[PastEvent]) -> Result<Appended, Refusal> {
        let mut before = Predecessor::default();
        let mut last = None;
        for one in past {
            let validated = validate(before.state.as_ref(), None, &one.addition.event)
                .map_err(|obstacle| Refusal::of(spec, obstacle, before.state.take()))?;
            let event = self.write_event(spec, &before, &one.addition, &validated, Some(&one.author))?;
            let (state, history) = self.state_at(spec, event)?;
            before = Predecessor { base: Some(event), state: Some(state), history };
            last = Some(Appended { event, status: validated.status, late: false });
        }
        last.ok_or_else(|| Error::fatal(Kind::NoEvents, "a chain cannot begin without an event").into())
    }

    /// Begins the chain of `spec` with `last` and all events that it reaches, in one step: a reader sees all of it or nothing. Returns
    /// whether it did: a chain that exists already is left as it is.
    ///
    /// # Errors
    /// As [`Store::append`].
    pub fn begin(&self, spec: &SpecId, last: &Appended) -> Result<bool, Refusal> {
        let name = Self::ref_name(spec);
        self.retry(&name, || {
            // It may be folded, and have no ref.
            if self.tip(spec)?.is_some() {
                return Ok(Some(false));
            }
            let moved = self.swap(&name, None, last.event, &format!("chant: {}", Op::Add.as_str()))? == Moved::Yes;
            Ok(moved.then_some(true))
        })
    }
}
