//! `git chant reset`, `release`, `cancel` and `fail`: a person ends an attempt.

use super::Context;
use crate::{
    answer::outcome::Outcome,
    attempt,
    cli::state::{CancelArgs, FailArgs, ReleaseArgs, ResetArgs},
    domain::event::Op,
    error::Result,
};

pub(super) fn reset(context: &Context<'_>, args: &ResetArgs) -> Result<Outcome> {
    end(context, &args.spec, Op::Reset, args.reason.as_deref())
}

pub(super) fn release(context: &Context<'_>, args: &ReleaseArgs) -> Result<Outcome> {
    end(context, &args.spec, Op::Release, args.reason.as_deref())
}

pub(super) fn cancel(context: &Context<'_>, args: &CancelArgs) -> Result<Outcome> {
    end(context, &args.spec, Op::Cancel, args.reason.as_deref())
}

pub(super) fn fail(context: &Context<'_>, args: &FailArgs) -> Result<Outcome> {
    let reason = if args.research_insufficient {
        format!("the research is insufficient: {}", args.reason)
    } else {
        args.reason.clone()
    };
    end(context, &args.spec, Op::Fail, Some(&reason))
}

fn end(context: &Context<'_>, query: &str, op: Op, reason: Option<&str>) -> Result<Outcome> {
    let (project, id) = context.open_to_change(query)?;
    let sentence = attempt::end::end(&project, &id, &op, reason, context.progress)?;
    context.recorded(&project, &id, &op, sentence)
}
