//! `git chant prune`

use super::{
    Context,
    outcome::{Body, Outcome},
};
use crate::{cli::prune::PruneArgs, error::Result};

pub(super) fn run(_context: &Context<'_>, _args: &PruneArgs) -> Result<Outcome> {
    Ok(Outcome::new(Body::Nothing))
}
