//! A spec that an agent proposes: its history begins, and no checkout gets a file of it until a person adopts it.

use std::collections::BTreeSet;

use super::{text::path_of, view::rfc3339};
use crate::{
    domain::{
        event::{Facts, Op},
        id::SpecId,
        new_event::{NewEvent, NotAllowed},
        spec_file::Spec,
    },
    error::Result,
    project::Project,
    store::{Addition, Evidence, Refusal},
};

/// An id that no spec of today has. The sequence is for people; the random suffix keeps the ids of two clones or processes apart.
///
/// # Errors
/// If the specs cannot be listed.
pub(crate) fn fresh_id(project: &Project) -> Result<SpecId> {
    let today = project.env.today();
    let used: BTreeSet<SpecId> = project.spec_names().of_day(&today.to_string())?;
    Ok(next_id(project, today, &used))
}

/// The next id of the day `today`, of which the ids in `used` are taken.
pub(crate) fn next_id(project: &Project, today: jiff::civil::Date, used: &BTreeSet<SpecId>) -> SpecId {
    let sequence = used.iter().filter_map(SpecId::sequence).max().unwrap_or(0).saturating_add(1);
    SpecId::generate(today.year(), today.month(), today.day(), sequence, project.env.random_u32())
}

/// Records that the agent of the spec `by` proposes the spec `id` with the text `bytes`. Nothing of it is trusted. A spec that has a
/// history already stays as it is. Gives the sentence.
///
/// # Errors
/// If the event cannot be written.
pub(crate) fn record(
    project: &Project,
    id: &SpecId,
    bytes: &[u8],
    spec: &Spec,
    by: &SpecId,
    onto: Option<&str>,
) -> Result<String> {
    let store = project.store()?;
    let blob = store.write_blob(bytes)?;
    let facts = Facts {
        phase: spec.front.phase.clone(),
        spec_path: Some(path_of(id)),
        spec_blob: Some(blob),
        created: Some(rfc3339(project.env.now().as_second(), 0)),
        onto: onto.map(str::to_owned),
        proposed_by: Some(by.clone()),
        ..Facts::default()
    };
    let sentence = spec.title.clone().unwrap_or_else(|| id.short().to_owned());
    let event = NewEvent { op: Op::Add, sentence: sentence.clone(), facts };
    let evidence = Evidence { spec: Some(blob), ..Evidence::default() };
    match store.record(id, Addition { event, evidence, informed: Vec::new() }) {
        Ok(_) | Err(Refusal::NotAllowed { obstacle: NotAllowed::Exists, .. }) => Ok(sentence),
        Err(refusal) => Err(refusal.into()),
    }
}
