//! `git chant pause` and `git chant takeover`: stop an attempt where it is.

use super::Context;
use crate::{
    answer::{TakenOver, outcome::Outcome},
    attempt::pause,
    cli::state::{PauseArgs, TakeoverArgs},
    domain::event::Op,
    error::Result,
};

pub(super) fn pause(context: &Context<'_>, args: &PauseArgs) -> Result<Outcome> {
    let (project, id) = context.open_to_change(&args.spec)?;
    let sentence = pause::pause(&project, &id, args.reason.as_deref(), context.progress)?;
    let outcome = context.recorded(&project, &id, &Op::Pause, sentence)?;
    Ok(outcome.hint(format!("to resume it: git chant work {}", id.short())))
}

pub(super) fn takeover(context: &Context<'_>, args: &TakeoverArgs) -> Result<Outcome> {
    let (project, id) = context.open_to_change(&args.spec)?;
    let short = id.short();
    let (path, so_far) = pause::take_over(&project, &id, args.reason.as_deref(), context.progress)?;
    let spec = context.view(&project, &id)?;
    Ok(Outcome::new(TakenOver { spec, path: path.into(), so_far })
        .hint(format!("when the work is done: git chant finish {short}"))
        .hint(format!(
            "to return it to an agent: git chant pause {short}, then: git chant work {short} --agent <name>"
        )))
}
