//! The use case `why`: from a line or a commit to its spec, its checks, and the research behind it.

mod origin;

use std::collections::{BTreeSet, VecDeque};

use gix::ObjectId;

use crate::{
    answer::{ResearchView, WhyView},
    domain::{
        checks::Checks,
        event::{Op, Role},
        id::SpecId,
        spec_file::section,
    },
    error::Result,
    git::blame,
    specs::all::Specs,
};

pub(crate) use origin::origin;

/// How many specs of a trail are shown.
const MAX_TRAIL: usize = 50;

/// Why `commit` is there; `None` is a line that is not committed.
///
/// # Errors
/// If the repository cannot be read.
pub(crate) fn why(specs: &Specs<'_>, commit: Option<ObjectId>) -> Result<WhyView> {
    let mut view = WhyView {
        commit: commit.map(|id| id.to_string()),
        subject: None,
        certainty: "unknown".to_owned(),
        how: "it is not committed yet".to_owned(),
        spec: None,
        confined: None,
        checks: Vec::new(),
        research: Vec::new(),
    };
    let Some(commit) = commit else { return Ok(view) };
    view.subject = blame::subject(&specs.project.repo, commit)?;
    let found = origin(specs, commit)?;
    view.certainty = found.certainty().to_owned();
    view.how = found.in_words();
    let Some(spec) = found.spec() else { return Ok(view) };
    let entry = specs.entry(spec)?;
    view.spec = Some(specs.view(&entry)?);
    if let Some(state) = &entry.state {
        view.confined = state.facts.confined.as_ref().map(|by| by.as_ref().to_owned());
        view.checks = checks(specs, spec, state.tip)?;
        view.research = research(specs, spec, state.tip)?;
    }
    Ok(view)
}

/// The checks of the newest finish event.
fn checks(specs: &Specs<'_>, spec: &SpecId, tip: ObjectId) -> Result<Vec<crate::domain::checks::CheckLine>> {
    let store = specs.project.store()?;
    let walk = store.walk(spec, tip)?;
    let checks = store.newest_evidence(&walk.history, &Op::Finish, "checks.json")?;
    let checks = checks.and_then(|bytes| serde_json::from_slice::<Checks>(&bytes).ok());
    Ok(checks.map(|checks| checks.lines()).unwrap_or_default())
}

/// The specs that informed `spec`, breadth first: the nearest first, each once.
fn research(specs: &Specs<'_>, spec: &SpecId, tip: ObjectId) -> Result<Vec<ResearchView>> {
    let store = specs.project.store()?;
    let mut seen = BTreeSet::from([spec.clone()]);
    let mut queue = VecDeque::from([(spec.clone(), tip)]);
    let mut found = Vec::new();
    while let Some((id, tip)) = queue.pop_front() {
        let walk = store.walk(&id, tip)?;
        let parents = walk.history.events().iter().rev().flat_map(|event| event.parents.iter());
        for (_, parent) in parents.filter(|(role, _)| *role == Role::Informed) {
            let Some(by) = store.spec_of_event(*parent)? else { continue };
            if found.len() >= MAX_TRAIL || !seen.insert(by.clone()) {
                continue;
            }
            found.push(research_view(specs, &by, *parent)?);
            queue.push_back((by, *parent));
        }
    }
    Ok(found)
}

/// A spec as it was when it informed another: its documents are in its events, wherever the files are now.
fn research_view(specs: &Specs<'_>, id: &SpecId, at: ObjectId) -> Result<ResearchView> {
    let store = specs.project.store()?;
    let entry = specs.entry(id)?;
    let mut view = ResearchView {
        short: id.short().to_owned(),
        title: entry.spec().and_then(|spec| spec.title.clone()),
        phase: entry.spec().and_then(|spec| spec.front.phase.clone()),
        documents: Vec::new(),
        recommendation: None,
    };
    let walk = store.walk(id, at)?;
    let finished = walk.history.events().iter().rev().find(|event| event.op == Op::Finish);
    for file in finished.map(|event| store.evidence_files(event.id, "outputs")).transpose()?.unwrap_or_default() {
        if file.path.starts_with(".chant/specs/") {
            continue;
        }
        if view.recommendation.is_none()
            && let Ok(text) = String::from_utf8(specs.project.repo.gix().find_blob(file.blob)?.take_data())
        {
            view.recommendation = section(&text, "recommend");
        }
        view.documents.push(file.path);
    }
    Ok(view)
}
