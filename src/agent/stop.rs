//! Why an agent stopped, by its exit code and the last lines that it printed: for agents whose output says no more. What follows from that
//! is not decided here.

use std::ops::Range;

use serde_json::Value;

use super::process::Ending;
use crate::{
    domain::stop::{StopKind, Stopped},
    terminal::sanitize,
};

/// The exit code by which an agent says that it is rate-limited (EX_TEMPFAIL of sysexits.h).
pub(crate) const RATE_LIMITED: i32 = 75;

/// How much of the end of its output is looked at, in lines: what it says last is why it ended. What comes before may be the output of a
/// test.
const LINES: usize = 3;

/// How long the last words of an agent may be, in characters.
const LONGEST_WORDS: usize = 300;

/// How many objects of errors in a text are replaced by their messages.
const MOST_OBJECTS: usize = 8;

/// What the known agents, and the services behind them, say last, in lower case. The first that is found counts: an account without credit
/// answers as one that is rate-limited, and what broke a connection is named beside better reasons.
const SAYINGS: [(&str, StopKind); 58] = [
    ("credit balance is too low", StopKind::NoCredit),
    ("insufficient_quota", StopKind::NoCredit),
    ("quota exceeded. check your plan and billing", StopKind::NoCredit),
    ("exceeded your current quota", StopKind::NoCredit),
    ("402 payment required", StopKind::NoCredit),
    // Claude Code, with what the service itself answers.
    ("rate_limit_error", StopKind::RateLimit),
    ("rate limit reached", StopKind::RateLimit),
    ("usage limit reached", StopKind::RateLimit),
    ("-hour limit reached", StopKind::RateLimit),
    ("you've hit your limit", StopKind::RateLimit),
    ("you've hit your session limit", StopKind::RateLimit),
    // Codex.
    ("you've hit your usage limit", StopKind::RateLimit),
    ("rate limit exceeded", StopKind::RateLimit),
    ("last status: 429", StopKind::RateLimit),
    // Gemini CLI and opencode.
    ("429 too many requests", StopKind::RateLimit),
    ("resource_exhausted", StopKind::RateLimit),
    // opencode by way of the Agent Client Protocol, which leaves out the status.
    ("would exceed your account's rate limit", StopKind::RateLimit),
    ("internal error: overloaded", StopKind::Overload),
    ("internal error: internal server error", StopKind::ServerError),
    // Aider, by way of litellm.
    ("litellm.ratelimiterror", StopKind::RateLimit),
    ("overloaded_error", StopKind::Overload),
    ("529 overloaded", StopKind::Overload),
    ("the model is overloaded", StopKind::Overload),
    ("selected model is at capacity", StopKind::Overload),
    // Codex says so of a server that failed, and Gemini's service that it is busy.
    ("we're currently experiencing high demand", StopKind::ServerError),
    ("currently experiencing high demand", StopKind::Overload),
    ("503 service unavailable", StopKind::Overload),
    ("litellm.serviceunavailableerror", StopKind::Overload),
    ("500 internal server error", StopKind::ServerError),
    ("502 bad gateway", StopKind::ServerError),
    ("504 gateway timeout", StopKind::ServerError),
    ("litellm.internalservererror", StopKind::ServerError),
    ("api error: connection", StopKind::NoNetwork),
    ("unable to connect to api", StopKind::NoNetwork),
    ("error sending request", StopKind::NoNetwork),
    ("cannot connect to api", StopKind::NoNetwork),
    ("typeerror: fetch failed", StopKind::NoNetwork),
    ("getaddrinfo", StopKind::NoNetwork),
    ("litellm.apiconnectionerror", StopKind::NoNetwork),
    ("authentication_error", StopKind::BadKey),
    ("401 unauthorized", StopKind::BadKey),
    ("403 forbidden", StopKind::BadKey),
    ("api key not valid", StopKind::BadKey),
    ("invalid api key", StopKind::BadKey),
    ("invalid x-api-key", StopKind::BadKey),
    ("incorrect api key", StopKind::BadKey),
    ("litellm.authenticationerror", StopKind::BadKey),
    ("not logged in", StopKind::NotLoggedIn),
    ("please set an auth method", StopKind::NotLoggedIn),
    ("reason: content_filter", StopKind::Refusal),
    ("reason: max_output_tokens", StopKind::OutputLimit),
    ("output token maximum", StopKind::OutputLimit),
    ("claude agent process exited unexpectedly", StopKind::Killed),
    // A connection that was dropped in the middle of an answer: Codex, and what runs on Node. Codex says so of each answer without an end.
    ("stream disconnected before completion", StopKind::NoNetwork),
    ("api error: terminated", StopKind::NoNetwork),
    ("socket hang up", StopKind::NoNetwork),
    ("econnreset", StopKind::NoNetwork),
    ("connection reset by server", StopKind::NoNetwork),
];

/// What the output of an agent says of its end, where its output is understood.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reported {
    /// Why it stopped.
    pub stopped: Option<Stopped>,
    /// A question or a denial on its way: it may have done its work all the same.
    pub held_up: Option<Stopped>,
    /// Whether it says that the run ended in an error, whatever its exit code.
    pub in_error: bool,
    /// Whether it began a turn and did not say how that ended, though it always does.
    pub broken_off: bool,
    /// Its own last words, the newest first: lines of plain text at the end, and its last error. Output of tools is not among them.
    pub last: Vec<String>,
}

/// The kind of reason that a text of a service or of an agent names.
pub(crate) fn kind_of(text: &str) -> Option<StopKind> {
    let text = text.to_lowercase().replace('\u{2019}', "'");
    let said = SAYINGS.iter().find(|(saying, _)| text.contains(saying)).map(|(_, kind)| kind.clone());
    said.or_else(|| text.split_once("api error").and_then(|(_, rest)| StopKind::of_http(status(rest)?)))
}

/// The first number of three digits in a text, as the status of an answer over HTTP: `Request rejected (429)`.
fn status(text: &str) -> Option<u64> {
    text.split(|c: char| !c.is_ascii_alphanumeric()).find(|word| word.len() == 3).and_then(|word| word.parse().ok())
}

/// Why an agent that ended so stopped. What its output says of that in fields comes first, then its exit code, as `by_code` knows it, then its
/// last words, then what held it up on its way. An agent that ended well was not stopped by what passes, unless it says that it ended in an
/// error.
pub(crate) fn reason(ending: Ending, reported: Reported, by_code: impl Fn(i32) -> Option<StopKind>) -> Option<Stopped> {
    let Reported { stopped, held_up, in_error, broken_off, last } = reported;
    let killed = |signal: i32| Some(Stopped { kind: StopKind::Killed, said: Some(signal_name(signal)) });
    let code = match ending {
        Ending::Exited(0) => {
            let counts = |stopped: &Stopped| in_error || !stopped.kind.passes() && !stopped.kind.is_of_account();
            let broken_off = broken_off.then_some(Stopped { kind: StopKind::BrokenOff, said: None });
            return stopped.filter(counts).or(broken_off).or(held_up);
        }
        Ending::Exited(super::RESEARCH_INSUFFICIENT) | Ending::Interrupted(_) | Ending::TimedOut(_) => return None,
        Ending::Signalled(signal) => return stopped.or_else(|| killed(signal)),
        Ending::Exited(code) => code,
    };
    let of = |kind| Stopped { kind, said: None };
    let by_words = || last.iter().find_map(|line| kind_of(line).map(|kind| Stopped { kind, said: words(line) }));
    stopped
        .or_else(|| (code == RATE_LIMITED).then(|| of(StopKind::RateLimit)))
        .or_else(|| by_code(code).map(of))
        .or_else(by_words)
        // A shell gives 128 and the number of the signal: of the two that end what does not listen.
        .or_else(|| matches!(code, 137 | 143).then(|| killed(code - 128)).flatten())
        // What it said last is about another error.
        .or_else(|| held_up.filter(|_| last.is_empty()))
}

/// The last lines of an agent whose output is not understood, the newest first.
pub(crate) fn last_lines(tail: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(tail);
    text.lines().rev().filter(|line| !line.trim().is_empty()).take(LINES).map(str::to_owned).collect()
}

/// The last words of an agent whose output is not understood: its last line.
pub(crate) fn last_words(tail: &[u8]) -> Option<String> {
    String::from_utf8_lossy(tail).lines().rev().find_map(words)
}

/// The object in a text in which a service told an error, and its bytes there.
pub(crate) fn error_object(text: &str) -> Option<(Range<usize>, Value)> {
    let start = text.find('{')?;
    let mut values = serde_json::Deserializer::from_str(&text[start..]).into_iter::<Value>();
    let object = values.next()?.ok()?;
    Some((start..start + values.byte_offset(), object))
}

/// A text for people: the object of an error in it is replaced by the message in that object, which may hold one more. A service tells few: of
/// a text with many, the rest stays as it is.
pub(crate) fn readable(text: &str) -> String {
    let message = |object: &Value| {
        let message = object.pointer("/error/message").or_else(|| object.pointer("/message"))?;
        message.as_str().map(str::to_owned)
    };
    let mut text = text.to_owned();
    for _ in 0..MOST_OBJECTS {
        let Some((range, object)) = error_object(&text) else { break };
        let Some(message) = message(&object) else { break };
        text.replace_range(range, &message);
    }
    text
}

/// A text as the last words of an agent: one readable line, without what a terminal obeys, cut. `None` if nothing is left.
pub(crate) fn words(text: &str) -> Option<String> {
    let text = readable(text);
    let line = sanitize::line(text.split_whitespace().collect::<Vec<_>>().join(" "));
    let line = line.trim().strip_prefix("error: ").unwrap_or(line.trim());
    let cut = line.char_indices().nth(LONGEST_WORDS).map(|(end, _)| format!("{}...", &line[..end]));
    Some(cut.unwrap_or_else(|| line.to_owned())).filter(|line| !line.is_empty())
}

/// `SIGKILL`, or `signal 50` where it has no name.
fn signal_name(signal: i32) -> String {
    signal_hook::low_level::signal_name(signal).map_or_else(|| format!("signal {signal}"), str::to_owned)
}

#[cfg(test)]
#[path = "tests/stop.rs"]
mod tests;
