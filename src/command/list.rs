//! `git chant list`

use super::Context;
use crate::{
    answer::{SpecList, outcome::Outcome},
    cli::list::ListArgs,
    domain::{filter::Filter, spec_type::SpecType, status::Status},
    error::Result,
    specs::{all::Specs, facts::Facts},
};

pub(super) fn run(context: &Context<'_>, args: &ListArgs) -> Result<Outcome> {
    let project = context.project()?;
    let specs = Specs::cached(&project)?;
    let all = args.all || args.archived || args.status.contains(&Status::Archived);
    let ids = if all { specs.names.all()? } else { specs.names.active()? };
    let filter = Filter {
        types: args.spec_type.clone(),
        phases: args.phase.clone(),
        topics: args.topic.clone(),
        labels: args.labels.clone(),
    };
    let (mut views, mut lines, mut to_import) = (Vec::new(), Vec::new(), 0);
    for id in ids {
        specs.inspect(
            id,
            |status| wanted_status(args, status),
            |facts| {
                if !is_wanted(&filter, facts) || (args.ready && !specs.reasons(facts)?.is_empty()) {
                    return Ok(());
                }
                to_import += usize::from(facts.to_import);
                match context.brief {
                    true => lines.push(specs.line(facts)?),
                    false => views.push(specs.view(&specs.entry(id)?)?),
                }
                Ok(())
            },
        )?;
    }
    specs.write_cache()?;
    // The process is about to end: to give its memory back piece by piece takes longer than to find what to print.
    std::mem::forget(specs);
    let outcome = Outcome::new(SpecList { specs: views, lines });
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

fn is_wanted(filter: &Filter, facts: &Facts<'_>) -> bool {
    // An empty topic asks for the specs that have none.
    match &facts.text {
        Some(text) => filter
            .takes(text.kind, text.phase, Some(text.topic.unwrap_or_default()), |label| text.labels.contains(label)),
        None => filter.takes(SpecType::default(), None, Some(""), |_| false),
    }
}
