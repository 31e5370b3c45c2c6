//! How an attempt ended, as data that `work`, `next`, `finish` and `merge` present. Nothing is decided or printed here.

use std::{fmt, path::PathBuf, time::Duration};

use gix::ObjectId;

use crate::{
    agent::{interrupt::signal_name, process::Ending},
    domain::{
        checks::Checks,
        enumeration::enumerate,
        failure::Said,
        new_event::NotAllowed,
        stop::{StopKind, Stopped},
    },
    error::{Error, Exit},
    store::Refusal,
};

/// How an attempt ended.
#[derive(Debug)]
pub(crate) struct Ended {
    /// What the attempt came to.
    pub how: EndedAs,
    /// The time from the request to the end.
    pub duration: Duration,
    /// The signal that ended its agent, its checks or the resolving of its conflict.
    pub signal: Option<i32>,
    /// What to do next, one line each.
    pub hints: Vec<String>,
    /// Whether its driver is completed, if this was the last open member of one.
    pub driver_done: bool,
}

/// What an attempt came to.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "there is one for each attempt")]
pub(crate) enum EndedAs {
    /// The work is in its target, or there was nothing to merge.
    Completed(Merged),
    /// No check failed, and the work was not to be merged now.
    Finished,
    /// No check failed, and something stands in the way of the merge.
    Waiting(Waits),
    /// The agent failed, or a check did.
    Failed {
        /// Why.
        reason: Failure,
        /// The checks that ran.
        checks: Checks,
    },
    /// The attempt stopped before it could be judged, and can be resumed.
    Paused(Pause),
    /// A person does the work.
    HandedOver {
        /// The worktree.
        worktree: PathBuf,
        /// The file with everything that an agent would be told.
        prompt: PathBuf,
    },
    /// The attempt was over before it was judged: its commits are recorded, the status of the spec is not changed.
    Superseded,
}

/// The short name of the target and the commit that holds the work there; `None` if there was nothing to merge.
pub(crate) type Merged = Option<(String, ObjectId)>;

impl Ended {
    /// The time from the request to the end, in milliseconds.
    pub(crate) fn duration_ms(&self) -> u64 {
        self.duration.as_millis() as u64
    }

    /// The exit code of a command that ends so.
    pub(crate) fn exit(&self) -> i32 {
        match (self.signal, &self.how) {
            (Some(signal), _) => Exit::Signal(signal).code(),
            (None, EndedAs::Completed(_)) => i32::from(!self.driver_done),
            (None, EndedAs::Finished | EndedAs::HandedOver { .. }) => 0,
            (None, EndedAs::Waiting(_) | EndedAs::Failed { .. } | EndedAs::Paused(_) | EndedAs::Superseded) => 1,
        }
    }
}

/// Why finished work is not merged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Waits {
    /// The reason.
    pub why: String,
    /// The paths that it is about.
    pub paths: Vec<String>,
    /// What git, or what it ran, printed about it; empty where that is no more than the reason.
    pub output: String,
    /// The ways out, one line each.
    pub hints: Vec<String>,
    /// The signal that ended what would have removed the reason.
    pub signal: Option<i32>,
}

impl Waits {
    /// Finished work that waits because of `why`.
    pub(crate) fn new(why: impl Into<String>) -> Waits {
        Waits { why: why.into(), ..Waits::default() }
    }

    /// Names the paths that the reason is about.
    pub(crate) fn paths(self, paths: impl IntoIterator<Item = impl ToString>) -> Waits {
        Waits { paths: paths.into_iter().map(|path| path.to_string()).collect(), ..self }
    }

    /// Adds ways out.
    pub(crate) fn hints(self, hints: Vec<String>) -> Waits {
        hints.into_iter().fold(self, Waits::hint)
    }

    /// Adds a way out.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Waits {
        self.hints.push(hint.into());
        self
    }

    /// The reason with its paths, as many as can be read, in one line.
    pub(crate) fn reason(&self) -> String {
        if self.paths.is_empty() { self.why.clone() } else { format!("{}: {}", self.why, enumerate(&self.paths)) }
    }

    /// The sentence that tells that the spec `short` is finished and not merged.
    pub(crate) fn sentence(&self, short: &str) -> String {
        format!("'{short}' is finished and not merged: {}", self.reason())
    }
}

/// Why an attempt failed. Its text is what is recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The agent ended with the code that says that the research does not carry the work, and said this last.
    ResearchInsufficient(Option<String>),
    /// The agent failed the attempt, in its own words.
    Said(Said),
    /// The agent ended like this, and said this last.
    Agent(Ending, Option<String>),
    /// The agent stopped before its work was done; with what did not pass, if that was checked.
    Stopped(Stopped, Option<String>),
    /// What did not pass, in words.
    Checks(String),
}

impl Failure {
    /// Whether the agent says that the research behind the spec is wrong or not enough.
    pub(crate) fn blames_research(&self) -> bool {
        match self {
            Failure::ResearchInsufficient(_) => true,
            Failure::Said(said) => said.research_insufficient,
            Failure::Agent(..) | Failure::Stopped(..) | Failure::Checks(_) => false,
        }
    }

    /// Why the agent stopped, if it did.
    pub(crate) fn stopped(&self) -> Option<&Stopped> {
        match self {
            Failure::Stopped(stopped, _) => Some(stopped),
            _ => None,
        }
    }

    /// What kind of reason the agent gave for not doing the work, or what ended it, if one of these is known.
    pub(crate) fn stop_kind(&self) -> Option<StopKind> {
        match self {
            Failure::Agent(Ending::TimedOut(_), _) => Some(StopKind::TimeLimit),
            failure if failure.blames_research() => Some(StopKind::ResearchInsufficient),
            failure => failure.stopped().map(|stopped| stopped.kind.clone()),
        }
    }

    /// Whether its work was checked.
    pub(crate) fn is_of_checks(&self) -> bool {
        matches!(self, Failure::Checks(_) | Failure::Stopped(_, Some(_)))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::ResearchInsufficient(said) => {
                let reported = Stopped { kind: StopKind::ResearchInsufficient, said: said.clone() };
                reported.fmt(f)
            }
            Failure::Said(said) => said.fmt(f),
            Failure::Agent(ending, None) => write!(f, "the agent {ending}"),
            Failure::Agent(ending, Some(said)) => write!(f, "the agent {ending}: {said}"),
            Failure::Stopped(stopped, None) => stopped.fmt(f),
            Failure::Stopped(stopped, Some(checks)) => {
                write!(f, "{}; {checks}", stopped.to_string().trim_end_matches('.'))
            }
            Failure::Checks(what) => f.write_str(what),
        }
    }
}

/// How the reason of a pause begins by which a person took the attempt over.
pub(super) const TAKEN_OVER: &str = "taken over by ";

/// Why an attempt stopped before it could be judged. Its text is what is recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Pause {
    /// A signal ended the agent.
    Interrupted(i32),
    /// A signal ended the checks.
    ChecksInterrupted(i32),
    /// The agent stopped, by what passes by itself.
    Stopped(Stopped),
    /// It was paused while it ran, for this reason.
    Recorded(String),
}

impl Pause {
    /// The signal that came.
    pub(crate) fn signal(&self) -> Option<i32> {
        match self {
            Pause::Interrupted(signal) | Pause::ChecksInterrupted(signal) => Some(*signal),
            Pause::Stopped(_) | Pause::Recorded(_) => None,
        }
    }

    /// Whether a person took the attempt over.
    pub(crate) fn is_takeover(&self) -> bool {
        matches!(self, Pause::Recorded(reason) if reason.starts_with(TAKEN_OVER))
    }
}

impl fmt::Display for Pause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Pause::Interrupted(signal) => write!(f, "it was interrupted ({})", signal_name(*signal)),
            Pause::ChecksInterrupted(signal) => write!(f, "its checks were interrupted ({})", signal_name(*signal)),
            Pause::Stopped(stopped) => stopped.fmt(f),
            Pause::Recorded(reason) => f.write_str(reason),
        }
    }
}

/// Why an attempt does not begin or go on, as far as a caller decides by it.
#[derive(Debug)]
pub(crate) enum Stop {
    /// Another process or clone has the spec, or its status does not allow the step.
    Taken(Error),
    /// The spec waits for something.
    NotReady(Error),
    /// A person has to approve what the repository would run.
    NotApproved(Error),
    /// Something failed.
    Failed(Error),
}

impl Stop {
    /// The error that is shown.
    pub(crate) fn error(&self) -> &Error {
        match self {
            Stop::Taken(error) | Stop::NotReady(error) | Stop::NotApproved(error) | Stop::Failed(error) => error,
        }
    }
}

/// What the refusal of an event means for the attempt at its spec.
impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Stop {
        match refusal {
            Refusal::NotAllowed { obstacle: NotAllowed::Forbidden(_), .. } => Stop::Taken(refusal.into()),
            refusal => Stop::Failed(refusal.into()),
        }
    }
}

impl From<Error> for Stop {
    fn from(error: Error) -> Stop {
        Stop::Failed(error)
    }
}

impl From<gix::Error> for Stop {
    fn from(error: gix::Error) -> Stop {
        Stop::Failed(error.into())
    }
}

impl From<Stop> for Error {
    fn from(stop: Stop) -> Error {
        match stop {
            Stop::Taken(error) | Stop::NotReady(error) | Stop::NotApproved(error) | Stop::Failed(error) => error,
        }
    }
}

/// How an attempt was judged.
#[derive(Debug)]
pub(crate) struct Judged {
    /// The verdict.
    pub verdict: Verdict,
    /// What was checked.
    pub checks: Checks,
    /// The attempt was over before it was judged: the verdict is recorded and changes nothing.
    pub late: bool,
}

/// What judging an attempt came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// No check failed.
    Passed,
    /// The agent or a check failed.
    Failed(Failure),
    /// The attempt stopped before it could be judged, and can be resumed.
    Paused(Pause),
}

impl Verdict {
    /// What kind of reason the agent gave for not doing the work, or what ended it, if one of these is known.
    pub(crate) fn stop_kind(&self) -> Option<StopKind> {
        match self {
            Verdict::Failed(failure) => failure.stop_kind(),
            verdict => verdict.stopped().map(|stopped| stopped.kind.clone()),
        }
    }

    /// Why the agent stopped before its work was done, if it did.
    pub(crate) fn stopped(&self) -> Option<&Stopped> {
        match self {
            Verdict::Failed(failure) => failure.stopped(),
            Verdict::Paused(Pause::Stopped(stopped)) => Some(stopped),
            Verdict::Paused(_) | Verdict::Passed => None,
        }
    }
}
