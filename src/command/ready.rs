//! `git chant ready`

use super::{
    Context,
    outcome::{Body, Outcome},
};
use crate::{
    cli::list::ReadyArgs,
    domain::{status::Status, view::Line},
    error::Result,
    project::world::World,
};

pub(super) fn run(context: &Context<'_>, args: &ReadyArgs) -> Result<Outcome> {
    let project = context.project()?;
    let world = World::survey(&project)?;
    let (mut ready, mut blocked) = (Vec::new(), Vec::new());
    let ids = world.census.active()?;
    world.expect(&ids);
    for id in ids {
        if world.is_over_in_brief(id)? {
            continue;
        }
        let status = world.recorded(id)?.status;
        let over = matches!(status, Status::Completed | Status::Cancelled | Status::Archived);
        if over || (status != Status::Pending && !args.explain) {
            continue;
        }
        let entry = world.entry(id)?;
        let view = if context.brief { world.line(&entry)? } else { world.view(&entry)? };
        if view.ready {
            ready.push(view);
        } else {
            blocked.push(view);
        }
    }
    world.keep()?;
    // As `list` does.
    std::mem::forget(world);
    if args.explain {
        return Ok(Outcome::new(Body::Explained { ready, blocked }));
    }
    let hint = ready.is_empty() && !blocked.is_empty();
    let outcome = Outcome::new(match context.brief {
        true => Body::Lines(ready.into_iter().map(Line::from).collect()),
        false => Body::Specs(ready),
    });
    Ok(if hint { outcome.hint("what the others wait for: git chant ready --explain") } else { outcome })
}
