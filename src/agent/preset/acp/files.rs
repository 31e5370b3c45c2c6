//! Which files the use of a tool is about.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use agent_client_protocol_schema::v1::{ToolCallContent, ToolCallLocation};
use serde_json::Value;

/// How much room the names of the files of one tool take at most, in bytes.
const LONGEST_NAMES: usize = 256 * 1024;

/// The fields of the input of a tool that name a file.
const NAMES: [&str; 13] = [
    "file_path",
    "filePath",
    "filepath",
    "path",
    "notebook_path",
    "source",
    "destination",
    "from",
    "to",
    "old_path",
    "new_path",
    "source_path",
    "destination_path",
];

/// The files that the use of a tool names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Files {
    /// Their names, as the agent writes them.
    pub named: BTreeSet<PathBuf>,
    /// Whether it named more than there is room for: these may be any.
    pub more: bool,
    /// How much room the names take, in bytes.
    room: usize,
}

impl Files {
    /// The files that a message names: where the tool is, what it changes, its input.
    pub(super) fn of(locations: &[ToolCallLocation], content: &[ToolCallContent], input: Option<&Value>) -> Files {
        let locations = locations.iter().map(|location| location.path.as_path());
        let diffs = content.iter().filter_map(|content| match content {
            ToolCallContent::Diff(diff) => Some(diff.path.as_path()),
            _ => None,
        });
        let named = NAMES.into_iter().filter_map(|name| input?.get(name)?.as_str().map(Path::new));
        // Codex names the files of a patch by the keys of an object.
        let changes = input.and_then(|input| input.get("changes")).and_then(Value::as_object);
        let changed = changes.into_iter().flat_map(|changes| changes.keys().map(Path::new));
        let mut files = Files::default();
        locations.chain(diffs).chain(named).chain(changed).for_each(|path| files.add(path));
        files
    }

    /// Adds the files that another message about the same tool names.
    pub(super) fn extend(&mut self, others: &Files) {
        others.named.iter().for_each(|path| self.add(path));
        self.more |= others.more;
    }

    fn add(&mut self, path: &Path) {
        let room = self.room.saturating_add(path.as_os_str().len());
        if room > LONGEST_NAMES {
            self.more |= !self.named.contains(path);
        } else if self.named.insert(path.to_owned()) {
            self.room = room;
        }
    }
}
