//! The front matter: its keys, their types and the rules for their values.

use std::{fmt, ops::Range, str::FromStr};

use super::{
    source::{Source, is_unprintable},
    yaml::{self, Node},
};
use crate::domain::{
    diagnostic::{Diagnostic, Severity},
    id::SpecId,
    pattern,
};

/// Entries that a list may have.
pub const MAX_ENTRIES: usize = 1000;
/// The longest one-line text, in bytes.
const MAX_LINE: usize = 1024;
/// The longest command, in bytes.
const MAX_COMMAND: usize = 16 * 1024;
/// Problems of one file that are reported; what lies beyond is counted.
const MAX_PROBLEMS: usize = 20;

/// What a spec is about, and with that what its checks and prompt are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum SpecType {
    /// A change of code.
    #[default]
    Code,
    /// Anything else that an agent does.
    Task,
    /// An investigation whose product is a document.
    Research,
    /// Documentation that follows the files it tracks.
    Documentation,
    /// A spec made of members.
    Driver,
    /// A step that only a person can take.
    Gate,
}

impl SpecType {
    /// Every type.
    pub const ALL: [SpecType; 6] =
        [SpecType::Code, SpecType::Task, SpecType::Research, SpecType::Documentation, SpecType::Driver, SpecType::Gate];

    /// The name as it stands in front matter and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            SpecType::Code => "code",
            SpecType::Task => "task",
            SpecType::Research => "research",
            SpecType::Documentation => "documentation",
            SpecType::Driver => "driver",
            SpecType::Gate => "gate",
        }
    }
}

impl fmt::Display for SpecType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl serde::Serialize for SpecType {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// A text that is no type of spec, with the type that it comes nearest to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected one of code, task, research, documentation, driver, gate")]
pub struct UnknownType {
    /// A type that was probably meant.
    pub nearest: Option<SpecType>,
}

impl FromStr for SpecType {
    type Err = UnknownType;

    fn from_str(text: &str) -> Result<Self, UnknownType> {
        SpecType::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or_else(|| UnknownType {
            nearest: nearest(text, &SpecType::ALL.map(SpecType::as_str)).map(|index| SpecType::ALL[index]),
        })
    }
}

/// The index of the name that `text` is probably a slip of.
fn nearest(text: &str, names: &[&str]) -> Option<usize> {
    // The cost grows with the product of the lengths, and no slip is that long.
    if text.len() > 64 {
        return None;
    }
    let text = text.to_lowercase().replace('-', "_");
    let distance = |name: &&str| strsim::damerau_levenshtein(&text, name);
    let (index, name) = names.iter().enumerate().min_by_key(|(_, name)| distance(name))?;
    (distance(name) <= 1 + name.len() / 5).then_some(index)
}

/// Whether a person has to approve a spec before it is worked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Approval {
    /// `approval: required`, or `approval: {required: true}`.
    pub required: bool,
}

/// The front matter of a spec. Every text is the one that was written: `010` and `1e3` are no numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FrontMatter {
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
    /// `informed_by`: entries as [`pattern::Entry`] takes them.
    pub informed_by: Vec<String>,
    /// `origin`: likewise.
    pub origin: Vec<String>,
    /// `tracks`: paths, globs and directories.
    pub tracks: Vec<String>,
    /// `context`: likewise, URLs too.
    pub context: Vec<String>,
    /// `target_files`: paths, globs and directories; see [`pattern::PathSet`].
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
    keys: Vec<String>,
}

/// The keys that mean something.
const KEYS: [&str; 21] = [
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
const RECORDED: [&str; 5] = ["status", "branch", "commits", "model", "completed_at"];

impl FrontMatter {
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

    fn scalar(&mut self, key: &str) -> Option<&mut Option<String>> {
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

    fn list(&mut self, key: &str) -> Option<&mut Vec<String>> {
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

/// Reads the YAML in the bytes `front` of `source`. What is wrong comes back in the order of the file, at most some problems
/// of it; warnings may be among it.
pub(super) fn read(source: &Source, front: Range<usize>) -> (FrontMatter, Vec<Diagnostic>) {
    let text = &source.text()[front.clone()];
    let mut reading = Reading::default();
    match yaml::read(text, |key| KEYS.contains(&key)) {
        Ok(None) => {}
        Ok(Some(nodes)) => {
            for (index, (key, node)) in nodes.into_iter().enumerate() {
                reading.entry(index, key, node);
            }
        }
        Err(fault) => return (FrontMatter::default(), vec![syntax(source, front, fault)]),
    }
    let diagnostics = reading.diagnostics(source, text, front.start);
    (reading.front, diagnostics)
}

/// A fault of the YAML as such.
fn syntax(source: &Source, front: Range<usize>, fault: yaml::Fault) -> Diagnostic {
    let text = &source.text()[front.clone()];
    let second = || {
        text.match_indices('\n')
            .map(|(at, _)| at + 1)
            .find(|at| text[*at..].starts_with("---") || text[*at..].starts_with("..."))
    };
    // A fault without a place is one of the whole, or of a second document.
    let offset = fault.offset.or_else(second).unwrap_or(0).min(text.trim_end().len());
    let range = match text[offset..].chars().next() {
        Some(c) if !c.is_whitespace() => offset..offset + c.len_utf8(),
        _ => offset..offset,
    };
    let line = &text[text[..offset].rfind('\n').map_or(0, |at| at + 1)..];
    let indent = line.len() - line.trim_start_matches([' ', '\t']).len();
    let help = if line[..indent].contains('\t') || text[offset..].starts_with('\t') {
        Some("indent with spaces: YAML takes no tabs".to_owned())
    } else if fault.message.contains("mapping values are not allowed") {
        Some("put a value that holds ': ' in quotes".to_owned())
    } else if fault.message.contains("',' or") {
        Some("a list or mapping that opens with a bracket must end with its closing one".to_owned())
    } else {
        None
    };
    source.diagnostic(Severity::Error, front.start + range.start..front.start + range.end, fault.message, help)
}

/// A node of the front matter, by its index in every collection on the way.
struct Place {
    path: Vec<usize>,
    key: bool,
    /// Its text, if it is a scalar.
    written: Option<String>,
}

impl Place {
    fn value(path: Vec<usize>, written: &str) -> Self {
        Place { path, key: false, written: Some(written.to_owned()) }
    }

    fn key(entry: usize, name: &str) -> Self {
        Place { path: vec![entry], key: true, written: Some(name.to_owned()) }
    }

    /// Its bytes in the file; `start` is where `text` begins there.
    fn range(&self, text: &str, start: usize) -> Range<usize> {
        let offset = yaml::place(text, &self.path, self.key).unwrap_or(0).min(text.len());
        let rest = text.get(offset..).unwrap_or("");
        let line = rest.lines().next().unwrap_or("").trim_end();
        let quoted = |quote: char| line[1..].find(quote).map_or(line.len(), |at| at + 2);
        let len = match &self.written {
            Some(written) if !written.is_empty() && rest.starts_with(written.as_str()) => written.len(),
            _ if line.starts_with('"') => quoted('"'),
            _ if line.starts_with('\'') => quoted('\''),
            _ => line.len(),
        };
        start + offset..start + offset + len
    }
}

struct Problem {
    severity: Severity,
    place: Place,
    message: String,
    help: Option<String>,
}

#[derive(Default)]
struct Reading {
    front: FrontMatter,
    problems: Vec<Problem>,
}

impl Reading {
    fn entry(&mut self, index: usize, key: String, node: Node) {
        if self.front.keys.contains(&key) {
            let help = Some("keep one of them: which one counts is anybody's guess".to_owned());
            self.problem(&key, Place::key(index, &key), format!("the key '{}' is there twice", shorten(&key)), help);
        } else if key == "type" {
            self.kind(index, &node);
        } else if key == "approval" {
            self.approval(index, node);
        } else if self.front.scalar(&key).is_some() {
            self.scalar(index, &key, node);
        } else if self.front.list(&key).is_some() {
            self.list(index, &key, node);
        } else {
            self.unknown(index, &key);
        }
        self.front.keys.push(key);
    }

    fn unknown(&mut self, index: usize, key: &str) {
        if let Some(meant) = nearest(key, &KEYS) {
            let message = format!("the key '{}' means nothing and is ignored", shorten(key));
            let help = Some(format!("did you mean '{}'?", KEYS[meant]));
            let severity = Severity::Warning;
            self.problems.push(Problem { severity, place: Place::key(index, key), message, help });
        }
        self.front.unknown.push(key.to_owned());
    }

    fn kind(&mut self, index: usize, node: &Node) {
        match node {
            Node::Null => {}
            Node::Text(text) => match text.parse() {
                Ok(kind) => self.front.kind = kind,
                Err(error @ UnknownType { nearest }) => {
                    let message = format!("'type' cannot be '{}': {error}", shorten(text));
                    let help = nearest.map(|kind| format!("did you mean '{kind}'?"));
                    self.problem("type", Place::value(vec![index], text), message, help);
                }
            },
            other => self.wrong(index, "type", other, "a text"),
        }
    }

    fn approval(&mut self, index: usize, node: Node) {
        let (place, text) = match node {
            Node::Null => return,
            Node::Text(text) => (Place::value(vec![index], &text), text),
            Node::Map(entries) => {
                let mut required = entries.iter().enumerate().filter(|(_, (key, _))| key == "required");
                let Some((at, (_, node))) = required.next() else { return };
                if let Some((again, _)) = required.next() {
                    let place = Place { path: vec![index, again], key: true, written: Some("required".to_owned()) };
                    return self.problem("approval", place, "the key 'required' is there twice".to_owned(), None);
                }
                match node {
                    Node::Null => return,
                    Node::Text(text) => (Place::value(vec![index, at], text), text.clone()),
                    other => return self.wrong(index, "approval", other, "true or false"),
                }
            }
            other => return self.wrong(index, "approval", &other, "'required' or a mapping"),
        };
        match text.as_str() {
            "required" | "true" | "True" | "TRUE" => self.front.approval.required = true,
            "none" | "false" | "False" | "FALSE" => self.front.approval.required = false,
            _ => {
                let message = format!("'approval' cannot be '{}': expected 'required' or 'none'", shorten(&text));
                self.problem("approval", place, message, None);
            }
        }
    }

    fn scalar(&mut self, index: usize, key: &str, node: Node) {
        match node {
            Node::Null => {}
            Node::Text(text) => match check(key, &text) {
                Ok(()) => {
                    if let Some(slot) = self.front.scalar(key) {
                        *slot = Some(text);
                    }
                }
                Err(why) => {
                    let message = format!("'{key}' cannot be '{}': {why}", shorten(&text));
                    self.problem(key, Place::value(vec![index], &text), message, None);
                }
            },
            other => self.wrong(index, key, &other, "a text"),
        }
    }

    fn list(&mut self, index: usize, key: &str, node: Node) {
        let nodes = match node {
            Node::Null => return,
            Node::List(nodes) => nodes,
            text @ Node::Text(_) => return self.item(key, vec![index], text),
            other => return self.wrong(index, key, &other, "a list of texts"),
        };
        if nodes.len() > MAX_ENTRIES {
            let message =
                format!("'{key}' has {} entries, more than the {MAX_ENTRIES} that a list may have", nodes.len());
            return self.problem(key, Place::key(index, key), message, None);
        }
        for (at, node) in nodes.into_iter().enumerate() {
            self.item(key, vec![index, at], node);
        }
    }

    fn item(&mut self, key: &str, path: Vec<usize>, node: Node) {
        let Node::Text(text) = node else {
            let message = format!("'{key}' holds {} where a text is expected", form(&node));
            return self.problem(key, Place { path, key: false, written: None }, message, None);
        };
        match check(key, &text) {
            Ok(()) => {
                if let Some(slot) = self.front.list(key) {
                    slot.push(text);
                }
            }
            Err(why) => {
                let message = format!("'{key}' cannot hold '{}': {why}", shorten(&text));
                self.problem(key, Place::value(path, &text), message, None);
            }
        }
    }

    fn wrong(&mut self, index: usize, key: &str, node: &Node, expected: &str) {
        let message = format!("'{key}' is {} where {expected} is expected", form(node));
        self.problem(key, Place::key(index, key), message, None);
    }

    fn problem(&mut self, key: &str, place: Place, message: String, help: Option<String>) {
        let severity = if RECORDED.contains(&key) { Severity::Warning } else { Severity::Error };
        self.problems.push(Problem { severity, place, message, help });
    }

    /// The problems with their places, errors first to be kept where there are too many.
    fn diagnostics(&mut self, source: &Source, text: &str, start: usize) -> Vec<Diagnostic> {
        self.problems.sort_by_key(|problem| std::cmp::Reverse(problem.severity));
        let more = self.problems.len().saturating_sub(MAX_PROBLEMS);
        let mut found: Vec<_> = self
            .problems
            .drain(..)
            .take(MAX_PROBLEMS)
            .map(|problem| {
                let range = problem.place.range(text, start);
                source.diagnostic(problem.severity, range, problem.message, problem.help)
            })
            .collect();
        found.sort_by_key(|diagnostic| (diagnostic.line, diagnostic.column));
        if let (Some(last), 1..) = (found.last_mut(), more) {
            last.help = Some(format!("{more} more like this in the front matter"));
        }
        found
    }
}

fn form(node: &Node) -> &'static str {
    match node {
        Node::Null => "nothing",
        Node::Text(_) => "a text",
        Node::List(_) => "a list",
        Node::Map(_) => "a mapping",
        Node::Tagged => "a value with a YAML tag",
    }
}

/// The rule for one value of `key`.
fn check(key: &str, text: &str) -> Result<(), String> {
    match key {
        "verify" | "reproduces" => return check_command(text).map_err(str::to_owned),
        "depends_on" | "supersedes" => return SpecId::new(text).map(drop).map_err(|error| error.why.to_owned()),
        _ => {}
    }
    match key {
        "topic" => pattern::check_name(text),
        "prompt" => pattern::check_path(text),
        "informed_by" | "origin" | "context" => pattern::Entry::parse(text).map(drop),
        "tracks" | "target_files" => match pattern::Entry::parse(text) {
            Ok(pattern::Entry::Url(_)) => Err("a URL is no file of this repository"),
            other => other.map(drop),
        },
        _ => check_line(text),
    }
    .map_err(str::to_owned)
}

fn check_line(text: &str) -> Result<(), &'static str> {
    if text.is_empty() {
        Err("it is empty: leave it out")
    } else if text.len() > MAX_LINE {
        Err("it is longer than 1024 bytes")
    } else if text.contains('\n') {
        Err("it has more than one line")
    } else if text.chars().any(is_unprintable) {
        Err("it holds a control character")
    } else if text.trim() != text {
        Err("it has white space at its ends")
    } else {
        Ok(())
    }
}

fn check_command(text: &str) -> Result<(), &'static str> {
    if text.trim().is_empty() {
        Err("it is empty: leave it out")
    } else if text.len() > MAX_COMMAND {
        Err("it is longer than 16384 bytes")
    } else if text.chars().any(|c| is_unprintable(c) && !matches!(c, '\n' | '\t')) {
        Err("it holds a control character")
    } else {
        Ok(())
    }
}

/// A value for a message: one line, nothing unprintable, not long.
fn shorten(text: &str) -> String {
    let mut shown: String = text
        .chars()
        .take(80)
        .flat_map(|c| if is_unprintable(c) { c.escape_unicode().collect() } else { vec![c] })
        .collect();
    if text.chars().nth(80).is_some() {
        shown.push('…');
    }
    shown
}
