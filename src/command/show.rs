//! `git chant show`

use super::{Context, fetched};
use crate::{
    answer::{ShownSpec, ShownSpecs, outcome::Outcome},
    attempt::review,
    cli::show::ShowArgs,
    error::Result,
    specs::all::Specs,
};

pub(super) fn run(context: &Context<'_>, args: &ShowArgs) -> Result<Outcome> {
    let project = context.project()?;
    let mut details = Vec::new();
    let mut diagnostics = Vec::new();
    let (mut to_import, mut hints) = (Vec::new(), Vec::new());
    for query in &args.specs {
        let id = context.pick(&project, query)?;
        fetched::bring_documents(context, &project, &id)?;
        let specs = Specs::new(&project)?;
        let entry = specs.entry(&id)?;
        if let Some(Err(found)) = entry.loaded.as_ref().map(|loaded| &loaded.spec) {
            diagnostics
                .extend(found.iter().map(|one| format!("{}:{}:{}: {}", one.path, one.line, one.column, one.message)));
        }
        hints.extend(fetched::hint_about(&project, &id)?);
        if entry.is_to_import() {
            to_import.push(id.short().to_owned());
        }
        details.push(if args.diff { review::with_diff(&specs, &entry)? } else { specs.detail(&entry)? });
        specs.write_cache()?;
    }
    let mut outcome = match details.len() {
        1 => Outcome::new(ShownSpec { spec: details.remove(0) }),
        _ => Outcome::new(ShownSpecs { specs: details }),
    };
    for problem in diagnostics {
        outcome = outcome.warning(problem);
    }
    for short in to_import {
        outcome = outcome.hint(format!("the file of '{short}' has a status that was not imported: git chant import"));
    }
    Ok(hints.into_iter().fold(outcome, Outcome::hint))
}
