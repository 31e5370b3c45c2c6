//! `git chant list`

use super::Context;
use crate::{
    answer::{Line, Listed, outcome::Outcome},
    cli::list::ListArgs,
    domain::status::Status,
    error::Result,
    specs::all::Specs,
};

pub(super) fn run(context: &Context<'_>, args: &ListArgs) -> Result<Outcome> {
    let project = context.project()?;
    let specs = Specs::cached(&project)?;
    let mut views = Vec::new();
    let mut to_import = 0;
    let all = args.all || args.archived || args.status.contains(&Status::Archived);
    let ids = if all { specs.names.all()? } else { specs.names.active()? };
    specs.read_ahead(&ids);
    // Whether a spec is ready takes more than its line shows.
    let in_sight = context.brief && !args.ready;
    let mut lines = Vec::with_capacity(if context.brief { ids.len() } else { 0 });
    for id in ids {
        if let Some(sight) = if in_sight { specs.sight(id)? } else { None } {
            let says = &sight.text;
            if wanted_status(args, sight.status)
                && wanted(args, says.kind.as_str(), says.phase, says.topic, &says.labels)
            {
                lines.push(sight.line(id));
            }
            continue;
        }
        if !wanted_status(args, specs.recorded(id)?.status) {
            continue;
        }
        let entry = specs.entry(id)?;
        let view = if context.brief { specs.line(&entry)? } else { specs.view(&entry)? };
        let says = wanted(args, &view.kind, view.phase.as_deref(), view.topic.as_deref(), &view.labels);
        if says && (!args.ready || view.ready) {
            to_import += usize::from(entry.is_to_import());
            match context.brief {
                true => lines.push(Line::from(view)),
                false => views.push(view),
            }
        }
    }
    specs.write_cache()?;
    // The process is about to end: to give its memory back piece by piece takes longer than to find what to print.
    std::mem::forget(specs);
    let outcome = Outcome::new(Listed { specs: views, lines });
    Ok(match to_import {
        0 => outcome,
        1 => outcome.hint("the file of 1 spec tells of work that is not recorded: git chant import"),
        many => outcome.hint(format!("the files of {many} specs tell of work that is not recorded: git chant import")),
    })
}

fn wanted_status(args: &ListArgs, status: Status) -> bool {
    if !args.status.is_empty() {
        return args.status.contains(&status);
    }
    if args.all {
        return true;
    }
    (status == Status::Archived) == args.archived
}

fn wanted(
    args: &ListArgs,
    kind: &str,
    phase: Option<&str>,
    topic: Option<&str>,
    labels: &[impl PartialEq<String>],
) -> bool {
    let any = |asked: Vec<&str>, has: &str| asked.is_empty() || asked.contains(&has);
    let types = args.spec_type.iter().map(|one| one.as_str()).collect();
    let phases = args.phase.iter().map(|one| one.as_str()).collect();
    let topics = args.topic.iter().map(String::as_str).collect();
    any(types, kind)
        && any(phases, phase.unwrap_or_default())
        && any(topics, topic.unwrap_or_default())
        && (args.labels.is_empty() || args.labels.iter().any(|label| labels.iter().any(|one| one == label)))
}
