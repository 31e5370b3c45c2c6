//! The way here: fetch, and bring what came together with ours.

use std::collections::{BTreeMap, BTreeSet};

use gix::ObjectId;

use super::{Remote, Report, branches, carry};
use crate::{
    domain::{converge::Source, id::SpecId, view::Way},
    error::Result,
    git,
    project::Project,
    store::{
        NOTES_REF, SPECS, Store,
        archive::{ARCHIVES, Folders, is_archive},
        carrier::{self, CARRIERS},
        tracking::{self, Integrated, Tracked},
    },
};

/// How the refs of a remote are mapped to where they are tracked. Globs, because a name that is not there would be an error.
fn refspecs(remote: &str) -> Vec<String> {
    let notes = tracking::tracked_notes(remote);
    vec![
        format!("+{SPECS}*:{}*", tracking::tracked_specs(remote)),
        format!("+{ARCHIVES}*:{}*", tracking::tracked_archives(remote)),
        format!("+{NOTES_REF}*:{notes}*"),
        format!("+{CARRIERS}*:{}*", carrier::tracked_carriers(remote)),
    ]
}

/// Fetches, and brings every chain and the notes together with ours. Gives back what the remote has.
pub(super) fn fetch(project: &Project, remote: &Remote, report: &mut Report) -> Result<Tracked> {
    let store = project.store()?;
    let before = store.tracked(&remote.name)?;
    let tips = format!("{}*", tracking::tracked_specs(&remote.name));
    let mut refspecs = refspecs(&remote.name);
    refspecs.extend(branches::refspec(project, &remote.name)?);
    git::remote::fetch(&project.repo, &remote.name, &refspecs, &tips)?;
    // Objects may have come in packs that this process has not seen.
    let after = store.tracked(&remote.name)?;
    for name in &after.strange {
        report.say(Way::Unfit, &format!("{SPECS}{name}"), "its name is not the id of a spec");
    }
    for name in &after.strange_archives {
        report.say(Way::Unfit, &format!("{ARCHIVES}{name}"), "its name is no month");
    }
    for (name, theirs) in &after.archives {
        archive(&store, name, *theirs, remote.source, report)?;
    }
    report.dropped(&store.drop_contained()?);
    let ours: BTreeMap<_, _> = store.tips()?.into_iter().collect();
    let gone = before.specs.keys().filter(|spec| !after.specs.contains_key(*spec));
    // What was never taken over is no loss, and what is folded needs no ref.
    for spec in gone.filter(|spec| ours.contains_key(*spec)) {
        say_gone(&Store::ref_name(spec), remote, report);
    }
    for (name, _) in before.archives.iter().filter(|(name, _)| !after.archives.contains_key(*name)) {
        say_gone(&format!("{ARCHIVES}{name}"), remote, report);
    }
    let folders = Folders::default();
    for (spec, theirs) in &after.specs {
        let name = Store::ref_name(spec);
        if let Some(had) = before.specs.get(spec).filter(|had| *had != theirs)
            && !store.builds_on(spec, *theirs, *had)?
        {
            report.say(Way::Rewritten, &name, format!("{} no longer has all that it had", remote.name));
        }
        // A remote that deletes nothing goes on to have what was folded.
        let known = match ours.get(spec) {
            Some(tip) => Some(*tip),
            None => store.folded_tip_in(&folders, spec)?,
        };
        if known == Some(*theirs) {
            continue;
        }
        chain(&store, spec, *theirs, remote.source, report)?;
    }
    if let Some(theirs) = store.notes_tips(&remote.name)?.1 {
        notes(&store, theirs, report)?;
    }
    carry::fetch(&store, remote, report)?;
    Ok(after)
}

/// Brings one archive together with `theirs`.
pub(super) fn archive(
    store: &Store<'_>,
    name: &str,
    theirs: ObjectId,
    source: Source,
    report: &mut Report,
) -> Result<()> {
    let integrated = store.integrate_archive(name, theirs, source)?;
    note(&format!("{ARCHIVES}{name}"), integrated, report);
    Ok(())
}

/// Brings one chain together with `theirs`.
pub(super) fn chain(
    store: &Store<'_>,
    spec: &SpecId,
    theirs: ObjectId,
    source: Source,
    report: &mut Report,
) -> Result<()> {
    let name = Store::ref_name(spec);
    note(&name, store.integrate(spec, theirs, source)?, report);
    Ok(())
}

/// Reports what became of a ref that a remote's was brought together with.
fn note(name: &str, integrated: Integrated, report: &mut Report) {
    match integrated {
        Integrated::Same | Integrated::Kept => {}
        Integrated::Adopted { from, to } => {
            report.add(Way::Fetched, name, from.map(|id| id.to_string()), Some(to.to_string()));
        }
        Integrated::Merged { from, to, strangers } => {
            report.add(Way::Merged, name, Some(from.to_string()), Some(to.to_string()));
            if strangers {
                report.say(
                    Way::Merged,
                    name,
                    "the two had nothing in common: two specs of one id, or one written anew",
                );
            }
        }
        Integrated::Unfit(why) => report.say(Way::Unfit, name, why),
    }
}

/// Brings the notes together: a note is a set of lines, so that two sides never conflict.
pub(super) fn notes(store: &Store<'_>, theirs: ObjectId, report: &mut Report) -> Result<()> {
    note(NOTES_REF, store.integrate_notes(theirs)?, report);
    Ok(())
}

/// Reports what a fetch would bring. Gives back what the remote had and still has under these names.
pub(super) fn preview(project: &Project, remote: &Remote, report: &mut Report) -> Result<Tracked> {
    let store = project.store()?;
    let mut tracked = store.tracked(&remote.name)?;
    let listed = git::remote::list(&project.repo, &remote.name, &["refs/chant/*", NOTES_REF])?;
    for (name, theirs) in &listed {
        let before = match super::spec_of(name) {
            Some(spec) => tracked.specs.get(&spec),
            None => match name.strip_prefix(ARCHIVES).filter(|name| is_archive(name)) {
                Some(archive) => tracked.archives.get(archive),
                None => continue,
            },
        };
        if before != Some(theirs) {
            report.add(Way::Fetched, name, before.map(ToString::to_string), Some(theirs.to_string()));
        }
    }
    let there: BTreeSet<&str> = listed.iter().map(|(name, _)| name.as_str()).collect();
    let has = |name: &str| there.contains(name);
    for spec in tracked.specs.keys().filter(|spec| !has(&Store::ref_name(spec))) {
        // What was never taken over is no loss, and what is folded needs no ref.
        if store.ref_tip(spec)?.is_some() {
            say_gone(&Store::ref_name(spec), remote, report);
        }
    }
    for name in tracked.archives.keys().map(|name| format!("{ARCHIVES}{name}")).filter(|name| !has(name)) {
        say_gone(&name, remote, report);
    }
    tracked.specs.retain(|spec, _| has(&Store::ref_name(spec)));
    tracked.archives.retain(|name, _| has(&format!("{ARCHIVES}{name}")));
    tracked.notes = tracked.notes.filter(|_| has(NOTES_REF));
    Ok(tracked)
}

/// Reports a ref that the remote had.
fn say_gone(name: &str, remote: &Remote, report: &mut Report) {
    report.say(Way::Gone, name, format!("{} does not have it any longer", remote.name));
}
