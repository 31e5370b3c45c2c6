//! `git chant edit`

use super::Context;
use crate::{
    answer::{Edited, outcome::Outcome},
    authoring::edit,
    cli::show::EditArgs,
    error::Result,
};

pub(super) fn run(context: &Context<'_>, args: &EditArgs) -> Result<Outcome> {
    let (project, id) = context.open_to_change(&args.spec)?;
    let changed = edit::edit(&project, &id)?;
    Ok(Outcome::new(Edited { spec: context.view(&project, &id)?, changed }))
}
