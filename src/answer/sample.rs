//! Specs and events for the tests of answers and of the printer.

use super::{EventView, Person, SpecView, Trailer, outcome::Answer};
use crate::{
    domain::{id::SpecId, status::Status},
    terminal::{Look, color::Paint},
};

/// How a pipe looks.
pub(crate) const PIPE: Look = Look { paint: Paint::new(false), width: None, screen: false, unicode: false };

/// The answer for people.
pub(crate) fn text(answer: &dyn Answer, look: &Look) -> String {
    let mut out = Vec::new();
    answer.write(&mut out, look).expect("memory takes it");
    String::from_utf8(out).expect("UTF-8")
}

/// A pending spec with this title.
pub(crate) fn spec(id: &str, title: &str) -> SpecView {
    let id = SpecId::new(id).expect("a valid id");
    SpecView { title: Some(title.to_owned()), branch: format!("chant/{id}"), ..SpecView::new(id) }
}

/// A finish event.
pub(crate) fn event(sentence: &str) -> EventView {
    EventView {
        id: "5ca1ab1e".repeat(5),
        spec: SpecId::new("2026-02-08-010-v7b").expect("a valid id"),
        op: "finish".into(),
        status: Some(Status::Finished),
        at: "2026-02-08T10:02:30+01:00".into(),
        author: Person { name: "Ada".into(), email: "ada@example.com".into() },
        sentence: sentence.into(),
        attempt: Some("0ddba11".repeat(5)),
        reason: None,
        stopped: None,
        review: None,
        agent: Some("claude".into()),
        model: None,
        cost: None,
        usage: None,
        session: None,
        confined: None,
        verified: None,
        exit: Some(0),
        commits: vec!["c0ffee00".repeat(5)],
        clone: None,
        signature: None,
        trailers: vec![Trailer { name: "Chant-Op".into(), value: "finish".into() }],
    }
}
