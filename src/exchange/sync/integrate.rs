//! The way here: fetch, and bring what came together with ours.

use std::collections::{BTreeMap, BTreeSet};

use gix::ObjectId;

use super::{Remote, Report, branches, carry};
use crate::{
    answer::Way,
    domain::{converge::Source, id::SpecId},
    error::Result,
    git,
    project::Project,
    store::{
        NOTES_REF, SPECS, Store,
        archive::{ARCHIVES, ArchiveTrees, is_archive},
        refs::RefList,
        sync_branch,
        sync_branch::SYNC_BRANCHES,
        tracking::{self, Integrated, REMOTES, Tracked},
    },
};

/// How the refs of a remote are mapped to where they are tracked: what the names of either begin with. As prefixes, because a name
/// that is not there would be an error.
fn mappings(project: &Project, remote: &str) -> Result<Vec<(String, String)>> {
    let mut mappings = vec![
        (SPECS.to_owned(), tracking::tracked_specs(remote)),
        (ARCHIVES.to_owned(), tracking::tracked_archives(remote)),
        (NOTES_REF.to_owned(), tracking::tracked_notes(remote)),
        (SYNC_BRANCHES.to_owned(), sync_branch::tracked_sync_branches(remote)),
    ];
    mappings.extend(branches::mapping(project, remote)?);
    Ok(mappings)
}

/// What is known before a fetch.
struct Look {
    /// All that is tracked of the remote.
    tracked: RefList,
    /// Whether that is what is here: if the remote still has it, there is nothing to do.
    even: bool,
}

fn look(project: &Project, store: &Store<'_>, remote: &Remote, push: bool) -> Result<Look> {
    let tracked = store.all_tracked(&remote.name)?;
    // What is wrong with our own refs is said by whoever has to do with them.
    let even = store.is_up_to_date(&tracked, push).unwrap_or(false)
        && (!push || branches::is_settled(project, store, &remote.name).unwrap_or(false));
    Ok(Look { tracked, even })
}

/// Fetches, unless there is nothing new, and gives back what is tracked of the remote now, with what was known before.
///
/// Where it costs next to nothing to connect, the remote is asked for its refs first, and our own are looked at meanwhile: a fetch that
/// brings nothing takes git several times as long. Elsewhere each connection costs more than all of that.
fn renew(project: &Project, store: &Store<'_>, remote: &Remote, push: bool) -> Result<(Look, RefList)> {
    let mappings = mappings(project, &remote.name)?;
    let look = || look(project, store, remote, push);
    let look = if git::remote::is_near(&project.repo, &remote.name) {
        let (asked, look) = git::remote::list_beside(&project.repo, &remote.name, look);
        let look = look?;
        // If it could not be asked, the fetch says why.
        if asked.is_ok_and(|refs| is_tracked(&mappings, &remote.name, &refs, &look.tracked)) {
            let now = look.tracked.clone();
            return Ok((look, now));
        }
        look
    } else {
        look()?
    };
    let refspecs: Vec<_> = mappings.iter().map(|(there, here)| format!("+{there}*:{here}*")).collect();
    let tips = format!("{}*", tracking::tracked_specs(&remote.name));
    git::remote::fetch(&project.repo, &remote.name, &refspecs, &tips)?;
    // Objects may have come in packs that this process has not seen.
    Ok((look, store.all_tracked(&remote.name)?))
}

/// Whether what is tracked of a remote is what it has: `refs` are all that it has.
fn is_tracked(mappings: &[(String, String)], remote: &str, refs: &[(String, ObjectId)], tracked: &RefList) -> bool {
    let below = format!("{REMOTES}{remote}/");
    let mut there: RefList = Vec::new();
    for (name, id) in refs {
        for (from, to) in mappings {
            let Some(rest) = name.strip_prefix(from.as_str()) else { continue };
            let name = format!("{to}{rest}");
            there.push((name[below.len()..].to_owned(), Some(*id)));
        }
    }
    there.sort_unstable();
    let is_mapped = |name: &str| mappings.iter().any(|(_, to)| name.starts_with(&to[below.len()..]));
    tracked.iter().filter(|(name, _)| is_mapped(name)).eq(there.iter())
}

/// Fetches, and brings every chain and the notes together with ours. Gives back what the remote has; `None` if all of that was here,
/// and, where we `push`, nothing is here that it lacks.
pub(super) fn fetch(project: &Project, remote: &Remote, push: bool, report: &mut Report) -> Result<Option<Tracked>> {
    let store = project.store()?;
    let (look, now) = renew(project, &store, remote, push)?;
    if look.even && now == look.tracked {
        return Ok(None);
    }
    let (before, after) = (Tracked::of(look.tracked), Tracked::of(now));
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
    let folders = ArchiveTrees::default();
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
    Ok(Some(after))
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
