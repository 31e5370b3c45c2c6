//! A command line that is no command to run: help, version, nothing at all, or a mistake.

use std::ffi::OsString;
use std::io::{self, Write};

use clap::builder::StyledStr;
use clap::error::ErrorKind;

use super::meant;
use crate::domain::character::is_unprintable;
use crate::error::{Error, Kind};

/// A command line that is no command to run.
#[derive(Debug)]
pub(crate) enum Parsed {
    /// Help or version, as asked for: to stdout, exit 0.
    Answer(StyledStr),
    /// The usage, since nothing was asked for: to stderr, exit 1, as git does.
    Nothing(StyledStr),
    /// Wrong usage: to stderr, exit 129.
    Mistake {
        /// What is wrong, and what may have been meant.
        error: Box<Error>,
        /// The usage of the command in question, from `usage: ` on; may be empty.
        usage: String,
        /// Whether `--json` was among the arguments, so that the error belongs on stdout as an object.
        json: bool,
    },
}

impl Parsed {
    /// Sorts what clap has to say about `args`.
    pub(super) fn new(error: clap::Error, args: &[OsString]) -> Self {
        match error.kind() {
            ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => Parsed::Answer(error.render()),
            ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => Parsed::Nothing(error.render()),
            kind => {
                let json = args.iter().take_while(|arg| *arg != "--").any(|arg| arg == "--json");
                let text = match kind {
                    // clap's own message continues with the name of every command.
                    ErrorKind::MissingSubcommand => {
                        "error: no command was given\ntip: to list the commands: git chant -h".to_owned()
                    }
                    _ => error.render().to_string(),
                };
                if let Some((message, hint)) = meant::unknown_command(&error) {
                    let error = Error::usage(Kind::Usage, visible(&message)).hint(visible(&hint));
                    return Parsed::Mistake { error: Box::new(error), usage: String::new(), json };
                }
                let mut parsed = mistake(&text, json);
                if let (Parsed::Mistake { error: told, .. }, Some(hint)) = (&mut parsed, meant::hint(&error, args)) {
                    told.hints.push(visible(&hint));
                }
                parsed
            }
        }
    }

    /// The exit code of the process.
    pub(crate) fn code(&self) -> i32 {
        match self {
            Parsed::Answer(_) => 0,
            Parsed::Nothing(_) => 1,
            Parsed::Mistake { error, .. } => error.exit.code(),
        }
    }

    /// Writes it for people to where it belongs. Text may hold colours: the writers are to strip them where they don't belong.
    ///
    /// # Errors
    /// Those of the writers.
    pub(crate) fn write(&self, out: &mut dyn Write, err: &mut dyn Write) -> io::Result<()> {
        match self {
            Parsed::Answer(text) => write!(out, "{}", text.ansi()),
            Parsed::Nothing(text) => write!(err, "{}", text.ansi()),
            Parsed::Mistake { error, usage, .. } => {
                writeln!(err, "error: {}", error.message)?;
                for hint in &error.hints {
                    writeln!(err, "hint: {hint}")?;
                }
                if usage.is_empty() { Ok(()) } else { writeln!(err, "\n{usage}") }
            }
        }
    }
}

/// Takes clap's text apart: it has the only complete wording, but in a layout of its own.
///
/// ```text
/// error: unexpected argument '--staus' found
///
///   tip: a similar argument exists: '--status'
///
/// Usage: git chant list --status <status>
///
/// For more information, try '--help'.
/// ```
fn mistake(text: &str, json: bool) -> Parsed {
    let (told, usage) = match text.split_once("\nUsage: ") {
        Some((told, rest)) => (told, rest.split("\n\n").next().unwrap_or_default().trim_end()),
        None => (text, ""),
    };
    let mut message = String::new();
    let mut hints = Vec::new();
    for line in told.lines() {
        let line = line.trim();
        if let Some(tip) = line.strip_prefix("tip: ") {
            hints.push(visible(tip));
        } else if !line.is_empty() && !line.starts_with("For more information") {
            // Lists of missing arguments and possible values follow on lines of their own.
            if !message.is_empty() {
                message.push(' ');
            }
            message.push_str(&visible(line.strip_prefix("error: ").unwrap_or(line)));
        }
    }
    let mut error = Error::usage(Kind::Usage, message);
    error.hints = hints;
    // The usage is made of our own words and of options that were recognised, never of what was typed.
    let usage = if usage.is_empty() { String::new() } else { format!("usage: {usage}") };
    Parsed::Mistake { error: Box::new(error), usage, json }
}

/// What was typed is quoted in messages: nothing of it may act on the terminal.
fn visible(text: &str) -> String {
    text.chars().map(|c| if is_unprintable(c) { c.escape_default().to_string() } else { c.to_string() }).collect()
}
