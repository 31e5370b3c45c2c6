//! The front matter: its keys and their types.

use std::ops::Range;

use super::{
    node_location::NodeLocation,
    source::Source,
    value,
    yaml::{self, Node},
};
use crate::domain::{pattern, phase::Phase, spec_type::SpecType};

/// Entries that a list may have, and keys that a front matter may have.
pub(crate) const MAX_ENTRIES: usize = 10_000;

/// Whether a person has to approve a spec before it is worked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Approval {
    /// `approval: required`, or `approval: {required: true}`.
    pub required: bool,
}

/// The front matter of a spec. Every text is the one that was written: `010` and `1e3` are no numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
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
    /// `tests`: paths, globs and directories of the tests that the proof holds fixed.
    pub tests: Vec<String>,
    /// `fails_with`: a pattern that the output of the failing test contains.
    pub fails_with: Option<String>,
    /// `runs`: how often the test has to end alike.
    pub runs: Option<String>,
    /// `approval`.
    pub approval: Approval,
    /// `agent`: the name of a configured one.
    pub agent: Option<String>,
    /// `supersedes`: ids or short ids, not resolved.
    pub supersedes: Vec<String>,
    /// `priority`: a number; the greater goes first.
    pub priority: Option<String>,
    /// `not_before`: the day before which it is not worked, as `2026-02-08`.
    pub not_before: Option<String>,
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
    #[serde(skip)]
    pub(crate) keys: Vec<String>,
}

/// A key that means something.
pub(super) struct Key {
    pub(super) name: &'static str,
    pub(super) field: Field,
    /// The rule for one value.
    pub(super) check: fn(&str) -> Result<(), &'static str>,
    /// Whether other tools write the key while they work: what is wrong with it stops nothing.
    pub(super) recorded: bool,
    /// What separates several values where a list is written as one text: nothing does in commands.
    pub(super) between: Option<&'static str>,
}

/// The field that a key fills.
#[derive(Clone, Copy)]
pub(super) enum Field {
    Type,
    Approval,
    Text(fn(&mut FrontMatter) -> &mut Option<String>),
    List(fn(&mut FrontMatter) -> &mut Vec<String>),
}

const fn key(name: &'static str, field: Field, check: fn(&str) -> Result<(), &'static str>) -> Key {
    Key { name, field, check, recorded: false, between: None }
}

/// A list of words, which hold no comma.
const fn words(
    name: &'static str,
    list: fn(&mut FrontMatter) -> &mut Vec<String>,
    check: fn(&str) -> Result<(), &'static str>,
) -> Key {
    Key { name, field: Field::List(list), check, recorded: false, between: Some(",") }
}

/// A list of paths, which may hold a comma, and hardly one with a blank after it.
const fn paths(
    name: &'static str,
    list: fn(&mut FrontMatter) -> &mut Vec<String>,
    check: fn(&str) -> Result<(), &'static str>,
) -> Key {
    Key { name, field: Field::List(list), check, recorded: false, between: Some(", ") }
}

const fn recorded(name: &'static str, field: Field) -> Key {
    Key { name, field, check: value::line, recorded: true, between: Some(",") }
}

/// The keys that mean something: the one table of them.
pub(super) const TABLE: [Key; 26] = [
    key("type", Field::Type, value::line),
    key("phase", Field::Text(|front| &mut front.phase), value::line),
    key("topic", Field::Text(|front| &mut front.topic), pattern::check_name),
    words("labels", |front| &mut front.labels, value::line),
    words("depends_on", |front| &mut front.depends_on, value::id),
    paths("informed_by", |front| &mut front.informed_by, value::entry),
    paths("origin", |front| &mut front.origin, value::entry),
    paths("tracks", |front| &mut front.tracks, value::files),
    paths("context", |front| &mut front.context, value::entry),
    paths("target_files", |front| &mut front.target_files, value::files),
    key("prompt", Field::Text(|front| &mut front.prompt), pattern::check_path),
    key("verify", Field::List(|front| &mut front.verify), value::command),
    key("reproduces", Field::Text(|front| &mut front.reproduces), value::command),
    paths("tests", |front| &mut front.tests, value::files),
    key("fails_with", Field::Text(|front| &mut front.fails_with), value::pattern),
    key("runs", Field::Text(|front| &mut front.runs), value::runs),
    key("priority", Field::Text(|front| &mut front.priority), value::priority),
    key("not_before", Field::Text(|front| &mut front.not_before), value::day),
    words("supersedes", |front| &mut front.supersedes, value::id),
    key("agent", Field::Text(|front| &mut front.agent), value::line),
    key("approval", Field::Approval, value::line),
    recorded("status", Field::Text(|front| &mut front.status)),
    recorded("branch", Field::Text(|front| &mut front.branch)),
    recorded("commits", Field::List(|front| &mut front.commits)),
    recorded("model", Field::Text(|front| &mut front.model)),
    recorded("completed_at", Field::Text(|front| &mut front.completed_at)),
];

/// The names of the keys that mean something.
pub const KEYS: [&str; TABLE.len()] = {
    let mut names = [""; TABLE.len()];
    let mut at = 0;
    while at < names.len() {
        names[at] = TABLE[at].name;
        at += 1;
    }
    names
};

/// The value of a key, as a file states it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    /// One text.
    Text(String),
    /// A list of texts.
    List(Vec<String>),
}

impl FrontMatter {
    /// The keys that have a value, in the order of [`TABLE`]: the front matter as a file states it. `type` always has one.
    pub(crate) fn entries(mut self) -> Vec<(&'static str, Value)> {
        let mut value = |field| match field {
            Field::Type => Some(Value::Text(self.kind.as_str().to_owned())),
            Field::Approval => self.approval.required.then(|| Value::Text("required".to_owned())),
            Field::Text(text) => text(&mut self).take().map(Value::Text),
            Field::List(list) => Some(std::mem::take(list(&mut self))).filter(|list| !list.is_empty()).map(Value::List),
        };
        TABLE.iter().filter_map(|key| Some((key.name, value(key.field)?))).collect()
    }

    /// Whether `target_files` limit what the work may change. What code has to write below `.chant/` says nothing of the code.
    pub(crate) fn limits_changes(&self) -> bool {
        let all_documents = self.target_files.iter().all(|path| path.starts_with(".chant/"));
        !self.target_files.is_empty() && (self.kind != SpecType::Code || !all_documents)
    }

    /// The phase of an investigation that `phase` names; `None` for any other name.
    pub(crate) fn known_phase(&self) -> Option<Phase> {
        self.phase.as_deref()?.parse().ok()
    }

    /// The commands that have to pass at the tip of the work, `verify` first; the test of a reproduction has to fail there.
    pub(crate) fn commands_to_pass(&self) -> Vec<String> {
        let proof = self.reproduces.iter().filter(|_| self.known_phase() != Some(Phase::Reproduction));
        self.verify.iter().chain(proof).cloned().collect()
    }

    /// The bytes of the file that a key's entry `index` takes; without an index the key's value if it is a scalar, otherwise the
    /// key. `front` is the range of the front matter without its fences.
    ///
    /// Reads the front matter again: for diagnostics, not for loops.
    pub(super) fn span_of(
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
            (Node::Text(written), at) if at.unwrap_or(0) < written.split(',').count() => {
                NodeLocation::value(vec![entry], written)
            }
            (Node::List(items), Some(index)) => match items.get(index)? {
                Node::Text(written) => NodeLocation::value(vec![entry, index], written),
                _ => NodeLocation { path: vec![entry, index], key: false, written: None },
            },
            (_, None) => NodeLocation::key(entry, key),
            _ => return None,
        };
        Some(place.range(text, front.start))
    }
}
