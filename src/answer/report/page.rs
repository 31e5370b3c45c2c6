//! The page as a whole: its head, the answer first, then what leads to it, and the small parts that all sections are made of.

use std::collections::BTreeMap;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::{
    attempts::tries,
    markdown,
    parts::{self, anchor, fact, id, person, prose, status},
    proof, section, timeline,
    view::{Quote, Report, Reported},
};
use crate::{
    answer::{log, picture},
    domain::{cost::Cost, digest, enumeration::enumerate, event::Op, redaction::Redaction},
    terminal::clean,
};

/// How the page looks. Its hash is in the policy of the page, so that no other style counts.
const STYLE: &str = concat!(include_str!("style.css"), include_str!("../picture.css"));

/// The page.
pub(super) fn html(report: &Report) -> Markup {
    document(
        &report.title,
        &html! {
            header {
                p.eyebrow { @if report.names.is_empty() { "Report" } @else { (clean::line(&report.names.join(", "))) } }
                h1 { (prose(&report.title)) }
                (verdict(report))
            }
            div.columns {
                nav aria-label="Contents" { (contents(report)) }
                main id="main" {
                    (answer(report))
                    (proven(report))
                    (course(report))
                    @for spec in &report.specs { (section::html(spec)) }
                    (by_hand(report))
                }
            }
            (footer(report))
        },
    )
}

/// A page with this title and body, which loads nothing and runs nothing.
pub(super) fn document(title: &str, body: &Markup) -> Markup {
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{}'; base-uri 'none'; form-action 'none'",
        digest::base64(&digest::sha256(STYLE.as_bytes()))
    );
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="referrer" content="no-referrer";
                meta name="generator" content="git-chant";
                title { (clean::line(title)) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                a.skip href="#main" { "Skip to the content" }
                (body)
            }
        }
    }
}

/// What it came to, in one line.
fn verdict(report: &Report) -> Markup {
    let Some(spec) = report.main() else { return html! { p.verdict { (parts::verdict(None)) } } };
    let view = &spec.detail.spec;
    html! {
        p.verdict {
            (status(view.status)) " "
            (parts::verdict(view.verified.as_deref()))
            @if let Some(merge) = &spec.detail.merge {
                " In " strong { (clean::line(merge.target.strip_prefix("refs/heads/").unwrap_or(&merge.target))) } " as " (id(&merge.new)) "."
            }
        }
    }
}

fn contents(report: &Report) -> Markup {
    html! {
        ul {
            li { a href="#answer" { "Answer" } }
            @if prover(report).is_some() { li { a href="#proof" { "Proof" } } }
            li { a href="#course" { "What happened" } }
            @for spec in &report.specs {
                @let view = &spec.detail.spec;
                li {
                    a href={ "#" (anchor(view.id.as_str())) } {
                        @match &view.phase {
                            Some(phase) => { (clean::line(phase).replace('-', " ")) " " span.faint { (clean::line(&view.short)) } }
                            None => { (prose(view.title.as_deref().unwrap_or(&view.short))) }
                        }
                    }
                }
            }
            li { a href="#by-hand" { "Verify it yourself" } }
        }
    }
}

/// The question and the answer.
fn answer(report: &Report) -> Markup {
    let quote = |heading: &str, quote: &Option<Quote>| {
        html! {
            @if let Some(quote) = quote {
                h3 { (heading) }
                blockquote { (markdown::html(&quote.text, 4)) }
                p.again { "From " a href={ "#" (anchor(&quote.spec)) } { (clean::line(&quote.short)) } "." }
            }
        }
    };
    html! {
        section id="answer" {
            h2 { "The answer" }
            (quote("What was wrong", &report.question))
            (quote("Why this solution and not another", &report.recommendation))
            (quote("What changes for users", &report.notes))
            @if report.question.is_none() && report.recommendation.is_none() && report.notes.is_none() {
                p { "These specs contain no question and no answer yet." }
            }
            (figures(report))
        }
    }
}

/// Who worked on it with what, and what it cost.
fn figures(report: &Report) -> Markup {
    let histories = || report.specs.iter().flat_map(|spec| &spec.detail.history);
    let people = distinct(histories().filter_map(|event| person(&event.author)));
    let agents =
        distinct(report.specs.iter().filter(|spec| !spec.detail.spec.work_commits.is_empty()).filter_map(|spec| {
            let view = &spec.detail.spec;
            Some(log::agent(view.agent.as_deref(), view.model.as_deref())).filter(|agent| !agent.is_empty())
        }));
    let tries: Vec<_> = report.specs.iter().flat_map(tries).collect();
    let failed = tries.iter().filter(|one| one.has_failed()).count();
    let costs: Vec<&Cost> = report.specs.iter().flat_map(|spec| &spec.runs).map(|run| &run.cost).collect();
    html! {
        dl.facts {
            (fact("Specs", html! { (report.specs.len()) }))
            (fact("Attempts", html! { (tries.len()) @if failed > 0 { ", " (failed) " failed" } }))
            @if !people.is_empty() { (fact("People", html! { (people.join(", ")) })) }
            @if !agents.is_empty() { (fact("Agents", html! { (agents.join(", ")) })) }
            @if !costs.is_empty() {
                (fact("Cost", html! { (clean::line(&costs.iter().copied().sum::<Cost>().to_string())) ", as reported by " (costs.len()) @if costs.len() == 1 { " run" } @else { " runs" } }))
            }
        }
    }
}

fn distinct(texts: impl Iterator<Item = String>) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    texts.for_each(|text| {
        if !found.contains(&text) {
            found.push(text);
        }
    });
    found
}

/// The last spec with a proof.
fn prover(report: &Report) -> Option<&Reported> {
    report.specs.iter().rev().find(|spec| proof::html(spec).is_some())
}

fn proven(report: &Report) -> Markup {
    let Some(spec) = prover(report) else { return html! {} };
    html! {
        section id="proof" {
            h2 { "The proof" }
            @if let Some(proof) = proof::html(spec) { (proof) }
        }
    }
}

/// The graph and the timeline.
fn course(report: &Report) -> Markup {
    let mut remarks = BTreeMap::new();
    for spec in &report.specs {
        let failed = tries(spec).iter().filter(|one| one.has_failed()).count();
        let failed = match failed {
            0 => None,
            1 => Some("1 attempt failed".to_owned()),
            more => Some(format!("{more} attempts failed")),
        };
        let superseded = spec.superseded_by.as_ref().map(|by| format!("superseded by {by}"));
        let said: Vec<String> = failed.into_iter().chain(superseded).collect();
        if !said.is_empty() {
            remarks.insert(spec.detail.spec.id.clone(), said.join(", "));
        }
    }
    html! {
        section id="course" {
            h2 { "What happened" }
            @if report.specs.len() > 1 {
                figure {
                    (picture::inline(&report.graph, &remarks))
                    figcaption { "Each spec stands below the specs that it builds on. Dotted lines lead to inputs." }
                }
            }
            @if report.specs.len() > FEW { details { summary { "Every event" } (timeline::html(report)) } }
            @else { (timeline::html(report)) }
        }
    }
}

/// How many specs a report has at most whose events are listed unfolded.
const FEW: usize = 12;

/// The ids, each with the command that shows what it stands for.
fn by_hand(report: &Report) -> Markup {
    html! {
        section id="by-hand" {
            h2 { "Verify it yourself" }
            p {
                "Everything on this page is in the repository. Each spec has a ref, and each event is a commit on that ref. To fetch the refs: "
                code { "git fetch origin 'refs/chant/*:refs/chant/*'" } "."
            }
            table.checks {
                thead { tr { th { "What" } th { "Id" } th { "Command" } } }
                tbody { @for spec in &report.specs { (ids(spec)) } }
            }
        }
    }
}

fn ids(spec: &Reported) -> Markup {
    let view = &spec.detail.spec;
    let short = clean::line(&view.short);
    let row = |what: &str, of: &str, command: String| {
        html! { tr { td { (short) ": " (what) } td { code.hash { (clean::line(of)) } } td { code { (clean::line(&command)) } } } }
    };
    let checked = spec.detail.history.iter().rev().find(|event| event.op == Op::Finish.as_ref());
    html! {
        @if let Some(tip) = &view.tip {
            (row("newest event", tip, format!("git log --first-parent --show-signature refs/chant/specs/{}", view.id)))
        }
        @if let Some(event) = checked.filter(|_| spec.detail.checks.is_some()) {
            (row("checks", &event.id, format!("git show {}:checks.json", event.id)))
        }
        @for commit in &spec.commits { (row("commit", &commit.id, format!("git show {}", commit.id))) }
        @if let Some(merge) = &spec.detail.merge { (row("merge", &merge.new, format!("git show {}", merge.new))) }
    }
}

fn footer(report: &Report) -> Markup {
    let left_out: Vec<String> = report.left_out.iter().map(|one| one.as_str().to_owned()).collect();
    html! {
        footer {
            p {
                "git-chant made this page from the events of these specs. It contains no transcripts of agents."
                @if !left_out.is_empty() { " Left out: " (enumerate(&left_out)) "." }
                @if report.left_out.contains(&Redaction::Names) { " Names of people are replaced in every text." }
            }
        }
    }
}
