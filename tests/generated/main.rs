//! What is made from the definition of the command line, or has to fit it: `man/` and `completions/`.
//!
//! `CHANT_REGENERATE=1 cargo test --test generated` writes the manual pages anew.

mod completions;
mod errors;
mod man;
mod packages;

use std::path::{Path, PathBuf};
use std::process::Command;

/// A directory of the source tree.
fn source(directory: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(directory)
}

/// The names of the files in a directory of the source tree, sorted.
fn files(directory: &str) -> Vec<String> {
    let mut names: Vec<_> = source(directory)
        .read_dir()
        .unwrap_or_else(|cause| panic!("{directory}: {cause}"))
        .map(|entry| entry.expect("readable").file_name().into_string().expect("UTF-8"))
        .collect();
    names.sort();
    names
}

/// Whether `tool` is there. Where CI asks for every tool (`CHANT_REQUIRE_TOOLS=1`) it must be.
fn have(tool: &str) -> bool {
    let found = Command::new("sh").args(["-c", "command -v \"$1\" >/dev/null", "sh", tool]).status().expect("sh runs");
    have_or_say(found.success(), tool)
}

/// Says what a test is skipped for, or fails where nothing may be skipped.
#[expect(clippy::print_stderr, reason = "what was skipped belongs in the output of the test run")]
fn have_or_say(found: bool, what: &str) -> bool {
    if !found {
        assert!(std::env::var_os("CHANT_REQUIRE_TOOLS").is_none(), "{what} is missing, and CHANT_REQUIRE_TOOLS is set");
        eprintln!("skipped: {what} is missing");
    }
    found
}
