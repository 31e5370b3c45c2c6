//! The specs that a shell offers.

use crate::{
    domain::{id::SpecId, status::Status},
    error::Result,
    project::Project,
    specs::{all::Specs, facts::Facts},
};

/// A spec as a shell offers it. There may be anything in its texts: they are as they were written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    /// The id.
    pub id: SpecId,
    /// Its status.
    pub status: Status,
    /// Whether `work` would begin or resume it, where that was asked.
    pub workable: bool,
    /// Whether several attempts count.
    pub contended: bool,
    /// The title.
    pub title: String,
    /// Its labels.
    pub labels: Vec<String>,
    /// Its topic.
    pub topic: Option<String>,
}

/// More specs than these are read by way of the index.
const FEW: usize = 200;

/// Every spec, in the order of the ids; archived ones only if `archived`. Whether a spec is ready is found out only if `to_work`. A spec
/// that cannot be read is left out.
pub(super) fn all(project: &Project, archived: bool, to_work: bool) -> Result<Vec<Row>> {
    let specs = Specs::cached(project)?;
    let ids = if archived { specs.names.all()? } else { specs.names.active()? };
    let mut rows = Vec::with_capacity(ids.len());
    // A spec that is over is not worked on.
    let wanted = |status: Status| !to_work || !status.is_over();
    for id in ids {
        rows.extend(specs.inspect(id, wanted, |facts| row(&specs, facts, to_work)).ok().flatten());
    }
    specs.write_cache()?;
    // As with a listing: the process is about to end.
    std::mem::forget(specs);
    Ok(rows)
}

/// The specs whose id contains `typed` and that are `wanted`. Where they are few, no others are read.
pub(super) fn with(
    project: &Project,
    typed: &str,
    to_work: bool,
    wanted: impl Fn(&SpecId) -> bool,
) -> Result<Vec<Row>> {
    if !typed.is_empty() {
        let specs = Specs::new(project)?;
        let ids: Vec<SpecId> = specs.names.containing(typed)?.into_iter().filter(wanted).collect();
        if ids.len() <= FEW {
            return Ok(ids.iter().filter_map(|id| row(&specs, &specs.entry(id).ok()?.facts(), to_work).ok()).collect());
        }
    }
    all(project, false, to_work)
}

fn row(specs: &Specs<'_>, facts: &Facts<'_>, to_work: bool) -> Result<Row> {
    let workable = match facts.status {
        // What it waits for may be a long way to look.
        Status::Pending | Status::Failed => to_work && specs.reasons(facts)?.is_empty(),
        Status::Paused => true,
        _ => false,
    };
    let text = facts.text.as_ref();
    Ok(Row {
        id: facts.id.clone(),
        status: facts.status,
        workable,
        contended: facts.is_contended(),
        title: text.and_then(|text| text.title).unwrap_or_else(|| facts.id.short()).to_owned(),
        labels: text.iter().flat_map(|text| text.labels.iter()).map(str::to_owned).collect(),
        topic: text.and_then(|text| text.topic).map(str::to_owned),
    })
}
