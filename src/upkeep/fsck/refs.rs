//! The refs and notes themselves. The events that refs lead to are read elsewhere.

use gix::refs::{FullName, Target};

use super::{Finding, Repair};
use crate::{
    domain::id::SpecId,
    error::Result,
    git::lookup,
    project::Project,
    store::{
        NOTES_REF, SPECS,
        archive::{ARCHIVES, ArchiveTrees},
        attempts::ATTEMPTS,
    },
};

/// How many objects a finding names.
const NAMED: usize = 3;

/// Refs under the namespace that are no chains, and chains without a log.
pub(super) fn chains(project: &Project) -> Result<Vec<Finding>> {
    let store = project.store()?;
    let mut findings = Vec::new();
    for (name, target) in store.raw_tips()? {
        let full = format!("{SPECS}{name}");
        let quoted = shell_words::quote(&full).into_owned();
        let id = match SpecId::new(&name) {
            Ok(id) => id,
            Err(invalid) => {
                let found = Finding::error("bad-ref", invalid.to_string()).at(full);
                findings.push(found.help(format!("to delete it: git update-ref -d {quoted}")));
                continue;
            }
        };
        if target.is_some() {
            if !store.has_log(&id) {
                let found = Finding::warning("no-reflog", "it has no reflog").at(full);
                findings.push(found.mended_by(Repair::Log(id)));
            }
            continue;
        }
        let is_symbolic =
            |name: FullName| matches!(lookup::target(project.repo.gix(), name.as_ref()), Ok(Some(Target::Symbolic(_))));
        findings.push(if FullName::try_from(full.as_str()).is_ok_and(is_symbolic) {
            Finding::error("symbolic-ref", "it is a symbolic ref, which git-chant never makes")
                .at(full)
                .help(format!("to delete it: git symbolic-ref --delete {quoted}"))
        } else {
            broken(project, full, id)?
        });
    }
    Ok(findings)
}

/// Archives: that each is one, that what it holds is archived, and that no ref is left of what it holds.
pub(super) fn archives(project: &Project) -> Result<Vec<Finding>> {
    let store = project.store()?;
    let mut findings = Vec::new();
    for (name, target) in store.raw_archives()? {
        let full = format!("{ARCHIVES}{name}");
        let fault = match target {
            None => Some("it holds no object id".to_owned()),
            Some(target) => store.fit_archive(&name, target, None)?.err(),
        };
        if let Some(fault) = fault {
            let quoted = shell_words::quote(full.trim_start_matches("refs/")).into_owned();
            let found = Finding::error("bad-archive", fault).at(full);
            findings.push(found.help(format!("to see its earlier values: git reflog {quoted}")));
        }
    }
    if store.archives()?.is_empty() {
        return Ok(findings);
    }
    let folders = ArchiveTrees::default();
    for (id, tip) in store.tips()? {
        let Ok(Some(folded)) = store.folded_tip_in(&folders, &id) else { continue };
        if store.covers(&id, folded, tip)? {
            let found = Finding::warning("unfolded", "it is archived, but its ref still exists").of(&id);
            findings.push(found.mended_by(Repair::Fold));
        }
    }
    Ok(findings)
}

/// A ref whose file holds no id: what a power cut leaves where refs are not synced.
fn broken(project: &Project, full: String, id: SpecId) -> Result<Finding> {
    let found = Finding::error("broken-ref", "its file holds no object id").at(full);
    Ok(match project.store()?.last_logged(&id)? {
        Some(_) => found.mended_by(Repair::Reconnect(id)),
        None => found.help("its reflog names no event either; fetch the ref again, or remove the file"),
    })
}

/// The notes: that they can be read at all, and that what they are on is there.
pub(super) fn notes(project: &Project) -> Result<Vec<Finding>> {
    let mut gone = Vec::new();
    for object in project.store()?.annotated()? {
        if project.repo.gix().try_find_header(object)?.is_none() {
            gone.push(object.to_string());
        }
    }
    if gone.is_empty() {
        return Ok(Vec::new());
    }
    let named = if gone.len() > NAMED { format!("{}, ...", gone[..NAMED].join(", ")) } else { gone.join(", ") };
    let message = format!("{} notes are on objects that are not in this repository: {named}", gone.len());
    // They may be on commits that another clone has: taking them away here would take them away there.
    let found = Finding::warning("dangling-note", message).at(NOTES_REF);
    Ok(vec![found.help("if no clone has those commits any more: git notes --ref=chant prune")])
}

/// The refs of kept attempts: whether each leads to a commit.
pub(super) fn attempts(project: &Project) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for (name, target) in project.store()?.all_kept()? {
        let full = format!("{ATTEMPTS}{name}");
        let message = match target {
            None => "it holds no object id".to_owned(),
            Some(tip) => match project.repo.gix().try_find_header(tip)? {
                Some(header) if header.kind() == gix::objs::Kind::Commit => continue,
                Some(header) => format!("expected a commit of an attempt; found a {}", header.kind()),
                None => format!("its commit {tip} is not in this repository"),
            },
        };
        let quoted = shell_words::quote(&full).into_owned();
        let found = Finding::error("missing-attempt", message).at(full);
        findings.push(found.help(format!("if no copy has it: git update-ref -d {quoted}")));
    }
    Ok(findings)
}
