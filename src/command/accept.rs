//! `git chant accept`

use super::Context;
use crate::{
    answer::{Recorded, outcome::Outcome},
    attempt::seen,
    authoring::decide,
    cli::state::AcceptArgs,
    domain::status::Status,
    error::Result,
};

pub(super) fn run(context: &Context<'_>, args: &AcceptArgs) -> Result<Outcome> {
    let (project, id) = context.open_to_change(&args.spec)?;
    let sentence = decide::acknowledge(&project, &id, &args.reason)?;
    seen::acknowledge(&project, &id)?;
    let spec = context.view(&project, &id)?;
    let waits = spec.status == Status::Finished;
    let outcome = Outcome::new(Recorded { spec, op: "ack".into(), sentence });
    Ok(if waits { outcome.hint(format!("to merge it: git chant merge {}", id.short())) } else { outcome })
}
