//! Exchange with a remote that takes branches only: one branch a clone carries the refs.

use super::{
    Remote, Report,
    integrate::{chain, notes},
};
use crate::{
    answer::Way,
    domain::converge::Source,
    error::Result,
    git::{
        self,
        remote::{Fate, Update},
    },
    project::Project,
    store::{
        NOTES_REF, Store,
        archive::ARCHIVES,
        sync_branch::{CarriedRefs, SYNC_BRANCHES, tracked_sync_branches},
    },
};

/// Brings together with ours what the carriers of all clones hold. They are the word of clones like this one, with no more weight.
pub(super) fn fetch(store: &Store<'_>, remote: &Remote, report: &mut Report) -> Result<()> {
    let carriers = store.sync_branches(&remote.name)?;
    if carriers.is_empty() {
        return Ok(());
    }
    let ours = store.refs_to_carry()?;
    for (clone, carrier) in carriers {
        let name = format!("{SYNC_BRANCHES}{clone}");
        let carried = match store.carried_refs(carrier)? {
            Ok(carried) => carried,
            Err(why) => {
                report.say(Way::Unfit, &name, why);
                continue;
            }
        };
        // Archives first: what is folded needs no ref of its own.
        for (full, theirs) in carried.iter().filter(|(full, theirs)| ours.get(*full) != Some(*theirs)) {
            if let Some(archive) = full.strip_prefix(ARCHIVES) {
                super::integrate::archive(store, archive, *theirs, Source::FetchOnly, report)?;
            }
        }
        for (full, theirs) in carried.iter().filter(|(full, theirs)| ours.get(*full) != Some(*theirs)) {
            if full.starts_with(ARCHIVES) {
                continue;
            } else if full == NOTES_REF {
                notes(store, *theirs, report)?;
            } else if let Some(spec) = super::spec_of(full) {
                chain(store, &spec, *theirs, Source::FetchOnly, report)?;
            } else {
                report.say(Way::Unfit, &name, format!("it carries '{full}', which is no spec's"));
            }
        }
    }
    report.dropped(&store.drop_contained()?);
    Ok(())
}

/// What this clone's carrier holds at the remote; `None` if there is none.
pub(super) fn own(project: &Project, store: &Store<'_>, remote: &str) -> Result<Option<CarriedRefs>> {
    match tracked(project, store, remote)? {
        Some(carrier) => Ok(Some(store.carried_refs(carrier)?.unwrap_or_default())),
        None => Ok(None),
    }
}

fn tracked(project: &Project, store: &Store<'_>, remote: &str) -> Result<Option<gix::ObjectId>> {
    let found = store.sync_branches(remote)?.into_iter().find(|(clone, _)| clone == project.clone_name());
    Ok(found.map(|(_, carrier)| carrier))
}

/// Pushes everything as this clone's carrier.
pub(super) fn push(project: &Project, store: &Store<'_>, remote: &Remote, report: &mut Report) -> Result<Fate> {
    let clone = project.clone_name();
    let name = format!("{SYNC_BRANCHES}{clone}");
    let before = tracked(project, store, &remote.name)?;
    let carrier = store.write_sync_branch(before, &store.refs_to_carry()?, message(clone))?;
    let update = Update { id: carrier, name: name.clone() };
    let fates = git::remote::push(&project.repo, &remote.name, &[update])?;
    let fate = fates.into_iter().find(|(full, _)| *full == name).map(|(_, fate)| fate);
    let fate = fate.unwrap_or_else(|| Fate::Refused("it did not say what became of it".to_owned()));
    if fate == Fate::There {
        store.track(&format!("{}{clone}", tracked_sync_branches(&remote.name)), before, carrier)?;
        report.add(Way::Pushed, &name, before.map(|id| id.to_string()), Some(carrier.to_string()));
        report.say(Way::Pushed, &name, "it takes no refs under refs/chant, so this branch carries them");
    }
    Ok(fate)
}

fn message(clone: &str) -> String {
    format!(
        "Carry what clone {clone} knows of its specs [skip ci]\n\n\
         This remote takes no refs under refs/chant/. The file 'refs' of this branch lists those that\n\
         'git chant sync' would have pushed there, and the parents of its commits are what they hold.\n\
         'git chant sync' in other clones reads it. There is nothing here to look at, to merge or to edit.\n\n\
         Once the remote takes refs under refs/chant/, 'git chant sync' uses those, and this branch can go.\n"
    )
}
