//! `git chant hooks`

use super::Context;
use crate::{
    answer::{AllHooks, HookState, outcome::Outcome},
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
        changes.iter().try_for_each(|change| setup::apply(&project, change))?;
        if args.action == Action::Uninstall {
            setup::hooks::forget(&project)?;
        }
    }
    let hooks = setup::hooks::look(&project)?;
    let shared = setup::hooks::shared(&project, planned.as_deref().unwrap_or_default())?;
    let left = if args.action == Action::Install { hooks.left_alone() } else { Vec::new() };
    let asked = planned.is_none();
    let changes = planned.iter().flatten().flat_map(|change| change.sentences(!args.dry_run)).collect();
    let idle = hooks.views.iter().all(|hook| hook.state == HookState::Absent);
    let mut outcome = Outcome::new(AllHooks { dry_run: args.dry_run, changes, hooks: hooks.views, asked });
    outcome = left.into_iter().fold(outcome, Outcome::warning);
    for path in shared {
        outcome = outcome.warning(format!("'{path}' is tracked; the change can be committed"));
    }
    match setup::hooks::lost(&project)? {
        Some(what) if args.action != Action::Uninstall => {
            let missing = i32::from(args.action == Action::Status);
            outcome = outcome.warning(what).hint(setup::hooks::AGAIN).exit(missing);
        }
        _ if args.action == Action::Status && idle => {
            outcome = outcome.hint("to have git's hooks call git-chant: git chant hooks install");
        }
        _ => {}
    }
    Ok(outcome)
}
