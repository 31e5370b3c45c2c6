//! `git chant path`

use super::Context;
use crate::{
    answer::{PathAnswer, outcome::Outcome},
    cli::show::PathArgs,
    error::{Error, Kind, Result},
    specs::moved_worktree::moved,
};

pub(super) fn run(context: &Context<'_>, args: &PathArgs) -> Result<Outcome> {
    let project = context.project()?;
    let id = context.pick(&project, &args.spec)?;
    match project.worktree_of(&id)? {
        Some(tree) if !tree.path.is_dir() => Err(moved(&id, &tree)),
        Some(tree) => Ok(Outcome::new(PathAnswer { spec: context.view(&project, &id)?, path: tree.path.into() })),
        None => Err(Error::negative(Kind::NoWorktree, format!("'{}' has no worktree", id.short()))),
    }
}
