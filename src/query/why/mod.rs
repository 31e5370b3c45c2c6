//! The use case `why`: from a line or a commit to its spec, its checks, and the research behind it.

mod origin;
mod question;
mod research;
mod squash;

use gix::ObjectId;

use crate::{
    answer::WhyView,
    domain::{checks::Checks, event::Op, id::SpecId},
    error::Result,
    git::blame,
    specs::all::Specs,
};

pub(crate) use origin::{Origin, Origins};
pub(crate) use question::Question;
pub(crate) use research::trail;

/// Why a commit is there, or what it changed of a path or a line; `None` is a line that is not committed.
///
/// # Errors
/// If the repository cannot be read.
pub(crate) fn why(origins: &Origins<'_, '_>, question: Option<Question<'_>>) -> Result<WhyView> {
    let specs = origins.specs();
    let mut view = WhyView {
        commit: question.map(|question| question.commit.to_string()),
        subject: None,
        certainty: "unknown".to_owned(),
        how: "it is not committed yet".to_owned(),
        spec: None,
        confined: None,
        checks: Vec::new(),
        research: Vec::new(),
    };
    let Some(question) = question else { return Ok(view) };
    view.subject = blame::subject(&specs.project.repo, question.commit)?;
    let found = origins.of(question)?;
    view.certainty = found.certainty().to_owned();
    view.how = found.in_words();
    let Some(spec) = found.spec() else { return Ok(view) };
    let entry = specs.entry(spec)?;
    view.spec = Some(specs.view(&entry)?);
    if let Some(state) = &entry.state {
        view.confined = state.facts.confined.as_ref().map(|by| by.as_ref().to_owned());
        view.checks = checks(specs, spec, state.tip)?;
        view.research = trail(specs, spec, state)?;
    }
    Ok(view)
}

/// The checks of the newest finish event.
fn checks(specs: &Specs<'_>, spec: &SpecId, tip: ObjectId) -> Result<Vec<crate::domain::check_line::CheckLine>> {
    let store = specs.project.store()?;
    let walk = store.walk(spec, tip)?;
    let checks = store.newest_evidence(&walk.history, &Op::Finish, "checks.json")?;
    let checks = checks.and_then(|bytes| serde_json::from_slice::<Checks>(&bytes).ok());
    Ok(checks.map(|checks| checks.lines()).unwrap_or_default())
}
