//! `git chant verify`: the commands of a spec, run again at some commit.

use gix::ObjectId;

use super::{
    Context,
    finish::commit,
    outcome::{Body, Outcome},
    work::text_of,
};
use crate::{
    check::{Checkout, expectation, run_command},
    cli::work::VerifyArgs,
    domain::{checks::Checks, id::SpecId, spec::Spec, state::State},
    error::{Error, Result},
    git::branch,
    project::{Project, progress::Step, world::World},
};

pub(super) fn run(context: &Context<'_>, args: &VerifyArgs) -> Result<Outcome> {
    let project = context.project()?;
    let id = context.pick(&project, &args.spec)?;
    let world = World::new(&project)?;
    let entry = world.entry(&id)?;
    let loaded = text_of(entry.loaded.as_ref(), &id)?;
    let (text, spec) = loaded.valid(&id)?;
    context.ask_trust(&project, &id, text.blob, spec, None, args.trust)?;
    let at = match &args.at {
        Some(name) => commit(&project, name)?,
        None => place(&project, &id)?,
    };
    let checks = checks(context, &project, &id, spec, entry.state.as_deref(), at)?;
    let view = Box::new(world.view(&entry)?);
    Ok(Outcome::new(Body::Checked { spec: view, checks: checks.lines(), ok: checks.ok }))
}

/// Where the work is: the tip of its branch while that exists, else the current commit.
fn place(project: &Project, id: &SpecId) -> Result<ObjectId> {
    if let Some(tip) = branch::read(&project.repo, project.branch_ref(id)?.as_ref())? {
        return Ok(tip);
    }
    project.repo.head()?.id().ok_or_else(|| Error::fatal("no-commits", "there is no commit to check"))
}

fn checks(
    context: &Context<'_>,
    project: &Project,
    id: &SpecId,
    spec: &Spec,
    state: Option<&State>,
    at: ObjectId,
) -> Result<Checks> {
    let mut checks = Checks::default();
    let mut checkout = Checkout::open(project)?;
    for command in &spec.front.verify {
        context.progress.say(&Step::Checking { what: command });
        checkout.stand_at(at)?;
        let mut seen = run_command(project, id, command, checkout.path())?;
        seen.ok = seen.exit == Some(0);
        checks.verify.push(seen);
    }
    if let (Some(command), Some(base)) = (&spec.front.reproduces, state.and_then(|state| state.facts.base)) {
        context.progress.say(&Step::Checking { what: command });
        let at_base = checkout.run_cached(id, command, base)?;
        let at_tip = checkout.run(id, command, at)?;
        checks.reproduces = Some(expectation(spec.front.phase.as_deref()).judge(at_base, at_tip));
    }
    Ok(checks.settled())
}
