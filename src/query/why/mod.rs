//! The use case `why`: from a line or a commit to its spec, its checks, and the research behind it.

mod research;

use gix::ObjectId;

use crate::{
    answer::WhyView,
    domain::{
        check_line::CheckLine,
        checks::Checks,
        event::{Event, Op},
        history::History,
    },
    error::Result,
    git::blame,
    specs::{
        all::Specs,
        origin::{Question, Source},
    },
};

pub(crate) use research::trail;

/// Why a commit is there, or what it changed of a path or a line; `None` is a line that is not committed. Where several specs are behind
/// it, an answer each.
///
/// # Errors
/// If the repository cannot be read.
pub(crate) fn why(specs: &Specs<'_>, question: Option<Question<'_>>) -> Result<Vec<WhyView>> {
    let unknown = WhyView {
        commit: question.map(|question| question.commit.to_string()),
        subject: None,
        certainty: "unknown".to_owned(),
        how: "it is not committed yet".to_owned(),
        spec: None,
        confined: None,
        checks: Vec::new(),
        research: Vec::new(),
    };
    let Some(question) = question else { return Ok(vec![unknown]) };
    let subject = blame::subject(&specs.project.repo, question.commit)?;
    let origin = specs.origin(question)?;
    let view = WhyView { subject, certainty: origin.certainty().to_owned(), how: origin.in_words(), ..unknown };
    let mut views = Vec::new();
    for source in origin.sources() {
        views.push(of_source(specs, &source, view.clone())?);
    }
    Ok(if views.is_empty() { vec![view] } else { views })
}

/// Adds the spec, and what is known of the attempt.
fn of_source(specs: &Specs<'_>, source: &Source, mut view: WhyView) -> Result<WhyView> {
    let entry = specs.entry(&source.spec)?;
    view.spec = Some(specs.view(&entry)?);
    let Some(state) = &entry.state else { return Ok(view) };
    let attempt = source.attempt.or(state.attempt);
    let history = specs.project.store()?.walk(&source.spec, state.tip)?.history;
    let own = |event: &&Event| attempt.is_none() || Some(event.attempt()) == attempt;
    let confined = history.events().iter().rev().filter(own).find_map(|event| event.facts.confined.as_ref());
    view.confined = confined.map(|by| by.as_ref().to_owned());
    view.checks = checks(specs, &history, attempt)?;
    view.research = trail(specs, &source.spec, (state.tip, attempt))?;
    Ok(view)
}

/// The checks of the newest finish event of an attempt, or of any.
fn checks(specs: &Specs<'_>, history: &History, attempt: Option<ObjectId>) -> Result<Vec<CheckLine>> {
    let store = specs.project.store()?;
    let own = |event: &&Event| event.op == Op::Finish && (attempt.is_none() || Some(event.attempt()) == attempt);
    for event in history.events().iter().rev().filter(own) {
        if let Some(bytes) = store.evidence_of(event.id, "checks.json")? {
            let checks = serde_json::from_slice::<Checks>(&bytes).ok();
            return Ok(checks.map(|checks| checks.lines()).unwrap_or_default());
        }
    }
    Ok(Vec::new())
}
