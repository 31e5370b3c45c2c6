//! Where an investigation stands: its steps, who is at them, and what comes next.

use crate::{
    answer::{StepView, TopicView},
    domain::{
        event::{Event, Op},
        spec_type::SpecType,
    },
    error::Result,
    project::{Project, target::short_name},
    specs::{all::Specs, entry::Entry, topic::sort_by_phase, view::rfc3339},
};

/// Where the investigation `topic` stands, and what a person does next.
///
/// # Errors
/// If there is no such investigation, or the repository cannot be read.
pub(crate) fn topic(project: &Project, topic: &str) -> Result<(TopicView, Vec<String>)> {
    let specs = Specs::new(project)?;
    let mut entries = specs.of_any_topic(topic)?;
    sort_by_phase(&mut entries);
    let steps = entries.iter().map(|entry| step(&specs, entry)).collect::<Result<Vec<_>>>()?;
    let mut targets = Vec::new();
    for entry in &entries {
        targets.extend(target(&specs, entry)?);
    }
    targets.sort();
    targets.dedup();
    let next = next(&steps).map(|step| step.spec.short.clone());
    let hints = next_step(&specs, &entries, &steps)?;
    Ok((TopicView { topic: topic.to_owned(), targets, steps, next }, hints))
}

fn step(specs: &Specs<'_>, entry: &Entry) -> Result<StepView> {
    let mut step = StepView { spec: specs.view(entry)?, by: None, since: None };
    let Some((state, attempt)) = entry.state.as_ref().and_then(|state| Some((state, state.attempt?))) else {
        return Ok(step);
    };
    // Of several people the one who took it over last.
    let history = specs.project.store()?.walk(&entry.id, state.tip)?.history;
    let begins = |event: &&Event| matches!(event.op, Op::Start | Op::Resume) && event.attempt() == attempt;
    if let Some(event) = history.events().iter().rev().find(begins) {
        let with = step.spec.agent.as_deref().map(|agent| format!(" with {agent}")).unwrap_or_default();
        step.by = Some(format!("{}{with}", event.author.name));
        step.since = Some(rfc3339(event.author.seconds, event.author.offset));
    }
    Ok(step)
}

/// Where the work of a spec goes, or went.
fn target(specs: &Specs<'_>, entry: &Entry) -> Result<Option<String>> {
    // A gate is passed wherever a person stands.
    if entry.spec().is_some_and(|spec| spec.front.kind == SpecType::Gate) {
        return Ok(None);
    }
    let facts = entry.state.as_ref().map(|state| &state.facts);
    if let Some(target) = facts.and_then(|facts| facts.target.as_deref()) {
        return Ok(Some(short_name(target).to_owned()));
    }
    let Some(spec) = entry.spec() else { return Ok(None) };
    specs.project.target_of(
        (spec.front.phase.as_deref(), spec.front.topic.as_deref()),
        facts.and_then(|facts| facts.onto.as_deref()),
    )
}

/// The next step: a spec that is ready, otherwise one that needs a person.
fn next(steps: &[StepView]) -> Option<&StepView> {
    let counts = |step: &&StepView| step.spec.superseded_by.is_none();
    let ready = steps.iter().filter(counts).find(|step| step.spec.ready);
    ready.or_else(|| steps.iter().filter(counts).find(|step| !step.spec.status.is_over()))
}

/// How a person continues: work that rests on research which was repeated since comes first.
fn next_step(specs: &Specs<'_>, entries: &[Entry], steps: &[StepView]) -> Result<Vec<String>> {
    let Some(step) = next(steps) else { return Ok(Vec::new()) };
    if let Some(entry) = entries.iter().find(|entry| entry.id == step.spec.id)
        && let Some((first, _)) = specs.outdated(&entry.id)?.first()
        && let Some(again) = specs.next_to_repeat(entry)?
    {
        let keep = format!("to keep '{0}' as it is: git chant accept {0} -m \"...\"", first.short());
        return Ok(vec![format!("next: {}", again.command), keep]);
    }
    Ok(vec![match step.spec.next_command() {
        Some(command) => format!("next: {command}"),
        None => format!("to see what blocks it: git chant show {}", step.spec.short),
    }])
}
