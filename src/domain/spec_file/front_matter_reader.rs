//! Reads front matter from YAML, and collects everything that is wrong with it.

use std::ops::Range;

use super::{
    front_matter::{Field, FrontMatter, KEYS, Key, MAX_ENTRIES, TABLE},
    node_location::NodeLocation,
    source::Source,
    value::shorten,
    yaml::{self, Node},
};
use crate::domain::{
    diagnostic::{Diagnostic, Severity},
    spec_type::{UnknownType, nearest},
};

/// Problems of one file that are reported; what lies beyond is counted.
const MAX_PROBLEMS: usize = 20;

/// Reads the YAML in the bytes `front` of `source`. What is wrong comes back in the order of the file, at most twenty problems
/// of a file; warnings may be among them.
pub(super) fn read(source: &Source, front: Range<usize>) -> (FrontMatter, Vec<Diagnostic>) {
    let text = &source.text()[front.clone()];
    let mut reader = FrontMatterReader::default();
    match yaml::read(text, |key| KEYS.contains(&key)) {
        Ok(None) => {}
        Ok(Some(nodes)) if nodes.len() > MAX_ENTRIES => {
            let message = format!("the front matter has {} keys, more than {MAX_ENTRIES}", nodes.len());
            let diagnostic = source.diagnostic(Severity::Error, front.start..front.start, message, None);
            return (FrontMatter::default(), vec![diagnostic]);
        }
        Ok(Some(nodes)) => {
            for (index, (key, node)) in nodes.into_iter().enumerate() {
                reader.entry(index, key, node);
            }
        }
        Err(fault) => {
            let (read, others) = entry_by_entry(source, front.clone());
            return (read, std::iter::once(syntax(source, front, fault)).chain(others).take(MAX_PROBLEMS).collect());
        }
    }
    let diagnostics = reader.diagnostics(source, text, front.start);
    (reader.front, diagnostics)
}

/// Reads front matter that is no YAML as a whole, each of its keys for itself. Gives what can be read, and what else is wrong: the first key
/// that cannot be read by itself is why the whole cannot be.
fn entry_by_entry(source: &Source, front: Range<usize>) -> (FrontMatter, Vec<Diagnostic>) {
    let mut reader = FrontMatterReader::default();
    let (mut found, mut is_first) = (Vec::new(), true);
    for entry in entries(&source.text()[front.clone()]).into_iter().take(MAX_ENTRIES) {
        let range = front.start + entry.start..front.start + entry.end;
        let text = &source.text()[range.clone()];
        match yaml::read(text, |key| KEYS.contains(&key)) {
            Ok(nodes) => {
                nodes.into_iter().flatten().enumerate().for_each(|(at, (key, node))| reader.entry(at, key, node));
                found.extend(reader.diagnostics(source, text, range.start));
            }
            // An alias stands for what another key has.
            Err(_) if std::mem::take(&mut is_first) || text.contains('*') => {}
            Err(fault) => found.push(syntax(source, range, fault)),
        }
    }
    (reader.front, found)
}

/// Where the keys of a mapping stand with their values, as far as lines tell: a key begins its line.
fn entries(text: &str) -> Vec<Range<usize>> {
    let is_key = |line: &str| {
        let name = line.split(':').next().unwrap_or_default();
        let rest = &line[name.len()..];
        let is_name =
            !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
        is_name && matches!(rest.as_bytes(), [b':'] | [b':', b' ' | b'\t' | b'\r' | b'\n', ..])
    };
    let mut starts = Vec::new();
    let mut next = 0;
    for line in text.split_inclusive('\n') {
        if is_key(line) {
            starts.push(next);
        }
        next += line.len();
    }
    let ends = starts.iter().skip(1).copied().chain([text.len()]).collect::<Vec<_>>();
    starts.into_iter().zip(ends).map(|(start, end)| start..end).collect()
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
    let offset = (0..=offset).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
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

/// A problem of a node, whose place is computed only if the problem is reported.
struct Problem {
    severity: Severity,
    place: NodeLocation,
    message: String,
    help: Option<String>,
}

/// The front matter as far as it is read, and its problems.
#[derive(Default)]
struct FrontMatterReader {
    front: FrontMatter,
    problems: Vec<Problem>,
}

impl FrontMatterReader {
    fn entry(&mut self, index: usize, name: String, node: Node) {
        match TABLE.iter().find(|key| key.name == name) {
            _ if self.front.keys.contains(&name) => {
                let help = Some("remove one of them".to_owned());
                let message = format!("the key '{}' occurs twice", shorten(&name));
                self.problem(&name, NodeLocation::key(index, &name), message, help);
            }
            Some(key) => match key.field {
                Field::Type => self.kind(index, &node),
                Field::Approval => self.approval(index, node),
                Field::Text(field) => self.scalar(index, key, field, node),
                Field::List(field) => self.list(index, key, field, node),
            },
            None => self.unknown(index, &name),
        }
        self.front.keys.push(name);
    }

    fn unknown(&mut self, index: usize, key: &str) {
        if let Some(meant) = nearest(key, &KEYS) {
            let message = format!("unknown key '{}'; ignored", shorten(key));
            let help = Some(format!("did you mean '{}'?", KEYS[meant]));
            let severity = Severity::Warning;
            self.problems.push(Problem { severity, place: NodeLocation::key(index, key), message, help });
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
                    self.problem("type", NodeLocation::value(vec![index], text), message, help);
                }
            },
            other => self.wrong(index, "type", other, "a text"),
        }
    }

    fn approval(&mut self, index: usize, node: Node) {
        let (place, text) = match node {
            Node::Null => return,
            Node::Text(text) => (NodeLocation::value(vec![index], &text), text),
            Node::Map(entries) => {
                let mut required = entries.iter().enumerate().filter(|(_, (key, _))| key == "required");
                let Some((at, (_, node))) = required.next() else { return };
                if let Some((again, _)) = required.next() {
                    let place =
                        NodeLocation { path: vec![index, again], key: true, written: Some("required".to_owned()) };
                    return self.problem("approval", place, "the key 'required' occurs twice".to_owned(), None);
                }
                match node {
                    Node::Null => return,
                    Node::Text(text) => (NodeLocation::value(vec![index, at], text), text.clone()),
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

    fn scalar(&mut self, index: usize, key: &Key, field: fn(&mut FrontMatter) -> &mut Option<String>, node: Node) {
        match node {
            Node::Null => {}
            Node::Text(text) => match (key.check)(&text) {
                Ok(()) => *field(&mut self.front) = Some(text),
                Err(why) => {
                    let message = format!("'{}' cannot be '{}': {why}", key.name, shorten(&text));
                    self.problem(key.name, NodeLocation::value(vec![index], &text), message, None);
                }
            },
            other => self.wrong(index, key.name, &other, "a text"),
        }
    }

    fn list(&mut self, index: usize, key: &Key, field: fn(&mut FrontMatter) -> &mut Vec<String>, node: Node) {
        let nodes = match node {
            Node::Null => return,
            Node::List(nodes) => nodes,
            Node::Text(text) => return self.one_text(index, key, field, text),
            other => return self.wrong(index, key.name, &other, "a list of texts"),
        };
        if nodes.len() > MAX_ENTRIES {
            let (name, len) = (key.name, nodes.len());
            let message = format!("'{name}' has {len} entries, more than the {MAX_ENTRIES} that a list may have");
            return self.problem(name, NodeLocation::key(index, name), message, None);
        }
        for (at, node) in nodes.into_iter().enumerate() {
            self.item(key, field, vec![index, at], node);
        }
    }

    /// A list that is written as one text: `labels: a, b`.
    fn one_text(&mut self, index: usize, key: &Key, field: fn(&mut FrontMatter) -> &mut Vec<String>, text: String) {
        match key.between.filter(|between| text.contains(between)) {
            Some(between) => {
                for part in text.split(between).map(str::trim).filter(|part| !part.is_empty()).take(MAX_ENTRIES) {
                    self.item(key, field, vec![index], Node::Text(part.to_owned()));
                }
            }
            None => self.item(key, field, vec![index], Node::Text(text)),
        }
    }

    fn item(&mut self, key: &Key, field: fn(&mut FrontMatter) -> &mut Vec<String>, path: Vec<usize>, node: Node) {
        let Node::Text(text) = node else {
            let message = format!("'{}' holds {} where a text is expected", key.name, form(&node));
            return self.problem(key.name, NodeLocation { path, key: false, written: None }, message, None);
        };
        match (key.check)(&text) {
            Ok(()) => field(&mut self.front).push(text),
            Err(why) => {
                let message = format!("'{}' cannot hold '{}': {why}", key.name, shorten(&text));
                self.problem(key.name, NodeLocation::value(path, &text), message, None);
            }
        }
    }

    fn wrong(&mut self, index: usize, key: &str, node: &Node, expected: &str) {
        let message = format!("'{key}' is {} where {expected} is expected", form(node));
        self.problem(key, NodeLocation::key(index, key), message, None);
    }

    fn problem(&mut self, key: &str, place: NodeLocation, message: String, help: Option<String>) {
        let recorded = TABLE.iter().any(|known| known.name == key && known.recorded);
        let severity = if recorded { Severity::Warning } else { Severity::Error };
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
