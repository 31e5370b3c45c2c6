//! `git chant add`

use super::{Context, draft};
use crate::{
    answer::{Added, SpecView, outcome::Outcome, progress::Step},
    authoring::{
        add::{self, Request},
        adopt, inherit,
    },
    cli::add::AddArgs,
    domain::spec_file::FrontMatter,
    error::{Error, Kind, Result},
    project::{Project, target},
};

pub(super) fn run(context: &Context<'_>, args: &AddArgs) -> Result<Outcome> {
    let project = context.project()?;
    project.repo.require_work_dir("add")?;
    // The person has to be known before anything is written.
    project.repo.committer()?;
    if let Some(query) = &args.adopt {
        return adopt(context, &project, args, query);
    }
    let onto = args.onto.as_deref().map(target::full_name).transpose()?;
    if let Some(what) = onto.as_deref().map(|onto| project.new_branch(onto)).transpose()?.flatten() {
        context.progress.say(&Step::Note(what));
    }
    let driver = args.member_of.as_deref().map(|query| context.pick(&project, query)).transpose()?;
    let mut draft = draft::of_options(context, args)?;
    if let Some(name) = &args.template {
        inherit::of_template(&project, name, &mut draft)?;
    }
    let reason = args.reason.clone();
    let (id, warnings) = add::add(&project, Request { draft, driver, onto, edit: args.edit, reason })?;
    let spec = if context.brief { SpecView::new(id) } else { context.view(&project, &id)? };
    Ok(warnings.into_iter().fold(Outcome::new(Added { spec }), Outcome::warning))
}

/// Adopts what an agent proposed.
fn adopt(context: &Context<'_>, project: &Project, args: &AddArgs, query: &str) -> Result<Outcome> {
    if draft::front(args) != FrontMatter::default() || args.member_of.is_some() || args.onto.is_some() {
        return Err(Error::usage(Kind::BadFlags, "'--adopt' cannot be combined with other options")
            .hint(format!("to change it afterwards: git chant edit {query}")));
    }
    let id = context.pick_to_change(project, query)?;
    let commands = adopt::adopt(project, &id)?;
    let outcome = Outcome::new(Added { spec: context.view(project, &id)? });
    Ok(commands
        .iter()
        .fold(outcome, |outcome, command| outcome.hint(format!("its checks run {}", command.escape_debug()))))
}
