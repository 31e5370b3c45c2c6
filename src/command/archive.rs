//! `git chant archive`

use super::Context;
use crate::{
    answer::{AllRecorded, Folded, outcome::Outcome},
    cli::archive::ArchiveArgs,
    domain::{event::Op, id::SpecId, status::Status},
    error::Result,
    project::Project,
    specs::all::Specs,
    upkeep::archive,
};

pub(super) fn run(context: &Context<'_>, args: &ArchiveArgs) -> Result<Outcome> {
    let project = context.project()?;
    if args.fold {
        return Ok(Outcome::new(Folded { folded: archive::fold(&project, None)? }));
    }
    let specs = match &args.topic {
        Some(topic) if args.restore => archive::of_archived_topic(&project, topic)?,
        Some(topic) => archive::of_topic(&project, topic)?,
        None if args.all => archive::closed(&project)?,
        None => args.specs.clone(),
    };
    let ids = pick(context, &project, &specs, args.restore)?;
    let (op, sentences) = match args.restore {
        true => (Op::Unarchive, archive::unarchive(&project, &ids)?),
        false => (Op::Archive, archive::archive(&project, &ids, context.progress)?),
    };
    recorded(context, &project, &ids, &op, sentences)
}

/// The specs that a person means; a driver comes with those of its members that are not where it goes.
fn pick(context: &Context<'_>, project: &Project, queries: &[String], restore: bool) -> Result<Vec<SpecId>> {
    let (specs, mut ids) = (Specs::new(project)?, Vec::new());
    for query in queries {
        let driver = context.pick_to_change(project, query)?;
        let members = project.members(&project.spec_names(), &driver)?;
        for id in members.into_iter().chain([driver.clone()]) {
            let is_left = (specs.status(&id)? == Status::Archived) == restore || project.filed_twice(&id)?.is_some();
            if (id == driver || is_left) && !ids.contains(&id) {
                ids.push(id);
            }
        }
    }
    Ok(ids)
}

fn recorded(
    context: &Context<'_>,
    project: &Project,
    ids: &[SpecId],
    op: &Op,
    sentences: Vec<String>,
) -> Result<Outcome> {
    let specs = ids.iter().map(|id| context.view(project, id)).collect::<Result<_>>()?;
    Ok(Outcome::new(AllRecorded { specs, op: op.as_str().to_owned(), sentences }))
}
