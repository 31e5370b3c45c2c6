//! `git chant choose`: of several attempts one is kept.

use super::Context;
use crate::{
    answer::outcome::Outcome, attempt::end::resolve, cli::state::ChooseArgs, domain::event::Op, error::Result,
};

pub(super) fn run(context: &Context<'_>, args: &ChooseArgs) -> Result<Outcome> {
    let (project, id) = context.open_to_change(&args.spec)?;
    let sentence = resolve(&project, &id, &args.keep, args.reason.as_deref())?;
    context.recorded(&project, &id, &Op::Resolve, sentence)
}
