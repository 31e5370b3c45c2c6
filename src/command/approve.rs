//! `git chant approve` and `git chant reject`

use super::Context;
use crate::{
    answer::outcome::Outcome,
    authoring::decide,
    cli::state::{ApproveArgs, RejectArgs},
    domain::event::Op,
    error::Result,
};

pub(super) fn approve(context: &Context<'_>, args: &ApproveArgs) -> Result<Outcome> {
    answer(context, &args.spec, true, args.commit.as_deref(), args.reason.as_deref())
}

pub(super) fn reject(context: &Context<'_>, args: &RejectArgs) -> Result<Outcome> {
    answer(context, &args.spec, false, args.commit.as_deref(), Some(&args.reason))
}

fn answer(
    context: &Context<'_>,
    query: &str,
    approved: bool,
    commit: Option<&str>,
    reason: Option<&str>,
) -> Result<Outcome> {
    let (project, id) = context.open_to_change(query)?;
    let (op, sentence) = decide::answer(&project, &id, approved, commit, reason)?;
    let outcome = context.recorded(&project, &id, &op, sentence)?;
    Ok(match op {
        Op::Review => match context.view(&project, &id)?.next_command() {
            Some(next) => outcome.hint(format!("next: {next}")),
            None => outcome,
        },
        Op::Fail | Op::Note => outcome.hint(format!("to work on it again: git chant work {}", id.short())),
        _ => outcome,
    })
}
