//! `git chant fsck`

use super::{
    Context,
    outcome::{Body, Outcome},
};
use crate::{
    cli::upkeep::FsckArgs,
    error::Result,
    fsck::{self, Repair},
    keep::clean_up,
    merge,
    project::{Project, progress::Step},
    recover,
};

pub(super) fn run(context: &Context<'_>, args: &FsckArgs) -> Result<Outcome> {
    let project = context.project()?;
    if args.repair {
        // First what a dead merge left aside: everything else is judged by the files as they belong.
        merge::recover_all(&project, context.progress)?;
    }
    let mut problems = Vec::new();
    for mut finding in fsck::check(&project)? {
        if let Some(repair) = finding.repair.filter(|_| args.repair) {
            match mend(context, &project, &repair) {
                Ok(mended) => finding.problem.repaired = mended,
                Err(error) => finding.problem.help = Some(format!("it could not be repaired: {}", error.message)),
            }
        }
        problems.push(finding.problem);
    }
    Ok(Outcome::new(Body::Problems(problems)))
}

fn mend(context: &Context<'_>, project: &Project, repair: &Repair) -> Result<bool> {
    match repair {
        Repair::Add(id) => {
            let Some(loaded) = project.load(id, None)? else { return Ok(false) };
            let (text, spec) = loaded.valid(id)?;
            crate::add::record(project, id, &text.bytes, spec).map(|()| true)
        }
        Repair::Heal(id) => recover::heal(project, id),
        Repair::Release(id) => recover::release_dead(project, id, context.progress),
        Repair::Annotate(id, commits) => project.store()?.annotate(id, commits).map(|written| written > 0),
        Repair::ForgetLease(attempt) => project.forget_lease(*attempt).map(|()| true),
        Repair::Clear(id) => {
            let Some(state) = project.store()?.state(id)? else { return Ok(false) };
            let warnings = clean_up(project, &project.attempt(id, &state)?)?;
            for warning in &warnings {
                context.progress.say(&Step::Warning(warning.clone()));
            }
            Ok(warnings.is_empty())
        }
    }
}
