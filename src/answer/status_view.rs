//! The lists of `status`: what runs, what waits, and what needs a person.

use super::prelude::*;

/// The open specs of a repository, by what happens to them. A spec that needs a person is in `attention`, too.
#[derive(Clone, Debug, Default, PartialEq, Eq, JsonSchema, Serialize)]
#[schemars(rename = "Standing")]
pub(crate) struct StatusView {
    /// What needs a person.
    pub attention: Vec<AttentionView>,
    /// What is done and checked, and not in its target yet.
    pub finished: Vec<FinishedView>,
    /// What was stopped and can go on.
    pub paused: Vec<PausedView>,
    /// What is being worked on.
    pub running: Vec<RunView>,
    /// What waits for other specs, or for what they produce.
    pub waiting: Vec<WaitingView>,
    /// Drivers that are not completed, with how far their members are.
    pub drivers: Vec<DriverView>,
    /// What `work` would start now.
    pub ready: Vec<SpecView>,
}

impl StatusView {
    /// Every spec with the name of the list that it stands in, in the order of the lists.
    pub(crate) fn specs(&self) -> impl Iterator<Item = (&'static str, &SpecView)> {
        let running = self.running.iter().map(|one| ("running", &one.spec));
        let paused = self.paused.iter().map(|one| ("paused", &one.spec));
        let finished = self.finished.iter().map(|one| ("finished", &one.spec));
        let attention = self.attention.iter().map(|one| ("attention", &one.spec));
        let waiting = self.waiting.iter().map(|one| ("waiting", &one.spec));
        let drivers = self.drivers.iter().map(|one| ("drivers", &one.spec));
        let ready = self.ready.iter().map(|one| ("ready", one));
        attention.chain(finished).chain(paused).chain(running).chain(waiting).chain(drivers).chain(ready)
    }
}

/// A spec that is being worked on.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[schemars(rename = "Run")]
pub(crate) struct RunView {
    /// The spec.
    pub spec: SpecView,
    /// Who began it.
    pub by: Option<String>,
    /// Since when, RFC 3339.
    pub since: Option<String>,
    /// Which attempt it is, from 1.
    pub number: usize,
    /// The process that runs it, where it runs on this machine.
    pub pid: Option<u32>,
    /// The last line that the agent printed, without control sequences, and cut.
    pub last_line: Option<String>,
    /// What else there is to know: that a person does it, that it runs in another clone.
    pub note: Option<String>,
}

/// A spec that was stopped.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[schemars(rename = "Paused")]
pub(crate) struct PausedView {
    /// The spec.
    pub spec: SpecView,
    /// Who stopped it.
    pub by: Option<String>,
    /// Since when, RFC 3339.
    pub since: Option<String>,
    /// Which attempt it is, from 1.
    pub number: usize,
    /// The reason that was given for the pause.
    pub reason: Option<String>,
}

/// A spec whose work is not merged.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[schemars(rename = "Finished")]
pub(crate) struct FinishedView {
    /// The spec.
    pub spec: SpecView,
    /// The short name of the branch that it is for.
    pub target: Option<String>,
    /// Since when it is finished, RFC 3339.
    pub since: Option<String>,
    /// Which attempt it is, from 1.
    pub number: usize,
    /// What stands in the way of the merge; `None` if nothing does, as far as that can be told.
    pub why: Option<String>,
    /// The paths that it is about.
    pub paths: Vec<String>,
    /// What to do about it, one line each; empty where the usual merge is next.
    pub next: Vec<String>,
}

/// Why a spec needs a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, JsonSchema, Serialize, IntoStaticStr)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub(crate) enum Need {
    /// Its run is dead.
    Orphaned,
    /// Its last attempt failed.
    Failed,
    /// Its last attempt failed because of its research.
    Research,
    /// Its agent was stopped by what passes, as often as git-chant tries by itself.
    Stuck,
    /// Several attempts claim it.
    Contended,
    /// Its agent changed more than its work, and no person has acknowledged that.
    Tampered,
    /// An input is no longer what it was.
    Stale,
    /// Its file or its history cannot be read.
    Invalid,
    /// Its text is not approved.
    Approval,
    /// Its text was rejected.
    Rejected,
    /// Its work waits for a person's review.
    Review,
    /// A person rejected its work.
    Refused,
    /// It is a gate, and its turn.
    Gate,
    /// It depends on what will never be completed: on itself, on nothing, on something that was cancelled.
    Dependency,
    /// It is a driver without members.
    Memberless,
    /// It is a driver whose members are done, and its own checks are left.
    Due,
    /// An agent proposed it.
    Proposed,
    /// Its branch does not have its merge any more.
    Dropped,
    /// Another clone completed it after this one had taken it over.
    Overtaken,
}

impl Need {
    /// The name as it stands in JSON and output.
    pub(crate) fn as_str(self) -> &'static str {
        self.into()
    }

    /// The command that is the way out, without the spec at its end, and what it is for.
    pub(crate) fn way_out(self) -> (&'static str, &'static str) {
        match self {
            Need::Orphaned => ("git chant work", "resume an interrupted attempt"),
            Need::Failed => ("git chant work", "work again on what failed"),
            Need::Research => ("git chant show", "see which research to repeat"),
            Need::Stuck => ("git chant work", "try again what an agent could not begin"),
            Need::Contended => ("git chant choose", "keep one attempt"),
            Need::Tampered => ("git chant accept", "acknowledge what the agent changed"),
            Need::Stale => ("git chant drift", "see the changed inputs"),
            Need::Invalid => ("git chant lint", "see what is wrong"),
            Need::Approval => ("git chant approve", "approve it"),
            Need::Rejected => ("git chant edit", "change what was rejected"),
            Need::Review => ("git chant review", "review its work"),
            Need::Refused => ("git chant reset", "start over"),
            Need::Gate => ("git chant finish", "pass the gate"),
            Need::Dependency => ("git chant edit", "change what it depends on"),
            Need::Proposed => ("git chant add --adopt", "adopt what an agent proposed"),
            Need::Dropped => ("git chant reset", "work again on what a branch lost"),
            Need::Overtaken => ("git chant log", "see who completed what you had taken over"),
            Need::Due => ("git chant finish", "complete a driver whose members are done"),
            Need::Memberless => ("git chant split", "give a driver members"),
        }
    }
}

/// A spec that needs a person.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[schemars(rename = "Attention")]
pub(crate) struct AttentionView {
    /// The spec.
    pub spec: SpecView,
    /// The sort of need.
    pub need: Need,
    /// Why, in words: lower case, no full stop.
    pub why: String,
}

/// A spec that waits for others.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[schemars(rename = "Waiting")]
pub(crate) struct WaitingView {
    /// The spec.
    pub spec: SpecView,
    /// The short ids of the specs that it waits for; empty if it is about a file.
    pub on: Vec<String>,
    /// The first reason, in words.
    pub why: String,
}

/// A driver and how far its members are.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[schemars(rename = "Driver")]
pub(crate) struct DriverView {
    /// The spec.
    pub spec: SpecView,
    /// How many members it has.
    pub members: usize,
    /// How many of them are completed or cancelled.
    pub over: usize,
    /// How many are being worked on.
    pub running: usize,
    /// How many failed.
    pub failed: usize,
}
