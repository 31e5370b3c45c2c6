//! `git chant status`.

use std::time::Duration;

use clap::Args;

use super::page::Page;

/// Show what goes on, or where an investigation stands
///
/// Without a topic: what runs, since when, on which attempt, and the last line that its agent printed; what is paused; what is
/// finished and not merged, and what stands in the way; what waits for a person; what waits for other specs; and what is ready. As with
/// git status, hints say what to do about it unless advice.statusHints is false.
///
/// With a topic: its phases in order, who did each, and what is next.
#[derive(Args, Clone, Debug)]
pub(crate) struct StatusArgs {
    /// The investigation [default: everything]
    #[arg(value_name = "topic")]
    pub topic: Option<String>,

    /// Show it again and again, every <seconds> seconds [default: 2], until interrupted
    ///
    /// At a terminal each picture takes the place of the one before. Elsewhere it is printed whenever something has changed: as a
    /// block, or with --json as one object a line.
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
        ("git chant status", "What runs, and what waits for me?"),
        ("git chant status --watch", "The same, for a second terminal."),
        ("git chant status issue-1234", "What is done in an investigation, what is next."),
        ("git chant status --watch --json", "One object a line, for a program."),
    ],
    see_also: &["git-chant-investigate", "git-chant-list", "git-chant-log", "git-chant-ready", "git-chant-show"],
};
