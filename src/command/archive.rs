//! `git chant archive` and `git chant unarchive`

use super::{
    Context,
    outcome::{Body, Outcome},
};
use crate::{
    archive,
    cli::archive::{ArchiveArgs, UnarchiveArgs},
    error::Result,
    project::{
        Project,
        world::{Entry, World},
    },
};

pub(super) fn archive(context: &Context<'_>, args: &ArchiveArgs) -> Result<Outcome> {
    each(context, &args.specs, "archive", archive::archive)
}

pub(super) fn unarchive(context: &Context<'_>, args: &UnarchiveArgs) -> Result<Outcome> {
    each(context, &args.specs, "unarchive", archive::unarchive)
}

fn each(
    context: &Context<'_>,
    queries: &[String],
    op: &str,
    act: impl Fn(&Project, &Entry) -> Result<()>,
) -> Result<Outcome> {
    let project = context.project()?;
    let mut ids = Vec::new();
    for query in queries {
        ids.push(context.pick_to_change(&project, query)?);
    }
    let mut specs = Vec::new();
    for id in ids {
        let world = World::new(&project)?;
        let entry = world.entry(&id)?;
        act(&project, &entry)?;
        let sentence = entry.title().to_owned();
        specs.push((context.view(&project, &id)?, sentence));
    }
    Ok(Outcome::new(Body::RecordedAll { op: op.to_owned(), specs }))
}
