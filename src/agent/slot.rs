//! How many runs of one agent there may be at once in a clone: a slot each, held by a lock that the kernel releases when its holder is
//! gone, so that processes that don't know of each other keep to one limit.

use std::fs::OpenOptions;
use std::path::Path;

use crate::env::file_lock::{Lockable, try_lock};
use crate::env::{fault, local_file};
use crate::error::{IoContext, Result};

/// A slot that this process holds, until it is dropped.
#[derive(Debug)]
pub(crate) struct Slot {
    _file: Lockable,
}

impl Slot {
    /// Takes one of the `limit` slots of `agent` in `dir` (made if absent); `None` if all are taken.
    pub(crate) fn take(dir: &Path, agent: &str, limit: usize) -> Result<Option<Slot>> {
        fault::around("dir.make", || std::fs::create_dir_all(dir)).io("create", dir)?;
        for number in 1..=limit {
            let path = dir.join(format!("{}.{number}", agent.replace('/', "_")));
            let open = || local_file::open_with(&path, OpenOptions::new().create(true).append(true));
            let file = Lockable::from(fault::around("slot.take", open).io("open", &path)?);
            if try_lock(&file, &path)? {
                return Ok(Some(Slot { _file: file }));
            }
        }
        Ok(None)
    }
}

#[cfg(test)]
#[path = "tests/slot.rs"]
mod tests;
