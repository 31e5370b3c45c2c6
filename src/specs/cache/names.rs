//! The names of all specs, kept beside the index: to find what a short form means, or what a shell may offer for the beginning of
//! one, is then to read one file instead of directories of thousands.
//!
//! They were listed from a few places, and hold as long as the stamp of each is what it was: a directory's changes with every name
//! that comes or goes. As with the index, anybody may delete the file, and one that is damaged or of another version is none.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::git::work_file::Stamp;

/// What the file begins with; changes with what is written.
const MAGIC: &[u8; 8] = b"CHANTNM1";

/// A larger file is not read, in bytes: a hundred thousand names take some two million.
const MOST: u64 = 1 << 28;

/// What stands before the names.
#[derive(Serialize, Deserialize)]
struct Head<'t> {
    /// The program that wrote it.
    binary: &'t str,
    /// Where they were listed from.
    sources: Vec<Option<Stamp>>,
}

/// The names in the file `name` of `dir`, one a line, if they were listed from `sources` as these are now; `binary` tells the program
/// that runs from another build of it. They are given as bytes, with where they begin there.
pub(crate) fn read(dir: &Path, name: &str, binary: &str, sources: &[Option<Stamp>]) -> Option<(Vec<u8>, usize)> {
    let bytes = super::whole(dir, name, MOST)?;
    let (head, names) = postcard::take_from_bytes::<Head<'_>>(bytes.strip_prefix(MAGIC)?).ok()?;
    if head.binary != binary || head.sources != sources {
        return None;
    }
    let begin = bytes.len() - names.len();
    Some((bytes, begin))
}

/// Puts them into their place, whole.
///
/// # Errors
/// What the system says.
pub(crate) fn write(
    dir: &Path,
    name: &str,
    binary: &str,
    sources: &[Option<Stamp>],
    names: &str,
) -> std::io::Result<()> {
    let head = Head { binary, sources: sources.to_vec() };
    let mut bytes = postcard::to_extend(&head, MAGIC.to_vec()).map_err(std::io::Error::other)?;
    bytes.extend_from_slice(names.as_bytes());
    super::place(dir, name, &bytes)
}
