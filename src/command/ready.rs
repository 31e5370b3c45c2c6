//! `git chant ready`

use std::cmp::Reverse;

use super::{Context, fetched};
use crate::{
    answer::{ReadyAnswer, SpecList, SpecView, outcome::Outcome},
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
            let priority = Reverse(facts.text.as_ref().map_or(0, |text| text.priority));
            if args.explain || !context.brief {
                let view = specs.view(&specs.entry(id)?)?;
                if view.ready { ready.push((priority, view)) } else { blocked.push(view) }
            } else if specs.reasons(facts)?.is_empty() {
                lines.push((priority, specs.line(facts)?));
            } else {
                others += 1;
            }
            Ok(())
        })?;
    }
    specs.write_cache()?;
    // As `list` does.
    std::mem::forget(specs);
    let ready: Vec<SpecView> = by_priority(ready);
    let lines = by_priority(lines);
    let unknown = fetched::hint(&project)?;
    if args.explain {
        let outcome = Outcome::new(ReadyAnswer { specs: ready, blocked });
        return Ok(unknown.into_iter().fold(outcome, Outcome::hint));
    }
    let hint = ready.is_empty() && lines.is_empty() && others + blocked.len() > 0;
    let outcome = Outcome::new(SpecList { specs: ready, lines });
    let outcome = unknown.into_iter().fold(outcome, Outcome::hint);
    Ok(if hint { outcome.hint("to see what blocks the others: git chant ready --explain") } else { outcome })
}

/// What has the greater priority comes first, otherwise the order stays.
fn by_priority<T>(mut found: Vec<(Reverse<i16>, T)>) -> Vec<T> {
    found.sort_by_key(|(priority, _)| *priority);
    found.into_iter().map(|(_, one)| one).collect()
}
