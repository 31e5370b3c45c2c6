//! `git chant approve` and `git chant reject`

use super::Context;
use crate::{
    answer::outcome::Outcome,
    authoring::decide,
    cli::state::{ApproveArgs, RejectArgs},
    error::Result,
};

pub(super) fn approve(context: &Context<'_>, args: &ApproveArgs) -> Result<Outcome> {
    answer(context, &args.spec, true, args.reason.as_deref())
}

pub(super) fn reject(context: &Context<'_>, args: &RejectArgs) -> Result<Outcome> {
    answer(context, &args.spec, false, Some(&args.reason))
}

fn answer(context: &Context<'_>, query: &str, approved: bool, reason: Option<&str>) -> Result<Outcome> {
    let (project, id) = context.open_to_change(query)?;
    let (op, sentence) = decide::answer(&project, &id, approved, reason)?;
    context.recorded(&project, &id, &op, sentence)
}
