//! What is known of a spec by a shell.

use crate::{
    domain::{id::SpecId, status::Status},
    error::Result,
    project::Project,
    specs::all::Specs,
};

/// A spec as a shell offers it. There may be anything in its texts: they are as they were written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    /// The id.
    pub id: SpecId,
    /// Its status.
    pub status: Status,
    /// Whether `work` would begin it or go on with it, where that was asked.
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

/// Every spec, in the order of the ids; those that were put away only if `archived`; whether they can be
/// worked only `to_work`. One that cannot be read is left out.
pub(super) fn all(project: &Project, archived: bool, to_work: bool) -> Result<Vec<Row>> {
    let specs = Specs::cached(project)?;
    let ids = if archived { specs.names.all()? } else { specs.names.active()? };
    specs.read_ahead(&ids);
    let mut rows = Vec::with_capacity(ids.len());
    for id in ids {
        // Nobody works on what is over.
        if to_work && specs.is_over_in_brief(id)? {
            continue;
        }
        let short = if to_work { None } else { short_row(&specs, id)? };
        rows.extend(short.or_else(|| row(&specs, id, to_work).ok()));
    }
    specs.write_cache()?;
    // As with a listing: the process is about to end.
    std::mem::forget(specs);
    Ok(rows)
}

/// Those of them that have `typed` in their id and are `wanted`; no others are read, if they are few.
pub(super) fn with(
    project: &Project,
    typed: &str,
    to_work: bool,
    wanted: impl Fn(&SpecId) -> bool,
) -> Result<Vec<Row>> {
    if !typed.is_empty() {
        let specs = Specs::new(project)?;
        let ids: Vec<SpecId> = specs.names.with(typed)?.into_iter().filter(wanted).collect();
        if ids.len() <= FEW {
            return Ok(ids.iter().filter_map(|id| row(&specs, id, to_work).ok()).collect());
        }
    }
    all(project, false, to_work)
}

/// The same in short, of a spec that the index knows enough about; `None` of any other.
fn short_row(specs: &Specs<'_>, id: &SpecId) -> Result<Option<Row>> {
    Ok(specs.sight(id)?.map(|sight| Row {
        id: id.clone(),
        status: sight.status,
        workable: false,
        contended: sight.contended,
        title: sight.text.title.unwrap_or_else(|| id.short()).to_owned(),
        labels: sight.text.labels.iter().copied().map(str::to_owned).collect(),
        topic: sight.text.topic.map(str::to_owned),
    }))
}

fn row(specs: &Specs<'_>, id: &SpecId, to_work: bool) -> Result<Row> {
    let entry = specs.entry(id)?;
    let workable = match entry.status {
        // What it waits for may be a long way to look.
        Status::Pending | Status::Failed => to_work && specs.reasons(&entry)?.is_empty(),
        Status::Paused => true,
        _ => false,
    };
    let front = entry.spec().map(|spec| &spec.front);
    Ok(Row {
        id: id.clone(),
        status: entry.status,
        workable,
        contended: entry.state.as_ref().is_some_and(|state| state.is_contended()),
        title: entry.title().to_owned(),
        labels: front.map(|front| front.labels.clone()).unwrap_or_default(),
        topic: front.and_then(|front| front.topic.clone()),
    })
}
