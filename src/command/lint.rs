//! `git chant lint`

use super::Context;
use crate::answer::outcome::{Body, Outcome};
use crate::{cli::upkeep::LintArgs, error::Result, query::lint};

pub(super) fn run(context: &Context<'_>, args: &LintArgs) -> Result<Outcome> {
    let project = context.project()?;
    let mut ids = Vec::new();
    for query in &args.specs {
        ids.push(context.pick(&project, query)?);
    }
    Ok(Outcome::new(Body::Problems(lint::lint(&project, &ids)?)))
}
