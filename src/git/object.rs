//! Writing objects while another git collects garbage. Which objects are written is the callers' affair.

use std::{thread::sleep, time::Duration};

use crate::error::{Kind, Result};

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
