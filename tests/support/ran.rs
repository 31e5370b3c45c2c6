//! How a command ended: its exit code and what it printed.

use std::{os::unix::process::ExitStatusExt as _, process::Output};

use serde_json::Value;

/// How a command ended.
#[derive(Debug, PartialEq)]
pub(crate) struct Ran {
    /// The exit code; of a command that a signal ended 128 and the number of the signal, as a shell has it.
    pub(crate) code: i32,
    /// Stdout.
    pub(crate) out: String,
    /// Stderr.
    pub(crate) err: String,
}

impl Ran {
    /// Takes the output of a command apart.
    pub(crate) fn of(output: Output) -> Ran {
        Ran {
            code: output.status.code().unwrap_or_else(|| 128 + output.status.signal().unwrap_or(0)),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Asserts that the command succeeded.
    #[track_caller]
    pub(crate) fn ok(self) -> Ran {
        self.fails(0, &[])
    }

    /// Asserts that the command ended with `code`, and that each of `parts` is in stdout or stderr.
    #[track_caller]
    pub(crate) fn fails(self, code: i32, parts: &[&str]) -> Ran {
        assert_eq!(self.code, code, "stdout:\n{}\nstderr:\n{}", self.out, self.err);
        for part in parts {
            let printed = self.err.contains(part) || self.out.contains(part);
            assert!(printed, "'{part}' is not in\nstdout:\n{}\nstderr:\n{}", self.out, self.err);
        }
        self
    }

    /// Stdout as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}:\n{}\n{}", self.out, self.err))
    }
}
