//! `git chant edit`

use super::{Context, fetched};
use crate::{
    answer::{Edited, outcome::Outcome},
    authoring::edit,
    cli::show::EditArgs,
    error::Result,
};

pub(super) fn run(context: &Context<'_>, args: &EditArgs) -> Result<Outcome> {
    let (project, id) = context.open_to_change(&args.spec)?;
    fetched::bring_documents(context, &project, &id)?;
    let edited = edit::edit(&project, &id)?;
    let outcome = Outcome::new(Edited { spec: context.view(&project, &id)?, changed: edited.is_some() });
    Ok(edited.unwrap_or_default().into_iter().fold(outcome, Outcome::warning))
}
