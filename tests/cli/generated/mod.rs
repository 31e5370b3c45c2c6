//! What is made from the definition of the command line, or has to fit it: `man/` and `completions/`.
//!
//! `CHANT_REGENERATE=1 cargo test --test cli generated` writes the manual pages anew.

mod completions;
mod error_codes;
mod man;
mod packages;

use std::path::{Path, PathBuf};

/// A directory of the source tree.
pub(crate) fn source(directory: &str) -> PathBuf {
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
