//! `git chant changelog`

use super::Context;
use crate::{
    answer::{Notes, outcome::Outcome},
    cli::publish::ChangelogArgs,
    error::{Error, Kind, Result},
    git::history,
    specs::{all::Specs, release_notes},
};

pub(super) fn run(context: &Context<'_>, args: &ChangelogArgs) -> Result<Outcome> {
    let project = context.project()?;
    let commits = history::commits_in(&project.repo, &args.range)?.ok_or_else(|| {
        Error::negative(Kind::BadRange, format!("'{}' is not a range of commits", args.range.escape_debug()))
            .hint("for example: git chant changelog v1.0..HEAD")
    })?;
    let notes = release_notes::gather(&Specs::new(&project)?, &commits)?;
    Ok(Outcome::new(Notes { notes }))
}
