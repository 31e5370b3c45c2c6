//! `git chant deinit`

use super::Context;
use crate::{
    answer::{Changed, outcome::Outcome, progress::Step},
    cli::init::DeinitArgs,
    error::{Error, Kind, Result},
    project::Project,
    upkeep::setup::{self, Change},
};

/// The word that a person types to have everything removed.
const WORD: &str = "purge";

pub(super) fn run(context: &Context<'_>, args: &DeinitArgs) -> Result<Outcome> {
    let project = context.project()?;
    if args.purge {
        setup::refuse_work(&project)?;
    }
    let changes = setup::deinit(&project, args.purge)?;
    let left = if args.purge { setup::left_behind(&project)? } else { Vec::new() };
    if !args.dry_run {
        if args.purge {
            confirm(context, &changes, args.yes)?;
        }
        changes.iter().try_for_each(|change| setup::apply(&project, change))?;
        setup::hooks::forget(&project)?;
    }
    let mut outcome = Outcome::new(Changed {
        dry_run: args.dry_run,
        changes: changes.iter().flat_map(|change| change.sentences(!args.dry_run)).collect(),
    });
    for path in setup::changed_skills(&project)? {
        outcome = outcome.warning(format!("'{}' stays: it was changed since git-chant wrote it", path.display()));
    }
    if !args.purge && shows(&changes) && holds_specs(&project) {
        outcome = outcome.warning("'.chant/' is no longer hidden; 'git add' would add it");
    }
    if !args.purge && !changes.is_empty() {
        outcome = outcome.hint("specs and their history stay; to remove them as well: git chant deinit --purge");
    }
    Ok(left.into_iter().fold(outcome, Outcome::hint))
}

fn shows(changes: &[Change]) -> bool {
    changes.iter().any(|change| matches!(change, Change::Show(_)))
}

fn holds_specs(project: &Project) -> bool {
    project.repo.main_work_dir().is_some_and(|top| top.join(".chant").exists())
}

/// Asks twice: what is removed exists nowhere else.
fn confirm(context: &Context<'_>, changes: &[Change], yes: u8) -> Result<()> {
    if yes >= 2 {
        return Ok(());
    }
    let refs = changes.iter().filter(|change| matches!(change, Change::DeleteRef(..))).count();
    let refs = if refs == 1 { "1 ref".to_owned() } else { format!("{refs} refs") };
    let what = format!("every spec in this work tree, and {refs} with their history");
    if !context.interactive {
        return Err(Error::negative(Kind::NotConfirmed, format!("this would remove {what}"))
            .hint("to list it: git chant deinit --purge --dry-run")
            .hint("to confirm without being asked, give '--yes' twice"));
    }
    context.progress.say(&Step::Note(format!("this removes {what}")));
    let sure = context.env.confirm("Remove them?")? && context.env.ask(&format!("Type '{WORD}' to do it"))? == WORD;
    if sure { Ok(()) } else { Err(Error::negative(Kind::NotConfirmed, "nothing removed; aborted")) }
}
