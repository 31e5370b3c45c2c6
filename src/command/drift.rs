//! `git chant drift`

use super::{Context, fetched};
use crate::{
    answer::{DriftAnswer, outcome::Outcome},
    cli::list::DriftArgs,
    error::Result,
    query::drift,
    specs::all::Specs,
};

pub(super) fn run(context: &Context<'_>, args: &DriftArgs) -> Result<Outcome> {
    let project = context.project()?;
    let ids = args.specs.iter().map(|query| context.pick(&project, query)).collect::<Result<Vec<_>>>()?;
    match ids.as_slice() {
        [] => fetched::bring_all_documents(context, &project)?,
        ids => ids.iter().try_for_each(|id| fetched::bring_documents(context, &project, id))?,
    }
    let specs = Specs::cached(&project)?;
    let drift = drift::drift(&specs, (!ids.is_empty()).then_some(ids.as_slice()))?;
    specs.write_cache()?;
    // As `list` does.
    std::mem::forget(specs);
    let code = i32::from(args.exit_code && !drift.is_empty());
    let hint = drift.first().map(|first| {
        format!(
            "to accept the change: git chant accept {0} -m \"...\"; to work on it again: git chant reset {0}",
            first.short
        )
    });
    let outcome = Outcome::new(DriftAnswer { drift }).exit(code);
    Ok(hint.into_iter().fold(outcome, Outcome::hint))
}
