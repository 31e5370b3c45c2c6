//! `git chant cost`

use super::Context;
use crate::{
    answer::{CostAnswer, outcome::Outcome},
    cli::cost::CostArgs,
    error::Result,
    query::cost,
    specs::all::Specs,
};

pub(super) fn run(context: &Context<'_>, args: &CostArgs) -> Result<Outcome> {
    let project = context.project()?;
    let ids = args.specs.iter().map(|query| context.pick(&project, query)).collect::<Result<Vec<_>>>()?;
    let specs = Specs::cached(&project)?;
    let costs = match ids.is_empty() {
        true => cost::costs(&specs, specs.names.all()?)?,
        false => cost::costs(&specs, &ids)?,
    };
    specs.write_cache()?;
    Ok(Outcome::new(CostAnswer { costs, shown: args.by as usize }))
}
