//! From what somebody wants to record to the event that may be recorded: the transition table applied, the facts of the
//! attempt carried on, so that the newest event alone tells the state.

use gix::ObjectId;

use super::{
    event::{Author, Event, Facts, Op, Role},
    fold::fold,
    history::History,
    id::SpecId,
    state::State,
    status::Status,
    transition::{self, Refused},
};

/// What somebody wants to record.
#[derive(Clone, Debug)]
pub struct Draft {
    /// The operation.
    pub op: Op,
    /// A sentence for people, one line.
    pub sentence: String,
    /// The facts that are this operation's own. `attempt` says which attempt it is about; without it the deciding one.
    pub facts: Facts,
}

impl Draft {
    /// A draft without facts.
    pub fn new(op: Op, sentence: impl Into<String>) -> Draft {
        Draft { op, sentence: sentence.into(), facts: Facts::default() }
    }
}

/// A draft that the table let pass.
#[derive(Clone, Debug)]
pub struct Shaped {
    /// The trailers to write.
    pub facts: Facts,
    /// The status after it.
    pub status: Status,
    /// Whether its attempt was over already, so that it is recorded and changes nothing.
    pub late: bool,
}

/// Why a draft is not recorded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Obstacle {
    /// The table has no such step.
    #[error(transparent)]
    Refused(#[from] Refused),
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

/// Decides whether `draft` may follow `state`, and completes its facts.
///
/// `history` is needed only where the state could not be read from the newest event alone: there the status after the event
/// is folded over the graph.
///
/// # Errors
/// An [`Obstacle`] if the transition table refuses it, or the spec is contended and the operation would add an attempt.
pub fn shape(state: Option<&State>, history: Option<&History>, draft: &Draft) -> Result<Shaped, Obstacle> {
    let Some(state) = state else {
        return if draft.op == Op::Add {
            Ok(shaped(Facts::default(), draft, Status::Pending, false))
        } else {
            Err(Obstacle::NoChain)
        };
    };
    if draft.op == Op::Add {
        return Err(Obstacle::Exists);
    }
    if let Some(about) = draft.facts.attempt
        && draft.op.claims().is_some()
        && !state.open.contains(&about)
    {
        // The attempt is over: what it still did is kept, and changes no status.
        let mut facts = carried(state);
        forget_attempt(&mut facts);
        let mut late = shaped(facts, draft, state.status, true);
        late.facts.current = Some(state.attempt.unwrap_or_else(|| about.kind().null()));
        late.facts.was = state.was;
        return Ok(late);
    }
    if state.is_contended() && matches!(draft.op, Op::Start | Op::Archive) {
        return Err(Obstacle::Contended(state.open.clone()));
    }
    let status = transition::next(state.status, &draft.op, state.was)?;
    let mut facts = carried(state);
    match draft.op {
        Op::Start | Op::Cancel | Op::Reset | Op::Release => {
            forget_attempt(&mut facts);
            facts.supersedes = state.open.clone();
        }
        // A person finished what nobody had claimed: the event is its own attempt.
        _ if state.attempt.is_none() => forget_attempt(&mut facts),
        _ => facts.attempt = state.attempt,
    }
    if draft.op == Op::Ack {
        facts.tampered = Vec::new();
    }
    if draft.op == Op::Archive {
        facts.was = Some(state.status);
    }
    let mut shaped = shaped(facts, draft, status, false);
    if let Some(history) = history {
        refold(state, history, draft, &mut shaped);
    }
    Ok(shaped)
}

fn shaped(mut facts: Facts, draft: &Draft, status: Status, late: bool) -> Shaped {
    let own = draft.facts.clone();
    macro_rules! prefer_own {
        ($($field:ident),+) => { $( if own.$field.is_some() { facts.$field = own.$field; } )+ };
    }
    prefer_own!(
        attempt, phase, spec_path, spec_blob, created, base, target, landing, agent, model, cost, session, exit,
        reason, approval
    );
    macro_rules! prefer_own_list {
        ($($field:ident),+) => { $( if !own.$field.is_empty() { facts.$field = own.$field; } )+ };
    }
    prefer_own_list!(work_commits, patch_ids, informed_by, supersedes, tampered);
    if matches!(draft.op, Op::Start | Op::Cancel | Op::Reset | Op::Release | Op::Add) {
        facts.attempt = None;
    }
    facts.status = Some(status);
    Shaped { facts, status, late }
}

/// What the next event repeats, so that it alone tells the state.
fn carried(state: &State) -> Facts {
    let old = &state.facts;
    Facts {
        phase: old.phase.clone(),
        spec_path: old.spec_path.clone(),
        spec_blob: old.spec_blob,
        created: old.created.clone(),
        base: old.base,
        target: old.target.clone(),
        work_commits: old.work_commits.clone(),
        landing: old.landing,
        agent: old.agent.clone(),
        model: old.model.clone(),
        cost: old.cost.clone(),
        session: old.session.clone(),
        informed_by: old.informed_by.clone(),
        approval: old.approval.clone(),
        tampered: old.tampered.clone(),
        ..Facts::default()
    }
}

fn forget_attempt(facts: &mut Facts) {
    *facts = Facts {
        phase: facts.phase.take(),
        spec_path: facts.spec_path.take(),
        spec_blob: facts.spec_blob.take(),
        created: facts.created.take(),
        approval: facts.approval.take(),
        ..Facts::default()
    };
}

/// Over a graph the status after an event is not the table's next one: another attempt may still decide it.
fn refold(state: &State, history: &History, draft: &Draft, shaped: &mut Shaped) {
    let provisional = Event {
        id: highest(state.tip),
        parents: vec![(Role::Own, state.tip)],
        op: draft.op.clone(),
        spec: match history.get(state.tip) {
            Some(tip) => tip.spec.clone(),
            None => return,
        },
        generation: state.generation + 1,
        author: Author { name: String::new(), email: String::new(), seconds: 0, offset: 0 },
        sentence: String::new(),
        facts: shaped.facts.clone(),
    };
    let id = provisional.id;
    let own_attempt = provisional.attempt();
    let with = History::new(history.events().iter().cloned().chain([provisional]));
    let Some(after) = fold(&with, id) else { return };
    shaped.status = after.status;
    shaped.facts.status = Some(after.status);
    shaped.facts.was = after.was;
    shaped.facts.approval = after.facts.approval.clone();
    if after.is_contended() {
        shaped.facts.contended = after.open.clone();
    }
    if draft.op.claims().is_some() && after.attempt.is_some_and(|attempt| attempt != own_attempt) {
        shaped.facts.current = after.attempt;
    } else if draft.op.claims().is_none() {
        // An event across the states speaks for whichever attempt decides after it (a resolve may have changed that).
        let mut facts = after.facts;
        let own = std::mem::take(&mut shaped.facts);
        forget_event(&mut facts);
        facts.attempt = after.attempt;
        shaped.facts = Facts {
            status: own.status,
            was: own.was,
            reason: own.reason,
            supersedes: own.supersedes,
            contended: own.contended,
            attempt: if draft.op == Op::Ack { own.attempt } else { facts.attempt },
            ..facts
        };
    }
}

/// Clears what belongs to one event and not to the state.
pub(crate) fn forget_event(facts: &mut Facts) {
    facts.status = None;
    facts.was = None;
    facts.attempt = None;
    facts.nonce = None;
    facts.clone = None;
    facts.patch_ids = Vec::new();
    facts.exit = None;
    facts.reason = None;
    facts.supersedes = Vec::new();
    facts.contended = Vec::new();
    facts.current = None;
    facts.unknown = Vec::new();
}

/// An id that no event has and that loses every tie.
fn highest(like: ObjectId) -> ObjectId {
    ObjectId::from_bytes_or_panic(&vec![0xff; like.as_bytes().len()])
}

/// The identity of a merge event: the same in every clone, so that two clones make the same commit.
pub fn merge_author(parents: impl Iterator<Item = i64>) -> Author {
    Author {
        name: "git-chant".to_owned(),
        email: "git-chant@invalid".to_owned(),
        seconds: parents.max().unwrap_or_default(),
        offset: 0,
    }
}

/// The spec that a chain is about, as its events say.
pub fn spec_of(history: &History) -> Option<&SpecId> {
    history.events().first().map(|event| &event.spec)
}
