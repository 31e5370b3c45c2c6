//! The use case `report`: all that is known of some specs, in the order in which a reader asks for it.

use std::collections::HashSet;

use gix::ObjectId;

use super::why;
use crate::{
    answer::{
        CheckedAttempt, GraphView, Person,
        report::{Document, Quote, Report, Reported, ReportedCommit, ReportedRun, main_spec},
    },
    domain::{
        event::Op,
        history::History,
        phase::Phase,
        spec_file::{body_of, lead, release_notes_of, section},
        status::Status,
    },
    error::Result,
    project::{SPECS_DIR, signatures::Signatures},
    specs::{all::Specs, costs::CountedRun, entry::Entry, text::path_of, view::rfc3339},
};

/// The report on `entries`, which were asked for as `names`, in their order. `patches` says what the work of each changes, `graph` what
/// builds on what among all specs.
///
/// # Errors
/// If the repository cannot be read.
pub(crate) fn report(
    specs: &Specs<'_>,
    names: Vec<String>,
    entries: &[Entry],
    patches: Vec<Option<String>>,
    graph: &GraphView,
) -> Result<Report> {
    let mut reported = Vec::new();
    for (entry, patch) in entries.iter().zip(patches) {
        reported.push(one(specs, entry, patch)?);
    }
    signatures(specs, &mut reported)?;
    let ids: HashSet<_> = entries.iter().map(|entry| &entry.id).collect();
    let graph = GraphView {
        nodes: graph.nodes.iter().filter(|node| ids.contains(&node.id)).cloned().collect(),
        edges: graph.edges.iter().filter(|edge| ids.contains(&edge.from) && ids.contains(&edge.to)).cloned().collect(),
    };
    let title = main_spec(&reported).and_then(|at| reported[at].detail.spec.title.clone()).unwrap_or_default();
    Ok(Report {
        names,
        title,
        question: question(&reported),
        recommendation: recommendation(specs, entries, &reported)?,
        notes: notes(&reported),
        specs: reported,
        graph,
        left_out: Vec::new(),
    })
}

/// Everything about one spec, as its events hold it where they do.
fn one(specs: &Specs<'_>, entry: &Entry, patch: Option<String>) -> Result<Reported> {
    let mut detail = specs.detail(entry)?;
    detail.diff = patch;
    let by = specs.successors(&entry.id, &entry.id)?.into_iter().next();
    let mut reported = Reported {
        documents: Vec::new(),
        commits: Vec::new(),
        runs: Vec::new(),
        superseded_because: by.as_ref().map(|by| specs.why_superseded(&entry.id, by)).transpose()?.flatten(),
        superseded_by: by.map(|by| by.short().to_owned()),
        detail,
    };
    let Some(state) = &entry.state else { return Ok(reported) };
    let walk = specs.project.store()?.walk(&entry.id, state.tip)?;
    let checks = specs.recorded_checks(entry, &walk.history)?.map(|(.., checks)| checks);
    reported.detail.checks =
        checks.map(|checks| CheckedAttempt { checks: checks.lines(), suite: checks.ran_suite(), evidence: checks });
    (reported.documents, reported.detail.body) = outputs(specs, entry, &walk.history, reported.detail.body.take())?;
    let run = |run: CountedRun| ReportedRun { attempt: run.attempt.map(|id| id.to_string()), cost: run.cost };
    reported.runs = CountedRun::all(&walk.history).map(run).collect();
    for commit in &state.facts.work_commits {
        reported.commits.push(commit_view(specs, *commit)?);
    }
    Ok(reported)
}

/// What the newest finish event keeps: the documents, and the text of the spec at the end in place of `body`.
fn outputs(
    specs: &Specs<'_>,
    entry: &Entry,
    history: &History,
    mut body: Option<String>,
) -> Result<(Vec<Document>, Option<String>)> {
    let store = specs.project.store()?;
    let own = path_of(&entry.id);
    let mut documents = Vec::new();
    let Some(finished) = history.events().iter().rev().find(|event| event.op == Op::Finish) else {
        return Ok((documents, body));
    };
    for file in store.evidence_files(finished.id, "outputs")? {
        let bytes = specs.project.repo.gix().find_blob(file.blob)?.take_data();
        let text = String::from_utf8(bytes).ok();
        if file.path == own {
            body = text.map(|text| body_of(&text).to_owned()).or(body);
        } else if !file.path.starts_with(SPECS_DIR) {
            documents.push(Document { path: file.path, blob: file.blob.to_string(), text });
        }
    }
    Ok((documents, body))
}

fn commit_view(specs: &Specs<'_>, id: ObjectId) -> Result<ReportedCommit> {
    let mut view = ReportedCommit { id: id.to_string(), subject: None, author: None, at: None, signature: None };
    let Some(object) = specs.project.repo.gix().try_find_object(id)? else { return Ok(view) };
    let Ok(commit) = object.try_into_commit() else { return Ok(view) };
    if let (Ok(message), Ok(author)) = (commit.message(), commit.author()) {
        view.subject = Some(message.summary().to_string());
        view.author = Some(Person { name: author.name.to_string(), email: author.email.to_string() });
        view.at = author.time().ok().map(|time| rfc3339(time.seconds, time.offset));
    }
    Ok(view)
}

/// Has all signatures checked at once.
fn signatures(specs: &Specs<'_>, reported: &mut [Reported]) -> Result<()> {
    let of = |spec: &Reported| -> Vec<ObjectId> {
        let ids = spec.detail.history.iter().map(|event| &event.id).chain(spec.commits.iter().map(|commit| &commit.id));
        ids.filter_map(|id| id.parse().ok()).collect()
    };
    let all: Vec<ObjectId> = reported.iter().flat_map(of).collect();
    let verdicts = Signatures::new(specs.project).of(&all)?;
    let verdict = |id: &str| verdicts.get(&id.parse::<ObjectId>().ok()?).cloned();
    for spec in reported {
        spec.detail.history.iter_mut().for_each(|event| event.signature = verdict(&event.id));
        spec.commits.iter_mut().for_each(|commit| commit.signature = verdict(&commit.id));
    }
    Ok(())
}

fn quote(spec: &Reported, text: String, is_prompt: bool) -> Quote {
    let view = &spec.detail.spec;
    Quote { spec: view.id.to_string(), short: view.short.clone(), text, is_prompt }
}

/// What was wrong: what the first document begins with, otherwise the context of the first spec.
fn question(reported: &[Reported]) -> Option<Quote> {
    let first = reported.first()?;
    let documents = first.documents.iter().filter_map(|document| document.text.as_deref());
    let found = documents.filter_map(lead).next().map(|text| quote(first, text, false));
    found.or_else(|| Some(quote(first, lead(first.detail.body.as_deref()?)?, true)))
}

/// What was recommended to the spec that the others lead to, otherwise what it recommends itself.
fn recommendation(specs: &Specs<'_>, entries: &[Entry], reported: &[Reported]) -> Result<Option<Quote>> {
    let Some(at) = main_spec(reported) else { return Ok(None) };
    if let Some(state) = &entries[at].state {
        for found in why::trail(specs, &entries[at].id, (state.tip, state.attempt))? {
            let from = reported.iter().find(|spec| spec.detail.spec.short == found.short);
            if let (Some(text), Some(from), None) = (found.recommendation, from, found.superseded_by) {
                return Ok(Some(quote(from, text, false)));
            }
        }
    }
    let own = reported[at].documents.iter().filter_map(|document| section(document.text.as_deref()?, "recommend"));
    Ok(own.map(|text| quote(&reported[at], text, false)).next())
}

/// What users are told of the last fix.
fn notes(reported: &[Reported]) -> Option<Quote> {
    let is_fix = |spec: &&Reported| {
        let view = &spec.detail.spec;
        view.status == Status::Completed && view.phase.as_deref().is_none_or(|phase| phase == Phase::ForkFix.as_str())
    };
    reported.iter().rev().filter(is_fix).find_map(|spec| {
        let text = release_notes_of(spec.detail.body.as_deref()?.as_bytes())?;
        Some(quote(spec, text, false))
    })
}
