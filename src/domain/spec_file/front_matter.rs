//! The front matter: its keys and their types.

use std::ops::Range;

use super::{
    place::Place,
    source::Source,
    yaml::{self, Node},
};
use crate::domain::{phase::Phase, spec_type::SpecType};

/// Entries that a list may have, and keys that a front matter may have.
pub(crate) const MAX_ENTRIES: usize = 1000;

/// Whether a person has to approve a spec before it is worked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Approval {
    /// `approval: required`, or `approval: {required: true}`.
    pub required: bool,
}

/// The front matter of a spec. Every text is the one that was written: `010` and `1e3` are no numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct FrontMatter {
    /// `type`.
    pub kind: SpecType,
    /// `phase`: one of the investigation's, or any other name.
    pub phase: Option<String>,
    /// `topic`: can be a component of a branch and a file name.
    pub topic: Option<String>,
    /// `labels`.
    pub labels: Vec<String>,
    /// `depends_on`: ids or short ids, not resolved.
    pub depends_on: Vec<String>,
    /// `informed_by`: entries as [`Entry`](crate::domain::pattern::Entry) takes them.
    pub informed_by: Vec<String>,
    /// `origin`: likewise.
    pub origin: Vec<String>,
    /// `tracks`: paths, globs and directories.
    pub tracks: Vec<String>,
    /// `context`: likewise, URLs too.
    pub context: Vec<String>,
    /// `target_files`: paths, globs and directories; see [`PathSet`](crate::domain::pattern::PathSet).
    pub target_files: Vec<String>,
    /// `prompt`: a name under `.chant/prompts`, or a path.
    pub prompt: Option<String>,
    /// `verify`: commands, which may have several lines.
    pub verify: Vec<String>,
    /// `reproduces`: the command of the test that shows the bug.
    pub reproduces: Option<String>,
    /// `approval`.
    pub approval: Approval,
    /// `agent`: the name of a configured one.
    pub agent: Option<String>,
    /// `supersedes`: ids or short ids, not resolved.
    pub supersedes: Vec<String>,
    /// `status` as another tool left it; recorded state wins.
    pub status: Option<String>,
    /// `branch`, likewise.
    pub branch: Option<String>,
    /// `commits`, likewise.
    pub commits: Vec<String>,
    /// `model`, likewise.
    pub model: Option<String>,
    /// `completed_at`, likewise.
    pub completed_at: Option<String>,
    /// The other keys, in their order.
    pub unknown: Vec<String>,
    /// Every key in the order of the file: what positions count by.
    pub(super) keys: Vec<String>,
}

/// The keys that mean something.
pub const KEYS: [&str; 21] = [
    "type",
    "phase",
    "topic",
    "labels",
    "depends_on",
    "informed_by",
    "origin",
    "tracks",
    "context",
    "target_files",
    "prompt",
    "verify",
    "reproduces",
    "approval",
    "agent",
    "supersedes",
    "status",
    "branch",
    "commits",
    "model",
    "completed_at",
];

/// The keys that other tools write while they work: what is wrong with them stops nothing.
pub(super) const RECORDED: [&str; 5] = ["status", "branch", "commits", "model", "completed_at"];

impl FrontMatter {
    /// The phase of an investigation that `phase` names; `None` for any other name.
    pub(crate) fn known_phase(&self) -> Option<Phase> {
        self.phase.as_deref()?.parse().ok()
    }

    /// Everything that the work is made from, as written: `informed_by`, `origin`, `tracks`.
    pub(crate) fn inputs(&self) -> impl Iterator<Item = &str> {
        [&self.informed_by, &self.origin, &self.tracks].into_iter().flatten().map(String::as_str)
    }

    /// The bytes of the file that a key's entry `index` takes; without an index the key's value if it is a scalar, else the
    /// key. `front` is the range of the front matter without its fences.
    ///
    /// Reads the front matter again: for diagnostics, not for loops.
    pub(super) fn place(
        &self,
        source: &Source,
        front: Range<usize>,
        key: &str,
        index: Option<usize>,
    ) -> Option<Range<usize>> {
        let text = &source.text()[front.clone()];
        let entry = self.keys.iter().position(|known| known == key)?;
        let nodes = yaml::read(text, |name| name == key).ok()??;
        let place = match (&nodes.get(entry)?.1, index) {
            (Node::Text(written), None | Some(0)) => Place::value(vec![entry], written),
            (Node::List(items), Some(index)) => match items.get(index)? {
                Node::Text(written) => Place::value(vec![entry, index], written),
                _ => Place { path: vec![entry, index], key: false, written: None },
            },
            (_, None) => Place::key(entry, key),
            _ => return None,
        };
        Some(place.range(text, front.start))
    }

    /// The field of a key that takes one text.
    pub(super) fn scalar(&mut self, key: &str) -> Option<&mut Option<String>> {
        Some(match key {
            "phase" => &mut self.phase,
            "topic" => &mut self.topic,
            "prompt" => &mut self.prompt,
            "reproduces" => &mut self.reproduces,
            "agent" => &mut self.agent,
            "status" => &mut self.status,
            "branch" => &mut self.branch,
            "model" => &mut self.model,
            "completed_at" => &mut self.completed_at,
            _ => return None,
        })
    }

    /// The field of a key that takes a list of texts.
    pub(super) fn list(&mut self, key: &str) -> Option<&mut Vec<String>> {
        Some(match key {
            "labels" => &mut self.labels,
            "depends_on" => &mut self.depends_on,
            "informed_by" => &mut self.informed_by,
            "origin" => &mut self.origin,
            "tracks" => &mut self.tracks,
            "context" => &mut self.context,
            "target_files" => &mut self.target_files,
            "verify" => &mut self.verify,
            "supersedes" => &mut self.supersedes,
            "commits" => &mut self.commits,
            _ => return None,
        })
    }
}
