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
    /// Begins the chain of `spec` with all of `past`, oldest first, in one step: a reader sees all of it or nothing. Returns the
    /// last event; `None` if the spec has a chain already, which is left as it is.
    ///
    /// Nothing in these events tells who recorded them (but a signature): two clones that find the same begin the same chain, and have
    /// nothing to join.
    ///
    /// # Errors
    /// As [`Store::append`]; nothing but unreachable objects is left then.
    pub fn begin(&self, spec: &SpecId, past: &[PastEvent]) -> Result<Option<Appended>, Refusal> {
        let mut before = Predecessor::default();
        let mut last = None;
        for one in past {
            let validated = validate(before.state.as_ref(), None, &one.addition.event)
                .map_err(|obstacle| Refusal::of(spec, obstacle, before.state.take()))?;
            let event = self.write_event(spec, &before, &one.addition, &validated, Some(&one.author))?;
            let (state, history) = self.state_at(spec, event)?;
            before = Predecessor { base: Some(event), state: Some(state), history };
            last = Some((event, validated.status));
        }
        let Some((event, status)) = last else {
            return Err(Error::fatal(Kind::NoEvents, "a chain cannot begin without an event").into());
        };
        let name = Self::ref_name(spec);
        self.retry(&name, || {
            // It may be folded, and have no ref.
            if self.tip(spec)?.is_some() {
                return Ok(Some(None));
            }
            let moved = self.swap(&name, None, event, &format!("chant: {}", Op::Add.as_str()))? == Moved::Yes;
            Ok(moved.then_some(Some(Appended { event, status, late: false })))
        })
    }
}
