//! What lines, readiness and drift rest on. A row of the cache and a spec that was read in full both offer it, so that each of these
//! decisions exists once.

use std::borrow::Cow;

use gix::ObjectId;
use serde::{Deserialize, Serialize};

use crate::domain::{
    event::{Approval, Landing, Pin, Review},
    id::SpecId,
    oid,
    spec_file::FrontMatter,
    spec_type::SpecType,
    state::State,
    status::Status,
};

/// The facts of one spec.
#[derive(Clone, Debug)]
pub(crate) struct Facts<'a> {
    /// The id.
    pub id: &'a SpecId,
    /// The status, healed.
    pub status: Status,
    /// Why the events or the text cannot be read.
    pub fault: Option<String>,
    /// Whether the file has a status that `import` would record.
    pub to_import: bool,
    /// What the events say; `None` without events.
    pub state: Option<StateFacts<'a>>,
    /// What the text says; `None` where it cannot be read.
    pub text: Option<TextFacts<'a>>,
}

impl Facts<'_> {
    /// The spec whose agent proposed this one, until a person adopts it.
    pub(crate) fn proposed_by(&self) -> Option<SpecId> {
        self.state.as_ref().and_then(|state| SpecId::new(state.proposed_by?).ok())
    }

    /// Whether it is open, and no person has adopted what an agent proposed.
    pub(crate) fn waits_for_adoption(&self) -> bool {
        self.status == Status::Pending && self.state.as_ref().is_some_and(|state| state.proposed_by.is_some())
    }

    /// Whether several attempts count.
    pub(crate) fn is_contended(&self) -> bool {
        self.state.as_ref().is_some_and(|state| state.contended)
    }
}

/// What the events of a spec say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StateFacts<'a> {
    /// The newest event.
    #[serde(with = "oid")]
    pub tip: ObjectId,
    /// The recorded status.
    pub status: Status,
    /// When the newest event was written, seconds since the epoch.
    pub updated: i64,
    /// Whether several attempts count.
    pub contended: bool,
    /// The work of the deciding attempt.
    pub work: WorkFacts,
    /// Where the work of a completed spec went; `None` where there was nothing to merge.
    #[serde(borrow)]
    pub merge: Option<MergeFacts<'a>>,
    /// The spec that supersedes this one.
    pub superseded_by: Option<&'a str>,
    /// The spec whose agent proposed this one, until a person adopts it.
    pub proposed_by: Option<&'a str>,
    /// The branch that the spec is for.
    pub onto: Option<&'a str>,
    /// The recorded answer of a person.
    pub approval: Option<Approval>,
    /// The recorded answer about the work.
    pub review: Option<Review>,
    /// The inputs of the attempt as they were pinned.
    #[serde(borrow)]
    pub pins: Vec<PinFacts<'a>>,
}

impl<'a> StateFacts<'a> {
    /// The facts of `state`.
    pub(crate) fn of(state: &'a State) -> StateFacts<'a> {
        let facts = &state.facts;
        StateFacts {
            tip: state.tip,
            status: state.status,
            updated: state.updated,
            contended: state.is_contended(),
            work: WorkFacts::of(state),
            merge: MergeFacts::of(state),
            superseded_by: facts.superseded_by.as_ref().map(SpecId::as_str),
            proposed_by: facts.proposed_by.as_ref().map(SpecId::as_str),
            onto: facts.onto.as_deref(),
            approval: facts.approval.clone(),
            review: facts.review,
            pins: facts.informed_by.iter().map(PinFacts::of).collect(),
        }
    }
}

/// What the events of a spec say to those that it informs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Informant {
    /// The newest event.
    pub tip: ObjectId,
    /// The work of the deciding attempt.
    pub work: WorkFacts,
    /// The spec that supersedes this one.
    pub superseded_by: Option<SpecId>,
    /// Whether an agent proposed it, and no person has adopted it.
    pub is_proposed: bool,
}

impl Informant {
    /// What these facts say.
    pub(crate) fn of(facts: &StateFacts<'_>) -> Informant {
        Informant {
            tip: facts.tip,
            work: facts.work.clone(),
            superseded_by: facts.superseded_by.and_then(|id| SpecId::new(id).ok()),
            is_proposed: facts.proposed_by.is_some(),
        }
    }
}

/// The merge of a completed spec.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct MergeFacts<'a> {
    /// The full name of the target.
    pub target: &'a str,
    /// What the target was and became.
    pub landing: Landing,
}

impl<'a> MergeFacts<'a> {
    fn of(state: &'a State) -> Option<MergeFacts<'a>> {
        let target = state.facts.target.as_deref().filter(|_| state.status == Status::Completed)?;
        Some(MergeFacts { target, landing: state.landing()? })
    }
}

/// What a spec was worked on with, and what came of it. An input that is a spec is unchanged as long as its work is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct WorkFacts {
    /// The text.
    #[serde(with = "oid")]
    pub spec_blob: Option<ObjectId>,
    /// The attempt that decided.
    #[serde(with = "oid")]
    pub attempt: Option<ObjectId>,
    /// The commits of the attempt.
    #[serde(with = "oid")]
    pub commits: Vec<ObjectId>,
}

impl WorkFacts {
    /// The work of `state`.
    pub(crate) fn of(state: &State) -> WorkFacts {
        let (spec_blob, commits) = (state.facts.spec_blob, state.facts.work_commits.clone());
        WorkFacts { spec_blob, attempt: state.attempt, commits }
    }

    /// Whether the same attempt decides with the same commits on the same text. Without an attempt, commits do not count.
    pub(crate) fn is_same(&self, now: &WorkFacts) -> bool {
        self.spec_blob == now.spec_blob
            && self.attempt == now.attempt
            && (self.attempt.is_none() || self.commits == now.commits)
    }
}

/// An input as it was pinned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum PinFacts<'a> {
    /// A file and its blob.
    Path(&'a str, #[serde(with = "oid")] ObjectId),
    /// A spec and its newest event.
    Spec(&'a str, #[serde(with = "oid")] ObjectId),
    /// An address.
    Url,
}

impl<'a> PinFacts<'a> {
    fn of(pin: &'a Pin) -> PinFacts<'a> {
        match pin {
            Pin::Path { path, blob } => PinFacts::Path(path, *blob),
            Pin::Spec { id, event } => PinFacts::Spec(id.as_str(), *event),
            Pin::Url(_) => PinFacts::Url,
        }
    }
}

/// What the text of a spec says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TextFacts<'a> {
    /// Its blob.
    #[serde(with = "oid")]
    pub blob: ObjectId,
    /// The title.
    pub title: Option<&'a str>,
    /// `type`.
    pub kind: SpecType,
    /// `phase`.
    pub phase: Option<&'a str>,
    /// `topic`.
    pub topic: Option<&'a str>,
    /// `labels`.
    #[serde(borrow)]
    pub labels: Lines<'a>,
    /// `depends_on`, as written.
    pub depends_on: Lines<'a>,
    /// `informed_by`, as written.
    pub informed_by: Lines<'a>,
    /// `origin` and `tracks`, as written.
    pub tracked: Lines<'a>,
    /// Whether the text asks to be approved.
    pub approval: bool,
    /// `priority`; 0 without one.
    pub priority: i16,
    /// `not_before`.
    pub not_before: Option<&'a str>,
}

impl<'a> TextFacts<'a> {
    /// The facts of the text that is `blob`.
    pub(crate) fn of(blob: ObjectId, title: Option<&'a str>, front: &'a FrontMatter) -> TextFacts<'a> {
        TextFacts {
            blob,
            title,
            kind: front.kind,
            phase: front.phase.as_deref(),
            topic: front.topic.as_deref(),
            labels: front.labels.iter().collect(),
            depends_on: front.depends_on.iter().collect(),
            informed_by: front.informed_by.iter().collect(),
            tracked: front.origin.iter().chain(&front.tracks).collect(),
            approval: front.approval.required,
            priority: front.priority.as_ref().and_then(|number| number.parse().ok()).unwrap_or_default(),
            not_before: front.not_before.as_deref(),
        }
    }

    /// Everything that the work is made from, as written.
    pub(crate) fn inputs(&self) -> impl Iterator<Item = &str> {
        self.informed_by.iter().chain(self.tracked.iter())
    }
}

/// Texts of one line each, held in one: a listing decodes thousands of rows, and needs memory for none of these.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Lines<'a>(#[serde(borrow)] Cow<'a, str>);

impl Lines<'_> {
    /// The texts, in their order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.split_terminator('\n')
    }

    /// Whether `text` is one of them.
    pub(crate) fn contains(&self, text: &str) -> bool {
        self.iter().any(|one| one == text)
    }
}

impl<S: AsRef<str>> FromIterator<S> for Lines<'_> {
    fn from_iter<I: IntoIterator<Item = S>>(texts: I) -> Self {
        let mut lines = String::new();
        texts.into_iter().for_each(|text| lines.extend([text.as_ref(), "\n"]));
        Lines(lines.into())
    }
}
