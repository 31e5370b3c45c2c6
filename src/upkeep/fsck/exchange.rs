//! What remotes had, compared with what is here, and settings that let git itself overwrite our refs. No remote is asked.

use std::collections::BTreeSet;

use super::{Finding, Repair};
use crate::{
    domain::id::SpecId,
    error::Result,
    git::remote::{self, Mapping},
    project::Project,
    store::{NOTES_REF, SPECS, Store, archive::ARCHIVES, tracking::tracked_specs},
};

/// Chains of remotes that hold more than ours, and those that are not fit to be taken over. Where a chain is gone and was named, it
/// comes back first.
pub(super) fn tracked(project: &Project, gone: &BTreeSet<SpecId>) -> Result<Vec<Finding>> {
    let store = project.store()?;
    let mut findings = Vec::new();
    for remote in remote::names(&project.repo) {
        let tracked = store.tracked(&remote)?;
        for name in tracked.archives.keys() {
            if store.archive(name)?.is_none() {
                let message = format!("'{remote}' has this archive and this clone does not");
                let found = Finding::warning("lost-archive", message).at(format!("{ARCHIVES}{name}"));
                let fetch = shell_words::join(["git", "chant", "sync", "--fetch", &remote]);
                findings.push(found.help(format!("to fetch it: {fetch}")));
            }
        }
        for (spec, theirs) in tracked.specs {
            // Another check reports a fault of our own ref.
            let Ok(ours) = store.tip(&spec) else { continue };
            if ours == Some(theirs) || gone.contains(&spec) {
                continue;
            }
            match store.unknown_of(&spec, theirs)? {
                Ok(unknown) if unknown.is_empty() => {}
                Ok(unknown) => {
                    let (code, message) = match ours {
                        None => ("lost-chain", format!("'{remote}' has its history and this clone does not")),
                        Some(_) => {
                            ("behind", format!("'{remote}' has {} of its events that this clone lacks", unknown.len()))
                        }
                    };
                    let found = Finding::warning(code, message).of(&spec);
                    findings.push(found.mended_by(Repair::Rejoin(spec, theirs)));
                }
                Err(why) => {
                    let message = format!("cannot use the history from '{remote}': {why}");
                    let found = Finding::warning("unfit", message).at(format!("{}{spec}", tracked_specs(&remote)));
                    // In a shallow clone it is most often this clone that lacks something: there is nothing to delete.
                    findings.push(found.help(if project.repo.gix().is_shallow()? {
                        format!(
                            "this clone is shallow: {}",
                            shell_words::join(["git", "fetch", "--unshallow", &remote])
                        )
                    } else {
                        let name = format!(":{}", Store::ref_name(&spec));
                        format!("to remove it from the remote: {}", shell_words::join(["git", "push", &remote, &name]))
                    }));
                }
            }
        }
    }
    Ok(findings)
}

/// Settings by which a plain `git fetch` or `git push` overwrites or deletes our refs.
pub(super) fn settings(project: &Project) -> Vec<Finding> {
    let dangerous = remote::mappings(&project.repo).into_iter().filter(|mapping| {
        let ours = [SPECS, ARCHIVES, NOTES_REF].iter().any(|name| overlap(&mapping.writes, name));
        ours && (mapping.forced || !mapping.push)
    });
    dangerous.map(|mapping| dangerous_setting(&mapping)).collect()
}

fn dangerous_setting(mapping: &Mapping) -> Finding {
    let message = match (mapping.push, mapping.forced) {
        (true, _) => format!("with '{}', 'git push' overwrites or deletes other clones' events", mapping.value),
        (false, true) => {
            format!("with '{}', 'git fetch' overwrites events that only this clone has", mapping.value)
        }
        (false, false) => {
            format!("with '{}', 'git fetch --prune' deletes specs that only this clone has", mapping.value)
        }
    };
    let unset = shell_words::join(["git", "config", "--unset-all", "--fixed-value", &mapping.key, &mapping.value]);
    let found = Finding::warning("dangerous-setting", message).at(&mapping.key);
    found.help(format!("'git chant sync' does not need it; to remove it: {unset}"))
}

/// Whether a glob or a name of refs touches what is under `ours`, a namespace or a single ref.
fn overlap(writes: &str, ours: &str) -> bool {
    match writes.split_once('*') {
        Some((prefix, _)) => ours.starts_with(prefix) || (ours.ends_with('/') && prefix.starts_with(ours)),
        None => writes == ours || (ours.ends_with('/') && writes.starts_with(ours)),
    }
}
