//! Refs of folded specs go at the remote too: each leased on what it had, together with the archive that holds it.

use std::collections::BTreeMap;

use gix::ObjectId;

use super::{Answers, Due, What};
use crate::{
    answer::Way,
    domain::id::SpecId,
    error::Result,
    exchange::sync::{Remote, Report},
    git::{
        self,
        remote::{Fate, Update},
    },
    project::Project,
    store::{
        Store,
        archive::{ARCHIVES, ArchiveTrees, archive_of},
        tracking::{Tracked, tracked_specs},
    },
};

/// How many refs go at once, at most.
const CHUNK: usize = 250;

/// Lets go of every ref that the remote had, by what is `tracked`, and that our archives hold. Returns whether there was any. What moved there meanwhile has to be
/// fetched first; a remote that deletes nothing, or not together with something else, keeps its refs, and nobody is told each time.
pub(super) fn push(
    project: &Project,
    store: &Store<'_>,
    remote: &Remote,
    tracked: &Tracked,
    answers: &mut Answers,
    report: &mut Report,
) -> Result<bool> {
    let due = due(store, tracked)?;
    let any = !due.is_empty();
    for (name, specs) in due {
        let full = format!("{ARCHIVES}{name}");
        let Some(id) = store.archive(&name)?.filter(|_| !report.is_unfit(&full)) else { continue };
        for chunk in specs.chunks(CHUNK) {
            let known = store.tracked(&remote.name)?.archives.get(&name).copied();
            let due = Due { name: full.clone(), id, known, what: What::Archive(name.clone()) };
            let update = Update { id, name: full.clone() };
            let gone: Vec<_> =
                chunk.iter().map(|(spec, tip)| Update { id: *tip, name: Store::ref_name(spec) }).collect();
            let fates = git::remote::push_and_delete(&project.repo, &remote.name, &update, &gone)?;
            if fates.iter().any(|(_, fate)| *fate == Fate::Behind) {
                answers.behind.push(due);
                return Ok(any);
            }
            let there = |name: &str| fates.iter().any(|(full, fate)| full == name && *fate == Fate::There);
            if !there(&full) || !gone.iter().all(|gone| there(&gone.name)) {
                return Ok(any);
            }
            if known != Some(id) {
                due.track(store, &remote.name)?;
                report.add(Way::Pushed, &full, known.map(|id| id.to_string()), Some(id.to_string()));
            }
            answers.took = true;
            for (spec, tip) in chunk {
                store.untrack(&format!("{}{spec}", tracked_specs(&remote.name)), *tip)?;
            }
            report.deleted(&chunk.iter().map(|(spec, _)| spec.clone()).collect::<Vec<_>>());
        }
    }
    Ok(any)
}

/// The refs that the remote has and that an archive of ours holds with all that they know, by archive.
pub(super) fn due(store: &Store<'_>, tracked: &Tracked) -> Result<BTreeMap<String, Vec<(SpecId, ObjectId)>>> {
    let folders = ArchiveTrees::default();
    let mut due: BTreeMap<String, Vec<(SpecId, ObjectId)>> = BTreeMap::new();
    let ours: BTreeMap<SpecId, ObjectId> = store.tips()?.into_iter().collect();
    for (spec, tip) in &tracked.specs {
        if ours.contains_key(spec) {
            continue;
        }
        if let Some(folded) = store.folded_tip_in(&folders, spec)?
            && store.covers(spec, folded, *tip)?
        {
            due.entry(archive_of(spec).to_owned()).or_default().push((spec.clone(), *tip));
        }
    }
    Ok(due)
}
