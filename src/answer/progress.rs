//! Messages of a running command. The output room shows them to people.

use std::time::{Duration, Instant};

use crate::{domain::activity::Activity, terminal::time};

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
    /// That command, or the agent, is over.
    Ran,
    /// What the agent does, or what is waited for, from now on.
    Doing {
        /// What.
        activity: &'a Activity,
        /// For how long it has.
        since: Duration,
    },
    /// That goes on: said now and then where no line can be redrawn.
    Still {
        /// What.
        activity: &'a Activity,
        /// For how long it has.
        since: Duration,
    },
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

/// An activity that began `since` ago, as people read it: `thinking, 20s`, `retrying in 34s, 3 of 10: overloaded`.
pub(crate) fn described(activity: &Activity, since: Duration) -> String {
    let Activity { what, wait } = activity;
    match wait {
        None => format!("{what}, {}", time::duration(Duration::from_secs(since.as_secs()))),
        Some(wait) => match wait.length.saturating_sub(since) {
            Duration::ZERO => format!("{what}, {}", wait.detail),
            left => format!("{what} in {}, {}", time::whole_seconds(left), wait.detail),
        },
    }
}

/// Says what a process does for as long as it does it.
pub(crate) struct Pulse<'a> {
    progress: &'a dyn Progress,
    every: Option<Duration>,
    activity: Activity,
    since: Instant,
    told: Instant,
}

impl<'a> Pulse<'a> {
    /// It does that from now on, which is said again after each time of `every`; `None` is never. At a terminal another line says it already.
    pub(crate) fn new(progress: &'a dyn Progress, every: Option<Duration>, activity: Activity) -> Pulse<'a> {
        let now = Instant::now();
        Pulse { progress, every, activity, since: now, told: now }
    }

    /// As [`Pulse::new`], and says so at a terminal.
    pub(crate) fn begin(progress: &'a dyn Progress, every: Option<Duration>, activity: Activity) -> Pulse<'a> {
        let pulse = Pulse::new(progress, every, activity);
        pulse.say();
        pulse
    }

    /// It does something else from now on.
    pub(crate) fn does(&mut self, activity: Activity) {
        self.activity = activity;
        self.since = Instant::now();
        self.say();
    }

    fn say(&self) {
        self.progress.say(&Step::Doing { activity: &self.activity, since: self.since.elapsed() });
    }

    /// Something of it was shown just now. It may stand where a wait is counted down, which is said once more.
    pub(crate) fn shown(&mut self) {
        self.told = Instant::now();
        if self.activity.wait.is_some() {
            self.say();
        }
    }

    /// To be called often.
    pub(crate) fn tick(&mut self) {
        if self.every.is_some_and(|every| self.told.elapsed() >= every) {
            self.told = Instant::now();
            self.progress.say(&Step::Still { activity: &self.activity, since: self.since.elapsed() });
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_done_counts_up_and_what_is_waited_for_counts_down() {
        let after = |activity: &Activity, millis| described(activity, Duration::from_millis(millis));
        let thinking = Activity::new("thinking");
        assert_eq!([after(&thinking, 0), after(&thinking, 80_900)], ["thinking, 0s", "thinking, 1m 20s"]);
        let retrying = Activity::after(Duration::from_secs(34), "retrying", "3 of 10: overloaded");
        let text = [
            "retrying in 34s, 3 of 10: overloaded",
            "retrying in 1s, 3 of 10: overloaded",
            "retrying, 3 of 10: overloaded",
        ];
        assert_eq!([0, 33_500, 34_000].map(|millis| after(&retrying, millis)), text);
    }
}
