//! `git chant resolve`: of several attempts one is kept.

use super::Context;
use crate::{
    answer::{Recorded, outcome::Outcome},
    attempt::end::resolve,
    cli::state::ResolveArgs,
    error::Result,
};

pub(super) fn run(context: &Context<'_>, args: &ResolveArgs) -> Result<Outcome> {
    context.refuse_agent("resolve")?;
    let project = context.project()?;
    let id = context.pick_to_change(&project, &args.spec)?;
    let sentence = resolve(&project, &id, &args.keep, args.reason.as_deref())?;
    let spec = context.view(&project, &id)?;
    Ok(Outcome::new(Recorded { spec, op: "resolve".into(), sentence }))
}
