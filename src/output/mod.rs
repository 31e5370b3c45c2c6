//! The only printer: outcomes and progress in, bytes on stdout and stderr out.
//!
//! Four forms of one answer: for people (may change), `--json` (one object, `"format": 1` first), `-z` (the porcelain
//! fields, NUL-terminated: see [`record`]) and `--format` (as `git for-each-ref`: see [`mod@format`]). The last three are
//! contracts. Nothing in this room reads the environment or a terminal: [`Settings`] says all there is to know.

mod answer;
pub(crate) mod bars;
pub(crate) mod drift;
mod error;
mod exchange;
pub(crate) mod format;
mod graph;
mod hooks;
mod human;
mod import;
pub(crate) mod json;
mod list;
mod log;
mod past;
mod place;
mod printer;
mod progress;
mod prune;
pub(crate) mod record;
pub mod schema;
mod screen;
mod show;
mod standing;
mod topic;
mod why;
mod worked;

#[cfg(test)]
mod sample;

pub(crate) use printer::{Advice, Hint, Printer, Settings, Terminal};
pub(crate) use record::Record;
