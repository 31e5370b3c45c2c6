//! The only printer: outcomes and progress in, bytes on stdout and stderr out.
//!
//! Four forms of one answer: for people (may change), `--json` (one object, `"format": 1` first), `-z` (the porcelain
//! fields, NUL-terminated: see [`record`]) and `--format` (as `git for-each-ref`: see [`mod@format`]). The last three are
//! contracts. Nothing in this room reads the environment or a terminal: [`Settings`] says all there is to know.

mod answer;
pub mod bars;
mod bidi;
mod clean;
pub mod color;
mod drift;
mod error;
mod exchange;
mod fit;
pub mod format;
mod graph;
mod hooks;
mod human;
mod import;
pub mod json;
mod list;
mod log;
mod past;
mod place;
mod printer;
mod progress;
mod prune;
pub mod record;
pub mod schema;
mod screen;
mod show;
mod standing;
mod time;
mod topic;
mod why;
mod worked;

#[cfg(test)]
mod sample;

pub use color::{Palette, When};
pub use printer::{Advice, Hint, Printer, Settings, Terminal};
pub use record::Record;

use color::Paint;

/// What a text is rendered for.
#[derive(Clone, Copy, Debug)]
struct Look {
    /// The colours.
    paint: Paint,
    /// The width in columns; `None` where nothing is cut.
    width: Option<usize>,
    /// Whether a terminal will interpret the bytes.
    screen: bool,
    /// Whether box drawing and `…` may be used.
    unicode: bool,
}

impl Look {
    /// A text of several lines that nobody framed: cleaned for a terminal, as it is for a pipe.
    fn text<'a>(&self, text: &'a str) -> std::borrow::Cow<'a, str> {
        if self.screen { clean::text(text) } else { text.into() }
    }
}
