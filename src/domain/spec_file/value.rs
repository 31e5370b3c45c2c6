//! The rules for single values of the front matter.

use crate::domain::character::is_unprintable;
use crate::domain::{id::SpecId, pattern};

/// The longest one-line text, in bytes.
const MAX_LINE: usize = 1024;
/// The longest command, in bytes.
const MAX_COMMAND: usize = 16 * 1024;

/// The rule for one value of `key`.
pub(super) fn check(key: &str, text: &str) -> Result<(), String> {
    match key {
        "verify" | "reproduces" => return check_command(text).map_err(str::to_owned),
        "depends_on" | "supersedes" => return SpecId::new(text).map(drop).map_err(|error| error.why.to_owned()),
        _ => {}
    }
    match key {
        "topic" => pattern::check_name(text),
        "prompt" => pattern::check_path(text),
        "informed_by" | "origin" | "context" => pattern::Entry::parse(text).map(drop),
        "tracks" | "target_files" => match pattern::Entry::parse(text) {
            Ok(pattern::Entry::Url(_)) => Err("a URL is no file of this repository"),
            other => other.map(drop),
        },
        _ => check_line(text),
    }
    .map_err(str::to_owned)
}

fn check_line(text: &str) -> Result<(), &'static str> {
    if text.is_empty() {
        Err("it is empty: leave it out")
    } else if text.len() > MAX_LINE {
        Err("it is longer than 1024 bytes")
    } else if text.contains('\n') {
        Err("it has more than one line")
    } else if text.chars().any(is_unprintable) {
        Err("it holds a control character")
    } else if text.trim() != text {
        Err("it has white space at its ends")
    } else {
        Ok(())
    }
}

fn check_command(text: &str) -> Result<(), &'static str> {
    if text.trim().is_empty() {
        Err("it is empty: leave it out")
    } else if text.len() > MAX_COMMAND {
        Err("it is longer than 16384 bytes")
    } else if text.chars().any(|c| is_unprintable(c) && !matches!(c, '\n' | '\t')) {
        Err("it holds a control character")
    } else {
        Ok(())
    }
}

/// A value for a message: one line, nothing unprintable, not long.
pub(super) fn shorten(text: &str) -> String {
    let mut shown: String = text
        .chars()
        .take(80)
        .flat_map(|c| if is_unprintable(c) { c.escape_unicode().collect() } else { vec![c] })
        .collect();
    if text.chars().nth(80).is_some() {
        shown.push('…');
    }
    shown
}
