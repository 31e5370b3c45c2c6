//! `git chant sync`

use std::collections::BTreeSet;

use super::Context;
use crate::{
    answer::{ExchangeResult, SyncAnswer, outcome::Outcome},
    attempt::merge::place_recorded,
    cli::exchange::SyncArgs,
    domain::id::SpecId,
    error::Result,
    exchange::sync::{self, Scope},
    specs::text::path_of,
};

pub(super) fn run(context: &Context<'_>, args: &SyncArgs) -> Result<Outcome> {
    let project = context.project()?;
    let remote = sync::pick(&project, args.remote.as_deref())?;
    let scope = Scope { fetch: !args.push, push: !args.fetch };
    let exchanged = if args.dry_run {
        sync::preview(&project, &remote, scope)?
    } else {
        sync::sync(&project, &remote, scope, context.progress)?
    };
    if !args.dry_run {
        let specs: BTreeSet<SpecId> = exchanged.iter().filter_map(|entry| sync::spec_of(&entry.name)).collect();
        specs.iter().try_for_each(|id| place_recorded(&project, id))?;
    }
    let has = |way| exchanged.iter().any(|entry| entry.way == way);
    let failed = [ExchangeResult::Refused, ExchangeResult::Unfit, ExchangeResult::Namesake].into_iter().any(has);
    let mut hints = Vec::new();
    if scope.push && !remote.pushed_to {
        hints.push(format!("nothing was pushed: in silent mode 'git config chant.remote {}' allows it", remote.name));
    }
    if has(ExchangeResult::Contended) {
        hints.push("to keep one attempt: git chant choose <spec> --keep <attempt>".to_owned());
    }
    if let Some(namesake) = exchanged.iter().find(|entry| entry.way == ExchangeResult::Namesake)
        && let Some(id) = &namesake.spec
    {
        hints.push(format!(
            "to give yours a new id, copy '{}' into a new spec: git chant add \"<title>\" --edit",
            path_of(id)
        ));
        hints.push(format!("then accept theirs: git update-ref -d {}", namesake.name));
    }
    if let Some(unfit) = exchanged.iter().find(|entry| entry.way == ExchangeResult::Unfit) {
        // In a shallow clone it is most often this clone that lacks something: there is nothing to delete.
        hints.push(if project.repo.gix().is_shallow()? {
            format!("this clone is shallow: git fetch --unshallow {}", shell_words::quote(&remote.name))
        } else {
            let name = format!(":{}", unfit.name);
            let command = format!("git push {} {}", shell_words::quote(&remote.name), shell_words::quote(&name));
            format!("to remove the invalid refs from the remote: {command}")
        });
    }
    let outcome = Outcome::new(SyncAnswer { remote: remote.name, dry_run: args.dry_run, exchanged });
    Ok(hints.into_iter().fold(outcome.exit(i32::from(failed)), Outcome::hint))
}
