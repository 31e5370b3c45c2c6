//! `git chant ready`

use super::Context;
use crate::{
    answer::{Explained, Line, Listed, outcome::Outcome},
    cli::list::ReadyArgs,
    domain::status::Status,
    error::Result,
    specs::{all::Specs, brief::Outlook},
};

pub(super) fn run(context: &Context<'_>, args: &ReadyArgs) -> Result<Outcome> {
    let project = context.project()?;
    let specs = Specs::cached(&project)?;
    let (mut ready, mut blocked) = (Vec::new(), Vec::new());
    let (mut lines, mut others) = (Vec::new(), 0);
    let ids = specs.names.active()?;
    specs.read_ahead(&ids);
    for id in ids {
        if specs.is_over_in_brief(id)? {
            continue;
        }
        // Why a spec is not ready takes more than a look at its line.
        match if context.brief && !args.explain { specs.outlook(id)? } else { None } {
            Some(Outlook::Ready(sight)) => {
                lines.push(sight.line(id));
                continue;
            }
            Some(Outlook::Blocked) => {
                others += 1;
                continue;
            }
            Some(Outlook::Elsewhere) => continue,
            None => {}
        }
        let status = specs.recorded(id)?.status;
        let over = matches!(status, Status::Completed | Status::Cancelled | Status::Archived);
        if over || (status != Status::Pending && !args.explain) {
            continue;
        }
        let entry = specs.entry(id)?;
        let view = if context.brief { specs.line(&entry)? } else { specs.view(&entry)? };
        match (view.ready, context.brief && !args.explain) {
            (true, true) => lines.push(Line::from(view)),
            (true, false) => ready.push(view),
            (false, _) => blocked.push(view),
        }
    }
    specs.write_cache()?;
    // As `list` does.
    std::mem::forget(specs);
    if args.explain {
        return Ok(Outcome::new(Explained { specs: ready, blocked }));
    }
    let hint = ready.is_empty() && lines.is_empty() && others + blocked.len() > 0;
    let outcome = Outcome::new(Listed { specs: ready, lines });
    Ok(if hint { outcome.hint("what the others wait for: git chant ready --explain") } else { outcome })
}
