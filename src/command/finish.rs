//! `git chant finish`: a person did the work, or what failed is checked again.

use super::{Context, context::Grant, ended, fetched};
use crate::{
    answer::outcome::Outcome,
    attempt::work::{Assignment, From},
    cli::work::FinishArgs,
    error::Result,
    git::history::named_commit,
};

pub(super) fn run(context: &Context<'_>, args: &FinishArgs) -> Result<Outcome> {
    let project = &context.project()?;
    let id = &context.pick(project, &args.spec)?;
    fetched::ask_about(context, project, id)?;
    fetched::bring_documents(context, project, id)?;
    let commits: Vec<_> = args.commits.iter().map(|name| named_commit(&project.repo, name)).collect::<Result<_>>()?;
    let approve = context.approval(project, Grant { granted: args.trust, verb: "finish" });
    let usual = context.assignment(project, id, &approve);
    let work = Assignment { merge: !args.no_merge, may_be_empty: args.allow_empty, ..usual };
    let ended = work.carry(From::Checks { commits: &commits })?;
    ended::present(context, project, id, ended)
}
