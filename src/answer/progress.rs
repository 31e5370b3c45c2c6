//! Messages of a running command. The output room shows them to people.

/// Where a running command says what it is doing. It is called from several threads at once.
pub(crate) trait Progress: Sync {
    /// Says one step. It never fails and never blocks on anything but the terminal.
    fn say(&self, step: &Step<'_>);

    /// Whether what is said is shown in colour.
    fn colors(&self) -> bool {
        false
    }

    /// Whether the reader of the answer has gone, so that there is no point in continuing [`Step::Answer`].
    fn closed(&self) -> bool {
        false
    }
}

/// What a running command can say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step<'a> {
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
        worktree: &'a std::path::Path,
    },
    /// A line that the agent printed, without its end.
    AgentLine(&'a str),
    /// A check begins.
    Checking {
        /// Its name.
        what: &'a str,
    },
    /// A command of a check runs. It is said again for what it prints.
    Running {
        /// The command line.
        command: &'a str,
        /// A line that it printed, without its end; empty when it begins.
        line: &'a str,
    },
    /// That command is over.
    Ran,
    /// A step of one of several specs that are worked at once.
    Of {
        /// The short id.
        short: &'a str,
        /// The step.
        step: &'a Step<'a>,
    },
    /// One of several specs has ended.
    Over {
        /// The short id.
        short: &'a str,
        /// How, in words.
        how: &'a str,
        /// Whether it is done.
        good: bool,
    },
    /// How far the specs are that are worked together.
    Queue {
        /// How many run.
        running: usize,
        /// How many are done.
        done: usize,
        /// How many are not, and will not be.
        failed: usize,
        /// How many have not begun.
        left: usize,
    },
    /// Something worth knowing.
    Note(String),
    /// Something that went wrong without stopping the command.
    Warning(String),
    /// What to do about it.
    Hint(String),
    /// A remark for the reader of a session, as a comment in it.
    Comment(&'a str),
    /// A command line as a person would type it; the demo runs it next.
    Command(&'a str),
    /// A line that it printed, without its end. Colours are kept.
    Printed(&'a str),
    /// A piece of the answer that cannot wait for the end (`log --agent -f`), line ends included: it goes to stdout.
    /// Under `--json` it is dropped, so a command that streams refuses that flag or ends with the whole answer instead.
    Answer(&'a str),
}

/// Says the steps of one of several specs that are worked at once.
pub(crate) struct Of<'a> {
    /// The short id.
    pub short: &'a str,
    /// Where they are said.
    pub progress: &'a dyn Progress,
}

impl Progress for Of<'_> {
    fn say(&self, step: &Step<'_>) {
        self.progress.say(&Step::Of { short: self.short, step });
    }

    fn colors(&self) -> bool {
        self.progress.colors()
    }

    fn closed(&self) -> bool {
        self.progress.closed()
    }
}
