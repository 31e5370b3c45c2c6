//! What is known of a spec by a shell.

use serde::{Deserialize, Serialize};

use crate::{
    agent::sanitize,
    domain::{id::SpecId, status::Status},
    error::Result,
    project::{Project, world::World},
};

/// A spec as a shell offers it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// The full id.
    id: String,
    /// Its status.
    #[serde(with = "by_name")]
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

impl Row {
    /// The full id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The short form: without the date.
    pub fn short(&self) -> &str {
        match self.id.get(10..11) {
            Some("-") => &self.id[11..],
            _ => &self.id,
        }
    }

    /// The last part of the id.
    pub fn suffix(&self) -> &str {
        self.id.rsplit_once('-').map_or(&self.id, |(_, suffix)| suffix)
    }
}

/// Every spec, in the order of the ids. One that cannot be read is left out.
pub(super) fn find(project: &Project) -> Result<Vec<Row>> {
    let world = World::new(project)?;
    Ok(world.census.all()?.into_iter().filter_map(|id| row(&world, id).ok()).collect())
}

fn row(world: &World<'_>, id: &SpecId) -> Result<Row> {
    let entry = world.entry(id)?;
    let workable = match entry.status {
        Status::Pending | Status::Failed => world.reasons(&entry)?.is_empty(),
        Status::Paused => true,
        _ => false,
    };
    let front = entry.spec().map(|spec| &spec.front);
    // What a shell cannot show in a line of its own it would take for two values.
    let plain = |text: &str| sanitize::line(text);
    Ok(Row {
        id: id.to_string(),
        status: entry.status,
        workable,
        contended: entry.state.as_ref().is_some_and(|state| state.is_contended()),
        title: plain(entry.spec().and_then(|spec| spec.title.as_deref()).unwrap_or_default()),
        labels: front.map(|front| front.labels.iter().map(|label| plain(label)).collect()).unwrap_or_default(),
        topic: front.and_then(|front| front.topic.as_deref()).map(plain),
    })
}

/// A status by its name.
mod by_name {
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    use crate::domain::status::Status;

    pub(super) fn serialize<S: Serializer>(status: &Status, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(status.as_str())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Status, D::Error> {
        let name = String::deserialize(from)?;
        name.parse().map_err(|_| D::Error::custom("no status"))
    }
}
