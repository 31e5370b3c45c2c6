//! `git chant investigate`

use super::{Context, add::all_added};
use crate::{
    answer::outcome::Outcome,
    authoring::investigate::{self, Proof, Request},
    cli::investigate::InvestigateArgs,
    domain::{id::SpecId, phase::Phase},
    error::Result,
    project::target,
};

pub(super) fn run(context: &Context<'_>, args: &InvestigateArgs) -> Result<Outcome> {
    let project = context.project()?;
    let request = Request {
        topic: args.topic.clone(),
        title: args.title.clone().unwrap_or_default(),
        issue_url: args.issue_url.clone(),
        phases: args.phases.clone(),
        single: args.single,
        proof: Proof {
            reproduces: args.reproduces.clone(),
            tests: args.tests.clone(),
            fails_with: args.fails_with.clone(),
            runs: args.runs.clone(),
        },
        informed_by: args.informed_by.clone(),
        onto: args.onto.as_deref().map(target::full_name).transpose()?,
    };
    if let Some(phase) = args.again {
        let (id, warnings) = investigate::again(&project, phase, args.reason.as_deref(), &request)?;
        let outcome = all_added(&project, std::slice::from_ref(&id))?
            .hint(format!("to begin: git chant work {}", id.short()))
            .hint("what rests on the superseded spec: git chant drift");
        return Ok(warnings.into_iter().fold(outcome, Outcome::warning));
    }
    let created = investigate::investigate(&project, &request)?;
    let ids: Vec<SpecId> = created.iter().map(|(_, id)| id.clone()).collect();
    let mut outcome = all_added(&project, &ids)?;
    let reproduction = created.iter().find(|(phase, _)| *phase == Phase::Reproduction);
    if let Some((_, id)) = reproduction.filter(|_| args.reproduces.is_none()) {
        outcome = outcome.hint(format!(
            "say how the test is run, as 'reproduces:' there and in the fix: git chant edit {}",
            id.short()
        ));
    }
    Ok(match ids.first() {
        Some(first) => outcome.hint(format!("to begin: git chant work {}", first.short())),
        None => outcome,
    })
}
