//! The attempts at a spec, as its events record them.

use maud::{Markup, html};

use super::{
    parts::{chip, person, prose},
    view::Reported,
};
use crate::{
    answer::{EventView, log},
    domain::{cost::Cost, event::Op, status::Status},
    terminal::{clean, time},
};

/// The attempts, if there was more than one or one that says what it cost or why it failed.
pub(super) fn html(spec: &Reported) -> Markup {
    let tries = tries(spec);
    let says = |one: &Try<'_>| !one.cost.is_empty() || one.reason.is_some();
    let cost = tries.iter().any(|one| !one.cost.is_empty());
    html! {
        @if tries.len() > 1 || tries.iter().any(says) {
            h3 { "Attempts" }
            table.checks {
                thead { tr { th { "Began" } th { "Agent" } th { "Ended" } @if cost { th { "Cost" } } } }
                tbody {
                    @for one in &tries {
                        tr {
                            td { (time::iso(&one.began.at)) @if let Some(by) = person(&one.began.author) { ", " (by) } }
                            td { (log::agent(one.began.agent.as_deref(), one.model)) }
                            td { (one.ended()) @if let Some(reason) = one.reason { ": " (prose(reason)) } }
                            @if cost { td { (clean::line(&one.cost.to_string())) } }
                        }
                    }
                }
            }
        }
    }
}

/// One attempt, by its events.
pub(super) struct Try<'r> {
    began: &'r EventView,
    last: &'r EventView,
    model: Option<&'r str>,
    reason: Option<&'r str>,
    /// What its runs cost together.
    cost: Cost,
}

impl Try<'_> {
    /// Whether its last word was that it failed.
    pub(super) fn has_failed(&self) -> bool {
        self.last.op == Op::Fail.as_ref() || self.last.status == Some(Status::Failed)
    }

    fn ended(&self) -> Markup {
        match self.last.status {
            Some(_) if self.has_failed() => chip("failed", "bad"),
            Some(status) => html! { (status.as_str().replace('_', " ")) },
            None => html! { (clean::line(&self.last.op)) },
        }
    }
}

/// The attempts that the events of a spec record, in the order in which they began.
pub(super) fn tries(spec: &Reported) -> Vec<Try<'_>> {
    let mut found: Vec<Try<'_>> = Vec::new();
    for event in &spec.detail.history {
        let Some(attempt) = &event.attempt else { continue };
        match found.iter_mut().find(|one| one.began.id == *attempt || one.began.attempt.as_ref() == Some(attempt)) {
            Some(one) => {
                one.last = event;
                one.model = event.model.as_deref().or(one.model);
                one.reason = event.reason.as_deref().or(one.reason);
            }
            None => found.push(Try {
                began: event,
                last: event,
                model: event.model.as_deref(),
                reason: event.reason.as_deref(),
                cost: Cost::default(),
            }),
        }
    }
    for run in &spec.runs {
        let of =
            |one: &&mut Try<'_>| run.attempt.as_deref() == Some(one.began.attempt.as_deref().unwrap_or(&one.began.id));
        found.iter_mut().filter(of).for_each(|one| one.cost.add(&run.cost));
    }
    found
}
