//! `git chant merge`

use std::time::Instant;

use super::{
    Context,
    finish::check_again,
    outcome::{Body, Merged, Outcome},
    work::{conclude, waiting},
};
use crate::{
    cli::work::MergeArgs,
    close,
    domain::{id::SpecId, state::State, status::Status},
    error::{Error, Result},
    finish::Judged,
    merge::{self, Landed},
    project::{Project, progress::Step},
    recover,
};

pub(super) fn run(context: &Context<'_>, args: &MergeArgs) -> Result<Outcome> {
    let project = context.project()?;
    let id = context.pick_to_change(&project, &args.spec)?;
    let started = Instant::now();
    let judged = match project.store()?.state(&id)? {
        Some(state) if state.status == Status::Finished => checked_again(context, &project, &id, &state, args)?,
        _ => None,
    };
    if let Some(judged) = judged.filter(|judged| judged.failed.is_some() || judged.late) {
        return conclude(context, &project, &id, judged, started, true, args.onto.as_deref());
    }
    land(context, &project, &id, args.onto.as_deref())
}

/// What was done on its branch since it was checked (a conflict was resolved there) has to pass, too.
fn checked_again(
    context: &Context<'_>,
    project: &Project,
    id: &SpecId,
    state: &State,
    args: &MergeArgs,
) -> Result<Option<Judged>> {
    let attempt = project.attempt(id, state)?;
    if !state.unacknowledged().is_empty() {
        return Ok(None);
    }
    if !merge::has_moved(project, state, &attempt)? {
        if project.config().verify_merged()? {
            context.ask_trust(project, id, attempt.blob, &attempt.spec, None, args.trust)?;
        }
        return Ok(None);
    }
    close::refuse_running(project, id, Some(state))?;
    recover::end_survivors_of(project, id, Some(state), context.progress)?;
    let branch = attempt.branch.shorten();
    context.progress.say(&Step::Note(format!("'{branch}' moved since it was checked: it is checked again")));
    check_again(context, project, id, state, args.trust).map(Some)
}

fn land(context: &Context<'_>, project: &Project, id: &SpecId, onto: Option<&str>) -> Result<Outcome> {
    match merge::land(project, id, onto, context.progress)? {
        Landed::Completed { merged: Some((target, commit)) } => {
            let spec = Box::new(context.view(project, id)?);
            Ok(Outcome::new(Body::Merged { spec, merged: Merged { target, commit: commit.to_string() } }))
        }
        Landed::Completed { merged: None } => {
            let spec = Box::new(context.view(project, id)?);
            let sentence = format!("{} is completed: there was nothing to merge", id.short());
            Ok(Outcome::new(Body::Recorded { op: "complete".into(), spec, sentence }))
        }
        Landed::Waits { why, paths, hints } => {
            let mut error = Error::negative("not-merged", waiting(id.short(), &why, &paths));
            error.hints = hints;
            Err(error)
        }
    }
}
