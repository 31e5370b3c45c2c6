//! `git chant archive` and `git chant unarchive`

use super::Context;
use crate::{
    answer::{AllRecorded, Folded, outcome::Outcome, progress::Step},
    authoring::topic,
    cli::archive::{ArchiveArgs, UnarchiveArgs},
    domain::{id::SpecId, status::Status},
    error::{Error, Kind, Result},
    project::Project,
    specs::{all::Specs, entry::Entry},
    upkeep::archive,
};

pub(super) fn archive(context: &Context<'_>, args: &ArchiveArgs) -> Result<Outcome> {
    if args.fold {
        let project = context.project()?;
        return Ok(Outcome::new(Folded { folded: archive::fold(&project, None)? }));
    }
    let specs = match &args.topic {
        Some(topic) => of_topic(context, topic)?,
        None => args.specs.clone(),
    };
    let (project, ids, outcome) = each(context, &specs, "archive", archive::archive)?;
    if let Err(error) = archive::fold(&project, Some(&ids)) {
        // The specs are archived: this is no failure.
        context.progress.say(&Step::Warning(format!("they keep a ref each: {}", error.message)));
    }
    Ok(outcome)
}

pub(super) fn unarchive(context: &Context<'_>, args: &UnarchiveArgs) -> Result<Outcome> {
    each(context, &args.specs, "unarchive", archive::unarchive).map(|(_, _, outcome)| outcome)
}

/// The specs of an investigation, all of which have to be completed or cancelled.
fn of_topic(context: &Context<'_>, topic: &str) -> Result<Vec<String>> {
    let project = context.project()?;
    let entries = topic::entries(&Specs::new(&project)?, topic)?;
    if entries.is_empty() {
        return Err(Error::negative(Kind::NoTopic, format!("no spec belongs to '{}'", topic.escape_debug()))
            .hint("git chant list shows what there is"));
    }
    let open = |entry: &&Entry| !matches!(entry.status, Status::Completed | Status::Cancelled);
    let open: Vec<String> =
        entries.iter().filter(open).map(|entry| format!("'{}' is {}", entry.id.short(), entry.status)).collect();
    if !open.is_empty() {
        return Err(Error::negative(Kind::NotOver, format!("'{topic}' is not over: {}", open.join(", ")))
            .hint("complete or cancel them first, or archive the others by their ids"));
    }
    Ok(entries.iter().map(|entry| entry.id.to_string()).collect())
}

fn each(
    context: &Context<'_>,
    queries: &[String],
    op: &str,
    act: impl Fn(&Project, &Entry) -> Result<()>,
) -> Result<(Project, Vec<SpecId>, Outcome)> {
    let project = context.project()?;
    let mut ids = Vec::new();
    for query in queries {
        let id = context.pick_to_change(&project, query)?;
        // A driver is archived with its members.
        let members = project.members(&project.spec_names(), &id)?;
        ids.extend(members.into_iter().chain([id]));
    }
    let (mut changed, mut sentences) = (Vec::new(), Vec::new());
    for id in &ids {
        let specs = Specs::new(&project)?;
        let entry = specs.entry(id)?;
        // A process that died had recorded it: then only the file is moved.
        let done = archive::settle(&project, id)? && (entry.status == Status::Archived) == (op == "archive");
        if !done {
            act(&project, &entry)?;
        }
        sentences.push(entry.title().to_owned());
        changed.push(context.view(&project, id)?);
    }
    Ok((project, ids, Outcome::new(AllRecorded { specs: changed, op: op.to_owned(), sentences })))
}
