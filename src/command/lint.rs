//! `git chant lint`

use super::Context;
use crate::{
    answer::{Problems, outcome::Outcome},
    cli::upkeep::LintArgs,
    error::Result,
    query::lint,
};

pub(super) fn run(context: &Context<'_>, args: &LintArgs) -> Result<Outcome> {
    let project = context.project()?;
    let mut ids = Vec::new();
    for query in &args.specs {
        ids.push(context.pick(&project, query)?);
    }
    Ok(Outcome::new(Problems { problems: lint::lint(&project, &ids)? }))
}
