//! `git chant add`, `fail` and `note` inside an agent: they ask the process that runs the agent.

use super::{Context, draft, inside::person_only};
use crate::{
    answer::{Added, Recorded, SpecView, outcome::Outcome},
    attempt::request::{Answer, Request, ask},
    authoring::{add::text, inherit},
    cli::{Command, add::AddArgs},
    domain::{failure::Said, id::SpecId},
    error::{Error, Kind, Result},
    project::{Project, inside::EnclosingRun, target},
};

pub(super) fn run(context: &Context<'_>, inside: &EnclosingRun, command: &Command) -> Result<Outcome> {
    match command {
        Command::Note(args) => {
            let request = Request::Note { text: args.message.clone() };
            about_own(context, inside, &args.spec, "note", &request)
        }
        Command::Fail(args) => {
            let said = Said { reason: args.reason.clone(), research_insufficient: args.research_insufficient };
            about_own(context, inside, &args.spec, "fail", &Request::Fail(said))
        }
        Command::Add(args) => propose(context, inside, args),
        _ => Err(person_only("do that")),
    }
}

/// Asks for what concerns the agent's own spec, which `query` has to mean.
fn about_own(
    context: &Context<'_>,
    inside: &EnclosingRun,
    query: &str,
    op: &str,
    request: &Request,
) -> Result<Outcome> {
    let project = context.project()?;
    let id = context.pick(&project, query)?;
    if let Some(own) = inside.spec.as_ref().filter(|own| **own != id) {
        let message = format!("an agent can {op} only its own spec '{}', not '{}'", own.short(), id.short());
        return Err(Error::negative(Kind::PersonOnly, message));
    }
    let (_, sentence) = answered(context, inside, request)?;
    Ok(Outcome::new(Recorded { spec: context.view(&project, &id)?, op: op.to_owned(), sentence }))
}

/// Proposes a spec.
fn propose(context: &Context<'_>, inside: &EnclosingRun, args: &AddArgs) -> Result<Outcome> {
    let refused =
        |option: &str| Error::negative(Kind::PersonOnly, format!("only a person can use '{option}', not an agent"));
    if args.edit {
        return Err(refused("--edit"));
    }
    if args.template.is_some() {
        return Err(refused("--template"));
    }
    if args.member_of.is_some() {
        return Err(refused("--member-of"));
    }
    let project: Project = context.project()?;
    let onto = args.onto.as_deref().map(target::full_name).transpose()?;
    let mut draft = draft::of_options(context, args)?;
    let (text, warnings) = text(&project, &mut draft)?;
    let onto = match onto {
        Some(onto) => Some(onto),
        None => inherit::onto(&project, &draft.front)?,
    };
    let (id, _) = answered(context, inside, &Request::Add { text, onto })?;
    let hint = format!("for a person to adopt it: git chant add --adopt {}", id.short());
    let mut spec = SpecView::new(id);
    spec.title = Some(draft.title);
    spec.kind = draft.front.kind.as_str().to_owned();
    let outcome = Outcome::new(Added { spec }).hint(hint);
    Ok(warnings.into_iter().fold(outcome, Outcome::warning))
}

fn answered(context: &Context<'_>, inside: &EnclosingRun, request: &Request) -> Result<(SpecId, String)> {
    let run_dir = inside.run_dir.as_deref().ok_or_else(|| {
        Error::negative(Kind::PersonOnly, "this runs inside an agent, but not in a run of this repository")
    })?;
    match ask(&context.env, run_dir, request)? {
        Answer::Recorded { spec, sentence, .. } => Ok((spec, sentence)),
        Answer::Refused { why } => Err(Error::negative(Kind::RefusedRequest, why)),
    }
}
