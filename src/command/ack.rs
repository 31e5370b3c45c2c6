//! `git chant ack`: a person has seen what an agent changed outside its work, and what the inputs are now.

use super::Context;
use crate::{
    answer::{Recorded, outcome::Outcome},
    cli::state::AckArgs,
    domain::{
        event::{Facts, Op},
        new_event::NewEvent,
    },
    error::{Error, Kind, Result},
    specs::all::Specs,
};

pub(super) fn run(context: &Context<'_>, args: &AckArgs) -> Result<Outcome> {
    context.refuse_agent("acknowledge")?;
    let project = context.project()?;
    let id = context.pick_to_change(&project, &args.spec)?;
    let specs = Specs::new(&project)?;
    let entry = specs.entry(&id)?;
    let inputs = specs.inputs_now(&entry)?;
    let sentence = format!("{} is acknowledged: {}", id.short(), args.reason);
    project.store()?.append(&id, |state| {
        let state = state.ok_or_else(|| {
            Error::negative(Kind::NothingToAck, format!("there is nothing to acknowledge about '{}'", id.short()))
        })?;
        let same = entry.state.as_ref().is_some_and(|seen| seen.attempt == state.attempt);
        let informed_by = if same { inputs.clone() } else { Vec::new() };
        let facts =
            Facts { attempt: state.attempt, reason: Some(args.reason.clone()), informed_by, ..Facts::default() };
        Ok(NewEvent { op: Op::Ack, sentence: sentence.clone(), facts })
    })?;
    let spec = context.view(&project, &id)?;
    let waits = spec.status == crate::domain::status::Status::Finished;
    let outcome = Outcome::new(Recorded { spec, op: "ack".into(), sentence });
    Ok(if waits { outcome.hint(format!("to merge it: git chant merge {}", id.short())) } else { outcome })
}
