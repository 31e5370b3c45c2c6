//! `git chant archive` and `git chant unarchive`

use super::{
    Context,
    outcome::{Body, Outcome},
};
use crate::{
    archive,
    cli::archive::{ArchiveArgs, UnarchiveArgs},
    domain::status::Status,
    error::{Error, Result},
    investigate,
    project::{
        Project,
        world::{Entry, World},
    },
};

pub(super) fn archive(context: &Context<'_>, args: &ArchiveArgs) -> Result<Outcome> {
    let specs = match &args.topic {
        Some(topic) => over(context, topic)?,
        None => args.specs.clone(),
    };
    each(context, &specs, "archive", archive::archive)
}

pub(super) fn unarchive(context: &Context<'_>, args: &UnarchiveArgs) -> Result<Outcome> {
    each(context, &args.specs, "unarchive", archive::unarchive)
}

/// The specs of an investigation, all of which have to be over.
fn over(context: &Context<'_>, topic: &str) -> Result<Vec<String>> {
    let project = context.project()?;
    let entries = investigate::entries(&World::new(&project)?, topic)?;
    if entries.is_empty() {
        return Err(Error::negative("no-topic", format!("no spec belongs to '{}'", topic.escape_debug()))
            .hint("git chant list shows what there is"));
    }
    let open = |entry: &&Entry| !matches!(entry.status, Status::Completed | Status::Cancelled);
    let open: Vec<String> =
        entries.iter().filter(open).map(|entry| format!("'{}' is {}", entry.id.short(), entry.status)).collect();
    if !open.is_empty() {
        return Err(Error::negative("not-over", format!("'{topic}' is not over: {}", open.join(", ")))
            .hint("complete or cancel them first, or archive the others by their ids"));
    }
    Ok(entries.iter().map(|entry| entry.id.to_string()).collect())
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
        let id = context.pick_to_change(&project, query)?;
        // A driver goes with its members.
        let members = project.members(&project.census(), &id)?;
        ids.extend(members.into_iter().chain([id]));
    }
    let mut specs = Vec::new();
    for id in ids {
        let world = World::new(&project)?;
        let entry = world.entry(&id)?;
        // Whoever died on the way had recorded it; then only the file has to follow.
        let done = archive::settle(&project, &id)? && (entry.status == Status::Archived) == (op == "archive");
        if !done {
            act(&project, &entry)?;
        }
        let sentence = entry.title().to_owned();
        specs.push((context.view(&project, &id)?, sentence));
    }
    Ok(Outcome::new(Body::RecordedAll { op: op.to_owned(), specs }))
}
