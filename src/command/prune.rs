//! `git chant prune`

use super::Context;
use crate::{
    answer::{AllPruned, outcome::Outcome},
    attempt::merge,
    cli::prune::PruneArgs,
    domain::id::SpecId,
    error::{Error, Kind, Result},
    git,
    project::Project,
    upkeep::prune::{self, Request},
};

pub(super) fn run(context: &Context<'_>, args: &PruneArgs) -> Result<Outcome> {
    let project = context.project()?;
    let expire = match &args.expire {
        Some(time) => git::expiry(&project.repo, time)?.ok_or_else(|| {
            let message = format!("'{}' is not a time that git reads", time.escape_debug());
            Error::usage(Kind::BadTime, message).hint("such as '2.weeks.ago', '2026-01-31', 'never' or 'now'")
        })?,
        None => project.config().prune_expire(|text| git::expiry(&project.repo, text))?,
    };
    let only = args.specs.iter().map(|query| resolve(context, &project, query)).collect::<Result<Vec<_>>>()?;
    // The next merge puts back the files that it has a record of.
    let aside = merge::left_aside(&project)?.into_iter().filter(|left| !left.recorded).map(|left| left.path).collect();
    let request = Request { only, dry_run: args.dry_run, expire, aside };
    let prune::Outcome { found, failures } = prune::prune(&project, &request)?;
    let failed = i32::from(!failures.is_empty());
    let outcome = Outcome::new(AllPruned { dry_run: args.dry_run, pruned: found }).exit(failed);
    Ok(failures.into_iter().fold(outcome, Outcome::warning))
}

/// The spec that a person means: one that exists, or, by its full id, one of which only leftovers exist.
fn resolve(context: &Context<'_>, project: &Project, query: &str) -> Result<SpecId> {
    match (context.pick(project, query), SpecId::new(query)) {
        (Err(_), Ok(id)) if !project.spec_names().has(&id)? && prune::is_known(project, &id)? => Ok(id),
        (picked, _) => picked,
    }
}
