//! The small parts that the sections of a page are made of.

use maud::{Markup, html};

use crate::{answer::Person, domain::status::Status, terminal::clean};

/// How much of the end of an output is drawn, in bytes.
const MOST_OUTPUT: usize = 16 << 10;

/// The anchor of a spec.
pub(super) fn anchor(id: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '-' | '.') { c } else { '_' };
    format!("spec-{}", id.chars().map(plain).collect::<String>())
}

/// A term and what it is.
pub(super) fn fact(name: &str, value: Markup) -> Markup {
    html! { div { dt { (name) } dd { (value) } } }
}

/// A word on a coloured ground.
pub(super) fn chip(word: &str, class: &str) -> Markup {
    html! { span class={ "chip " (class) } { (word) } }
}

/// An object id: short for the eye, whole for who points at it or copies it.
pub(super) fn id(id: &str) -> Markup {
    html! { code.hash title=(clean::line(id)) { (clean::object_id(id)) } }
}

/// A text of one line.
pub(super) fn prose(text: &str) -> Markup {
    html! { (clean::line(text)) }
}

/// A person's name; `None` if it was left out.
pub(super) fn person(person: &Person) -> Option<String> {
    Some(clean::line(&person.name).into_owned()).filter(|name| !name.is_empty())
}

/// The end of what a command printed, folded.
pub(super) fn tail(output: Option<&str>) -> Markup {
    let output = output.map(|output| output.trim_end()).filter(|output| !output.trim().is_empty());
    let Some(output) = output else { return html! {} };
    let from = output.len().saturating_sub(MOST_OUTPUT);
    let from = (from..=output.len()).find(|at| output.is_char_boundary(*at)).unwrap_or_default();
    html! { details { summary { "The end of its output" } pre { (clean::text(&output[from..])) } } }
}

/// The status as a coloured word.
pub(super) fn status(status: Status) -> Markup {
    let class = match status {
        Status::Completed | Status::Finished => "good",
        Status::Failed | Status::Cancelled => "bad",
        _ => "plain",
    };
    chip(&status.as_str().replace('_', " "), class)
}

/// How far work is verified, in a sentence.
pub(super) fn verdict(level: Option<&str>) -> &'static str {
    match level {
        Some("reviewed") => "Verified by its checks and reviewed by a person.",
        Some("proof") => "Proved: the test fails without the work and passes with it.",
        Some("checks") => "Verified by its checks.",
        Some(_) => "Not verified.",
        None => "Nothing is verified yet.",
    }
}
