//! `git chant fsck`

use super::{Context, repair};
use crate::{
    answer::{Problems, outcome::Outcome},
    cli::upkeep::FsckArgs,
    error::Result,
};

pub(super) fn run(context: &Context<'_>, args: &FsckArgs) -> Result<Outcome> {
    let project = context.project()?;
    let problems = if args.repair {
        repair::repair(context, &project, args.signatures, |_| true)?
    } else {
        repair::check(&project, args.signatures)?.into_iter().map(|finding| finding.problem).collect()
    };
    Ok(Outcome::new(Problems { problems }))
}
