//! `git chant bisect`

use super::{Context, context::Grant};
use crate::{
    answer::{BisectAnswer, outcome::Outcome},
    attempt::bisect::{self, Request},
    cli::investigate::BisectArgs,
    error::Result,
    git::history::named_commit,
    specs::all::Specs,
};

pub(super) fn run(context: &Context<'_>, args: &BisectArgs) -> Result<Outcome> {
    let project = context.project()?;
    let revision = |name: &Option<String>| name.as_deref().map(|name| named_commit(&project.repo, name)).transpose();
    let request = Request { topic: &args.topic, good: revision(&args.good)?, bad: revision(&args.bad)? };
    let entry = bisect::reproduction(&Specs::new(&project)?, &args.topic)?;
    if args.reset {
        bisect::forget(&project, &entry, &args.topic, context.progress)?;
        if request.good.is_none() {
            let spec = context.view(&project, &entry.id)?;
            return Ok(Outcome::new(BisectAnswer { spec, commits: Vec::new(), tested: 0, skipped: 0, document: None }));
        }
    }
    let (text, spec) = entry.text()?;
    context.ask_trust(&project, &entry.id, text.blob(), spec, None, Grant { granted: args.trust, verb: "bisect" })?;
    let found = bisect::bisect(&project, &entry, &request, context.progress)?;
    let commits: Vec<String> = found.commits.iter().map(ToString::to_string).collect();
    let look = commits.first().map(|commit| format!("to see it: git show {commit}"));
    let outcome = Outcome::new(BisectAnswer {
        spec: context.view(&project, &entry.id)?,
        tested: found.tested,
        skipped: found.skipped,
        document: found.document,
        commits,
    });
    let cause = found.told.map(|cause| format!("its agent is told: git chant work {}", cause.short()));
    Ok(look.into_iter().chain(cause).fold(outcome, Outcome::hint))
}
