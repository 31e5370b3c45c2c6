//! `git chant import`

use super::Context;
use crate::{
    answer::{Imported, outcome::Outcome},
    cli::import::ImportArgs,
    domain::{diagnostic::Severity, id::SpecId, status::Status},
    error::Result,
    upkeep::{archive, import},
};

pub(super) fn run(context: &Context<'_>, args: &ImportArgs) -> Result<Outcome> {
    let project = context.project()?;
    let import::Outcome { imported, recorded, left } =
        import::import(&project, args.dir.as_deref(), args.dry_run, context.progress)?;
    let failed = left.iter().any(|problem| problem.severity == Severity::Error);
    let archived = imported.iter().filter(|one| one.status == Status::Archived && !args.dry_run);
    let archived: Vec<SpecId> = archived.map(|one| one.spec.clone()).collect();
    let outcome = Outcome::new(Imported { dry_run: args.dry_run, imported, recorded, left }).exit(i32::from(failed));
    if archived.is_empty() {
        return Ok(outcome);
    }
    // They are archived in any case: the next archive folds them too.
    Ok(match archive::fold(&project, Some(&archived)) {
        Ok(_) => outcome,
        Err(error) => outcome.warning(format!("cannot fold the archived specs: {}", error.message)),
    })
}
