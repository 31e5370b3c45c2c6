//! What is known of a spec by a shell.

use crate::{
    agent::sanitize,
    domain::{id::SpecId, status::Status},
    error::Result,
    project::{Project, world::World},
};

/// A spec as a shell offers it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The id.
    pub id: SpecId,
    /// Its status.
    pub status: Status,
    /// Whether `work` would begin it or go on with it.
    pub workable: bool,
    /// Whether several attempts count.
    pub contended: bool,
    /// The title, without anything that a terminal would interpret.
    pub title: String,
    /// Its labels.
    pub labels: Vec<String>,
    /// Its topic.
    pub topic: Option<String>,
}

/// The specs whose id is `wanted`, in the order of the ids; those that were put away only if `archived`. One that cannot be read is
/// left out.
pub(super) fn find(project: &Project, archived: bool, wanted: impl Fn(&SpecId) -> bool) -> Result<Vec<Row>> {
    let world = World::survey(project)?;
    let ids = if archived { world.census.all()? } else { world.census.active()? };
    let rows = ids.into_iter().filter(|id| wanted(id)).filter_map(|id| row(&world, id).ok()).collect();
    world.keep()?;
    // As with a listing: the process is about to end.
    std::mem::forget(world);
    Ok(rows)
}

fn row(world: &World<'_>, id: &SpecId) -> Result<Row> {
    let entry = world.entry(id)?;
    let workable = match entry.status {
        Status::Pending | Status::Failed => world.reasons(&entry)?.is_empty(),
        Status::Paused => true,
        _ => false,
    };
    let plain = |text: &str| sanitize::line(text);
    let front = entry.spec().map(|spec| &spec.front);
    Ok(Row {
        id: id.clone(),
        status: entry.status,
        workable,
        contended: entry.state.as_ref().is_some_and(|state| state.is_contended()),
        title: plain(entry.title()),
        labels: front.map(|front| front.labels.iter().map(|label| plain(label)).collect()).unwrap_or_default(),
        topic: front.and_then(|front| front.topic.as_deref()).map(plain),
    })
}
