//! The proof of a spec and its other checks: what ran, on which commit, how it was confined, and how it ended.

use maud::{Markup, html};

use super::{
    parts::{chip, id, prose, tail},
    view::Reported,
};
use crate::{
    domain::{
        check_line::CheckLine,
        checks::{Checks, Command, Reproduction},
        confined::Confined,
    },
    terminal::{clean, time},
};

/// The two runs of a proof, side by side, with the tests that were held.
pub(super) fn html(spec: &Reported) -> Option<Markup> {
    let proof = spec.detail.checks.as_ref()?.evidence.reproduces.as_ref()?;
    let view = &spec.detail.spec;
    let tip = view.work_commits.last();
    Some(html! {
        p {
            "git-chant ran the test command " code { (clean::line(&proof.tip.command)) } " twice, each time in a clean checkout. Expected: "
            (clean::line(&proof.expected)) ". "
            @if proof.ok { strong.good { "It ended as expected." } } @else { strong.bad { "It did not end as expected." } }
        }
        div.runs {
            (run("Before", &proof.base, spec.detail.base.as_deref(), !proof.held.is_empty()))
            (run("After", &proof.tip, tip.map(String::as_str), false))
        }
        (held_tests(proof))
        @if let Some(tip) = tip {
            p.again { "To repeat it: " code { "git chant verify " (view.short) " --at " (tip.get(..12).unwrap_or(tip)) } }
        }
    })
}

fn held_tests(proof: &Reproduction) -> Markup {
    html! {
        @if !proof.held.is_empty() {
            p {
                "Both runs used these tests, unchanged: "
                @for (at, path) in proof.held.iter().enumerate() { @if at > 0 { ", " } code { (clean::line(path)) } }
                "."
            }
        }
        @for said in proof.fault.iter().chain(&proof.ack).chain(&proof.notes).chain(&proof.differences) { p.bad { (clean::line(said)) } }
    }
}

/// One run of the test command.
fn run(when: &str, command: &Command, commit: Option<&str>, held: bool) -> Markup {
    let passed = command.has_passed();
    let result = if passed { "passes" } else { "fails" };
    html! {
        div class=(if passed { "run pass" } else { "run fail" }) {
            p.verdict { (when) ": " strong { (result) } }
            dl {
                @if let Some(commit) = commit { dt { "Commit" } dd { (id(commit)) @if held { ", with the held tests" } } }
                dt { "Ended with" } dd { (clean::line(&command.ending())) }
                @if let Some(came_to) = &command.came_to { dt { "Tests" } dd { (clean::line(came_to)) } }
                @if let Some(runner) = &command.runner { dt { "Runner" } dd { (clean::line(runner)) } }
                dt { "Confined by" } dd { (confined(command)) }
                dt { "Took" } dd { (time::duration(std::time::Duration::from_millis(command.duration_ms))) }
            }
            (tail(command.tail.as_deref()))
        }
    }
}

fn confined(command: &Command) -> String {
    let by =
        command.confined.as_deref().map_or("nothing", |by| if by == Confined::None.as_ref() { "nothing" } else { by });
    let home = command.home.as_deref().map(|home| format!(", {home} home directory")).unwrap_or_default();
    clean::line(&format!("{by}{home}")).into_owned()
}

/// The other checks, a row each, and what commands printed.
pub(super) fn checks(spec: &Reported) -> Option<Markup> {
    let checked = spec.detail.checks.as_ref()?;
    let is_proof = |line: &&CheckLine| !line.name.starts_with("reproduces '");
    let lines: Vec<&CheckLine> = checked.checks.iter().filter(is_proof).collect();
    if lines.is_empty() {
        return None;
    }
    Some(html! {
        table.checks {
            thead { tr { th { "Result" } th { "Check" } } }
            tbody {
                @for line in lines {
                    tr {
                        td { (chip(line.verdict(), if !line.ok { "bad" } else if line.note { "plain" } else { "good" })) }
                        td {
                            (prose(&line.name))
                            @if let Some(milliseconds) = line.duration_ms {
                                " " span.faint { "(" (time::duration(std::time::Duration::from_millis(milliseconds))) ")" }
                            }
                            @if let Some(first) = line.detail.as_deref().and_then(|detail| detail.lines().next()) {
                                ": " (clean::line(first))
                            }
                        }
                    }
                }
            }
        }
        @for command in with_output(&checked.evidence) {
            p { code { (clean::line(&command.command)) } ": " (clean::line(&command.ending())) ", confined by " (confined(command)) }
            (tail(command.tail.as_deref()))
        }
    })
}

/// The commands besides the proof.
fn with_output(checks: &Checks) -> impl Iterator<Item = &Command> {
    checks.verify.iter()
}
