//! What a report is made of. How it is drawn is in the other files of this folder, what is left out of it in `redact`.

use serde::Serialize;

use crate::{
    answer::{GraphView, Person, SpecDetail},
    domain::{cost::Cost, redaction::Redaction, signature::Signature, spec_type::SpecType},
};

/// Some specs, an investigation as a rule, with all that a reader is shown.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Report {
    /// What was asked for: the names of topics, the short ids of specs.
    pub names: Vec<String>,
    /// What it is about, in one line.
    pub title: String,
    /// What was wrong, in the words of the first document.
    pub question: Option<Quote>,
    /// What was recommended.
    pub recommendation: Option<Quote>,
    /// What the result is for users: the release notes of the last spec that has some.
    pub notes: Option<Quote>,
    /// The specs, in the order of their phases.
    pub specs: Vec<Reported>,
    /// What builds on what among them.
    pub graph: GraphView,
    /// What was left out, in the order of [`Redaction::ALL`].
    pub left_out: Vec<Redaction>,
}

impl Report {
    /// The spec that the others lead to.
    pub(super) fn main(&self) -> Option<&Reported> {
        main_spec(&self.specs).map(|at| &self.specs[at])
    }
}

/// Which of `specs` the others lead to: the last that is verified, without the gate; where none is, the first.
pub(crate) fn main_spec(specs: &[Reported]) -> Option<usize> {
    let decided = specs
        .iter()
        .rposition(|spec| spec.detail.spec.verified.is_some() && spec.detail.spec.kind != SpecType::Gate.as_str());
    decided.or((!specs.is_empty()).then_some(0))
}

/// A piece of Markdown from a document.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Quote {
    /// The full id of the spec that it is from.
    pub spec: String,
    /// The short id.
    pub short: String,
    /// The text.
    pub text: String,
    /// Whether it is from the spec itself, which is what its agent was told.
    pub is_prompt: bool,
}

/// A spec in a report.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Reported {
    /// What `show` gives, its checks without what only this clone keeps.
    pub detail: SpecDetail,
    /// What it wrote, as its events hold it.
    pub documents: Vec<Document>,
    /// Its commits, oldest first.
    pub commits: Vec<ReportedCommit>,
    /// What the runs of agents for it cost, oldest first.
    pub runs: Vec<ReportedRun>,
    /// The short id of the spec in its place.
    pub superseded_by: Option<String>,
    /// Why that superseded it.
    pub superseded_because: Option<String>,
}

/// A document that a spec wrote.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Document {
    /// Its path.
    pub path: String,
    /// The blob.
    pub blob: String,
    /// Its text; `None` if that is no text.
    pub text: Option<String>,
}

/// A run of an agent that said what it cost.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct ReportedRun {
    /// The start event of its attempt; `None` of a review.
    pub attempt: Option<String>,
    /// What it cost.
    pub cost: Cost,
}

/// A commit.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct ReportedCommit {
    /// The id.
    pub id: String,
    /// The first line of its message; `None` if the commit is not here.
    pub subject: Option<String>,
    /// Who wrote it.
    pub author: Option<Person>,
    /// When, RFC 3339.
    pub at: Option<String>,
    /// What its signature is worth.
    pub signature: Option<Signature>,
}
