//! Why an agent stopped before its work was done: what kind of reason it was, and the agent's own words.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How often one command begins a spec whose agent is stopped by what passes.
pub(crate) const MAX_TRIES: u32 = 12;

/// What kind of reason made an agent stop.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, strum::AsRefStr, strum::EnumString)]
#[strum(serialize_all = "kebab-case")]
pub enum StopKind {
    /// Too many requests or tokens for the account, for now.
    RateLimit,
    /// The model has too much to do, for now.
    Overload,
    /// The model's server failed.
    ServerError,
    /// The model's server cannot be reached.
    NoNetwork,
    /// It printed nothing for longer than it may.
    Unresponsive,
    /// The server does not accept the key.
    BadKey,
    /// The account has no credit left.
    NoCredit,
    /// The agent has no account here.
    NotLoggedIn,
    /// It took longer than it may.
    TimeLimit,
    /// It took as many turns as it may.
    TurnLimit,
    /// An answer was longer than the model may give.
    OutputLimit,
    /// It cost as much as the agent may cost.
    BudgetLimit,
    /// The model, or what guards it, refused the request.
    Refusal,
    /// Another process killed it.
    Killed,
    /// Its process ended, as if all were well, in the middle of its turn.
    BrokenOff,
    /// It asked a question, and no person was there to answer.
    Question,
    /// It was denied what it wanted to do.
    Denied,
    /// It reported that the research behind the spec is wrong or not enough.
    ResearchInsufficient,
    /// What a newer version has.
    #[strum(default, transparent)]
    Other(String),
}

impl StopKind {
    /// Whether it passes by itself: the same run may succeed later.
    pub(crate) fn passes(&self) -> bool {
        use StopKind::{NoNetwork, Overload, RateLimit, ServerError, Unresponsive};
        matches!(self, RateLimit | Overload | ServerError | NoNetwork | Unresponsive)
    }

    /// Whether a person has to mend the account or the key before any run of the agent can succeed.
    pub(crate) fn is_of_account(&self) -> bool {
        matches!(self, StopKind::BadKey | StopKind::NoCredit | StopKind::NotLoggedIn)
    }

    /// Whether it ended a run in the middle of its work and says nothing against the work or the session: another run can resume both.
    pub(crate) fn cuts_short(&self) -> bool {
        !matches!(self, StopKind::Refusal | StopKind::ResearchInsufficient | StopKind::Other(_))
    }

    /// What the code of an answer over HTTP means.
    pub(crate) fn of_http(status: u64) -> Option<StopKind> {
        match status {
            401 | 403 => Some(StopKind::BadKey),
            402 => Some(StopKind::NoCredit),
            429 => Some(StopKind::RateLimit),
            503 | 529 => Some(StopKind::Overload),
            500..=599 => Some(StopKind::ServerError),
            _ => None,
        }
    }
}

impl fmt::Display for StopKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            StopKind::RateLimit => "the agent is rate-limited",
            StopKind::Overload => "the model is overloaded",
            StopKind::ServerError => "the model's server failed",
            StopKind::NoNetwork => "the model's server cannot be reached",
            StopKind::Unresponsive => "the agent stopped responding",
            StopKind::BadKey => "the agent's key was not accepted",
            StopKind::NoCredit => "the agent's account has no credit left",
            StopKind::NotLoggedIn => "the agent is not logged in",
            StopKind::TimeLimit => "the agent reached its time limit",
            StopKind::TurnLimit => "the agent reached its turn limit",
            StopKind::OutputLimit => "the agent's answer was too long",
            StopKind::BudgetLimit => "the agent reached its own cost limit",
            StopKind::Refusal => "the model refused the request",
            StopKind::Killed => "the agent was killed",
            StopKind::BrokenOff => "the agent ended in the middle of its turn",
            StopKind::Question => "the agent asked a question that no one answered",
            StopKind::Denied => "the agent was denied a permission",
            StopKind::ResearchInsufficient => "the agent reports insufficient research",
            StopKind::Other(name) => name,
        })
    }
}

/// Why an agent stopped. Its text is what is recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stopped {
    /// The kind of reason.
    pub kind: StopKind,
    /// What the agent said of it, one line.
    pub said: Option<String>,
}

impl Stopped {
    /// With these words, where the agent said nothing of the reason itself: what it said after a denial is about other things.
    pub(crate) fn or_said(self, words: Option<&str>) -> Stopped {
        let words = words.filter(|_| self.kind != StopKind::Denied);
        Stopped { said: self.said.or_else(|| words.map(str::to_owned)), ..self }
    }
}

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.said {
            Some(said) => write!(f, "{}: {said}", self.kind),
            None => self.kind.fmt(f),
        }
    }
}
