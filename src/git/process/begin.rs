//! Git processes that are not waited for: those that only have to be started, and those of which only the beginning of what they print
//! counts.

use std::{io::Read, os::unix::process::CommandExt, process::Stdio};

use super::Git;
use crate::error::Result;

impl Git {
    /// Starts the command and does not wait for its end. Its streams are `/dev/null`, and signals of the terminal do not reach it.
    ///
    /// # Errors
    /// If it could not be started (`git-not-run`).
    pub(crate) fn start(&self) -> Result<()> {
        let mut command = self.command();
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
        let _timed = self.timed();
        command.spawn().map(drop).map_err(|cause| self.not_run(&cause))
    }

    /// At most the first `most` bytes that the command prints; it is ended then.
    ///
    /// # Errors
    /// If it could not be started (`git-not-run`), or what it prints not be read.
    pub(in crate::git) fn begin(&self, most: u64) -> Result<Vec<u8>> {
        let read = || {
            let mut command = self.command();
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
            let mut child = command.spawn()?;
            let mut bytes = Vec::new();
            let taken = child.stdout.take().map_or(Ok(0), |out| out.take(most).read_to_end(&mut bytes));
            // It may be done already.
            let _ended = child.kill();
            child.wait()?;
            taken.map(|_| bytes)
        };
        read().map_err(|cause| self.not_run(&cause))
    }
}
