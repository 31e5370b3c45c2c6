//! What the index knows in short: enough for a line about a spec, borrowed from what was read. Of most specs nobody asks for more.

use gix::ObjectId;

use super::{
    Book,
    row::{BehindRow, Oid, ThenRow},
    short::{Saying, Short},
};
use crate::{
    domain::{spec_type::SpecType, status::Status},
    git::work_file::Stamp,
};

/// What is known of a spec, as far as a line about it hangs on it, and without anything copied.
#[derive(Debug)]
pub(crate) struct Brief<'b> {
    /// The status that its events amount to.
    pub status: Status,
    /// Whether several attempts claim it.
    pub contended: bool,
    /// Whether another spec has taken its place.
    pub superseded: bool,
    /// Whether anybody has approved or rejected it.
    pub answered: bool,
    /// The attempt that decided.
    pub attempt: Option<ObjectId>,
    /// Its text at that time.
    pub spec_blob: Option<ObjectId>,
    /// The commits of the attempt, one id after the other.
    pub work: &'b [u8],
    /// Whether the attempt was given anything.
    pub has_inputs: bool,
    /// Whether it was given anything else than specs and addresses.
    pub has_files: bool,
    pins: &'b [u8],
    behind: &'b [u8],
}

/// The same of its text.
#[derive(Debug)]
pub(crate) struct BriefText<'b> {
    /// Its title.
    pub title: Option<&'b str>,
    /// Its type.
    pub kind: SpecType,
    /// Its phase.
    pub phase: Option<&'b str>,
    /// Its topic.
    pub topic: Option<&'b str>,
    /// Its labels.
    pub labels: Vec<&'b str>,
    depends_on: &'b [u8],
    /// Whether it names inputs.
    pub has_inputs: bool,
    /// Whether it names others than specs and addresses.
    pub has_files: bool,
    /// Whether it asks to be approved.
    pub approval: bool,
}

/// What an event said of its spec, as the row of the index says it, without anything copied.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct BriefThen<'b> {
    /// The text.
    pub spec_blob: Option<ObjectId>,
    /// The attempt that decided.
    pub attempt: Option<ObjectId>,
    /// Its commits, one id after the other.
    pub work: &'b [u8],
}

impl Book {
    /// What the events of a spec amount to, in short; `None` if that is not known at `tip`.
    pub(crate) fn brief(&self, id: &str, tip: ObjectId) -> Option<Brief<'_>> {
        brief(&self.short(id)?, tip)
    }

    /// The same, and what its text says, if that was read from the file with this stamp in the first of the places.
    pub(crate) fn brief_with_text(&self, id: &str, tip: ObjectId, stamp: Stamp) -> Option<(Brief<'_>, BriefText<'_>)> {
        let short = self.short(id)?;
        let brief = brief(&short, tip)?;
        let Saying { title, kind, phase, topic, inputs, approval, labels, depends_on, .. } =
            short.text.filter(|text| text.stamp == Some(stamp) && text.place == 0)?;
        let labels = if labels.is_empty() { Vec::new() } else { postcard::from_bytes(labels).ok()? };
        let (has_inputs, has_files) = inputs;
        Some((brief, BriefText { title, kind, phase, topic, labels, depends_on, has_inputs, has_files, approval }))
    }
}

impl<'b> BriefText<'b> {
    /// What it depends on, as written.
    pub(crate) fn depends_on(&self) -> Option<Vec<&'b str>> {
        if self.depends_on.is_empty() { Some(Vec::new()) } else { postcard::from_bytes(self.depends_on).ok() }
    }
}

impl<'b> Brief<'b> {
    /// The specs that the attempt was given, and their events.
    pub(crate) fn pins(&self) -> Option<Vec<(&'b str, ObjectId)>> {
        let pins: Vec<(&str, Oid)> = postcard::from_bytes(self.pins).ok()?;
        Some(pins.into_iter().map(|(id, event)| (id, event.0)).collect())
    }

    /// The specs that informed the attempt, and what the events of its inputs said of those; `None` where that is not known.
    pub(crate) fn behind(&self) -> Option<Behind<'b>> {
        let BehindRow { origins, pinned } = postcard::from_bytes(self.behind).ok()?;
        let (of, origins) = origins?;
        if Some(of.0) != self.attempt {
            return None;
        }
        let then = |row: ThenRow<'b>| {
            let then = BriefThen {
                spec_blob: row.spec_blob.map(|id| id.0),
                attempt: row.attempt.map(|id| id.0),
                work: row.work,
            };
            (row.spec, row.event.0, then)
        };
        Some((origins, pinned.into_iter().map(then).collect()))
    }
}

/// The specs that informed an attempt, and what the events of its inputs said of those.
pub(crate) type Behind<'b> = (Vec<&'b str>, Vec<(&'b str, ObjectId, BriefThen<'b>)>);

fn brief<'b>(short: &Short<'b>, tip: ObjectId) -> Option<Brief<'b>> {
    let known = short.tip.filter(|known| known.tip == tip)?;
    Some(Brief {
        status: known.status,
        contended: known.contended,
        superseded: known.superseded,
        answered: known.answered,
        attempt: known.attempt,
        spec_blob: known.spec_blob,
        work: known.work,
        has_inputs: known.inputs.0,
        has_files: known.inputs.1,
        pins: known.pins,
        behind: short.behind,
    })
}
