//! `git chant sync`

use std::collections::BTreeSet;

use super::{Context, fetched};
use crate::{
    answer::{ExchangeResult, ExchangeView, SyncAnswer, outcome::Outcome},
    attempt::documents,
    cli::exchange::SyncArgs,
    domain::{id::SpecId, status::Status},
    error::Result,
    exchange::sync::{self, Scope},
    project::{Project, target::short_name},
    specs::{all::Specs, text::path_of},
    store::tracking::tracked_specs,
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
        fetched::write_documents(context, || documents::write(&project, &Vec::from_iter(specs)));
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
    let mut namesakes = exchanged.iter().filter(|entry| entry.way == ExchangeResult::Namesake);
    if let Some((namesake, id)) = namesakes.find_map(|entry| Some((entry, entry.spec.as_ref()?))) {
        hints.extend(ways_out(&project, &remote.name, id, &namesake.name)?);
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
    if !args.dry_run {
        hints.extend(unpushed_targets(&project, &remote.name, &exchanged)?);
    }
    let outcome = Outcome::new(SyncAnswer { remote: remote.name, dry_run: args.dry_run, exchanged });
    Ok(hints.into_iter().fold(outcome.exit(i32::from(failed)), Outcome::hint))
}

/// How a person pushes the branches that work of specs was merged into which were pushed just now, as far as no remote is known to have them:
/// another clone cannot work on what builds on them.
fn unpushed_targets(project: &Project, remote: &str, exchanged: &[ExchangeView]) -> Result<Vec<String>> {
    let (specs, store) = (Specs::cached(project)?, project.store()?);
    let pushed = exchanged.iter().filter(|entry| entry.way == ExchangeResult::Pushed);
    let merged: BTreeSet<String> = pushed
        .filter_map(|entry| {
            let id = entry.spec.as_ref()?;
            match specs.cached_end(id) {
                Ok(Some(facts)) => facts.merge.map(|merge| merge.target.to_owned()),
                // What cannot be read was sent all the same, and this is a hint only.
                _ => {
                    let state = store.state(id).ok()??;
                    state.facts.target.filter(|_| state.status == Status::Completed)
                }
            }
        })
        .collect();
    let mut targets = Vec::new();
    for target in merged {
        if project.branch_tip(&target)?.is_some()
            && project.fetched_branch(remote, short_name(&target))?.is_none()
            && project.fetched(&target)?.is_none()
        {
            targets.push(target);
        }
    }
    let command = |target: &String| {
        let names = [remote, short_name(target)].map(|name| shell_words::quote(name).into_owned());
        format!("to push '{}', which no remote has: git push {}", short_name(target), names.join(" "))
    };
    Ok(targets.iter().map(command).collect())
}

/// What a person can do where the remote has another spec with the id of one here, whose ref has the full name `name`.
fn ways_out(project: &Project, remote: &str, id: &SpecId, name: &str) -> Result<Vec<String>> {
    let path = path_of(id);
    let committed = match project.repo.head()?.id() {
        Some(head) => project.blob_id_in(head, &path)?.is_some(),
        None => false,
    };
    let remove = if committed { "git rm" } else { "rm" };
    let mut hints = vec![
        format!("to give yours a new id, copy '{path}' into a new spec: git chant add \"<title>\" --edit"),
        format!("then accept theirs: {remove} {path}"),
    ];
    let store = project.store()?;
    if store.ref_tip(id)?.is_some() {
        hints.push(format!("and: git update-ref -d {name}"));
    } else if store.tracked_tip(remote, id)?.is_some() {
        hints.push(format!("if both are one spec: git update-ref {name} {}{id}", tracked_specs(remote)));
    }
    Ok(hints)
}
