//! `git chant split`

use super::Context;
use crate::{
    agent::{
        preset::OutputParser,
        process::{self, OutputFilter, Run, Stdin},
        prompt,
    },
    answer::{AllAdded, outcome::Outcome, progress::Step},
    authoring::{
        add::{self, Text},
        split::{self, Part},
    },
    cli::work::SplitArgs,
    domain::{id::SpecId, spec_file, spec_file::Spec, spec_type::SpecType, status::Status},
    error::{Error, Kind, Result},
    git::process::scrubbed_env,
    project::{Project, agent::MANUAL},
    specs::{all::Specs, text::path_of},
};

/// The longest proposal that is read, in bytes.
const MAX_PROPOSAL: usize = 1 << 20;

pub(super) fn run(context: &Context<'_>, args: &SplitArgs) -> Result<Outcome> {
    let project = context.project()?;
    let id = context.pick_to_change(&project, &args.spec)?;
    let specs = Specs::new(&project)?;
    let entry = specs.entry(&id)?;
    let (text, spec) = entry.text()?;
    refuse(&project, &specs, &id, entry.status)?;
    let parts = if args.by_heading {
        split::by_heading(spec)
    } else {
        let said = ask_agent(context, &project, args, &String::from_utf8_lossy(&text.bytes))?;
        split::proposed(&said).map_err(|why| {
            Error::negative(Kind::NoProposal, format!("what the agent said cannot be used: {why}")).hint(format!(
                "write the parts as headings yourself: git chant edit {0}, then: git chant split {0} --by-heading",
                id.short()
            ))
        })?
    };
    if parts.is_empty() {
        return Err(Error::negative(
            Kind::NoParts,
            format!("'{}' has no heading '## <title>' to make a member of", id.short()),
        ));
    }
    if !args.by_heading {
        agreed(context, args, &parts)?;
    }
    let onto = entry.state.as_ref().and_then(|state| state.facts.onto.clone());
    let made = create(&project, &id, spec, &parts)?;
    add::record_made(&project, &made, onto.as_deref())?;
    if entry.state.is_none() {
        add::record(&project, &id, &text.bytes, spec, None)?;
    }
    let specs = Specs::new(&project)?;
    let views = made.iter().map(|(member, ..)| specs.view(&specs.entry(member)?)).collect::<Result<Vec<_>>>()?;
    Ok(Outcome::new(AllAdded { specs: views }))
}

fn refuse(project: &Project, specs: &Specs<'_>, id: &SpecId, status: Status) -> Result<()> {
    let short = id.short();
    if id.member_of().is_some() {
        return Err(Error::negative(Kind::NotAllowed, format!("'{short}' is a member itself: members have none")));
    }
    if status != Status::Pending {
        return Err(Error::negative(Kind::NotAllowed, format!("cannot split '{short}': it is {status}")));
    }
    if !project.members(&specs.names, id)?.is_empty() {
        return Err(Error::negative(Kind::Exists, format!("'{short}' has members already"))
            .hint(format!("to add one: git chant add \"...\" --member-of {short}")));
    }
    Ok(())
}

/// Runs the agent on the instructions to divide the spec, where it can do no harm to the person's work: in an empty directory.
fn ask_agent(context: &Context<'_>, project: &Project, args: &SplitArgs, text: &str) -> Result<String> {
    context.refuse_agent("have a spec split by another agent")?;
    let name = match &args.agent {
        Some(name) => Some(name.clone()),
        None => project.config().agent()?,
    };
    let name = name.filter(|name| name != MANUAL).ok_or_else(|| {
        Error::fatal(Kind::NoAgent, "no agent is configured to split it")
            .hint("by its headings: git chant split <spec> --by-heading")
    })?;
    let agent = project.agent(&name)?;
    let room = tempfile::tempdir()
        .map_err(|cause| Error::fatal(Kind::Tempdir, format!("cannot make a directory: {cause}")))?;
    let prompt = format!("{}\n\n{text}", prompt::named("split").unwrap_or_default());
    let file = room.path().join("prompt.md");
    std::fs::write(&file, &prompt)
        .map_err(|cause| Error::fatal(Kind::Tempdir, format!("cannot write the prompt: {cause}")))?;
    let line = agent.command_line(&file, None);
    context.progress.say(&Step::Note(format!("Asking {name} how to split it")));
    let mut run = Run::new(&line, room.path());
    run.env = scrubbed_env(&project.env).into_iter().map(|name| (name, None)).collect();
    run.env.push(("CHANT_PROMPT_FILE".into(), Some(file.clone().into_os_string())));
    run.stdin = Stdin::Bytes(prompt.into_bytes());
    run.tail = MAX_PROPOSAL;
    run.timeout = agent.timeout;
    let mut parser = agent.parser("chant-split");
    run.filter = parser.as_mut().map(|parser| parser as &mut dyn OutputFilter);
    let finished = process::run(run)?;
    if !finished.ending.success() {
        return Err(Error::negative(Kind::AgentFailed, format!("the agent {}", finished.ending)));
    }
    match parser.as_ref().map(OutputParser::answer).filter(|answer| !answer.is_empty()) {
        Some(answer) => Ok(answer.to_owned()),
        None => Ok(String::from_utf8_lossy(&finished.tail).into_owned()),
    }
}

/// Shows what an agent proposes; nothing is made of it before a person agrees.
fn agreed(context: &Context<'_>, args: &SplitArgs, parts: &[Part]) -> Result<()> {
    for (at, part) in parts.iter().enumerate() {
        let needs: Vec<String> = part.needs.iter().map(ToString::to_string).collect();
        let needs = if needs.is_empty() { String::new() } else { format!(" (after {})", needs.join(", ")) };
        context.progress.say(&Step::Note(format!("  {}. {}{needs}", at + 1, part.title)));
    }
    if args.yes {
        return Ok(());
    }
    if !context.interactive {
        return Err(Error::negative(Kind::NotConfirmed, "nobody is there to agree to these parts")
            .hint("to take them as they are: --yes"));
    }
    if context.env.confirm("Make these members?")? {
        Ok(())
    } else {
        Err(Error::negative(Kind::NotConfirmed, "nothing was made"))
    }
}

/// The files of all members, or none.
fn create(project: &Project, driver: &SpecId, spec: &Spec, parts: &[Part]) -> Result<Vec<(SpecId, Vec<u8>, Spec)>> {
    let mut made: Vec<(SpecId, Vec<u8>, Spec)> = Vec::new();
    for part in parts {
        match member(project, driver, spec, part, &made) {
            Ok(one) => made.push(one),
            Err(error) => {
                for (id, ..) in &made {
                    add::take_back(project, id)?;
                }
                return Err(error);
            }
        }
    }
    Ok(made)
}

fn member(
    project: &Project,
    driver: &SpecId,
    spec: &Spec,
    part: &Part,
    made: &[(SpecId, Vec<u8>, Spec)],
) -> Result<(SpecId, Vec<u8>, Spec)> {
    let front = &spec.front;
    let kind = if front.kind == SpecType::Driver { SpecType::Code } else { front.kind };
    let text = add::render(&Text {
        title: part.title.clone(),
        kind: kind.as_str(),
        topic: front.topic.clone(),
        labels: front.labels.clone(),
        depends_on: part
            .needs
            .iter()
            .filter_map(|number| made.get(number - 1))
            .map(|(id, ..)| id.to_string())
            .collect(),
        informed_by: front.informed_by.clone(),
        body: Some(part.body.clone()),
        ..Text::default()
    });
    let parsed = |path: &str, bytes: &[u8]| {
        spec_file::parse(path, bytes).map_err(|diagnostics| {
            let mut error =
                Error::negative(Kind::BadPart, format!("the part '{}' makes no valid spec", part.title.escape_debug()));
            error.diagnostics = diagnostics;
            error
        })
    };
    parsed("<the new spec>", text.as_bytes())?;
    let id = add::create_member_file(project, driver, text.as_bytes())?;
    let bytes = project.stored(&add::home(project)?, &path_of(&id), text.into_bytes())?;
    let spec = parsed(&path_of(&id), &bytes)?;
    Ok((id, bytes, spec))
}
