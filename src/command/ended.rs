//! How `work` and `finish`, and `merge` where the work did not pass, present the end of an attempt.

use super::Context;
use crate::{
    answer::{self, Failed, PathAnswer, Worked, outcome::Outcome},
    attempt::ended::{Ended, EndedAs, Merged},
    domain::id::SpecId,
    error::Result,
    project::Project,
};

/// The outcome of an attempt on `id` that ended so.
pub(super) fn present(context: &Context<'_>, project: &Project, id: &SpecId, ended: Ended) -> Result<Outcome> {
    let exit = ended.exit();
    let short = id.short();
    let spec = context.view(project, id)?;
    let mut warnings = Vec::new();
    let mut worked = Worked {
        attempt: spec.attempt.clone(),
        spec,
        duration_ms: ended.duration_ms(),
        merged: None,
        failed: None,
        paused: None,
        waits: None,
    };
    match ended.how {
        EndedAs::HandedOver { worktree, .. } => {
            let body = PathAnswer { spec: worked.spec, path: worktree.into() };
            return Ok(Outcome { hints: ended.hints, ..Outcome::new(body) });
        }
        EndedAs::Finished => {}
        EndedAs::Completed(to) => worked.merged = merged(to),
        EndedAs::Failed { reason, checks } => {
            worked.failed = Some(Failed { reason: reason.to_string(), checks: checks.lines() });
        }
        EndedAs::Paused(why) => worked.paused = Some(why.to_string()),
        EndedAs::Waiting(waits) => {
            worked.waits = Some(waits.reason());
            let output = waits.output.lines().map(|line| format!("    {line}"));
            warnings.push(std::iter::once(waits.sentence(short)).chain(output).collect::<Vec<_>>().join("\n"));
        }
        EndedAs::Superseded => {
            warnings.push(format!("'{short}' was reset while it ran: commits kept, status unchanged"))
        }
    }
    Ok(Outcome { exit, warnings, hints: ended.hints, ..Outcome::new(worked) })
}

/// Where the work of a spec went.
pub(super) fn merged(to: Merged) -> Option<answer::Merged> {
    to.map(|(target, commit)| answer::Merged { target, commit: commit.to_string() })
}
