//! `git chant recover`

use std::collections::BTreeSet;

use super::{Context, repair};
use crate::{
    answer::{ProblemView, Problems, outcome::Outcome},
    cli::upkeep::RecoverArgs,
    domain::{id::SpecId, status::Status},
    error::Result,
    project::Project,
    specs::all::Specs,
    upkeep::fsck::Finding,
};

pub(super) fn run(context: &Context<'_>, args: &RecoverArgs) -> Result<Outcome> {
    let project = context.project()?;
    let ids: Vec<SpecId> = args.specs.iter().map(|query| context.pick(&project, query)).collect::<Result<_>>()?;
    // A finding about no spec (a lock, a file that a merge had moved) may be in the way of each.
    let wanted = |finding: &Finding| {
        let named = finding.problem.spec.as_ref().is_none_or(|id| ids.is_empty() || ids.contains(id));
        named && finding.repair.is_some()
    };
    let settled = repair::repair(context, &project, false, wanted)?;
    let next = next(&project, &settled)?;
    let outcome = Outcome::new(Problems { problems: settled });
    Ok(next.into_iter().fold(outcome, Outcome::hint))
}

/// The next command for each spec that something was repaired of.
fn next(project: &Project, settled: &[ProblemView]) -> Result<Vec<String>> {
    let specs = Specs::new(project)?;
    let ids: BTreeSet<&SpecId> = settled.iter().filter_map(|problem| problem.spec.as_ref()).collect();
    let mut hints = Vec::new();
    for id in ids {
        let short = id.short();
        match specs.entry(id)?.status {
            Status::Paused => hints.push(format!("to resume '{short}': git chant work {short}")),
            Status::Finished => hints.push(format!("to merge '{short}': git chant merge {short}")),
            _ => {}
        }
    }
    Ok(hints)
}
