//! A new event before it is written: the transition table applied, and the facts of the attempt carried on, so that the newest
//! event alone tells the state. Nothing is written here.

use gix::ObjectId;

use super::{
    event::{Approval, Author, Event, Facts, Op, Role},
    fold::{fold, fold_attempt},
    history::History,
    id::SpecId,
    state::State,
    status::Status,
    transition::{self},
};
use crate::domain::transition::Forbidden;

/// An event that a caller wants to record.
#[derive(Clone, Debug)]
pub struct NewEvent {
    /// The operation.
    pub op: Op,
    /// A sentence for people, one line.
    pub sentence: String,
    /// The facts that are this operation's own. `attempt` says which attempt it is about; without it the deciding one.
    pub facts: Facts,
}

impl NewEvent {
    /// A new event without facts.
    pub fn new(op: Op, sentence: impl Into<String>) -> NewEvent {
        NewEvent { op, sentence: sentence.into(), facts: Facts::default() }
    }
}

/// The sentence of an event: `Paused 'Add locking': on leave until May`. `named` is the title of the spec or its short id; `detail` may
/// be empty.
pub(crate) fn sentence(verb: &str, named: &str, detail: &str) -> String {
    let colon = if detail.is_empty() { "" } else { ": " };
    format!("{verb} '{named}'{colon}{detail}")
}

/// A new event that the table allows.
#[derive(Clone, Debug)]
pub(crate) struct Validated {
    /// The trailers to write.
    pub facts: Facts,
    /// The status after it.
    pub status: Status,
    /// Whether its attempt was over already, so that it is recorded and changes nothing.
    pub late: bool,
}

/// Why a new event is not recorded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAllowed {
    /// The table has no such step.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// Several attempts claim the spec.
    #[error("{} attempts contend for the spec", .0.len())]
    Contended(Vec<ObjectId>),
    /// The first event has to be `add`, and only the first.
    #[error("the spec has no events yet")]
    NoChain,
    /// There is a chain already.
    #[error("the spec has events already")]
    Exists,
}

/// Decides whether `new` may follow `state`, and completes its facts.
///
/// `history` is needed only where the state could not be read from the newest event alone: there the status after the event
/// is folded over the graph.
///
/// Of the new event's own facts those are taken that are this operation's to say: a phase operation speaks of its attempt, any
/// operation of the spec's text, only an approval approves. `attempt` names the attempt that is meant where several are open;
/// one that is over can still report (the event is late, and changes no status), but it cannot be reset, released or
/// cancelled again.
///
/// # Errors
/// An [`NotAllowed`] if the transition table refuses it, or the spec is contended and the operation would add an attempt.
pub(crate) fn validate(
    state: Option<&State>,
    history: Option<&History>,
    new: &NewEvent,
) -> Result<Validated, NotAllowed> {
    let Some(state) = state else {
        return if new.op == Op::Add { Ok(first(new)) } else { Err(NotAllowed::NoChain) };
    };
    if new.op == Op::Add {
        return Err(NotAllowed::Exists);
    }
    let named = new.facts.attempt.filter(|_| new.op.claims().is_some() && new.op != Op::Start);
    if let Some(about) = named
        && !state.open.contains(&about)
    {
        return if new.op.stands_alone() {
            Err(Forbidden { op: new.op.clone(), from: state.status }.into())
        } else {
            Ok(late(state, new, about))
        };
    }
    if state.is_contended() && matches!(new.op, Op::Start | Op::Archive) {
        return Err(NotAllowed::Contended(state.open.clone()));
    }
    // An attempt that does not decide is judged by where it stands itself, and keeps its own facts.
    let other = named
        .filter(|about| Some(*about) != state.attempt && state.status != Status::Archived)
        .and_then(|about| fold_attempt(history?, state.tip, about));
    let from = other.as_ref().filter(|_| new.op != Op::Cancel).map_or(state.status, |(status, _)| *status);
    let status = transition::next(from, &new.op, state.was)?;
    let facts = match other {
        Some((_, facts)) => carried(state, &facts),
        None => carried(state, &state.facts),
    };
    let mut validated = Validated { facts, status, late: false };
    assign_attempt(state, new, named, &mut validated.facts);
    take_own_facts(state, new, &mut validated.facts);
    decide_status(state, &new.op, &mut validated);
    if let Some(history) = history {
        refold(state, history, new, &mut validated);
    }
    Ok(validated)
}

/// The first event says everything itself.
fn first(new: &NewEvent) -> Validated {
    let mut facts = new.facts.clone();
    facts = facts.of_spec();
    facts.reason = new.facts.reason.clone();
    facts.approval = None;
    facts.status = Some(Status::Pending);
    Validated { facts, status: Status::Pending, late: false }
}

/// What an attempt that is over still did is kept, and changes no status.
fn late(state: &State, new: &NewEvent, about: ObjectId) -> Validated {
    let mut facts = carried(state, &state.facts);
    facts = facts.of_spec();
    facts.attempt = Some(about);
    take_own_facts(state, new, &mut facts);
    facts.status = Some(state.status);
    facts.was = state.was;
    facts.current = Some(state.attempt.unwrap_or_else(|| about.kind().null()));
    Validated { facts, status: state.status, late: true }
}

/// Which attempt the event belongs to, and which ones it ends.
fn assign_attempt(state: &State, new: &NewEvent, named: Option<ObjectId>, facts: &mut Facts) {
    let own = &new.facts.supersedes;
    match new.op {
        // A new attempt, or none, in place of all that are open.
        Op::Start | Op::Cancel => {
            *facts = facts.of_spec();
            facts.supersedes = state.open.clone();
            facts.supersedes.extend(own.iter().filter(|over| !state.open.contains(over)));
        }
        Op::Reset | Op::Release => {
            *facts = facts.of_spec();
            facts.supersedes = match named {
                _ if !own.is_empty() => own.clone(),
                Some(named) => vec![named],
                None => state.open.clone(),
            };
        }
        Op::Resolve => {
            facts.attempt = state.attempt;
            facts.supersedes = own.clone();
        }
        Op::Ack => facts.attempt = new.facts.attempt.or(state.attempt),
        _ => match named.or(state.attempt) {
            Some(attempt) => facts.attempt = Some(attempt),
            // A person did unclaimed work: the event is its own attempt.
            None => *facts = facts.of_spec(),
        },
    }
}

/// Lays over the facts what the new event says itself.
fn take_own_facts(state: &State, new: &NewEvent, facts: &mut Facts) {
    let own = new.facts.clone();
    // Each run is counted by the event that it ended with, and once.
    facts.spent = match &own.cost {
        Some(cost) => Some([state.facts.spent.clone().unwrap_or_default(), cost.clone()].iter().sum()),
        None => state.facts.spent.clone(),
    };
    let other_agent = own.agent.is_some() && own.agent != facts.agent;
    if new.op.claims().is_some() && (own.cost.is_some() || other_agent) {
        // What an earlier run in another session reported is not this run's.
        facts.session = None;
        facts.model = facts.model.take().filter(|_| !other_agent);
    }
    facts.cost = own.cost;
    (facts.run_agent, facts.run_session) = (own.run_agent, own.run_session);
    macro_rules! prefer_own {
        ($($field:ident),+) => { $( if own.$field.is_some() { facts.$field = own.$field; } )+ };
    }
    prefer_own!(phase, spec_path, spec_blob, reason, stopped, exit);
    if new.op.claims().is_some() {
        // What another agent was and did says nothing of this one.
        if own.agent.is_some() && own.agent != facts.agent {
            (facts.model, facts.session) = (None, None);
        }
        prefer_own!(base, target, landing, agent, model, session, confined, review);
        if !own.work_commits.is_empty() {
            facts.work_commits = own.work_commits;
        }
        (facts.target_tip, facts.patch_ids) = (own.target_tip, own.patch_ids);
        if !own.informed_by.is_empty() {
            facts.informed_by = own.informed_by.clone();
        }
        match new.op {
            Op::Land | Op::Complete => prefer_own!(verified),
            // What is judged anew is not verified until then.
            _ => facts.verified = own.verified,
        }
        facts.tampered.extend(own.tampered);
        facts.tampered.sort();
        facts.tampered.dedup();
    }
    if new.op == Op::Supersede && own.superseded_by.is_some() {
        facts.superseded_by = own.superseded_by;
    }
    // What the inputs are now is as good as what they were.
    if new.op == Op::Ack && facts.attempt == state.attempt && !own.informed_by.is_empty() {
        facts.informed_by = own.informed_by.clone();
    }
    match new.op {
        Op::Approve | Op::Reject => {
            let blob = own.approval.map(|approval| approval.blob).or(facts.spec_blob);
            facts.approval = blob.map(|blob| Approval { approved: new.op == Op::Approve, blob });
        }
        Op::Review => facts.review = own.review.or(facts.review),
        Op::Ack if facts.attempt == state.attempt => facts.tampered = Vec::new(),
        Op::Adopt => facts.proposed_by = None,
        Op::Archive => facts.was = Some(state.status),
        _ => {}
    }
}

/// The status after the event where nothing is concurrent with it.
fn decide_status(state: &State, op: &Op, validated: &mut Validated) {
    let facts = &mut validated.facts;
    let all_over = state.open.iter().all(|open| facts.supersedes.contains(open));
    match op {
        Op::Resolve if all_over => {
            let own = std::mem::take(facts);
            *facts = Facts {
                supersedes: own.supersedes.clone(),
                reason: own.reason.clone(),
                cost: own.cost.clone(),
                ..own.of_spec()
            };
            validated.status = Status::Pending;
        }
        Op::Reset | Op::Release if !all_over => {
            validated.status = state.status;
            facts.current = state.attempt;
        }
        Op::Ack if facts.attempt != state.attempt => facts.current = Some(state.attempt.unwrap_or(null(state))),
        _ => {}
    }
    facts.status = Some(validated.status);
}

fn null(state: &State) -> ObjectId {
    state.tip.kind().null()
}

/// What the next event repeats, so that it alone tells the state: of the spec what the state says, of the attempt `of`.
fn carried(state: &State, of: &Facts) -> Facts {
    Facts {
        base: of.base,
        target: of.target.clone(),
        work_commits: of.work_commits.clone(),
        landing: of.landing,
        agent: of.agent.clone(),
        model: of.model.clone(),
        session: of.session.clone(),
        confined: of.confined.clone(),
        verified: of.verified.clone(),
        review: of.review,
        informed_by: of.informed_by.clone(),
        tampered: of.tampered.clone(),
        ..state.facts.of_spec()
    }
}

/// Over a graph the status after an event is not the table's next one: another attempt may still decide it.
fn refold(state: &State, history: &History, new: &NewEvent, validated: &mut Validated) {
    let Some(spec) = spec_of(history) else { return };
    let provisional = Event {
        id: highest(state.tip),
        parents: vec![(Role::Own, state.tip)],
        op: new.op.clone(),
        spec: spec.clone(),
        generation: state.generation.saturating_add(1),
        author: Author { name: String::new(), email: String::new(), seconds: 0, offset: 0 },
        sentence: String::new(),
        facts: validated.facts.clone(),
    };
    let id = provisional.id;
    let own_attempt = provisional.attempt();
    let Some(after) = fold(&history.followed_by(provisional), id) else { return };
    validated.status = after.status;
    validated.facts.status = Some(after.status);
    validated.facts.was = after.was;
    validated.facts.approval = after.facts.approval.clone();
    if after.is_contended() {
        // The id of the event itself is not known yet.
        validated.facts.contended = after.open.iter().copied().filter(|open| *open != id).collect();
    }
    if new.op.claims().is_some() {
        if after.attempt == Some(own_attempt) {
            validated.facts.review = after.facts.review;
        }
        validated.facts.current = after.attempt.filter(|attempt| *attempt != own_attempt);
        return;
    }
    // An event across the states speaks for whichever attempt decides after it (a resolve may have changed that).
    let facts = after.facts.of_state();
    let own = std::mem::take(&mut validated.facts);
    let about = if new.op == Op::Ack { own.attempt } else { after.attempt };
    validated.facts = Facts {
        status: own.status,
        was: own.was,
        reason: own.reason,
        cost: own.cost,
        exit: own.exit,
        supersedes: own.supersedes,
        contended: own.contended,
        attempt: about,
        current: if about == after.attempt { None } else { Some(after.attempt.unwrap_or(null(state))) },
        ..facts
    };
}

/// An id that no event has and that loses every tie.
fn highest(like: ObjectId) -> ObjectId {
    ObjectId::from_bytes_or_panic(&vec![0xff; like.as_bytes().len()])
}

/// The last second of the year 9999.
const LAST_SECOND: i64 = 253_402_300_799;

/// The identity of a merge event. It is equal in every clone, so that two clones make equal commits.
pub(crate) fn merge_author(parents: impl Iterator<Item = i64>) -> Author {
    Author {
        name: "git-chant".to_owned(),
        email: "git-chant@invalid".to_owned(),
        // Within what git accepts as a date, whatever the parents say.
        seconds: parents.max().unwrap_or_default().clamp(0, LAST_SECOND),
        offset: 0,
    }
}

/// The spec that a chain is about, as its events say.
pub(crate) fn spec_of(history: &History) -> Option<&SpecId> {
    history.events().first().map(|event| &event.spec)
}
