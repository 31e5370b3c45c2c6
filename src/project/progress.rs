//! What a running command says while it runs; the output room says it to people.

use std::path::Path;

/// Where a running command says what it is doing. It is called from several threads at once.
pub trait Progress: Sync {
    /// Says one step. It never fails and never blocks on anything but the terminal.
    fn say(&self, step: &Step<'_>);
}

/// What a running command can say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step<'a> {
    /// An attempt begins.
    Working {
        /// The short id.
        short: &'a str,
        /// The title.
        title: &'a str,
    },
    /// The agent runs.
    AgentStarted {
        /// Where.
        worktree: &'a Path,
    },
    /// A line that the agent printed, without its end.
    AgentLine(&'a str),
    /// A check begins.
    Checking {
        /// Its name.
        what: &'a str,
    },
    /// Something worth knowing.
    Note(String),
    /// Something that went wrong without stopping the command.
    Warning(String),
    /// What to do about it.
    Hint(String),
    /// A command line as a person would type it; the demo runs it next.
    Command(String),
}
