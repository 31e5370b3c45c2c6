//! `git chant merge`

use super::{
    Context,
    outcome::{Body, Merged, Outcome},
    work::waiting,
};
use crate::{
    cli::work::MergeArgs,
    error::{Error, Result},
    merge::{self, Landed},
};

pub(super) fn run(context: &Context<'_>, args: &MergeArgs) -> Result<Outcome> {
    let project = context.project()?;
    let id = context.pick_to_change(&project, &args.spec)?;
    match merge::land(&project, &id, args.onto.as_deref(), context.progress)? {
        Landed::Completed { merged: Some((target, commit)) } => {
            let spec = Box::new(context.view(&project, &id)?);
            Ok(Outcome::new(Body::Merged { spec, merged: Merged { target, commit: commit.to_string() } }))
        }
        Landed::Completed { merged: None } => {
            let spec = Box::new(context.view(&project, &id)?);
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
