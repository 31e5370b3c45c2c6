//! `git chant next`: what comes next, and taking it.

use super::{Context, claim::Deciding, work_all::filter};
use crate::{
    answer::{Claimed, Listed, outcome::Outcome},
    attempt::{
        plan::Request,
        recover,
        schedule::{self, Wanted},
        start, work,
    },
    cli::work::NextArgs,
    domain::id::SpecId,
    error::{Error, Kind, Result},
    project::{Project, agent::MANUAL},
    specs::all::Specs,
};

pub(super) fn run(context: &Context<'_>, args: &NextArgs) -> Result<Outcome> {
    let project = context.project()?;
    if let Some(asked) = args.claim {
        Deciding::of(context, &project, asked)?.look()?;
    }
    let wanted = Wanted { filter: filter(&args.labels, &args.topic, &args.phase), ..Wanted::default() };
    let specs = Specs::cached(&project)?;
    let selection = schedule::select(&specs, &wanted)?;
    specs.write_cache()?;
    let mut refused = None;
    for job in selection.ready {
        if args.claim.is_none() {
            let spec = specs.view(&specs.entry(&job.id)?)?;
            return Ok(Outcome::new(Listed { specs: vec![spec], lines: Vec::new() }));
        }
        match claim(context, &project, &job.id, args) {
            Ok(outcome) => return Ok(outcome),
            // Somebody was faster, or this one needs a person first: the next may do.
            Err(error)
                if matches!(error.code, Kind::InProgress | Kind::LeaseHeld | Kind::NotAllowed | Kind::NotReady) => {}
            Err(error) if error.code == Kind::Untrusted => refused = refused.or(Some(error)),
            Err(error) => return Err(error),
        }
    }
    Err(refused.unwrap_or_else(|| {
        Error::negative(Kind::NothingReady, "nothing is ready")
            .hint("what the specs wait for: git chant ready --explain")
    }))
}

fn claim(context: &Context<'_>, project: &Project, id: &SpecId, args: &NextArgs) -> Result<Outcome> {
    let claims = Deciding::of(context, project, args.claim.flatten())?;
    claims.before(id)?;
    context.settle(project, id)?;
    recover::settle_dead(project, id, context.progress)?;
    recover::release_discounted(project, id, context.progress)?;
    let request = Request { agent: Some(MANUAL.to_owned()), onto: args.onto.clone(), timeout: None };
    let plan = start::plan(project, id, &request)?;
    context.ask_trust(project, id, plan.text.blob(), &plan.spec, plan.prompt.as_ref(), args.trust)?;
    match work::work(project, &plan, claims.stake(), context.progress)? {
        work::Worked::Handed { worktree, prompt } => {
            let spec = context.view(project, id)?;
            Ok(Outcome::new(Claimed { spec, path: worktree, prompt_file: prompt })
                .hint(format!("when the work is done: git chant finish {}", id.short())))
        }
        work::Worked::Ran(_) => Err(Error::fatal(Kind::Agent, "an agent ran where none was asked for")),
    }
}
