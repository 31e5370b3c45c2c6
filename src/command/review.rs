//! `git chant review`: a person looks at finished work, or has another agent read it.

use super::Context;
use crate::{
    answer::{ShownSpec, outcome::Outcome},
    attempt::review,
    cli::show::ReviewArgs,
    domain::event::Op,
    error::Result,
    specs::all::Specs,
};

pub(super) fn run(context: &Context<'_>, args: &ReviewArgs) -> Result<Outcome> {
    let (project, id) = context.open_to_change(&args.spec)?;
    if let Some(agent) = &args.agent {
        let sentence = review::by_agent(&project, &id, agent, context.progress)?;
        return context.recorded(&project, &id, &Op::Note, sentence);
    }
    let work = review::finished_work(&project, &id)?;
    let specs = Specs::new(&project)?;
    let detail = review::with_diff(&specs, &specs.entry(&id)?)?;
    let (short, tip) = (id.short(), work.tip.to_hex_with_len(12));
    Ok(Outcome::new(ShownSpec { spec: detail })
        .hint(format!("to approve it: git chant approve {short} --commit {tip}"))
        .hint(format!("to reject it: git chant reject {short} --commit {tip} --reason \"...\"")))
}
