//! The place of a node of the front matter in the file.

use std::ops::Range;

use super::yaml;

/// A node of the front matter, by its index in every collection on the way.
pub(super) struct NodeLocation {
    pub(super) path: Vec<usize>,
    /// Whether the last index is that of an entry's key, not of its value.
    pub(super) key: bool,
    /// Its text, if it is a scalar.
    pub(super) written: Option<String>,
}

impl NodeLocation {
    /// A scalar with its text.
    pub(super) fn value(path: Vec<usize>, written: &str) -> Self {
        NodeLocation { path, key: false, written: Some(written.to_owned()) }
    }

    /// The key of a top-level entry.
    pub(super) fn key(entry: usize, name: &str) -> Self {
        NodeLocation { path: vec![entry], key: true, written: Some(name.to_owned()) }
    }

    /// Its bytes in the file; `start` is where `text` begins there.
    pub(super) fn range(&self, text: &str, start: usize) -> Range<usize> {
        let offset = yaml::offset_of(text, &self.path, self.key).unwrap_or(0).min(text.len());
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
