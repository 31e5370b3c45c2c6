//! Writing objects while another git collects garbage, and reading those that are not too large. Which objects these are is the callers'
//! affair.

use std::{thread::sleep, time::Duration};

use gix::ObjectId;

use super::{process::Git, repository::Repository};
use crate::error::{Kind, Result};

/// No text that a person or an agent writes is longer, in bytes.
pub(crate) const MOST_TEXT: u64 = 32 << 20;

/// To read a blob of so many bytes takes less time than to start git.
const SHORT: u64 = 4 << 20;

/// The content of a blob of at most `most` bytes; `None` if it is larger, which its header says: nothing of it is read then.
///
/// # Errors
/// If there is no such blob.
pub(crate) fn short_blob(repo: &Repository, id: ObjectId, most: usize) -> Result<Option<Vec<u8>>> {
    let is_short = usize::try_from(repo.gix().find_header(id)?.size()).is_ok_and(|size| size <= most);
    Ok(if is_short { Some(repo.gix().find_blob(id)?.take_data()) } else { None })
}

/// The size from which on git reads a blob by pieces and takes it for no text, for a command that would read it whole.
pub(super) const STREAMED: &str = "core.bigFileThreshold=32m";

/// The first bytes of a blob, at most `most`; of a larger one nothing else is read.
///
/// # Errors
/// If there is no such blob.
pub(crate) fn begin_of_blob(repo: &Repository, id: ObjectId, most: u64) -> Result<Vec<u8>> {
    let size = repo.gix().find_header(id)?.size();
    if size <= most.max(SHORT) {
        let mut bytes = repo.gix().find_blob(id)?.take_data();
        bytes.truncate(usize::try_from(most).unwrap_or(usize::MAX));
        return Ok(bytes);
    }
    let id = id.to_hex().to_string();
    Git::at(repo).config(STREAMED).args(["cat-file", "blob", id.as_str()]).begin(most)
}

/// Does `write`, again where a git that collects garbage took an empty directory of the object database away between its being
/// made and its being written to. Git itself does so; gix does not.
///
/// `write` has to begin anew each time: a tree editor is spent when it fails. Objects that were written before get their old ids again.
pub(crate) fn patiently<T>(mut write: impl FnMut() -> Result<T>) -> Result<T> {
    for pause in [1, 5, 20, 50] {
        match write() {
            Err(error) if error.kind == Kind::GitVanished => sleep(Duration::from_millis(pause)),
            other => return other,
        }
    }
    write()
}
