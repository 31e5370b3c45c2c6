//! `git chant add`

use std::path::Path;

use super::Context;
use crate::{
    answer::{Added, SpecView, outcome::Outcome},
    authoring::{
        add::{self, Text},
        investigate::{Known, Wiring},
    },
    cli::add::AddArgs,
    domain::{id::SpecId, phase::Phase, spec_file, spec_file::MAX_SPEC_LEN, spec_type::SpecType, status::Status},
    error::{Error, IoContext, Kind, Result},
    project::{Project, target},
    specs::{all::Specs, base::Base, inputs::InputFault, text::path_of},
};

pub(super) fn run(context: &Context<'_>, args: &AddArgs) -> Result<Outcome> {
    let project = context.project()?;
    project.repo.require_work_dir("add")?;
    // Who it is has to be known before anything is written.
    project.repo.committer()?;
    let onto = args.onto.as_deref().map(target::full_name).transpose()?;
    let mut outcome_warnings = Vec::new();
    let text = add::render(&draft(&project, context, args, &mut outcome_warnings)?);
    // What the options made has to be a spec that can be read again.
    parse(&text)?;
    let id = match &args.member_of {
        Some(driver) => add::create_member_file(&project, &self::driver(context, &project, driver)?, text.as_bytes())?,
        None => add::create_file(&project, text.as_bytes())?,
    };
    let home = add::home(&project)?;
    let path = home.join(path_of(&id));
    let mut bytes = text.into_bytes();
    if args.edit {
        project.env.edit(&crate::git::editor(&project.repo)?, &path)?;
        bytes = std::fs::read(&path).io("read", &path)?;
    }
    let bytes = project.stored(&home, &path_of(&id), bytes)?;
    let spec = match spec_file::parse(&path_of(&id), &bytes) {
        Ok(spec) => spec,
        Err(diagnostics) => {
            let mut error = Error::fatal(
                Kind::InvalidSpec,
                format!("the spec '{}' was made, but its text cannot be read", id.short()),
            )
            .hint(format!("mend it: git chant edit {}", id.short()));
            error.diagnostics = diagnostics;
            return Err(error);
        }
    };
    if args.edit {
        // What a person typed is not thrown away, come what may.
        add::record(&project, &id, &bytes, &spec, onto.as_deref())
            .map_err(|error| error.hint(format!("its text is kept in '{}'", path_of(&id))))?;
        project.trust(project.store()?.blob_id(&bytes))?;
    } else {
        add::record_made(&project, &[(id.clone(), bytes, spec.clone())], onto.as_deref())?;
    }
    for old in &spec.front.supersedes {
        if let Ok(old) = old.parse::<SpecId>() {
            add::supersede(&project, &old, &id)?;
        }
    }
    let view = if context.brief { SpecView::new(id) } else { context.view(&project, &id)? };
    let mut outcome = Outcome::new(Added { spec: view });
    for warning in outcome_warnings {
        outcome = outcome.warning(warning);
    }
    Ok(outcome)
}

/// The spec that gets a member: it has begun no work of its own.
fn driver(context: &Context<'_>, project: &Project, query: &str) -> Result<SpecId> {
    let id = context.pick(project, query)?;
    let specs = Specs::new(project)?;
    let entry = specs.entry(&id)?;
    if id.member_of().is_some() {
        return Err(Error::negative(
            Kind::NotAllowed,
            format!("'{}' is a member itself: members have none", id.short()),
        ));
    }
    if entry.status != Status::Pending {
        return Err(Error::negative(
            Kind::NotAllowed,
            format!("'{}' can have no more members: it is {}", id.short(), entry.status),
        ));
    }
    if entry.state.is_none() {
        let (text, spec) = entry.text()?;
        add::record(project, &id, &text.bytes, spec, None)?;
    }
    Ok(id)
}

fn parse(text: &str) -> Result<()> {
    spec_file::parse("<the new spec>", text.as_bytes()).map(|_| ()).map_err(|diagnostics| {
        let mut error = Error::usage(Kind::BadOption, "what the options say makes no valid spec");
        error.diagnostics = diagnostics;
        error
    })
}

fn draft(project: &Project, context: &Context<'_>, args: &AddArgs, warnings: &mut Vec<String>) -> Result<Text> {
    let body = match &args.body_file {
        Some(path) => Some(read_body(context, path)?),
        None => None,
    };
    // A phase of an investigation builds on those before it, unless something else is said.
    let wiring = match (args.phase, &args.topic) {
        (Some(phase), Some(topic)) => Known::of(&Specs::new(project)?, topic)?.wiring(topic, phase),
        _ => Wiring::default(),
    };
    let said = |said: Vec<String>, wired: Vec<String>| if said.is_empty() { wired } else { said };
    Ok(Text {
        title: args.title.clone(),
        kind: kind(args),
        phase: args.phase.map(Phase::as_str),
        topic: args.topic.clone(),
        labels: args.labels.clone(),
        depends_on: said(dependencies(project, &args.depends_on)?, wiring.depends_on),
        informed_by: said(inputs(project, &args.informed_by, warnings)?, wiring.informed_by),
        origin: args.origin.clone(),
        tracks: args.tracks.clone(),
        context: args.context.clone(),
        target_files: said(args.target_files.clone(), wiring.target_files),
        prompt: args.prompt.clone(),
        verify: args.verify.clone(),
        reproduces: args.reproduces.clone(),
        supersedes: dependencies(project, &args.supersedes)?,
        agent: args.agent.clone(),
        needs_approval: args.needs_approval,
        body,
    })
}

/// The type that was asked for, else the one that the phase is made of.
fn kind(args: &AddArgs) -> &'static str {
    match (args.spec_type, args.phase) {
        (Some(kind), _) => kind.as_str(),
        (None, Some(phase)) => phase.kind().as_str(),
        (None, None) => SpecType::Code.as_str(),
    }
}

/// Dependencies are written as they will be understood for ever: by their full ids.
fn dependencies(project: &Project, written: &[String]) -> Result<Vec<String>> {
    let names = project.spec_names();
    written.iter().map(|query| project.resolve_in(&names, query).map(|id| id.to_string())).collect()
}

/// A short id among the inputs becomes the path of that spec; everything else stays as it was typed.
fn inputs(project: &Project, written: &[String], warnings: &mut Vec<String>) -> Result<Vec<String>> {
    if written.is_empty() {
        return Ok(Vec::new());
    }
    let names = project.spec_names();
    let base = Base::new(project, project.repo.head()?.id());
    let mut inputs = Vec::new();
    for entry in written {
        let named = match project.candidates(&names, entry)?.as_slice() {
            [id] if !entry.contains('/') => path_of(id),
            _ => entry.clone(),
        };
        match project.input_fault(&names, &base, &named)? {
            None => {}
            Some(InputFault::Missing) => {
                warnings.push(format!("the input '{}' does not exist yet", entry.escape_debug()));
            }
            Some(InputFault::Refused(why)) => warnings.push(why),
        }
        inputs.push(named);
    }
    Ok(inputs)
}

fn read_body(context: &Context<'_>, path: &Path) -> Result<String> {
    let bytes = if path == Path::new("-") {
        context.env.read_stdin(MAX_SPEC_LEN).io("read", Path::new("standard input"))?
    } else {
        let path = context.env.cwd().join(path);
        let size = std::fs::metadata(&path).io("read", &path)?.len();
        if size > MAX_SPEC_LEN as u64 {
            return Err(Error::fatal(
                Kind::TooLarge,
                format!("'{}' has {size} bytes; a spec may have {MAX_SPEC_LEN}", path.display()),
            ));
        }
        std::fs::read(&path).io("read", &path)?
    };
    String::from_utf8(bytes).map_err(|_| Error::fatal(Kind::NotUtf8, format!("'{}' is not UTF-8", path.display())))
}
