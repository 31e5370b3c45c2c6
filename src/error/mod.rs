//! The one error type that reaches the edge: kind, message, source, hints, and how the process ends. Nothing is printed here.

mod kind;

use std::fmt;

pub use kind::Kind;

use crate::domain::diagnostic::Diagnostic;

/// The result of everything that can end a command.
pub(crate) type Result<T, E = Error> = std::result::Result<T, E>;

/// How a command ends, as git's own commands do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// A negative answer or a failed check: 1.
    Negative,
    /// A fatal error: 128.
    Fatal,
    /// Wrong usage: 129.
    Usage,
    /// Ended by a signal: 128 + its number.
    Signal(i32),
}

impl Exit {
    /// The process exit code.
    pub fn code(self) -> i32 {
        match self {
            Exit::Negative => 1,
            Exit::Fatal => 128,
            Exit::Usage => 129,
            Exit::Signal(number) => 128 + number,
        }
    }
}

/// An error with the hints that belong to it.
///
/// Messages are lower case, name values in 'quotes', say what went wrong first, and have no full stop at the end.
#[derive(Debug)]
pub struct Error {
    /// How the process ends.
    pub exit: Exit,
    /// What kind of error it is.
    pub kind: Kind,
    /// What went wrong, one line.
    pub message: String,
    /// Ways out, one line each.
    pub hints: Vec<String>,
    /// All that the program behind it printed, a hook say, where that is more than the message.
    #[expect(clippy::box_collection, reason = "errors are large enough, and few have it")]
    pub output: Option<Box<String>>,
    /// The places in spec files that it is about, if any.
    pub diagnostics: Vec<Diagnostic>,
    /// The fault of the system or of a library that the error reports.
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// A fatal error, exit code 128.
    pub fn fatal(kind: Kind, message: impl Into<String>) -> Self {
        Error {
            exit: Exit::Fatal,
            kind,
            message: message.into(),
            hints: Vec::new(),
            output: None,
            diagnostics: Vec::new(),
            source: None,
        }
    }

    /// A negative answer or a failed check, exit code 1.
    pub fn negative(kind: Kind, message: impl Into<String>) -> Self {
        Error { exit: Exit::Negative, ..Error::fatal(kind, message) }
    }

    /// Wrong usage, exit code 129.
    pub fn usage(kind: Kind, message: impl Into<String>) -> Self {
        Error { exit: Exit::Usage, ..Error::fatal(kind, message) }
    }

    /// Adds a hint: one more way out.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Adds what the program behind it printed, where that is more than what the message says already.
    #[must_use]
    pub(crate) fn printed(mut self, output: &str) -> Self {
        let says_more = |line: &str| !line.trim().is_empty() && !self.message.contains(strip_mark(line).trim());
        if output.lines().any(says_more) {
            self.output = Some(Box::new(output.trim_end().to_owned()));
        }
        self
    }

    /// Adds the place in a spec file that the error is about.
    #[must_use]
    pub fn at(mut self, diagnostic: Diagnostic) -> Self {
        self.diagnostics.push(diagnostic);
        self
    }

    /// Keeps the fault of the system or of a library that the error reports.
    #[must_use]
    pub(crate) fn caused_by(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }
}

/// A line of git without its `fatal: ` or `error: `.
fn strip_mark(line: &str) -> &str {
    ["fatal: ", "error: "].iter().find_map(|mark| line.strip_prefix(mark)).unwrap_or(line)
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

impl From<gix::Error> for Error {
    fn from(error: gix::Error) -> Self {
        let mut message = error.to_string();
        let mut source = std::error::Error::source(&error);
        while let Some(cause) = source {
            let text = cause.to_string();
            if !message.contains(&text) {
                message.push_str(": ");
                message.push_str(&text);
            }
            source = cause.source();
        }
        let vanished =
            error.downcast_any_ref::<std::io::Error>().map(std::io::Error::kind) == Some(std::io::ErrorKind::NotFound);
        Error::fatal(if vanished { Kind::GitVanished } else { Kind::Git }, plain_text(&message)).caused_by(error)
    }
}

/// Adds what was being done to an I/O error.
pub(crate) trait IoContext<T> {
    /// Turns an I/O error into `cannot <action> '<path>': <cause>`.
    fn io(self, action: &str, path: &std::path::Path) -> Result<T>;
}

impl<T> IoContext<T> for std::io::Result<T> {
    fn io(self, action: &str, path: &std::path::Path) -> Result<T> {
        self.map_err(|cause| {
            Error::fatal(Kind::Io, format!("cannot {action} '{}': {}", path.display(), plain(&cause))).caused_by(cause)
        })
    }
}

/// The cause without Rust's `(os error N)`, and without the name of the temporary file that a library adds to it.
fn plain(cause: &std::io::Error) -> String {
    let text = cause.to_string();
    plain_text(text.split(" at path \"").next().unwrap_or_default())
}

/// What the system or a library says, in the form of our own messages: without Rust's `(os error N)`, its beginning and the
/// system's words in lower case.
fn plain_text(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(" (os error ") {
        let (before, after) = rest.split_at(at);
        let words = before.rfind(": ").map_or(0, |colon| colon + 2);
        plain.push_str(&before[..words]);
        plain.push_str(&before[words..].to_lowercase());
        rest = after.find(')').map_or("", |end| &after[end + 1..]);
    }
    plain.push_str(rest);
    let mut chars = plain.chars();
    match (chars.next(), chars.next()) {
        // An abbreviation stays as it is.
        (Some(first), Some(second)) if first.is_uppercase() && second.is_lowercase() => {
            first.to_lowercase().chain(std::iter::once(second)).chain(chars).collect()
        }
        _ => plain,
    }
}

#[cfg(test)]
#[path = "tests/message.rs"]
mod tests;
