//! `git chant hooks`

use super::Context;
use crate::{
    answer::{AllHooks, HookState, HookView, outcome::Outcome},
    cli::hooks::{Action, HooksArgs},
    error::Result,
    upkeep::setup,
};

pub(super) fn run(context: &Context<'_>, args: &HooksArgs) -> Result<Outcome> {
    let project = context.project()?;
    let planned = match args.action {
        Action::Status => None,
        Action::Install => Some(setup::install_hooks(&project)?),
        Action::Uninstall => Some(setup::uninstall_hooks(&project)?),
    };
    if let Some(changes) = &planned
        && !args.dry_run
    {
        context.refuse_agent("change hooks")?;
        changes.iter().try_for_each(|change| setup::apply(&project, change))?;
    }
    let hooks = setup::hooks::look(&project)?;
    let shared = setup::hooks::shared(&project, planned.as_deref().unwrap_or_default())?;
    let left = if args.action == Action::Install { refused(&hooks) } else { Vec::new() };
    let asked = planned.is_none();
    let changes = planned.iter().flatten().flat_map(|change| change.sentences(!args.dry_run)).collect();
    let idle = hooks.iter().all(|hook| hook.state == HookState::Absent);
    let mut outcome = Outcome::new(AllHooks { dry_run: args.dry_run, changes, hooks, asked });
    outcome = left.into_iter().fold(outcome, Outcome::warning);
    for path in shared {
        outcome = outcome.warning(format!("'{path}' is a file that git has: the change can be committed"));
    }
    if args.action == Action::Status && idle {
        outcome = outcome.hint("to have them call git chant: git chant hooks install");
    }
    Ok(outcome)
}

/// What is left alone and why: one line a reason.
pub(super) fn refused(hooks: &[HookView]) -> Vec<String> {
    let mut said: Vec<String> = Vec::new();
    for hook in hooks.iter().filter(|hook| hook.state == HookState::Refused) {
        let why = hook.why.as_deref().unwrap_or_default();
        // A reason that begins with "it" is about this file; others are about all of them.
        let line = match why.strip_prefix("it ") {
            Some(_) => format!("'{}' is left alone: {why}", hook.place),
            None => format!("hooks are left alone: {why}"),
        };
        if !said.contains(&line) {
            said.push(line);
        }
    }
    said
}
