//! Which files the use of a tool is about.

use std::{collections::BTreeSet, path::PathBuf};

use agent_client_protocol_schema::v1::{ToolCallContent, ToolCallLocation};
use serde_json::Value;

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

/// The files that the use of a tool names: where it is, what it changes, its input.
pub(super) fn files(
    locations: &[ToolCallLocation],
    content: &[ToolCallContent],
    input: Option<&Value>,
) -> BTreeSet<PathBuf> {
    let locations = locations.iter().map(|location| location.path.clone());
    let diffs = content.iter().filter_map(|content| match content {
        ToolCallContent::Diff(diff) => Some(diff.path.clone()),
        _ => None,
    });
    let named = NAMES.into_iter().filter_map(|name| input?.get(name)?.as_str().map(PathBuf::from));
    // Codex names the files of a patch by the keys of an object.
    let changes = input.and_then(|input| input.get("changes")).and_then(Value::as_object);
    let changed = changes.into_iter().flat_map(|changes| changes.keys().map(PathBuf::from));
    locations.chain(diffs).chain(named).chain(changed).collect()
}
