//! `git chant import`

use super::{
    Context,
    outcome::{Body, Outcome},
};
use crate::{cli::import::ImportArgs, domain::diagnostic::Severity, error::Result, import};

pub(super) fn run(context: &Context<'_>, args: &ImportArgs) -> Result<Outcome> {
    // It records approvals, too.
    context.refuse_agent("import")?;
    let project = context.project()?;
    let import::Outcome { imported, recorded, left } =
        import::import(&project, args.dir.as_deref(), args.dry_run, context.progress)?;
    let failed = left.iter().any(|problem| problem.severity == Severity::Error);
    Ok(Outcome::new(Body::Imported { dry_run: args.dry_run, imported, recorded, left }).exit(i32::from(failed)))
}
