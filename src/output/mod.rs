//! The only printer: answers, errors and progress in, bytes on stdout and stderr out.
//!
//! Four forms of one answer: for people (may change), `--json` (one object, `"format": 1` first), `-z` (the porcelain fields,
//! NUL-terminated) and `--format` (as `git for-each-ref`: see [`mod@format`]). The last three are contracts. What is in each form
//! is the answer's to say, in `answer`; which form goes to which stream, with which colours, is decided here. Nothing in this
//! room reads the environment or a terminal, but the size that lines are redrawn in: [`Settings`](crate::terminal::settings::Settings) says
//! all else there is to know.

mod bars;
mod canvas;
mod error;
mod format;
mod json;
mod printer;
mod progress;
mod screen;

pub(crate) use printer::Printer;
