//! `git chant note`

use super::Context;
use crate::{
    answer::{Recorded, outcome::Outcome},
    authoring::decide,
    cli::state::NoteArgs,
    error::Result,
};

pub(super) fn run(context: &Context<'_>, args: &NoteArgs) -> Result<Outcome> {
    let (project, id) = context.open_to_change(&args.spec)?;
    let sentence = decide::note(&project, &id, &args.message)?;
    Ok(Outcome::new(Recorded { spec: context.view(&project, &id)?, op: "note".into(), sentence }))
}
