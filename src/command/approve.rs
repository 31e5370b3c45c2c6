//! `git chant approve` and `git chant reject`: a person's answer about one text of a spec.

use super::Context;
use crate::{
    answer::{Recorded, outcome::Outcome},
    cli::state::{ApproveArgs, RejectArgs},
    domain::{
        event::{Approval, Facts, Op},
        new_event::NewEvent,
    },
    error::Result,
    specs::all::Specs,
    store::{Addition, Evidence},
};

pub(super) fn approve(context: &Context<'_>, args: &ApproveArgs) -> Result<Outcome> {
    context.refuse_agent("approve")?;
    answer(context, &args.spec, true, args.reason.as_deref())
}

pub(super) fn reject(context: &Context<'_>, args: &RejectArgs) -> Result<Outcome> {
    context.refuse_agent("reject")?;
    answer(context, &args.spec, false, Some(&args.reason))
}

fn answer(context: &Context<'_>, query: &str, approved: bool, reason: Option<&str>) -> Result<Outcome> {
    let project = context.project()?;
    let id = context.pick_to_change(&project, query)?;
    let specs = Specs::new(&project)?;
    let entry = specs.entry(&id)?;
    let (text, spec) = entry.text()?;
    let store = project.store()?;
    if store.tip(&id)?.is_none() {
        crate::authoring::add::record(&project, &id, &text.bytes, spec, None)?;
    }
    let blob = store.write_blob(&text.bytes)?;
    let sentence = format!("{} is {}", entry.title(), if approved { "approved" } else { "rejected" });
    let sentence = reason.map_or(sentence.clone(), |reason| format!("{sentence}: {reason}"));
    let facts = Facts {
        approval: Some(Approval { approved, blob }),
        reason: reason.map(str::to_owned),
        spec_blob: Some(blob),
        ..Facts::default()
    };
    let op = if approved { Op::Approve } else { Op::Reject };
    let event = NewEvent { op: op.clone(), sentence: sentence.clone(), facts };
    let evidence = Evidence { spec: Some(blob), ..Evidence::default() };
    store.record(&id, Addition { event, evidence, informed: Vec::new() })?;
    if approved {
        project.trust(blob)?;
    }
    let spec = context.view(&project, &id)?;
    Ok(Outcome::new(Recorded { spec, op: op.as_str().to_owned(), sentence }))
}
