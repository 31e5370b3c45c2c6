//! `git chant next`: what comes next, and taking it.

use super::{Context, claim, context::Grant, ended, fetched};
use crate::{
    answer::{Claimed, SpecList, outcome::Outcome},
    attempt::{
        claim::Remote,
        ended::{Ended, EndedAs, Stop},
        schedule::{self, SelectionRequest},
        work::{Assignment, From},
    },
    cli::work::NextArgs,
    domain::id::SpecId,
    error::{Error, Kind, Result},
    exchange::sync::Claims,
    project::{Project, agent::MANUAL},
    specs::all::Specs,
};

pub(super) fn run(context: &Context<'_>, args: &NextArgs) -> Result<Outcome> {
    let project = context.project()?;
    let claims = match args.claim {
        Some(asked) => claim::remote(&project, asked)?,
        None => None,
    };
    claim::fetch(context, &project, claims.as_ref())?;
    fetched::ask_about_all(context, &project)?;
    let wanted = SelectionRequest { filter: args.filter(), ..SelectionRequest::default() };
    let specs = Specs::cached(&project)?;
    let selection = schedule::select(&specs, &wanted)?;
    specs.write_cache()?;
    let mut refused = None;
    for job in selection.ready {
        if args.claim.is_none() {
            let spec = specs.view(&specs.entry(&job.id)?)?;
            return Ok(Outcome::new(SpecList { specs: vec![spec], lines: Vec::new() }));
        }
        match take(context, &project, &job.id, args, claims.as_ref()) {
            Ok(ended) => return present(context, &project, &job.id, ended),
            // Another process was faster, or this spec needs a person first: the next may do.
            Err(Stop::Taken(_) | Stop::NotReady(_)) => {}
            Err(Stop::NotApproved(error)) => refused = refused.or(Some(error)),
            Err(stop) => return Err(stop.into()),
        }
    }
    if let Some(refused) = refused {
        return Err(refused);
    }
    let error = Error::negative(Kind::NothingReady, "nothing is ready");
    let error = match ended::resume(&schedule::paused(&specs, &wanted)?) {
        Some(resume) => error.hint(resume),
        None => error,
    };
    Err(error.hint("to see what blocks the specs: git chant list --ready --explain"))
}

/// Claims a spec for the caller to work by hand.
fn take(
    context: &Context<'_>,
    project: &Project,
    id: &SpecId,
    args: &NextArgs,
    claims: Option<&Claims<'_>>,
) -> Result<Ended, Stop> {
    let approve = context.approval(project, Grant { granted: args.trust, verb: "work" });
    let usual = context.assignment(project, id, &approve);
    let remote = claims.map(|claims| claims as &dyn Remote);
    let work = Assignment { onto: args.onto.as_deref(), remote, ..usual };
    work.carry(From::Claim { agent: Some(MANUAL), timeout: None, prompt: None, fresh: false, slot: None })
}

fn present(context: &Context<'_>, project: &Project, id: &SpecId, ended: Ended) -> Result<Outcome> {
    let EndedAs::HandedOver { worktree, prompt } = ended.how else {
        return Err(Error::fatal(Kind::Agent, "an agent ran where none was asked for"));
    };
    let body = Claimed { spec: context.view(project, id)?, path: worktree.into(), prompt_file: prompt.into() };
    Ok(Outcome { hints: ended.hints, ..Outcome::new(body) })
}
