//! How commands present the end of an attempt, alone or as one of several, and attempts that wait to be resumed.

use std::time::Instant;

use super::Context;
use crate::{
    answer::{self, Failed, PathAnswer, SpecView, Worked, WorkedAs, WorkedSpec, outcome::Outcome, progress::Step},
    attempt::ended::{Ended, EndedAs, Merged, Stop},
    domain::{id::SpecId, status::Status},
    error::{Error, Result},
    project::Project,
};

/// How many paused specs are named at most.
const MOST_NAMED: usize = 5;

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
            warnings.push(with_output(waits.sentence(short), &waits.output));
        }
        EndedAs::Superseded => {
            warnings.push(format!("'{short}' was reset while it ran: commits kept, status unchanged"))
        }
    }
    Ok(Outcome { exit, warnings, hints: ended.hints, ..Outcome::new(worked) })
}

/// A sentence, and below it what a program printed.
fn with_output(sentence: String, output: &str) -> String {
    let output = output.lines().map(|line| format!("    {line}"));
    std::iter::once(sentence).chain(output).collect::<Vec<_>>().join("\n")
}

/// Where the work of a spec went.
pub(super) fn merged(to: Merged) -> Option<answer::Merged> {
    to.map(|(target, commit)| answer::Merged { target, commit: commit.to_string() })
}

/// The line of one of several specs. What a program printed that stopped it, and the ways out, are said at once.
pub(super) fn one_of_several(
    context: &Context<'_>,
    spec: SpecView,
    ended: Result<Ended, Stop>,
    started: Instant,
) -> WorkedSpec {
    let (stopped, hints) = match &ended {
        Ok(Ended { how: EndedAs::Waiting(waits), hints, .. }) => {
            let printed = Some(&waits.output).filter(|output| !output.is_empty());
            (printed.map(|output| with_output(waits.sentence(&spec.short), output)), &hints[..])
        }
        Ok(_) => (None, &[][..]),
        Err(stop) => {
            let Error { message, output, hints, .. } = stop.error();
            (output.as_ref().map(|output| with_output(message.clone(), output)), &hints[..])
        }
    };
    if let Some(stopped) = stopped {
        context.progress.say(&Step::Warning(stopped));
    }
    for hint in hints {
        context.progress.say(&Step::Hint(hint.clone()));
    }
    match ended {
        Ok(ended) => line(spec, ended),
        Err(stop) => refused(spec, stop.error(), started),
    }
}

/// The line of a spec on which no attempt could begin or end.
pub(super) fn refused(spec: SpecView, error: &Error, started: Instant) -> WorkedSpec {
    let why = match error.diagnostics.first() {
        Some(first) => format!("{}: {}:{}: {}", error.message, first.path, first.line, first.message),
        None => error.message.clone(),
    };
    WorkedSpec {
        spec,
        outcome: WorkedAs::Refused,
        why: Some(why),
        duration_ms: started.elapsed().as_millis() as u64,
        merged: None,
        failed: Vec::new(),
    }
}

/// The line of a spec that ended so.
fn line(spec: SpecView, ended: Ended) -> WorkedSpec {
    let (status, duration_ms) = (spec.status, ended.duration_ms());
    let failed = match &ended.how {
        EndedAs::Failed { checks, .. } => checks.lines().into_iter().filter(|check| !check.ok).collect(),
        _ => Vec::new(),
    };
    let (ended_as, why, merged) = match ended.how {
        EndedAs::HandedOver { worktree, .. } => {
            (Status::InProgress, Some(format!("for you, in '{}'", worktree.display())), None)
        }
        EndedAs::Failed { reason, .. } => (Status::Failed, Some(reason.to_string()), None),
        EndedAs::Paused(why) if status != Status::Finished => (Status::Paused, Some(why.to_string()), None),
        EndedAs::Paused(why) => (Status::Finished, Some(why.to_string()), None),
        EndedAs::Waiting(waits) => (status, Some(waits.reason()), None),
        EndedAs::Completed(to) => (status, None, merged(to)),
        EndedAs::Finished | EndedAs::Superseded => (status, None, None),
    };
    WorkedSpec { spec, outcome: WorkedAs::Status(ended_as), why, duration_ms, merged, failed }
}

/// How to resume specs that are paused, if there are some.
pub(super) fn resume(paused: &[SpecId]) -> Option<String> {
    if paused.is_empty() {
        return None;
    }
    let named: Vec<&str> = paused.iter().take(MOST_NAMED).map(SpecId::short).collect();
    let (named, rest) = (named.join(" "), paused.len().saturating_sub(MOST_NAMED));
    let (what, them) = if paused.len() == 1 { ("1 spec is", "it") } else { ("", "them") };
    let what = if what.is_empty() { format!("{} specs are", paused.len()) } else { what.to_owned() };
    let more = if rest > 0 { format!(" (and {rest} more: git chant status)") } else { String::new() };
    Some(format!("{what} paused; to resume {them}: git chant work {named}{more}"))
}
