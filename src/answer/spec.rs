//! A spec in a list.

use std::borrow::{Borrow, Cow};

use schemars::JsonSchema;
use serde::Serialize;

use super::{
    cost::CostView,
    record::{Record, joined, text},
};
use crate::{
    domain::{id::SpecId, spec_type::SpecType, status::Status},
    terminal::{Look, clean, color::Slot},
};

/// A spec as `list`, `ready` and every command that names one give it.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[schemars(rename = "Spec")]
pub(crate) struct SpecView {
    /// The full id.
    pub id: SpecId,
    /// The short form for people; it may be ambiguous.
    pub short: String,
    /// The first heading of the body.
    pub title: Option<String>,
    /// `code`, `task`, `research`, `documentation`, `driver` or `gate`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The phase of an investigation (`root-cause`), if it is one.
    pub phase: Option<String>,
    /// What the phases of one investigation have in common (`issue-1234`).
    pub topic: Option<String>,
    /// The recorded status, healed where its work was found in the target.
    pub status: Status,
    /// Whether `work` would start it now.
    pub ready: bool,
    /// Why it is not ready; empty if it is.
    pub blocked_by: Vec<Blocker>,
    /// A pinned input is no longer what it was.
    pub stale: bool,
    /// Two attempts disagree and no event has named the one that counts.
    pub contended: bool,
    /// This clone started it and its run is dead.
    pub orphaned: bool,
    /// Its agent was stopped by what passes, and a live process of this clone tries again; `null` if none does.
    pub retry: Option<RetryView>,
    /// It asks for an approval of the present text and has none.
    pub needs_approval: bool,
    /// It is finished, and its work waits for a person's review.
    pub needs_review: bool,
    /// Whether its merge is no longer in its target; `null` unless it is completed, and where nothing looked for that: `show`, `list` and
    /// `status` do, the latter two for the twenty that changed last.
    pub dropped: Option<bool>,
    /// Whether a person rejected the present text.
    #[serde(skip)]
    pub rejected: bool,
    /// Whether an agent proposed it and no person has adopted it.
    #[serde(skip)]
    pub proposed: bool,
    /// Whether it is a driver whose members are over, and which is not completed.
    #[serde(skip)]
    pub due: bool,
    /// The command that repeats its research, if its last attempt failed because of that.
    #[serde(skip)]
    pub research_to_repeat: Option<String>,
    /// The short id of the spec that repeats it and is not completed yet, if there is one.
    #[serde(skip)]
    pub repeated_by: Option<String>,
    /// Whether a person has to accept something before its work is merged.
    #[serde(skip)]
    pub to_accept: bool,
    /// The labels, in the order of the file.
    pub labels: Vec<String>,
    /// The specs that must be completed first, as the file names them.
    pub depends_on: Vec<String>,
    /// Spec ids, paths, globs and URLs that feed it, as the file names them.
    pub informed_by: Vec<String>,
    /// The paths that it may change.
    pub target_files: Vec<String>,
    /// The start event of the attempt that counts.
    pub attempt: Option<String>,
    /// The short name of its work branch, whether or not it exists yet.
    pub branch: String,
    /// The absolute path of its worktree, if there is one.
    pub worktree: Option<String>,
    /// The spec file, relative to the top of the work tree.
    pub spec_path: Option<String>,
    /// The blob of the text shown.
    pub spec_blob: Option<String>,
    /// The tip of its event chain; `null` while nothing is recorded.
    pub tip: Option<String>,
    /// The commits that its work produced, oldest first.
    pub work_commits: Vec<String>,
    /// When its first event was recorded.
    pub created_at: Option<String>,
    /// When its last event was recorded.
    pub updated_at: Option<String>,
    /// The agent of the attempt, or the one that the file asks for.
    pub agent: Option<String>,
    /// The model that the agent reported.
    pub model: Option<String>,
    /// What all runs of agents for it cost; `null` while none has reported that.
    pub cost: Option<CostView>,
    /// How far its work is verified: `none`, `checks`, `proof` or `reviewed`; `null` until it is finished.
    pub verified: Option<String>,
    /// The short id of the spec that stands in its place now.
    pub superseded_by: Option<String>,
    /// Whether it was archived.
    pub archived: bool,
    /// Why the spec file cannot be read: `path:line:column: what`.
    pub error: Option<String>,
}

impl SpecView {
    /// A spec of which nothing but the id is known: pending, of type `code`, on no branch.
    pub(crate) fn new(id: SpecId) -> Self {
        SpecView {
            short: id.short().to_owned(),
            id,
            title: None,
            kind: "code".to_owned(),
            phase: None,
            topic: None,
            status: Status::Pending,
            ready: false,
            blocked_by: Vec::new(),
            stale: false,
            contended: false,
            orphaned: false,
            retry: None,
            needs_approval: false,
            needs_review: false,
            dropped: None,
            rejected: false,
            proposed: false,
            due: false,
            research_to_repeat: None,
            repeated_by: None,
            to_accept: false,
            labels: Vec::new(),
            depends_on: Vec::new(),
            informed_by: Vec::new(),
            target_files: Vec::new(),
            attempt: None,
            branch: String::new(),
            worktree: None,
            spec_path: None,
            spec_blob: None,
            tip: None,
            work_commits: Vec::new(),
            created_at: None,
            updated_at: None,
            agent: None,
            model: None,
            cost: None,
            verified: None,
            superseded_by: None,
            archived: false,
            error: None,
        }
    }

    /// The fields under `-z` with another word in place of the status.
    pub(super) fn porcelain_as(&self, word: &str) -> Vec<u8> {
        joined(&[self.id.as_str(), word, text(&self.title)])
    }

    /// The title, or what stands in its place.
    pub(super) fn titled(&self) -> Cow<'_, str> {
        titled(self.title.as_deref(), self.error.as_deref())
    }

    /// The words before and after the title, or the short id, in the sentence of an event; `None` where the sentence names neither. Events
    /// of version 0.1 begin with the title.
    pub(super) fn in_sentence<'s>(&self, sentence: &'s str) -> Option<(&'s str, &'s str)> {
        let names = [self.title.as_deref(), Some(self.short.as_str())];
        names.into_iter().flatten().find_map(|name| {
            let quoted = sentence.split_once(&format!("'{name}'"));
            let (before, after) = quoted.or_else(|| Some(("", sentence.strip_prefix(name)?)))?;
            Some((before.trim_end(), after.trim_start_matches([':', ' '])))
        })
    }

    /// The command that a person would type next; `None` where the spec is closed, superseded, or blocked by something else.
    pub(crate) fn next_command(&self) -> Option<String> {
        let by_person = self.kind == SpecType::Gate.as_str() || self.due;
        let by_person = by_person
            && self.blocked_by.iter().all(|blocker| matches!(blocker.kind, BlockerKind::Gate | BlockerKind::Driver));
        // Its status, and that it needs an approval, are told by other commands.
        let told_elsewhere = |kind| {
            use BlockerKind::{Approval, Driver, Gate, Status};
            matches!(kind, Status | Gate | Driver | Approval)
        };
        let waits = self.blocked_by.iter().any(|blocker| !told_elsewhere(blocker.kind));
        let (verb, rest) = match self.status {
            Status::Completed | Status::Cancelled | Status::Archived => return None,
            Status::Pending | Status::Failed if self.superseded_by.is_some() => return None,
            _ if self.error.is_some() => ("edit", ""),
            _ if self.contended => ("log", ""),
            _ if self.proposed => ("add --adopt", ""),
            Status::InProgress if self.agent.as_deref() == Some("manual") => ("finish", ""),
            Status::InProgress if !self.orphaned => ("log", " --agent -f"),
            Status::Finished if self.to_accept => ("accept", " --reason \"...\""),
            Status::Finished if self.needs_review => ("review", ""),
            Status::Finished => ("merge", ""),
            Status::Failed if self.research_to_repeat.is_some() => return self.research_to_repeat.clone(),
            Status::Pending if by_person => ("finish", ""),
            Status::Pending | Status::Failed if self.needs_approval => ("approve", ""),
            Status::Pending if !self.ready => return None,
            Status::Failed if waits => return None,
            _ => ("work", ""),
        };
        Some(format!("git chant {verb} {}{rest}", self.short))
    }

    /// The status with what a person should see beside it: `in_progress (orphaned)`, `completed (superseded by 012-abc)`.
    pub(super) fn flagged_status(&self) -> Cow<'static, str> {
        let flags = self.flags().into_iter().map(Cow::Borrowed);
        let by = self.superseded_by.as_deref().map(|by| superseded(by).into());
        with_flags(self.status, &flags.chain(by).collect::<Vec<Cow<'_, str>>>())
    }

    /// The short id in its colour.
    pub(super) fn painted_id(&self, look: &Look) -> String {
        look.paint.with(Slot::Id, clean::line(&self.short))
    }

    /// The derived conditions that a person should see beside the status, in a fixed order.
    pub(crate) fn flags(&self) -> Vec<&'static str> {
        let SpecView { contended, orphaned, stale, needs_approval, needs_review, proposed, dropped, .. } = *self;
        let (invalid, dropped, retries) = (self.error.is_some(), dropped == Some(true), self.retry.is_some());
        flags([invalid, contended, orphaned, retries, stale, needs_approval, needs_review, proposed, dropped])
    }
}

/// The name of the condition that a branch lost the merge of a completed spec.
pub(crate) const DROPPED: &str = "dropped";

/// The names of the conditions that hold: whether it is invalid, contended, orphaned, tried again by a live process, stale, waits for an
/// approval or a review, is a proposal that waits for adoption, and is dropped.
pub(crate) fn flags(hold: [bool; 9]) -> Vec<&'static str> {
    if hold == [false; 9] {
        return Vec::new();
    }
    let names = [
        "invalid",
        "contended",
        "orphaned",
        "retrying",
        "stale",
        "needs-approval",
        "needs-review",
        "proposed",
        DROPPED,
    ];
    names.into_iter().zip(hold).filter_map(|(name, holds)| holds.then_some(name)).collect()
}

/// That another spec stands in its place.
pub(super) fn superseded(by: &str) -> String {
    format!("superseded by {}", clean::line(by))
}

/// The title, or what stands in its place.
pub(super) fn titled<'s>(title: Option<&'s str>, error: Option<&str>) -> Cow<'s, str> {
    match (title, error) {
        (Some(title), _) => clean::line(title),
        (None, Some(error)) => format!("({})", clean::line(error)).into(),
        (None, None) => "(no title)".into(),
    }
}

/// The status with the names of what a person should see beside it.
pub(super) fn with_flags<T: Borrow<str>>(status: Status, flags: &[T]) -> Cow<'static, str> {
    match flags.is_empty() {
        true => status.as_str().into(),
        false => format!("{status} ({})", flags.join(", ")).into(),
    }
}

impl Record for SpecView {
    /// The id, status and title.
    fn porcelain(&self) -> Vec<u8> {
        self.porcelain_as(self.status.as_str())
    }
}

/// A try to come of a spec that is paused.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[schemars(rename = "Retry")]
pub(crate) struct RetryView {
    /// The process that waits for it.
    pub pid: u32,
    /// When, RFC 3339.
    pub at: String,
    /// Which try it is, from 1.
    #[serde(rename = "try")]
    pub number: u32,
    /// How many tries there are at most.
    pub of: u32,
}

impl RetryView {
    /// Which try it is, and whose: `2 of 12, process 4321`.
    pub(super) fn which(&self) -> String {
        format!("{} of {}, process {}", self.number, self.of, self.pid)
    }
}

/// One reason why a spec is not ready.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub(crate) struct Blocker {
    /// The sort of reason.
    pub kind: BlockerKind,
    /// The spec, path, branch or blob that it is about.
    pub what: String,
    /// The reason in words: lower case, no full stop.
    pub why: String,
}

impl Blocker {
    /// `it depends on '009-abc', which is pending`: the reason names what it is about.
    pub(super) fn reason(&self) -> Cow<'_, str> {
        clean::line(&self.why)
    }
}

/// The sorts of reasons why a spec is not ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, JsonSchema, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum BlockerKind {
    /// A spec that it depends on is not completed, unknown or ambiguous.
    Dependency,
    /// An input is missing or is not a file that may be read.
    Input,
    /// The present text is not approved, or was rejected.
    Approval,
    /// The code of a dependency is not in the base.
    Base,
    /// It depends on itself.
    Cycle,
    /// The spec file cannot be read or breaks a rule.
    Invalid,
    /// Its own status: it is being worked, or done.
    Status,
    /// Two attempts disagree.
    Contended,
    /// A person has to do it.
    Gate,
    /// Its members do it.
    Driver,
    /// An agent proposed it, and no person has adopted it.
    Adoption,
    /// Its `not_before` is still to come.
    Day,
}

impl From<Status> for Slot {
    fn from(status: Status) -> Slot {
        match status {
            Status::Pending => Slot::Pending,
            Status::InProgress => Slot::InProgress,
            Status::Paused => Slot::Paused,
            Status::Finished => Slot::Finished,
            Status::Completed => Slot::Completed,
            Status::Failed => Slot::Failed,
            Status::Cancelled => Slot::Cancelled,
            Status::Archived => Slot::Archived,
        }
    }
}

#[cfg(test)]
mod tests {
    use strum::VariantNames as _;

    use super::*;

    #[test]
    fn a_slot_is_called_like_its_status() {
        for status in Status::ALL {
            let name = Slot::VARIANTS[Slot::from(*status) as usize];
            assert_eq!(name.to_ascii_lowercase(), status.as_str().replace('_', ""));
        }
    }
}
