//! `git chant ready`

use super::Context;
use crate::{
    answer::{ReadyAnswer, SpecList, outcome::Outcome},
    cli::list::ReadyArgs,
    domain::status::Status,
    error::Result,
    specs::all::Specs,
};

pub(super) fn run(context: &Context<'_>, args: &ReadyArgs) -> Result<Outcome> {
    let project = context.project()?;
    let specs = Specs::cached(&project)?;
    let (mut ready, mut blocked) = (Vec::new(), Vec::new());
    let (mut lines, mut others) = (Vec::new(), 0);
    let wanted = |status: Status| status == Status::Pending || (args.explain && !status.is_over());
    for id in specs.names.active()? {
        specs.inspect(id, wanted, |facts| {
            if args.explain || !context.brief {
                let view = specs.view(&specs.entry(id)?)?;
                if view.ready { ready.push(view) } else { blocked.push(view) }
            } else if specs.reasons(facts)?.is_empty() {
                lines.push(specs.line(facts)?);
            } else {
                others += 1;
            }
            Ok(())
        })?;
    }
    specs.write_cache()?;
    // As `list` does.
    std::mem::forget(specs);
    if args.explain {
        return Ok(Outcome::new(ReadyAnswer { specs: ready, blocked }));
    }
    let hint = ready.is_empty() && lines.is_empty() && others + blocked.len() > 0;
    let outcome = Outcome::new(SpecList { specs: ready, lines });
    Ok(if hint { outcome.hint("what the others wait for: git chant ready --explain") } else { outcome })
}
