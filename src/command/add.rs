//! `git chant add`

use std::path::Path;

use super::Context;
use crate::{
    answer::{Added, AllAdded, SpecView, outcome::Outcome, progress::Step},
    authoring::{
        add::{self, Request},
        adopt,
        draft::Draft,
        inherit,
    },
    cli::add::AddArgs,
    domain::{
        id::SpecId,
        phase::Phase,
        spec_file::{Approval, FrontMatter, MAX_SPEC_LEN},
    },
    error::{Error, IoContext, Kind, Result},
    project::{Project, target},
    specs::all::Specs,
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
    let mut draft = draft(context, args)?;
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
    if front(args) != FrontMatter::default() || args.member_of.is_some() || args.onto.is_some() {
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

/// The text of the new spec as the options say it.
pub(super) fn draft(context: &Context<'_>, args: &AddArgs) -> Result<Draft> {
    let body = args.body_file.as_deref().map(|path| read_body(context, path)).transpose()?.unwrap_or_default();
    Ok(Draft {
        title: args.title.clone().unwrap_or_default(),
        front: front(args),
        body,
        kind_given: args.spec_type.is_some(),
        foreign: false,
    })
}

/// The answer with the specs that were added.
pub(super) fn all_added(project: &Project, ids: &[SpecId]) -> Result<Outcome> {
    let specs = Specs::new(project)?;
    let views = ids.iter().map(|id| specs.view(&specs.entry(id)?)).collect::<Result<_>>()?;
    Ok(Outcome::new(AllAdded { specs: views }))
}

/// The front matter as the options say it.
fn front(args: &AddArgs) -> FrontMatter {
    FrontMatter {
        kind: args.spec_type.or(args.phase.map(Phase::kind)).unwrap_or_default(),
        phase: args.phase.map(|phase| phase.as_str().to_owned()),
        topic: args.topic.clone(),
        labels: args.labels.clone(),
        depends_on: args.depends_on.clone(),
        informed_by: args.informed_by.clone(),
        origin: args.origin.clone(),
        tracks: args.tracks.clone(),
        context: args.context.clone(),
        target_files: args.target_files.clone(),
        prompt: args.prompt.clone(),
        verify: args.verify.clone(),
        reproduces: args.proof.reproduces.clone(),
        tests: args.proof.tests.clone(),
        fails_with: args.proof.fails_with.clone(),
        runs: args.proof.runs.clone(),
        priority: args.priority.map(|number| number.to_string()),
        not_before: args.not_before.map(|day| day.to_string()),
        approval: Approval { required: args.needs_approval },
        agent: args.agent.clone(),
        supersedes: args.supersedes.clone(),
        ..FrontMatter::default()
    }
}

pub(super) fn read_body(context: &Context<'_>, path: &Path) -> Result<String> {
    let bytes = if path == Path::new("-") {
        context.env.read_stdin(MAX_SPEC_LEN).io("read", Path::new("standard input"))?
    } else {
        let path = context.env.cwd().join(path);
        let size = std::fs::metadata(&path).io("read", &path)?.len();
        if size > MAX_SPEC_LEN as u64 {
            let message = format!("'{}' has {size} bytes; a spec may have {MAX_SPEC_LEN}", path.display());
            return Err(Error::fatal(Kind::TooLarge, message));
        }
        std::fs::read(&path).io("read", &path)?
    };
    String::from_utf8(bytes).map_err(|_| Error::fatal(Kind::NotUtf8, format!("'{}' is not UTF-8", path.display())))
}
