//! `git chant status`.

use std::time::Duration;

use clap::Args;

use super::page::Page;

/// Show the state of all work, or of an investigation
///
/// Without a topic: shows first what waits for a person, then what is finished but not merged, and why; what is paused; what is running,
/// since when, in which attempt, and the last line that its agent printed; what is blocked by other specs; and what is ready. Prints hints as git status
/// does, unless advice.statusHints is false.
///
/// With a topic: shows its phases in order, who did each, and what is next.
#[derive(Args, Clone, Debug)]
pub(crate) struct StatusArgs {
    /// Show only this investigation
    #[arg(value_name = "topic")]
    pub topic: Option<String>,

    /// Refresh every <seconds> seconds [default: 2] until interrupted
    ///
    /// At a terminal, redraws the screen. Elsewhere, prints the status whenever it changes: as a block of text, or with --json as one
    /// object a line.
    #[arg(short = 'w', long, value_name = "seconds", num_args = 0..=1, default_missing_value = "2", value_parser = seconds)]
    pub watch: Option<Duration>,
}

/// Reads a number of seconds, a tenth at least.
fn seconds(text: &str) -> Result<Duration, String> {
    let wrong = || "expected a number of seconds from 0.1 to 86400".to_owned();
    let seconds = text.parse::<f64>().map_err(|_| wrong())?;
    if (0.1..=86_400.0).contains(&seconds) { Ok(Duration::from_secs_f64(seconds)) } else { Err(wrong()) }
}

/// Examples and neighbours of `status`.
pub(crate) const PAGE: Page = Page {
    examples: &[
        ("git chant status", "Show what runs and what waits for you."),
        ("git chant status --watch", "Keep it on screen in a second terminal."),
        ("git chant status issue-1234", "Show the progress of an investigation."),
        ("git chant status --watch --json", "Print one JSON object a line, for a program."),
    ],
    see_also: &["git-chant-investigate", "git-chant-list", "git-chant-log", "git-chant-show"],
};
