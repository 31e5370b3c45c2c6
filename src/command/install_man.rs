//! `git chant install-man`

use super::Context;
use crate::{
    answer::{ManualPages, outcome::Outcome},
    cli::manual::InstallManArgs,
    error::Result,
    manual::install::{self, Change},
};

pub(super) fn run(context: &Context<'_>, args: &InstallManArgs) -> Result<Outcome> {
    let given = args.directory.as_ref().map(|dir| context.env.cwd().join(dir));
    let place = match &given {
        Some(given) => given.clone(),
        None => install::default_dir(&context.env)?,
    };
    let changes = match (args.remove, &given) {
        (false, _) => install::install(&place)?,
        (true, Some(given)) => install::remove(given)?,
        // Every place where an earlier call can have installed it.
        (true, None) => {
            let all: Result<Vec<_>> =
                install::places(&context.env).iter().map(|place| install::remove(place)).collect();
            all?.concat()
        }
    };
    if !args.dry_run {
        changes.iter().try_for_each(install::apply)?;
    }
    let pick = |wanted: fn(&Change) -> bool| {
        changes.iter().filter(|change| wanted(change)).map(|change| change.path().to_owned().into()).collect()
    };
    let outcome = Outcome::new(ManualPages {
        path: place.clone().into(),
        dry_run: args.dry_run,
        written: pick(|change| matches!(change, Change::Write(..))),
        removed: pick(|change| matches!(change, Change::Remove(_))),
    });
    if args.remove || install::is_searched(&context.env, &place) {
        return Ok(outcome);
    }
    // The empty entry keeps the default places.
    let line = format!("export MANPATH={}:", shell_words::quote(&place.to_string_lossy()));
    Ok(outcome.hint(format!("man does not search there; add to your shell's start-up file: {line}")))
}
