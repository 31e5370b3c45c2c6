//! What a spec's events amount to.

use gix::ObjectId;
use serde::{Deserialize, Serialize};

use super::{
    event::{Event, Facts, Landing, Op},
    oid,
    status::Status,
};

/// The folded state of a spec: what its events amount to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// The newest event.
    #[serde(with = "oid")]
    pub tip: ObjectId,
    /// The generation of the tip.
    pub generation: u64,
    /// Where the spec stands.
    pub status: Status,
    /// What it was before it was archived.
    pub was: Option<Status>,
    /// The attempt that decides the status, unless it is pending.
    #[serde(with = "oid")]
    pub attempt: Option<ObjectId>,
    /// The attempts that no event has superseded; several of them contend.
    #[serde(with = "oid")]
    pub open: Vec<ObjectId>,
    /// The facts of the deciding attempt: base, target, agent, commits, landing.
    pub facts: Facts,
    /// When the newest event was written, seconds since the epoch.
    pub updated: i64,
}

/// With this begins what a person has to acknowledge of a proof.
pub(crate) const PROOF_DOUBT: &str = "the proof is in doubt: ";

/// With this begins what a person has to acknowledge of files that programs make.
pub(crate) const BUILT_DOUBT: &str = "the checks are in doubt: ";

/// The beginning of what a person has to acknowledge, if that says what is in doubt, and the rest.
pub(crate) fn doubt(what: &str) -> Option<(&'static str, &str)> {
    [PROOF_DOUBT, BUILT_DOUBT].into_iter().find_map(|begin| Some((begin, what.strip_prefix(begin)?)))
}

impl State {
    /// Whether several attempts claim the spec.
    pub fn is_contended(&self) -> bool {
        self.open.len() > 1
    }

    /// Why no work of the spec is merged while several attempts claim it; `None` if it is not contended.
    pub(crate) fn contention(&self) -> Option<String> {
        self.is_contended().then(|| format!("{} attempts claim it", self.open.len()))
    }

    /// What the agent changed outside its worktree and no person has acknowledged.
    pub fn unacknowledged(&self) -> &[String] {
        &self.facts.tampered
    }

    /// The merge of the work, announced or found. The branch that did not exist before it began where the work did.
    pub(crate) fn landing(&self) -> Option<Landing> {
        self.facts.landing.map(|landing| Landing { old: landing.old.or(self.facts.base), ..landing })
    }

    /// What a person has to look at before the work is merged, in words and in full; `None` if there is nothing.
    pub(crate) fn to_look_at(&self) -> Option<String> {
        let (look, all) = (self.look()?, self.unacknowledged().join("; "));
        Some(format!("{look}{}", all.strip_prefix(look).unwrap_or(&all)))
    }

    /// What kind of thing a person has to look at: the beginning of a sentence that names it.
    pub(crate) fn look(&self) -> Option<&'static str> {
        let (first, _) = self.unacknowledged().split_first()?;
        let is_in_doubt = self.unacknowledged().iter().all(|what| doubt(what).is_some());
        let begins = doubt(first).filter(|_| is_in_doubt).map(|(begins, _)| begins);
        Some(begins.unwrap_or("the agent changed files or settings outside its work: "))
    }

    /// What this state, read from the newest event alone, has otherwise than `folded`, which all events amount to.
    pub fn differences(&self, folded: &State) -> Vec<&'static str> {
        let differs = [
            ("status", self.status != folded.status || self.was != folded.was),
            ("attempt", self.attempt != folded.attempt),
            ("open attempts", self.open != folded.open),
            ("approval", self.facts.approval != folded.facts.approval),
            ("unacknowledged changes", self.facts.tampered != folded.facts.tampered),
            ("proposal", self.facts.proposed_by != folded.facts.proposed_by),
            ("target", self.facts.target != folded.facts.target),
            ("merge", self.facts.landing != folded.facts.landing),
            ("review", self.facts.review != folded.facts.review),
            ("level", self.facts.verified != folded.facts.verified),
            ("cost", self.facts.spent != folded.facts.spent),
            ("commits", self.facts.work_commits != folded.facts.work_commits),
        ];
        differs.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name).collect()
    }

    /// Reads the state from the trailers of the newest event alone, where they suffice: an operation that this version knows,
    /// uncontended, deciding the status itself, and not at odds with itself. `None` says that the events below it have to be
    /// folded.
    pub fn from_tip(tip: &Event) -> Option<State> {
        let facts = &tip.facts;
        if tip.is_merge() || matches!(tip.op, Op::Unknown(_)) || !facts.contended.is_empty() || facts.current.is_some()
        {
            return None;
        }
        let first = tip.own_parents().next().is_none();
        let status = facts.status?;
        let plausible = match &tip.op {
            Op::Add => first && status == Status::Pending,
            Op::Archive => status == Status::Archived && facts.was.is_some(),
            Op::Unarchive => status != Status::Archived,
            op => op.claims().is_none_or(|claimed| claimed == status),
        };
        // A first event can belong to no attempt but its own.
        if !plausible || (first && tip.attempt() != tip.id) {
            return None;
        }
        let attempt = match status {
            Status::Pending => None,
            _ if tip.op.claims().is_some() => Some(tip.attempt()),
            _ => Some(facts.attempt?),
        };
        Some(State {
            tip: tip.id,
            generation: tip.generation,
            status,
            was: facts.was,
            attempt,
            open: attempt.into_iter().collect(),
            facts: if attempt.is_none() { facts.of_spec() } else { facts.clone().of_state() },
            updated: tip.author.seconds,
        })
    }
}
