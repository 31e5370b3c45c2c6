//! The way here: fetch, and bring what came together with ours.

use gix::ObjectId;

use super::{Remote, Report, carry};
use crate::{
    domain::{converge::Source, id::SpecId, view::Way},
    error::Result,
    git,
    project::Project,
    store::{
        NOTES_REF, SPECS, Store,
        carrier::{self, CARRIERS},
        tracking::{self, Integrated},
    },
};

/// How the refs of a remote are mapped to where they are tracked. Globs, because a name that is not there would be an error.
fn refspecs(remote: &str) -> Vec<String> {
    let notes = tracking::tracked_notes(remote);
    vec![
        format!("+{SPECS}*:{}*", tracking::tracked_specs(remote)),
        format!("+{NOTES_REF}*:{notes}*"),
        format!("+{CARRIERS}*:{}*", carrier::tracked_carriers(remote)),
    ]
}

/// Fetches, and brings every chain and the notes together with ours.
pub(super) fn fetch(project: &Project, remote: &Remote, report: &mut Report) -> Result<()> {
    let store = project.store()?;
    let before = store.tracked(&remote.name)?;
    let tips = format!("{}*", tracking::tracked_specs(&remote.name));
    git::remote::fetch(&project.repo, &remote.name, &refspecs(&remote.name), &tips)?;
    // Objects may have come in packs that this process has not seen.
    let after = store.tracked(&remote.name)?;
    for name in &after.strange {
        report.say(Way::Unfit, &format!("{SPECS}{name}"), "its name is not the id of a spec");
    }
    for (spec, _) in before.specs.iter().filter(|(spec, _)| !after.specs.contains_key(*spec)) {
        report.say(Way::Gone, &Store::ref_name(spec), format!("{} does not have it any longer", remote.name));
    }
    let ours: std::collections::BTreeMap<_, _> = store.tips()?.into_iter().collect();
    for (spec, theirs) in &after.specs {
        let name = Store::ref_name(spec);
        if let Some(had) = before.specs.get(spec).filter(|had| *had != theirs)
            && !store.builds_on(spec, *theirs, *had)?
        {
            report.say(Way::Rewritten, &name, format!("{} no longer has all that it had", remote.name));
        }
        if ours.get(spec) == Some(theirs) {
            continue;
        }
        chain(&store, spec, *theirs, remote.source, report)?;
    }
    if let Some(theirs) = store.notes_tips(&remote.name)?.1 {
        notes(&store, theirs, report)?;
    }
    carry::fetch(&store, remote, report)
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
    match store.integrate(spec, theirs, source)? {
        Integrated::Same | Integrated::Kept => {}
        Integrated::Adopted { from, to } => {
            report.add(Way::Fetched, &name, from.map(|id| id.to_string()), Some(to.to_string()));
        }
        Integrated::Merged { from, to, strangers } => {
            report.add(Way::Merged, &name, Some(from.to_string()), Some(to.to_string()));
            if strangers {
                report.say(
                    Way::Merged,
                    &name,
                    "the two had nothing in common: two specs of one id, or one written anew",
                );
            }
        }
        Integrated::Unfit(why) => report.say(Way::Unfit, &name, why),
    }
    Ok(())
}

/// Brings the notes together: a note is a set of lines, so that two sides never conflict.
pub(super) fn notes(store: &Store<'_>, theirs: ObjectId, report: &mut Report) -> Result<()> {
    match store.integrate_notes(theirs)? {
        Integrated::Same | Integrated::Kept => {}
        Integrated::Adopted { from, to } => {
            report.add(Way::Fetched, NOTES_REF, from.map(|id| id.to_string()), Some(to.to_string()));
        }
        Integrated::Merged { from, to, .. } => {
            report.add(Way::Merged, NOTES_REF, Some(from.to_string()), Some(to.to_string()));
        }
        Integrated::Unfit(why) => report.say(Way::Unfit, NOTES_REF, why),
    }
    Ok(())
}

/// What a fetch would bring.
pub(super) fn preview(project: &Project, remote: &Remote, report: &mut Report) -> Result<()> {
    let known = project.store()?.tracked(&remote.name)?.specs;
    for (name, theirs) in git::remote::list(&project.repo, &remote.name, &format!("{SPECS}*"))? {
        let Some(spec) = super::spec_of(&name) else { continue };
        let before = known.get(&spec);
        if before != Some(&theirs) {
            report.add(Way::Fetched, &name, before.map(ToString::to_string), Some(theirs.to_string()));
        }
    }
    Ok(())
}
