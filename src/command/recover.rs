//! `git chant recover`

use super::{
    Context, fsck,
    outcome::{Body, Outcome},
};
use crate::{cli::upkeep::RecoverArgs, domain::id::SpecId, error::Result, fsck::Finding};

pub(super) fn run(context: &Context<'_>, args: &RecoverArgs) -> Result<Outcome> {
    let project = context.project()?;
    let ids: Vec<SpecId> = args.specs.iter().map(|query| context.pick(&project, query)).collect::<Result<_>>()?;
    // What belongs to no spec (a lock, a file that a merge had moved) may be in the way of each.
    let wanted = |finding: &Finding| {
        let named = finding.problem.spec.as_ref().is_none_or(|id| ids.is_empty() || ids.contains(id));
        named && finding.repair.is_some()
    };
    let found = fsck::check(&project)?;
    Ok(Outcome::new(Body::Problems(fsck::repair(context, &project, found, &wanted)?)))
}
