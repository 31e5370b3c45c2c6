//! `git chant reset`, `release`, `cancel` and `fail`: a person ends an attempt.

use super::Context;
use crate::{
    answer::outcome::Outcome,
    attempt,
    cli::state::{CancelArgs, FailArgs, ReleaseArgs, ResetArgs},
    domain::{event::Op, stop::StopKind},
    error::Result,
    specs::all::Specs,
};

pub(super) fn reset(context: &Context<'_>, args: &ResetArgs) -> Result<Outcome> {
    end(context, &args.spec, Op::Reset, args.reason.as_deref(), None)
}

pub(super) fn release(context: &Context<'_>, args: &ReleaseArgs) -> Result<Outcome> {
    end(context, &args.spec, Op::Release, args.reason.as_deref(), None)
}

pub(super) fn cancel(context: &Context<'_>, args: &CancelArgs) -> Result<Outcome> {
    end(context, &args.spec, Op::Cancel, args.reason.as_deref(), None)
}

pub(super) fn fail(context: &Context<'_>, args: &FailArgs) -> Result<Outcome> {
    let reason = if args.research_insufficient {
        format!("the research is insufficient: {}", args.reason)
    } else {
        args.reason.clone()
    };
    let stopped = args.research_insufficient.then_some(StopKind::ResearchInsufficient);
    end(context, &args.spec, Op::Fail, Some(&reason), stopped)
}

fn end(context: &Context<'_>, query: &str, op: Op, reason: Option<&str>, stopped: Option<StopKind>) -> Result<Outcome> {
    let (project, id) = context.open_to_change(query)?;
    let sentence = attempt::end::end(&project, &id, &op, (reason, stopped), context.progress)?;
    let outcome = context.recorded(&project, &id, &op, sentence)?;
    let specs = Specs::new(&project)?;
    let again = specs.research_to_repeat(&specs.entry(&id)?)?;
    Ok(again.into_iter().fold(outcome, |outcome, again| outcome.hint(again.hint())))
}
