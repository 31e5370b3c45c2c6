//! One event of a spec's chain, as plain data.

use gix::ObjectId;
use serde::{Deserialize, Serialize};

use super::{confined::Confined, cost::Cost, id::SpecId, oid, status::Status, stop::StopKind, verified::Verified};

/// What an event does. The names stand in the `Chant-Op` trailer.
#[derive(Clone, Debug, PartialEq, Eq, Hash, strum::AsRefStr, strum::EnumString)]
#[strum(serialize_all = "lowercase")]
pub enum Op {
    /// The spec was created: its first event.
    Add,
    /// The spec's text changed.
    Edit,
    /// An attempt starts. The id of this event is the attempt's id.
    Start,
    /// An attempt is resumed.
    Resume,
    /// An attempt was stopped and can be resumed.
    Pause,
    /// Every check passed.
    Finish,
    /// The target is about to move to the merge that holds the work.
    Land,
    /// The work is in its target, or there was nothing to merge.
    Complete,
    /// The attempt failed.
    Fail,
    /// The spec will not be done.
    Cancel,
    /// The spec is pending again; the named attempts end.
    Reset,
    /// A claim is released; the status is as after a reset.
    Release,
    /// One of several attempts is kept; the named ones end.
    Resolve,
    /// A person approved one text of the spec.
    Approve,
    /// A person rejected one text of the spec.
    Reject,
    /// A person approved the work of an attempt, at one commit.
    Review,
    /// A person acknowledged changes outside the worktree, or changed inputs.
    Ack,
    /// Another spec supersedes this one.
    Supersede,
    /// A person adopted an agent's proposal.
    Adopt,
    /// A remark that changes nothing.
    Note,
    /// The spec is archived.
    Archive,
    /// The spec is taken out of the archive.
    Unarchive,
    /// Two histories of one spec come together. Not an operation: it changes nothing.
    Merge,
    /// An operation of a newer version: kept and skipped.
    #[strum(default, transparent)]
    Unknown(String),
}

impl Op {
    /// Every known operation.
    pub const ALL: [Op; 23] = [
        Op::Add,
        Op::Edit,
        Op::Start,
        Op::Resume,
        Op::Pause,
        Op::Finish,
        Op::Land,
        Op::Complete,
        Op::Fail,
        Op::Cancel,
        Op::Reset,
        Op::Release,
        Op::Resolve,
        Op::Approve,
        Op::Reject,
        Op::Review,
        Op::Ack,
        Op::Supersede,
        Op::Adopt,
        Op::Note,
        Op::Archive,
        Op::Unarchive,
        Op::Merge,
    ];

    /// The name in the trailer.
    pub fn as_str(&self) -> &str {
        self.as_ref()
    }

    /// The operation of that name; an unknown name is kept.
    pub fn from_name(name: &str) -> Op {
        name.parse().unwrap_or_else(|_| Op::Unknown(name.to_owned()))
    }

    /// The status that this operation claims for its attempt; `None` for what lies across the states.
    pub fn claims(&self) -> Option<Status> {
        Some(match self {
            Op::Add | Op::Reset | Op::Release => Status::Pending,
            Op::Start | Op::Resume => Status::InProgress,
            Op::Pause => Status::Paused,
            Op::Finish | Op::Land => Status::Finished,
            Op::Complete => Status::Completed,
            Op::Fail => Status::Failed,
            Op::Cancel => Status::Cancelled,
            _ => return None,
        })
    }

    /// Whether an event of this operation begins or ends attempts and so belongs to none but its own.
    pub fn stands_alone(&self) -> bool {
        matches!(self, Op::Add | Op::Start | Op::Cancel | Op::Reset | Op::Release)
    }

    /// Whether an event of this operation ends the attempts that it names in `supersedes`.
    pub fn ends_attempts(&self) -> bool {
        matches!(self, Op::Start | Op::Cancel | Op::Reset | Op::Release | Op::Resolve)
    }
}

/// Why a commit is a parent of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// An earlier event of the same spec.
    Own,
    /// The tip of a spec that informed this one.
    Informed,
}

/// What an input was when an attempt began.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Pin {
    /// A file of the repository and its blob.
    Path {
        /// The path, relative to the top.
        path: String,
        /// Its content.
        #[serde(with = "oid")]
        blob: ObjectId,
    },
    /// Another spec and its newest event.
    Spec {
        /// The spec.
        id: SpecId,
        /// Its tip.
        #[serde(with = "oid")]
        event: ObjectId,
    },
    /// An address; nothing is fetched, so nothing is pinned.
    Url(String),
}

/// The answer of a person about one text of the spec.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// Approved, or rejected.
    pub approved: bool,
    /// The blob of the spec file that was read.
    #[serde(with = "oid")]
    pub blob: ObjectId,
}

/// The answer of a person about the work of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Review {
    /// Approved, or rejected.
    pub approved: bool,
    /// The newest commit of the work that was read.
    #[serde(with = "oid")]
    pub commit: ObjectId,
}

/// Where the work goes: the merge that a `land` event announces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Landing {
    /// What the target was; `None` if the branch did not exist.
    #[serde(with = "oid")]
    pub old: Option<ObjectId>,
    /// What it becomes.
    #[serde(with = "oid")]
    pub new: ObjectId,
}

/// Everything that the trailers of an event say, typed. What does not apply is absent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// The folded status after this event.
    pub status: Option<Status>,
    /// On an archive event: the status before.
    pub was: Option<Status>,
    /// The phase of the investigation, from the front matter.
    pub phase: Option<String>,
    /// The attempt that it belongs to: the id of its start event. Absent on the start itself.
    #[serde(with = "oid")]
    pub attempt: Option<ObjectId>,
    /// Random, so that equal events get different ids.
    pub nonce: Option<String>,
    /// The clone that wrote the event.
    pub clone: Option<String>,
    /// The path of the spec file.
    pub spec_path: Option<String>,
    /// Its content.
    #[serde(with = "oid")]
    pub spec_blob: Option<ObjectId>,
    /// When the first event was written, RFC 3339.
    pub created: Option<String>,
    /// The branch that the spec is for, whatever becomes of its attempts: a full ref name, said when it was added.
    pub onto: Option<String>,
    /// The spec that supersedes this one.
    pub superseded_by: Option<SpecId>,
    /// The spec whose agent proposed this one, until a person adopts it.
    pub proposed_by: Option<SpecId>,
    /// The commit that the attempt started from.
    #[serde(with = "oid")]
    pub base: Option<ObjectId>,
    /// The branch that the work is for, a full ref name.
    pub target: Option<String>,
    /// What that branch was when the attempt began; `None` if the merge is to create it.
    #[serde(with = "oid")]
    pub target_tip: Option<ObjectId>,
    /// The commits that the attempt made, oldest first.
    #[serde(with = "oid")]
    pub work_commits: Vec<ObjectId>,
    /// The patch ids of those commits, in the same order.
    pub patch_ids: Vec<String>,
    /// The merge that is about to be or was made.
    pub landing: Option<Landing>,
    /// The name of the agent.
    pub agent: Option<String>,
    /// The model that the agent reported.
    pub model: Option<String>,
    /// What the run of an agent that ended with this event cost.
    pub cost: Option<Cost>,
    /// What all runs for the spec cost, this event's own included.
    pub spent: Option<Cost>,
    /// The session that the agent reported.
    pub session: Option<String>,
    /// The agent of the run that is counted, where that may be another than the agent of the attempt.
    pub run_agent: Option<String>,
    /// On a note that counts a run: the session that its agent reported.
    pub run_session: Option<String>,
    /// What confined the run of the agent.
    pub confined: Option<Confined>,
    /// How far the work is verified.
    pub verified: Option<Verified>,
    /// The exit code of the agent.
    pub exit: Option<i32>,
    /// Why the agent stopped before its work was done.
    pub stopped: Option<StopKind>,
    /// The reason.
    pub reason: Option<String>,
    /// The inputs as they were at the start.
    pub informed_by: Vec<Pin>,
    /// The attempts that are over by this event.
    #[serde(with = "oid")]
    pub supersedes: Vec<ObjectId>,
    /// The answer about the spec's text that is in force.
    pub approval: Option<Approval>,
    /// The answer about the attempt's work that is in force.
    pub review: Option<Review>,
    /// What the agent changed outside its worktree and no event explains.
    pub tampered: Vec<String>,
    /// The attempts that contend after this event, if several do.
    #[serde(with = "oid")]
    pub contended: Vec<ObjectId>,
    /// Set when the folded state is not that of this event's own attempt.
    #[serde(with = "oid")]
    pub current: Option<ObjectId>,
    /// Trailers of newer versions, kept as they are.
    pub unknown: Vec<(String, String)>,
}

impl Facts {
    /// The facts of the spec itself, which no attempt changes.
    pub(crate) fn of_spec(&self) -> Facts {
        Facts {
            phase: self.phase.clone(),
            spec_path: self.spec_path.clone(),
            spec_blob: self.spec_blob,
            created: self.created.clone(),
            onto: self.onto.clone(),
            superseded_by: self.superseded_by.clone(),
            proposed_by: self.proposed_by.clone(),
            spent: self.spent.clone(),
            approval: self.approval.clone(),
            ..Facts::default()
        }
    }

    /// Clears the facts that belong to one event and not to the state.
    #[must_use]
    pub(crate) fn of_state(self) -> Facts {
        Facts {
            status: None,
            was: None,
            attempt: None,
            nonce: None,
            clone: None,
            target_tip: None,
            patch_ids: Vec::new(),
            cost: None,
            run_agent: None,
            run_session: None,
            exit: None,
            stopped: None,
            reason: None,
            supersedes: Vec::new(),
            contended: Vec::new(),
            current: None,
            unknown: Vec::new(),
            ..self
        }
    }
}

/// Who wrote an event, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Author {
    /// The name.
    pub name: String,
    /// The address.
    pub email: String,
    /// Seconds since the epoch.
    pub seconds: i64,
    /// Seconds east of UTC.
    pub offset: i32,
}

/// One event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The id of its commit.
    pub id: ObjectId,
    /// Its parents, each with the reason why it is one.
    pub parents: Vec<(Role, ObjectId)>,
    /// What it does.
    pub op: Op,
    /// Which spec it is about.
    pub spec: SpecId,
    /// 1 + the greatest generation among its own parents.
    pub generation: u64,
    /// The person.
    pub author: Author,
    /// A sentence for people.
    pub sentence: String,
    /// Everything else.
    pub facts: Facts,
}

impl Event {
    /// The earlier events of the same spec that it follows.
    pub fn own_parents(&self) -> impl Iterator<Item = ObjectId> + '_ {
        self.parents.iter().filter(|(role, _)| *role == Role::Own).map(|(_, id)| *id)
    }

    /// The attempt that this event belongs to: the one that it names, otherwise itself. What begins or ends attempts always
    /// stands for itself, whatever it names.
    pub fn attempt(&self) -> ObjectId {
        self.facts.attempt.filter(|_| !self.op.stands_alone()).unwrap_or(self.id)
    }

    /// Whether it only joins histories.
    pub fn is_merge(&self) -> bool {
        self.op == Op::Merge
    }
}
