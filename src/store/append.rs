//! The one function that appends events. What an event means is decided by `domain`, and how it is encoded by `codec`.

use gix::{ObjectId, actor::Signature};

use super::{Evidence, MAX_EVENT_LEN, Store, encode, refs::Moved};
use crate::{
    domain::{
        event::{Op, Role},
        history::History,
        id::SpecId,
        new_event::{NewEvent, NotAllowed, Validated, validate},
        state::State,
        status::Status,
    },
    error::{Error, Kind, Result},
};

/// An event that was written.
#[derive(Clone, Debug)]
pub struct Appended {
    /// Its id.
    pub event: ObjectId,
    /// The status after it.
    pub status: Status,
    /// Its attempt was over already: it is recorded and changes nothing.
    pub late: bool,
}

/// The decision of a caller of append, made for the state that the event would follow.
#[derive(Debug)]
pub(crate) enum Decision<D = NewEvent> {
    /// Append this.
    Append(D),
    /// Append nothing: the state is so already, or the attempt is over.
    Skip,
}

/// Why nothing was written.
#[derive(Debug)]
pub enum Refusal {
    /// The state of the spec does not allow it.
    NotAllowed {
        /// The spec.
        spec: SpecId,
        /// The rule that refused it.
        obstacle: NotAllowed,
        /// The state that the event would have followed.
        state: Option<Box<State>>,
    },
    /// Something failed, or the decision was an error.
    Failed(Error),
}

impl Refusal {
    /// The refusal of an event on `spec` that `obstacle` keeps from following `state`.
    pub(super) fn of(spec: &SpecId, obstacle: NotAllowed, state: Option<State>) -> Refusal {
        Refusal::NotAllowed { spec: spec.clone(), obstacle, state: state.map(Box::new) }
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Refusal::Failed(error)
    }
}

impl From<gix::Error> for Refusal {
    fn from(error: gix::Error) -> Self {
        Refusal::Failed(error.into())
    }
}

/// The event to append, its evidence, and the tips of the specs that inform it.
#[derive(Clone, Debug)]
pub struct Addition {
    /// The event.
    pub event: NewEvent,
    /// Its tree. What is absent of `spec` is carried on from the event before.
    pub evidence: Evidence,
    /// Tips of other specs; not on the first event, whose history would begin with theirs.
    pub informed: Vec<ObjectId>,
}

impl From<NewEvent> for Addition {
    fn from(event: NewEvent) -> Self {
        Addition { event, evidence: Evidence::default(), informed: Vec::new() }
    }
}

impl Store<'_> {
    /// Appends one event to the chain of `spec`.
    ///
    /// `decide` sees the state that the event will follow and says what to add; it is asked again after another process moved
    /// the ref. `before` runs when the event exists as an object and no ref points at it: a lease is taken there. An error of
    /// either ends the append and leaves nothing but unreachable objects.
    ///
    /// # Errors
    /// [`Refusal::NotAllowed`] if the transition table refuses, [`Refusal::Failed`] otherwise: with kind `busy` when the ref
    /// stayed contended for the store's whole patience.
    pub fn append_with<'a, D: Into<Addition>>(
        &self,
        spec: &SpecId,
        mut decide: impl FnMut(Option<&State>) -> Result<D>,
        before: impl FnMut(ObjectId) -> Result<()> + 'a,
    ) -> Result<Appended, Refusal> {
        let appended = self.append_decided(spec, &mut |state| Ok(Decision::Append(decide(state)?)), before)?;
        Ok(appended.expect("every decision is to append"))
    }

    /// [`Store::append_with`] for a decision that can be to append nothing; `None` then.
    ///
    /// # Errors
    /// As [`Store::append_with`].
    pub(crate) fn append_if<D: Into<Addition>>(
        &self,
        spec: &SpecId,
        mut decide: impl FnMut(Option<&State>) -> Result<Decision<D>>,
    ) -> Result<Option<Appended>, Refusal> {
        self.append_decided(spec, &mut decide, |_| Ok(()))
    }

    fn append_decided<D: Into<Addition>>(
        &self,
        spec: &SpecId,
        decide: &mut impl FnMut(Option<&State>) -> Result<Decision<D>>,
        mut before: impl FnMut(ObjectId) -> Result<()>,
    ) -> Result<Option<Appended>, Refusal> {
        let name = Self::ref_name(spec);
        self.retry(&name, || {
            let (tip, held) = self.tip_and_ref(spec)?;
            let Some((onto, addition)) = self.settle(spec, tip, decide)? else { return Ok(Some(None)) };
            let validated = match validate(onto.state.as_ref(), onto.history.as_ref(), &addition.event) {
                Ok(validated) => validated,
                Err(obstacle) => return Err(Refusal::of(spec, obstacle, onto.state)),
            };
            let event = self.write_event(spec, &onto, &addition, &validated, None)?;
            before(event)?;
            let log = format!("chant: {}", addition.event.op.as_str());
            let moved = self.swap(&name, held, event, &log)? == Moved::Yes;
            Ok(moved.then_some(Some(Appended { event, status: validated.status, late: validated.late })))
        })
    }

    /// The predecessor of the next event, and what the event adds; `None` where the decision is to append nothing. Events of
    /// this spec that an informing tip reaches and the chain does not are joined to the chain first, and `decide` is asked
    /// again: otherwise git would call "fast-forward" what is none for this store.
    fn settle<D: Into<Addition>>(
        &self,
        spec: &SpecId,
        tip: Option<ObjectId>,
        decide: &mut impl FnMut(Option<&State>) -> Result<Decision<D>>,
    ) -> Result<Option<(Predecessor, Addition)>> {
        let mut base = tip;
        loop {
            let Some(id) = base else {
                let Decision::Append(addition) = decide(None)? else { return Ok(None) };
                return Ok(Some((Predecessor::default(), Addition { informed: Vec::new(), ..addition.into() })));
            };
            let (state, history) = self.state_at(spec, id)?;
            let Decision::Append(addition) = decide(Some(&state))? else { return Ok(None) };
            let addition: Addition = addition.into();
            let joined = self.join_informed(spec, id, &addition.informed)?;
            if joined == id {
                return Ok(Some((Predecessor { base, state: Some(state), history }, addition)));
            }
            base = Some(joined);
        }
    }

    /// [`Store::append_with`] with nothing to do before the ref moves.
    pub fn append<D: Into<Addition>>(
        &self,
        spec: &SpecId,
        decide: impl FnMut(Option<&State>) -> Result<D>,
    ) -> Result<Appended, Refusal> {
        self.append_with(spec, decide, |_| Ok(()))
    }

    /// Appends `addition` to the chain of `spec` whatever its state is, as far as the transition table allows it.
    ///
    /// # Errors
    /// As [`Store::append_with`].
    pub(crate) fn record(&self, spec: &SpecId, addition: impl Into<Addition>) -> Result<Appended, Refusal> {
        let addition = addition.into();
        self.append(spec, |_| Ok(addition.clone()))
    }

    /// Appends `addition` to the chain of `spec` as long as its state is `fit` for that; `None` where it is not.
    ///
    /// # Errors
    /// As [`Store::append_with`].
    pub(crate) fn record_if(
        &self,
        spec: &SpecId,
        addition: impl Into<Addition>,
        fit: impl Fn(&State) -> bool,
    ) -> Result<Option<Appended>, Refusal> {
        let addition = addition.into();
        self.append_decided(
            spec,
            &mut |state| {
                let fits = state.is_some_and(&fit);
                Ok(if fits { Decision::Append(addition.clone()) } else { Decision::Skip })
            },
            |_| Ok(()),
        )
    }

    /// Writes the event; no ref is moved. `past` is the author and the time of an event that is only recorded now: every clone that
    /// records it writes one and the same commit.
    pub(super) fn write_event(
        &self,
        spec: &SpecId,
        onto: &Predecessor,
        addition: &Addition,
        validated: &Validated,
        past: Option<&Signature>,
    ) -> Result<ObjectId> {
        let (new, mut evidence) = (&addition.event, addition.evidence.clone());
        let mut facts = validated.facts.clone();
        // What an agent left can make a reason of any length; a decision must be recorded all the same.
        let sentence = shortened(&new.sentence);
        facts.reason = facts.reason.as_deref().map(shortened);
        if past.is_none() {
            facts.nonce = Some(nonce()?);
            facts.clone = Some(self.settings.clone.clone());
        }
        if evidence.spec.is_none()
            && let Some(base) = onto.base
        {
            evidence.spec = self.text_at(spec, base)?;
        }
        let parents = Parents::new(onto.base, &addition.informed);
        let generation = onto.state.as_ref().map_or(1, |state| state.generation.saturating_add(1));
        let message = encode(spec, &new.op, &sentence, generation, &parents.roles, &facts);
        if message.len() > MAX_MESSAGE_LEN {
            return Err(Error::fatal(
                Kind::EventTooLarge,
                format!(
                    "the event would have a message of {} bytes, at most {MAX_MESSAGE_LEN} can be read",
                    message.len()
                ),
            ));
        }
        let tree = self.write_evidence(&evidence)?;
        let event = self.write_event_commit(&new.op, message, tree, parents.ids, past)?;
        self.sync_objects(&[event])?;
        Ok(event)
    }

    /// Moves the ref of `spec` from `old` to `new`, an event that exists and reaches every operation of `old`. Returns whether it did:
    /// nothing is changed where another process moved the chain.
    pub fn adopt(&self, spec: &SpecId, old: Option<ObjectId>, new: ObjectId, why: &str) -> Result<bool> {
        Ok(self.swap(&Self::ref_name(spec), old, new, &format!("chant: {why}"))? == Moved::Yes)
    }
}

/// The tip that the next event follows, with the state and the history there.
#[derive(Default)]
pub(super) struct Predecessor {
    /// Its first parent: the tip, or the merge event that joins to it what was missing.
    pub(super) base: Option<ObjectId>,
    pub(super) state: Option<State>,
    pub(super) history: Option<History>,
}

/// The longest sentence or reason that is recorded whole, in bytes.
const MAX_TEXT_LEN: usize = 8 << 10;

fn shortened(text: &str) -> String {
    if text.len() <= MAX_TEXT_LEN {
        return text.to_owned();
    }
    let end = (0..=MAX_TEXT_LEN).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    format!("{}…", &text[..end])
}

/// Leaves room in an event for headers, many parents and a signature, in bytes.
const MAX_MESSAGE_LEN: usize = MAX_EVENT_LEN - (64 << 10);

struct Parents {
    ids: Vec<ObjectId>,
    roles: Vec<Role>,
}

impl Parents {
    fn new(tip: Option<ObjectId>, informed: &[ObjectId]) -> Parents {
        let mut parents = Parents { ids: Vec::new(), roles: Vec::new() };
        let own = tip.into_iter().map(|id| (Role::Own, id));
        for (role, id) in own.chain(informed.iter().map(|id| (Role::Informed, *id))) {
            if !parents.ids.contains(&id) {
                parents.ids.push(id);
                parents.roles.push(role);
            }
        }
        parents
    }
}

/// Two equal events of one second would be one commit, and both writers would believe that they were first.
fn nonce() -> Result<String> {
    Ok(crate::env::random_bytes::<8>()?.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// A refusal in the words of the command that was refused.
impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Error {
        let (spec, obstacle) = match refusal {
            Refusal::Failed(error) => return error,
            Refusal::NotAllowed { spec, obstacle, .. } => (spec, obstacle),
        };
        let short = spec.short();
        match obstacle {
            NotAllowed::Forbidden(refused) => {
                let error = Error::negative(
                    Kind::NotAllowed,
                    format!("cannot {} '{short}': it is {}", verb(&refused.op), spoken(refused.from)),
                );
                way_out(error, &refused.op, refused.from, short)
            }
            NotAllowed::Contended(attempts) => {
                let error =
                    Error::negative(Kind::Contended, format!("{} attempts contend for '{short}'", attempts.len()));
                attempts.iter().fold(error, |error, attempt| {
                    error.hint(format!("keep one: git chant choose {short} --keep {}", attempt.to_hex_with_len(12)))
                })
            }
            NotAllowed::NoChain => Error::fatal(Kind::NoChain, format!("'{short}' has no recorded history yet")),
            NotAllowed::Exists => Error::fatal(Kind::Exists, format!("'{short}' exists already")),
        }
    }
}

fn verb(op: &Op) -> &str {
    match op {
        Op::Start => "work on",
        Op::Land => "merge",
        Op::Ack => "accept",
        Op::Unarchive => "restore",
        other => other.as_str(),
    }
}

fn spoken(status: Status) -> &'static str {
    match status {
        Status::InProgress => "in progress",
        other => other.as_str(),
    }
}

fn way_out(error: Error, op: &Op, from: Status, short: &str) -> Error {
    match (op, from) {
        (Op::Start, Status::Completed | Status::Cancelled) => {
            error.hint(format!("to work on it again: git chant reset {short}"))
        }
        (Op::Archive, _) if from != Status::Archived => error.hint(format!(
            "only completed and cancelled specs can be archived; to cancel it: git chant cancel {short}"
        )),
        (_, Status::Archived) => error.hint(format!("to restore it first: git chant archive --restore {short}")),
        _ => error,
    }
}
