//! An event of a spec's chain.

use super::{cost::CostView, prelude::*};
use crate::domain::signature::Signature;

/// A person as git records one.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub(crate) struct Person {
    /// The name.
    pub name: String,
    /// The address.
    pub email: String,
}

/// A trailer of an event, in the order of its message.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub(crate) struct Trailer {
    /// The name, `Chant-Op`.
    pub name: String,
    /// The value, unquoted.
    pub value: String,
}

/// One event of a spec's chain.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[schemars(rename = "Event")]
pub(crate) struct EventView {
    /// The commit.
    pub id: String,
    /// The spec that it belongs to.
    pub spec: SpecId,
    /// What was done: `create`, `start`, `finish`, …; an op of a newer version as it stands.
    pub op: String,
    /// The folded status after it.
    pub status: Option<Status>,
    /// When: the author's date.
    pub at: String,
    /// Who.
    pub author: Person,
    /// The sentence for people.
    pub sentence: String,
    /// The start event of its attempt.
    pub attempt: Option<String>,
    /// Why, in the actor's words.
    pub reason: Option<String>,
    /// The agent.
    pub agent: Option<String>,
    /// The model.
    pub model: Option<String>,
    /// What the run of an agent cost that ended with this event: `0.0312 USD, 5120 tokens in, 310 out`.
    pub cost: Option<String>,
    /// What it says, in numbers.
    pub usage: Option<CostView>,
    /// What the agent calls its session.
    pub session: Option<String>,
    /// What confined its run: `bubblewrap`, `seatbelt` or `none`.
    pub confined: Option<String>,
    /// How far the work is verified: `none`, `checks`, `proof` or `reviewed`.
    pub verified: Option<String>,
    /// The agent's exit code.
    pub exit: Option<i32>,
    /// Why the agent stopped before its work was done: `overload`, `bad-key`, `question`, …
    pub stopped: Option<String>,
    /// What an agent wrote that read the work, cut to its end where it is long. It is the agent's own text: no fact.
    pub review: Option<String>,
    /// The work commits that it records.
    pub commits: Vec<String>,
    /// The clone that wrote the event.
    pub clone: Option<String>,
    /// What its signature is worth; `null` where that was not asked for.
    pub signature: Option<Signature>,
    /// Every trailer, those of newer versions too.
    pub trailers: Vec<Trailer>,
}

impl Record for EventView {
    /// The commit id, op, status, date (RFC 3339) and sentence.
    fn porcelain(&self) -> Vec<u8> {
        let status = self.status.map_or("", |status| status.as_str());
        joined(&[&self.id, &self.op, status, &self.at, &self.sentence])
    }
}
