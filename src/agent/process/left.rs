//! The processes that a command in a sandbox left running: it writes their names into a file before the sandbox ends with them.

use std::fs;
use std::path::Path;

use crate::env::{fault, local_file};
use crate::terminal::sanitize;

/// How large the file may be, in bytes: the command can write it, too.
const MOST: u64 = 1 << 16;

/// The names in the file, which is removed.
pub(super) fn take(file: &Path) -> Vec<String> {
    let text = local_file::read(file, MOST).ok().flatten().unwrap_or_default();
    // What stays is added to.
    let _gone = fault::around("sandbox.left", || fs::remove_file(file));
    String::from_utf8_lossy(&text).lines().map(sanitize::line).collect()
}
