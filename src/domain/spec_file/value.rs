//! The rules for single values of the front matter.

use crate::domain::character::is_unprintable;
use crate::domain::{id::SpecId, pattern::Entry};

/// The longest one-line text, in bytes.
const MAX_LINE: usize = 1024;
/// The longest command, in bytes.
const MAX_COMMAND: usize = 16 * 1024;

/// The id of another spec, full or short.
pub(super) fn id(text: &str) -> Result<(), &'static str> {
    SpecId::new(text).map(drop).map_err(|error| error.why)
}

/// A path, a glob, a directory, a spec or a URL.
pub(super) fn entry(text: &str) -> Result<(), &'static str> {
    Entry::parse(text).map(drop)
}

/// Files of this repository: an entry that is no URL.
pub(super) fn files(text: &str) -> Result<(), &'static str> {
    match Entry::parse(text)? {
        Entry::Url(_) => Err("a URL is not a file in this repository"),
        _ => Ok(()),
    }
}

/// One line of text.
pub(super) fn line(text: &str) -> Result<(), &'static str> {
    if text.is_empty() {
        Err("it is empty; remove it")
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

/// A command, which may have several lines.
pub(super) fn command(text: &str) -> Result<(), &'static str> {
    if text.trim().is_empty() {
        Err("it is empty; remove it")
    } else if text.len() > MAX_COMMAND {
        Err("it is longer than 16384 bytes")
    } else if text.chars().any(|c| is_unprintable(c) && !matches!(c, '\n' | '\t')) {
        Err("it holds a control character")
    } else {
        Ok(())
    }
}

/// A pattern that finds something, and not everywhere.
pub(super) fn pattern(text: &str) -> Result<(), &'static str> {
    line(text)?;
    match regex_lite::Regex::new(text) {
        Ok(regex) if regex.is_match("") => Err("it matches everything, even empty output"),
        Ok(_) => Ok(()),
        Err(_) => Err("it is not a valid regular expression"),
    }
}

/// How often a test is run.
pub(super) fn runs(text: &str) -> Result<(), &'static str> {
    match text.parse::<usize>() {
        Ok(1..=100) => Ok(()),
        _ => Err("expected a number from 1 to 100"),
    }
}

/// How early it is worked among others.
pub(super) fn priority(text: &str) -> Result<(), &'static str> {
    match text.parse::<i16>() {
        Ok(-1000..=1000) => Ok(()),
        _ => Err("expected a number from -1000 to 1000"),
    }
}

/// A day.
pub(super) fn day(text: &str) -> Result<(), &'static str> {
    let plain = text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    match text.parse::<jiff::civil::Date>() {
        Ok(_) if plain => Ok(()),
        _ => Err("expected a day as 2026-02-08"),
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
