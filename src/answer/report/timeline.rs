//! What happened, in the order in which it did, over all specs of a report.

use jiff::{Timestamp, fmt::temporal::Pieces};
use maud::{Markup, html};

use super::{
    parts::{anchor, prose},
    view::{Report, Reported},
};
use crate::{
    answer::{EventView, log::told},
    domain::{event::Op, signature::Verdict},
    terminal::clean,
};

/// An event with its spec.
type Told<'r> = (&'r EventView, &'r Reported);

/// A table for each day.
pub(super) fn html(report: &Report) -> Markup {
    let mut events: Vec<Told<'_>> =
        report.specs.iter().flat_map(|spec| spec.detail.history.iter().map(move |event| (event, spec))).collect();
    // Events of one second stay in the order of the phases.
    events.sort_by_key(|(event, _)| event.at.parse::<Timestamp>().ok());
    // Of one person the name stands above.
    let several = events.iter().any(|(event, _)| event.author.name != events[0].0.author.name);
    html! {
        @for day in events.chunk_by(|(one, _), (other, _)| day(&one.at) == day(&other.at)) {
            h3 { (day[0].0.at.get(..10).map(clean::line).unwrap_or_default()) }
            table.timeline {
                thead.hidden { tr { th { "Time" } th { "Spec" } th { "Event" } } }
                tbody { @for (event, spec) in day { (row(event, spec, several)) } }
            }
        }
    }
}

/// The day of a time as it was recorded.
fn day(at: &str) -> Option<&str> {
    at.get(..10)
}

fn row(event: &EventView, spec: &Reported, named: bool) -> Markup {
    let view = &spec.detail.spec;
    let name = clean::line(&event.author.name);
    let said: Vec<&str> = told(event, view).collect();
    let is_bad = matches!(event.op.parse(), Ok(Op::Fail | Op::Reject | Op::Cancel));
    html! {
        tr {
            td { time datetime=(event.at) { (clock(&event.at)) } }
            td { a href={ "#" (anchor(view.id.as_str())) } { (clean::line(&view.short)) } }
            td {
                strong class=[is_bad.then_some("bad")] { (clean::line(&event.op)) }
                @if named && !name.is_empty() { " by " (name) }
                @for said in said { ": " (prose(said)) }
                @if let Some(signature) = event.signature.as_ref().filter(|one| one.verdict != Verdict::None) {
                    " " span.faint { "(signature: " (signature.verdict.as_str()) ")" }
                }
                " " span.hash { (clean::object_id(&event.id)) }
            }
        }
    }
}

/// `10:02` and the offset, if it is not that of Greenwich.
fn clock(at: &str) -> String {
    let parsed = at.parse::<Timestamp>().ok().zip(Pieces::parse(at).ok());
    match parsed.and_then(|(at, pieces)| Some((at, pieces.to_numeric_offset()?))) {
        Some((at, offset)) => offset.to_datetime(at).strftime("%H:%M:%S").to_string(),
        None => clean::line(at).into_owned(),
    }
}
