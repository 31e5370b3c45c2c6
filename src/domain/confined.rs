//! How a run was kept to what is its own, as the record of an attempt names it.

use bstr::ByteSlice as _;
use serde::{Deserialize, Serialize};

/// What confined a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, strum::AsRefStr, strum::EnumString)]
#[strum(serialize_all = "kebab-case")]
pub enum Confined {
    /// Bubblewrap: user, process and mount namespaces of Linux.
    Bubblewrap,
    /// `sandbox-exec` of macOS.
    Seatbelt,
    /// Nothing did: the run could write whatever the person can.
    None,
    /// What a newer version has.
    #[strum(default, transparent)]
    Other(String),
}

/// Whether the output of a command in a sandbox says that the sandbox could not be made: something that it closes, such as the worktree of
/// another spec, was removed at that moment. The command has not begun then, and can be started again.
pub(crate) fn did_not_start(code: Option<i32>, said: &[u8]) -> bool {
    let (first, rest) = said.trim_ascii().split_once_str("\n").unwrap_or((said.trim_ascii(), b""));
    match code {
        // A mount of its layers. `mount` adds where to read more.
        Some(1 | 32) if first.starts_with(b"mount: ") => rest.is_empty() || rest.trim_ascii().starts_with(b"dmesg(1) "),
        Some(1) => [&b"bwrap: Can't "[..], b"unshare: "].iter().any(|by| first.starts_with(by)) && rest.is_empty(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_sandbox_that_could_not_be_made_is_made_again() {
        let said = b"bwrap: Can't bind mount /oldroot/a on /newroot/a: Unable to mount source on destination: No such file or directory\n";
        assert!(did_not_start(Some(1), said));
        assert!(did_not_start(Some(1), b"unshare: unshare failed: No space left on device\n"));
        let mount: &[u8] = b"mount: /home: mount(2) system call failed: No space left on device.\n       dmesg(1) may have more information after failed mount system call.\n";
        assert!(did_not_start(Some(32), mount) && did_not_start(Some(1), mount) && !did_not_start(Some(2), mount));
        assert!(!did_not_start(Some(0), said) && !did_not_start(None, said));
        assert!(!did_not_start(Some(1), &[said, &b"more\n"[..]].concat()) && !did_not_start(Some(1), b"failed"));
    }
}
