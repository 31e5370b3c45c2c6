//! The text of a spec file, and diagnostics that point into it.

use std::ops::Range;

use bstr::ByteSlice;

use crate::domain::{
    character::is_unprintable,
    diagnostic::{Diagnostic, Severity},
};

/// The largest spec file that is read, in bytes.
pub(crate) const MAX_SPEC_LEN: usize = 4 * 1024 * 1024;
/// Lines shown before and after the one that a diagnostic is about.
const CONTEXT_LINES: usize = 2;
/// Bytes shown at most before and after the place, so that a file of one long line does not flood the terminal.
const CONTEXT_BYTES: usize = 512;
/// Bytes of a place that are shown at most.
const SPAN_BYTES: usize = 256;

const BOM: &[u8] = "\u{feff}".as_bytes();

/// A spec file that is known to be text: not too large, UTF-8, without NUL. Offsets are bytes of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Source {
    path: String,
    text: String,
}

impl Source {
    /// Takes the bytes of the file at `path` (for messages only); refuses what is no text, at the first bad byte.
    pub(crate) fn new(path: &str, bytes: &[u8]) -> Result<Source, Box<Diagnostic>> {
        if bytes.len() > MAX_SPEC_LEN {
            let message =
                format!("the file is {} bytes long, more than the {MAX_SPEC_LEN} that a spec may have", bytes.len());
            let help = "move long material to other files and list them in 'informed_by'".to_owned();
            return Err(Box::new(whole_file(Severity::Error, path, message, Some(help))));
        }
        let at = |start: usize, len: usize, message: String, help: &str| {
            Box::new(diagnose(path, bytes, start..start + len, Severity::Error, message, Some(help.to_owned())))
        };
        if let Some(start) = bytes.find_byte(0) {
            return Err(at(start, 1, "the file holds a NUL byte".to_owned(), "a spec is a text file in UTF-8"));
        }
        match std::str::from_utf8(bytes) {
            Ok(text) => Ok(Source { path: path.to_owned(), text: text.to_owned() }),
            Err(error) => {
                let start = error.valid_up_to();
                let message = format!("the file is not UTF-8: invalid byte 0x{:02x}", bytes[start]);
                let len = error.error_len().unwrap_or(bytes.len() - start);
                Err(at(start, len, message, "save the file as UTF-8"))
            }
        }
    }

    /// A file of which only the path is known.
    pub(super) fn named(path: &str) -> Source {
        Source { path: path.to_owned(), text: String::new() }
    }

    /// The path that messages name.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// The whole file, a byte order mark included.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// A diagnostic about the bytes `range` of the file, which is cut to the file if it reaches beyond it.
    pub(crate) fn diagnostic(
        &self,
        severity: Severity,
        range: Range<usize>,
        message: impl Into<String>,
        help: Option<String>,
    ) -> Diagnostic {
        diagnose(&self.path, self.text.as_bytes(), range, severity, message.into(), help)
    }

    /// A diagnostic about the file as a whole.
    pub(crate) fn whole(&self, severity: Severity, message: impl Into<String>, help: Option<String>) -> Diagnostic {
        whole_file(severity, &self.path, message.into(), help)
    }
}

fn whole_file(severity: Severity, path: &str, message: String, help: Option<String>) -> Diagnostic {
    Diagnostic {
        severity,
        path: path.to_owned(),
        line: 0,
        column: 0,
        span: None,
        source: None,
        source_line: 0,
        message,
        help,
    }
}

/// A diagnostic about `range` of `bytes`, which need not be UTF-8; `path` and `message` as in [`Diagnostic`].
fn diagnose(
    path: &str,
    bytes: &[u8],
    range: Range<usize>,
    severity: Severity,
    message: String,
    help: Option<String>,
) -> Diagnostic {
    let start = char_start(bytes, range.start.min(bytes.len()));
    let end = char_end(bytes, range.end.clamp(start, bytes.len()).min(start + SPAN_BYTES));
    let line_start = bytes[..start].rfind_byte(b'\n').map_or(0, |at| at + 1);
    let line = bytes[..start].find_iter("\n").count() + 1;
    let column = bytes[line_start..start].strip_prefix(BOM).unwrap_or(&bytes[line_start..start]).chars().count() + 1;

    let mut from = line_start;
    let mut source_line = line;
    while source_line > 1 && line - source_line < CONTEXT_LINES {
        let previous = bytes[..from - 1].rfind_byte(b'\n').map_or(0, |at| at + 1);
        if start - previous > CONTEXT_BYTES {
            break;
        }
        from = previous;
        source_line -= 1;
    }
    from = char_start(bytes, from.max(start.saturating_sub(CONTEXT_BYTES)));
    let mut to = end;
    for _ in 0..=CONTEXT_LINES {
        to = bytes[to..].find_byte(b'\n').map_or(bytes.len(), |at| to + at + 1);
    }
    to = char_end(bytes, to.min(end + CONTEXT_BYTES).min(bytes.len()));

    let mut source = shown(&bytes[from..start]);
    let span = source.len();
    source.push_str(&shown(&bytes[start..end]));
    let span = span..source.len();
    source.push_str(&shown(&bytes[end..to]));
    Diagnostic {
        severity,
        path: path.to_owned(),
        line,
        column,
        span: Some(span),
        source: Some(source),
        source_line,
        message,
        help,
    }
}

/// The start of the character that `at` lies in. Bytes that are no UTF-8 are characters of their own.
fn char_start(bytes: &[u8], at: usize) -> usize {
    (at.saturating_sub(3)..at)
        .find(|start| bytes[*start..].chars().next().is_some_and(|c| c != '\u{fffd}' && start + c.len_utf8() > at))
        .unwrap_or(at)
}

/// The end of the character that ends at or after `at`.
fn char_end(bytes: &[u8], at: usize) -> usize {
    let start = char_start(bytes, at);
    if start == at { at } else { start + bytes[start..].chars().next().map_or(0, char::len_utf8) }
}

/// The text as it can be drawn: nothing in it moves the cursor.
fn shown(bytes: &[u8]) -> String {
    bytes
        .chars()
        .filter(|c| !matches!(c, '\r' | '\u{feff}'))
        .map(|c| if is_unprintable(c) && !matches!(c, '\n' | '\t') { '\u{fffd}' } else { c })
        .collect()
}
