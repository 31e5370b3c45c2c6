//! `git chant investigate`

use super::Context;
use crate::{
    answer::{AllAdded, outcome::Outcome},
    authoring::{
        add::{self, Text},
        investigate::{self, Known, Planned, Request},
    },
    cli::investigate::InvestigateArgs,
    domain::{pattern, phase::Phase, spec_file, spec_file::Spec},
    error::{Error, Kind, Result},
    project::{Project, target},
    specs::{all::Specs, text::path_of},
};

pub(super) fn run(context: &Context<'_>, args: &InvestigateArgs) -> Result<Outcome> {
    let project = context.project()?;
    project.repo.require_work_dir("investigate")?;
    project.repo.committer()?;
    if let Err(why) = pattern::check_name(&args.topic) {
        return Err(Error::usage(
            Kind::BadTopic,
            format!("'{}' cannot name a topic: {why}", args.topic.escape_debug()),
        ));
    }
    let onto = args.onto.as_deref().map(target::full_name).transpose()?;
    let mut known = Known::of(&Specs::new(&project)?, &args.topic)?;
    let planned = investigate::plan(&request(args), &known)?;
    // The files first, for they can be taken back; then what is recorded.
    let mut made: Vec<(crate::domain::id::SpecId, Vec<u8>, Spec)> = Vec::new();
    for one in &planned {
        match create(&project, args, one, &known) {
            Ok((id, bytes, spec)) => {
                known.add(one.phase, id.clone());
                made.push((id, bytes, spec));
            }
            Err(error) => {
                for (id, ..) in &made {
                    add::take_back(&project, id)?;
                }
                return Err(error);
            }
        }
    }
    add::record_made(&project, &made, onto.as_deref())?;
    let specs = Specs::new(&project)?;
    let views = made.iter().map(|(id, ..)| specs.view(&specs.entry(id)?)).collect::<Result<Vec<_>>>()?;
    let mut outcome = Outcome::new(AllAdded { specs: views });
    if args.reproduces.is_none() && planned.iter().any(|one| one.phase == Phase::Reproduction) {
        let written = made.iter().zip(&planned).find(|(_, one)| one.phase == Phase::Reproduction);
        if let Some(((id, ..), _)) = written {
            outcome = outcome.hint(format!(
                "say how the test is run, as 'reproduces:' there and in the fix: git chant edit {}",
                id.short()
            ));
        }
    }
    if let Some((first, ..)) = made.first() {
        outcome = outcome.hint(format!("to begin: git chant work {}", first.short()));
    }
    Ok(outcome)
}

fn request(args: &InvestigateArgs) -> Request {
    let phases = if args.phases.is_empty() { Phase::ALL.to_vec() } else { args.phases.clone() };
    Request {
        topic: args.topic.clone(),
        title: args.title.clone(),
        issue_url: args.issue_url.clone(),
        phases,
        single: args.single,
        reproduces: args.reproduces.clone(),
        informed_by: args.informed_by.clone(),
    }
}

fn create(
    project: &Project,
    args: &InvestigateArgs,
    planned: &Planned,
    known: &Known,
) -> Result<(crate::domain::id::SpecId, Vec<u8>, Spec)> {
    let wiring = known.wiring(&args.topic, planned.phase);
    let text = add::render(&Text {
        title: planned.title.clone(),
        kind: planned.kind().as_str(),
        phase: Some(planned.phase.as_str()),
        topic: Some(args.topic.clone()),
        depends_on: wiring.depends_on,
        informed_by: planned.informed_by.iter().cloned().chain(wiring.informed_by).collect(),
        target_files: planned.target_files.clone(),
        reproduces: planned.reproduces.clone(),
        body: Some(planned.body.clone()),
        ..Text::default()
    });
    let parsed = |path: &str, bytes: &[u8]| {
        spec_file::parse(path, bytes).map_err(|diagnostics| {
            let mut error = Error::usage(Kind::BadOption, "what the options say makes no valid spec");
            error.diagnostics = diagnostics;
            error
        })
    };
    parsed("<the new spec>", text.as_bytes())?;
    let id = add::create_file(project, text.as_bytes())?;
    let bytes = project.stored(&add::home(project)?, &path_of(&id), text.into_bytes())?;
    let spec = parsed(&path_of(&id), &bytes)?;
    Ok((id, bytes, spec))
}
