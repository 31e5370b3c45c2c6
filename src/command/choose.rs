//! `git chant choose`: of several attempts one is kept.

use super::Context;
use crate::{
    answer::{outcome::Outcome, progress::Step},
    attempt::end::resolve,
    cli::state::ChooseArgs,
    domain::event::Op,
    error::Result,
};

pub(super) fn run(context: &Context<'_>, args: &ChooseArgs) -> Result<Outcome> {
    let (project, id) = context.open_to_change(&args.spec)?;
    let resolved = resolve(&project, &id, &args.keep, args.reason.as_deref())?;
    let mut outcome = context.recorded(&project, &id, &Op::Resolve, resolved.sentence)?;
    for left in resolved.left {
        context.progress.say(&Step::Warning(left.what));
        if let Some(way_out) = left.way_out {
            outcome = outcome.hint(way_out);
        }
    }
    Ok(outcome)
}
