//! What the index keeps of a spec, as it is written down: the same as in the domain, with ids as bytes and names as numbers.

use gix::ObjectId;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::domain::{
    event::{Approval, Facts, Landing, Pin},
    id::SpecId,
    spec_file,
    spec_file::FrontMatter,
    spec_type::SpecType,
    state::State,
    status::Status,
};

/// An object id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Oid(pub ObjectId);

impl Serialize for Oid {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(self.0.as_slice())
    }
}

impl<'de> Deserialize<'de> for Oid {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let bytes = <&[u8]>::deserialize(deserializer)?;
        ObjectId::try_from(bytes).map(Oid).map_err(serde::de::Error::custom)
    }
}

/// The id of a spec.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Name(pub SpecId);

impl Serialize for Name {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.as_str())
    }
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        SpecId::new(<&str>::deserialize(deserializer)?).map(Name).map_err(serde::de::Error::custom)
    }
}

/// A status by its place among all of them.
pub(super) fn number(status: Status) -> u8 {
    Status::ALL.iter().position(|one| *one == status).and_then(|at| u8::try_from(at).ok()).unwrap_or(u8::MAX)
}

pub(super) fn status(number: u8) -> Option<Status> {
    Status::ALL.get(usize::from(number)).copied()
}

fn ids(ids: &[ObjectId]) -> Vec<Oid> {
    ids.iter().copied().map(Oid).collect()
}

fn plain(ids: Vec<Oid>) -> Vec<ObjectId> {
    ids.into_iter().map(|id| id.0).collect()
}

#[derive(Serialize, Deserialize)]
enum PinRow {
    Path(String, Oid),
    Spec(Name, Oid),
    Url(String),
}

/// A folded state.
#[derive(Serialize, Deserialize)]
pub(super) struct StateRow {
    tip: Oid,
    generation: u64,
    status: u8,
    was: Option<u8>,
    attempt: Option<Oid>,
    open: Vec<Oid>,
    updated: i64,
    facts: FactsRow,
}

#[derive(Serialize, Deserialize)]
struct FactsRow {
    status: Option<u8>,
    was: Option<u8>,
    texts: [Option<String>; 12],
    ids: [Option<Oid>; 4],
    superseded_by: Option<Name>,
    work_commits: Vec<Oid>,
    patch_ids: Vec<String>,
    landing: Option<(Option<Oid>, Oid)>,
    exit: Option<i32>,
    informed_by: Vec<PinRow>,
    supersedes: Vec<Oid>,
    approval: Option<(bool, Oid)>,
    tampered: Vec<String>,
    contended: Vec<Oid>,
    unknown: Vec<(String, String)>,
}

impl StateRow {
    pub(super) fn of(state: &State) -> StateRow {
        StateRow {
            tip: Oid(state.tip),
            generation: state.generation,
            status: number(state.status),
            was: state.was.map(number),
            attempt: state.attempt.map(Oid),
            open: ids(&state.open),
            updated: state.updated,
            facts: FactsRow::of(&state.facts),
        }
    }

    pub(super) fn state(self) -> Option<State> {
        Some(State {
            tip: self.tip.0,
            generation: self.generation,
            status: status(self.status)?,
            was: self.was.and_then(status),
            attempt: self.attempt.map(|id| id.0),
            open: plain(self.open),
            facts: self.facts.facts(),
            updated: self.updated,
        })
    }
}

impl FactsRow {
    fn of(facts: &Facts) -> FactsRow {
        // Every field by name, so that a new one is not forgotten here.
        let Facts {
            status,
            was,
            phase,
            attempt,
            nonce,
            clone,
            spec_path,
            spec_blob,
            created,
            onto,
            superseded_by,
            base,
            target,
            work_commits,
            patch_ids,
            landing,
            agent,
            model,
            cost,
            session,
            exit,
            reason,
            informed_by,
            supersedes,
            approval,
            tampered,
            contended,
            current,
            unknown,
        } = facts.clone();
        FactsRow {
            status: status.map(number),
            was: was.map(number),
            texts: [phase, nonce, clone, spec_path, created, onto, target, agent, model, cost, session, reason],
            ids: [attempt, spec_blob, base, current].map(|id| id.map(Oid)),
            superseded_by: superseded_by.map(Name),
            work_commits: ids(&work_commits),
            patch_ids,
            landing: landing.map(|landing| (landing.old.map(Oid), Oid(landing.new))),
            exit,
            informed_by: informed_by.into_iter().map(PinRow::of).collect(),
            supersedes: ids(&supersedes),
            approval: approval.map(|approval| (approval.approved, Oid(approval.blob))),
            tampered,
            contended: ids(&contended),
            unknown,
        }
    }

    fn facts(self) -> Facts {
        let [phase, nonce, clone, spec_path, created, onto, target, agent, model, cost, session, reason] = self.texts;
        let [attempt, spec_blob, base, current] = self.ids.map(|id| id.map(|id| id.0));
        Facts {
            status: self.status.and_then(status),
            was: self.was.and_then(status),
            phase,
            attempt,
            nonce,
            clone,
            spec_path,
            spec_blob,
            created,
            onto,
            superseded_by: self.superseded_by.map(|id| id.0),
            base,
            target,
            work_commits: plain(self.work_commits),
            patch_ids: self.patch_ids,
            landing: self.landing.map(|(old, new)| Landing { old: old.map(|id| id.0), new: new.0 }),
            agent,
            model,
            cost,
            session,
            exit: self.exit,
            reason,
            informed_by: self.informed_by.into_iter().map(PinRow::pin).collect(),
            supersedes: plain(self.supersedes),
            approval: self.approval.map(|(approved, blob)| Approval { approved, blob: blob.0 }),
            tampered: self.tampered,
            contended: plain(self.contended),
            current,
            unknown: self.unknown,
        }
    }
}

impl PinRow {
    fn of(pin: Pin) -> PinRow {
        match pin {
            Pin::Path { path, blob } => PinRow::Path(path, Oid(blob)),
            Pin::Spec { id, event } => PinRow::Spec(Name(id), Oid(event)),
            Pin::Url(url) => PinRow::Url(url),
        }
    }

    fn pin(self) -> Pin {
        match self {
            PinRow::Path(path, blob) => Pin::Path { path, blob: blob.0 },
            PinRow::Spec(id, event) => Pin::Spec { id: id.0, event: event.0 },
            PinRow::Url(url) => Pin::Url(url),
        }
    }
}

/// What the text of a spec says of itself.
#[derive(Serialize, Deserialize)]
pub(super) struct FrontRow {
    kind: u8,
    texts: [Option<String>; 9],
    lists: [Vec<String>; 11],
    approval: bool,
}

impl FrontRow {
    pub(super) fn of(front: &FrontMatter) -> FrontRow {
        let front = front.clone();
        FrontRow {
            kind: kind_number(front.kind),
            texts: [
                front.phase,
                front.topic,
                front.prompt,
                front.reproduces,
                front.agent,
                front.status,
                front.branch,
                front.model,
                front.completed_at,
            ],
            lists: [
                front.labels,
                front.depends_on,
                front.informed_by,
                front.origin,
                front.tracks,
                front.context,
                front.target_files,
                front.verify,
                front.supersedes,
                front.commits,
                front.unknown,
            ],
            approval: front.approval.required,
        }
    }

    pub(super) fn front(self) -> Option<FrontMatter> {
        let mut front = FrontMatter::default();
        front.kind = kind(self.kind)?;
        [
            front.phase,
            front.topic,
            front.prompt,
            front.reproduces,
            front.agent,
            front.status,
            front.branch,
            front.model,
            front.completed_at,
        ] = self.texts;
        [
            front.labels,
            front.depends_on,
            front.informed_by,
            front.origin,
            front.tracks,
            front.context,
            front.target_files,
            front.verify,
            front.supersedes,
            front.commits,
            front.unknown,
        ] = self.lists;
        front.approval = spec_file::Approval { required: self.approval };
        Some(front)
    }
}

/// Ids, one after the other.
pub(super) fn joined(ids: &[ObjectId]) -> Vec<u8> {
    ids.iter().flat_map(|id| id.as_slice()).copied().collect()
}

/// The number of a type of specs, and back.
pub(super) fn kind_number(kind: SpecType) -> u8 {
    SpecType::ALL.iter().position(|one| *one == kind).and_then(|at| u8::try_from(at).ok()).unwrap_or(u8::MAX)
}

pub(super) fn kind(number: u8) -> Option<SpecType> {
    SpecType::ALL.get(usize::from(number)).copied()
}

/// What an event said of its spec at that time.
#[derive(Serialize, Deserialize)]
pub(super) struct ThenRow<'b> {
    pub spec: &'b str,
    pub event: Oid,
    pub spec_blob: Option<Oid>,
    pub attempt: Option<Oid>,
    /// The commits, one id after the other.
    pub work: &'b [u8],
}

/// What is behind an attempt.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct BehindRow<'b> {
    #[serde(borrow)]
    pub origins: Option<(Oid, Vec<&'b str>)>,
    pub pinned: Vec<ThenRow<'b>>,
}

/// What there is of a spec at length, read only if it is asked for.
#[derive(Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct LongRow<'b> {
    /// A [`StateRow`].
    pub state: Option<&'b [u8]>,
    #[serde(borrow)]
    pub text: Option<TextRow<'b>>,
}

impl<'b> LongRow<'b> {
    /// What `bytes` say; nothing if there are none.
    pub(super) fn of(bytes: &'b [u8]) -> LongRow<'b> {
        postcard::from_bytes(bytes).unwrap_or_default()
    }
}

/// The same of its text.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct TextRow<'b> {
    pub path: &'b str,
    pub blob: Oid,
    /// A [`FrontRow`].
    pub says: &'b [u8],
}
