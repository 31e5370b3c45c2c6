//! Whether the service behind an agent refused it for now, by the agent's exit code and last lines. What follows from that is not
//! decided here.

use super::process::Ending;

/// The exit code by which an agent says so (EX_TEMPFAIL of sysexits.h).
pub(crate) const RATE_LIMITED: i32 = 75;

/// Why an attempt is paused whose agent was refused.
pub(crate) const REASON: &str = "the agent is rate-limited";

/// How much of the end of its output is looked at, in lines: what it says last is why it ended.
const LINES: usize = 20;

/// What the known agents say last when the service has refused them, in lower case.
const SAYINGS: [&str; 12] = [
    // Claude Code, with what the service itself answers.
    "rate_limit_error",
    "overloaded_error",
    "rate limit reached",
    "usage limit reached",
    "-hour limit reached",
    "you've hit your limit",
    "you've hit your session limit",
    // Codex.
    "you've hit your usage limit",
    "last status: 429",
    // Gemini CLI and opencode.
    "429 too many requests",
    "resource_exhausted",
    // Aider, by way of litellm.
    "litellm.ratelimiterror",
];

/// Whether an agent that ended so, with this at the end of its output, was rate-limited. One that ended well was not, whatever it
/// said.
pub(crate) fn says_so(ending: Ending, tail: &[u8]) -> bool {
    let Ending::Exited(code) = ending else { return false };
    if code == 0 || code == super::RESEARCH_INSUFFICIENT {
        return false;
    }
    let text = String::from_utf8_lossy(tail).to_lowercase().replace('\u{2019}', "'");
    let last = text.lines().rev().filter(|line| !line.trim().is_empty()).take(LINES);
    code == RATE_LIMITED || last.into_iter().any(|line| SAYINGS.iter().any(|saying| line.contains(saying)))
}

#[cfg(test)]
#[path = "tests/rate_limit.rs"]
mod tests;
