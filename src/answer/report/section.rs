//! The section of one spec: facts, proof, text, documents, checks, commits, and what it changed.

use maud::{Markup, html};

use super::{
    attempts, markdown,
    parts::{anchor, fact, id, person, prose, status},
    patch, proof,
    view::{Document, Reported, ReportedCommit},
};
use crate::{
    answer::{Person, log},
    domain::{confined::Confined, signature::Verdict},
    terminal::{clean, time},
};

/// The section.
pub(super) fn html(spec: &Reported) -> Markup {
    let detail = &spec.detail;
    let view = &detail.spec;
    let proof = proof::html(spec);
    html! {
        section id=(anchor(view.id.as_str())) {
            p.eyebrow {
                @if let Some(phase) = &view.phase { (clean::line(phase).replace('-', " ")) } @else { (clean::line(&view.kind)) }
                " \u{b7} " (clean::line(&view.short)) " \u{b7} " (status(view.status))
            }
            h2 { (prose(view.title.as_deref().unwrap_or("(no title)"))) }
            @if let Some(by) = &spec.superseded_by {
                p.note { "Superseded by " (clean::line(by)) @if let Some(why) = &spec.superseded_because { ": " (prose(why)) } }
            }
            @for what in &detail.tampered { p.note.bad { (prose(what)) } }
            (facts(spec))
            (attempts::html(spec))
            @if let Some(proof) = &proof { h3 { "Proof" } (proof) }
            @for document in &spec.documents { (written(document)) }
            @if let Some(body) = detail.body.as_deref().filter(|body| !body.trim().is_empty()) {
                details { summary { "What the spec asked for" } div.document { (markdown::html(body, 3)) } }
            }
            @if let Some(checks) = proof::checks(spec) { details { summary { "What was checked" } (checks) } }
            (commits(&spec.commits))
            @if let Some(diff) = detail.diff.as_deref().filter(|diff| !diff.trim().is_empty()) {
                h3 { "What it changed" }
                (patch::html(diff, &format!("git chant show {} --diff", view.short)))
            }
        }
    }
}

fn facts(spec: &Reported) -> Markup {
    let detail = &spec.detail;
    let view = &detail.spec;
    let agent = log::agent(view.agent.as_deref(), view.model.as_deref());
    html! {
        dl.facts {
            (fact("Id", html! { code { (clean::line(view.id.as_str())) } }))
            @if let Some(level) = &view.verified { (fact("Verified", html! { (clean::line(level)) })) }
            @if !agent.is_empty() && !view.work_commits.is_empty() { (fact("Agent", html! { (agent) })) }
            @if let Some(by) = &detail.confined {
                (fact("Agent confined by", html! { (clean::line(if by == Confined::None.as_ref() { "nothing" } else { by })) }))
            }
            @if let Some(merge) = &detail.merge {
                (fact("Merged", html! {
                    "into " (clean::line(merge.target.strip_prefix("refs/heads/").unwrap_or(&merge.target))) " as " (id(&merge.new))
                }))
            }
            @if let Some(base) = &detail.base { (fact("Base", id(base))) }
            @if let Some(review) = &detail.review {
                (fact("Review", html! {
                    (clean::line(&review.state)) @if let Some(by) = &review.by { " by " (clean::line(by)) }
                    @if review.stale { ", for earlier commits" }
                }))
            }
            @if let Some(approval) = &detail.approval {
                (fact("Approval", html! {
                    (clean::line(&approval.state)) @if let Some(by) = &approval.by { " by " (clean::line(by)) }
                    @if approval.stale { ", for an earlier text" }
                }))
            }
            (fact("Signatures", html! { (signatures(spec)) }))
        }
    }
}

/// How many events and commits are signed, and what that is worth.
fn signatures(spec: &Reported) -> String {
    let of_events = spec.detail.history.iter().map(|event| event.signature.as_ref());
    let all: Vec<_> = of_events.chain(spec.commits.iter().map(|commit| commit.signature.as_ref())).collect();
    let verdict = |wanted: fn(Verdict) -> bool| all.iter().flatten().filter(|one| wanted(one.verdict)).count();
    let (good, none) = (verdict(|one| one == Verdict::Good), verdict(|one| one == Verdict::None));
    let bad = all.iter().flatten().count() - good - none;
    match (good, bad) {
        (0, 0) => "none".to_owned(),
        (good, 0) => format!("{good} of {} events and commits, all good", all.len()),
        (good, bad) => format!("{good} good of {} events and commits, {bad} not", all.len()),
    }
}

fn written(document: &Document) -> Markup {
    let name = document.path.rsplit('/').next().unwrap_or(&document.path);
    html! {
        h3 { "Document" @if !name.is_empty() { ": " (clean::line(name)) } }
        @match &document.text {
            Some(text) => { div.document { (markdown::html(text, 4)) } }
            None => { p.faint { "This file is not text." } }
        }
        p.again { "As recorded: " code { "git cat-file blob " (clean::line(&document.blob)) } }
    }
}

fn commits(commits: &[ReportedCommit]) -> Markup {
    let author = |author: &Option<Person>| author.as_ref().and_then(person);
    html! {
        @if !commits.is_empty() {
            h3 { "Commits" }
            ul.commits {
                @for commit in commits {
                    li {
                        (id(&commit.id)) " "
                        @match &commit.subject {
                            Some(subject) => { (prose(subject)) }
                            None => { span.faint { "(not in this clone)" } }
                        }
                        @if let Some(author) = author(&commit.author) { span.faint { ", by " (author) } }
                        @if let Some(at) = &commit.at { span.faint { ", " (time::iso(at)) } }
                    }
                }
            }
        }
    }
}
