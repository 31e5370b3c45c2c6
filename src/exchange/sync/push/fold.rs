//! Deletes the refs of folded specs at the remote: each leased on its old value, together with the push of the archive that holds it.

use std::collections::BTreeMap;

use gix::ObjectId;

use super::{Answers, Due, Subject};
use crate::{
    answer::ExchangeResult,
    domain::id::SpecId,
    error::Result,
    exchange::sync::Exchange,
    git::{
        self,
        reference::RefUpdate,
        remote::{PushStatus, Update},
    },
    store::{
        Store,
        archive::{ARCHIVES, ArchiveTrees, archive_of},
        tracking::{Tracked, tracked_specs},
    },
};

/// How many refs go at once, at most.
const CHUNK: usize = 250;

impl Exchange<'_> {
    /// Deletes every `tracked` ref of the remote whose chain our archives hold. Returns whether there was any. A ref that moved there has
    /// to be fetched first. A remote that deletes nothing, or not together with a push, keeps its refs, without a message each time.
    pub(super) fn push_folded(&mut self, tracked: &Tracked, answers: &mut Answers) -> Result<bool> {
        let folded = self.folded_there(tracked)?;
        let any = !folded.is_empty();
        for (name, specs) in folded {
            let full = format!("{ARCHIVES}{name}");
            let Some(id) = self.store.archive(&name)?.filter(|_| !self.report.is_unfit(&full)) else { continue };
            for chunk in specs.chunks(CHUNK) {
                let known = self.store.tracked(&self.remote.name)?.archives.get(&name).copied();
                let due = Due { name: full.clone(), id, known, subject: Subject::Archive(name.clone()) };
                let update = Update { id, name: full.clone() };
                let gone: Vec<_> =
                    chunk.iter().map(|(spec, tip)| Update { id: *tip, name: Store::ref_name(spec) }).collect();
                let fates = git::remote::push_and_delete(&self.project.repo, &self.remote.name, &update, &gone)?;
                if fates.iter().any(|(_, fate)| *fate == PushStatus::Behind) {
                    answers.behind.push(due);
                    return Ok(any);
                }
                let accepted = |name: &str| fates.iter().any(|(full, fate)| full == name && *fate == PushStatus::Done);
                if !accepted(&full) || !gone.iter().all(|gone| accepted(&gone.name)) {
                    return Ok(any);
                }
                if known != Some(id) {
                    self.store.track_each(&[self.tracking(&due)])?;
                    self.report.add(ExchangeResult::Pushed, &full, known, Some(id));
                }
                answers.took = true;
                let untracked = chunk.iter().map(|(spec, tip)| RefUpdate {
                    name: format!("{}{spec}", tracked_specs(&self.remote.name)),
                    old: Some(*tip),
                    new: None,
                });
                self.store.track_each(&untracked.collect::<Vec<_>>())?;
                self.report.deleted(&chunk.iter().map(|(spec, _)| spec.clone()).collect::<Vec<_>>());
            }
        }
        Ok(any)
    }

    /// The refs that the remote has and that an archive of ours holds with all their events, by archive.
    pub(super) fn folded_there(&self, tracked: &Tracked) -> Result<BTreeMap<String, Vec<(SpecId, ObjectId)>>> {
        let folders = ArchiveTrees::default();
        let mut found: BTreeMap<String, Vec<(SpecId, ObjectId)>> = BTreeMap::new();
        let ours: BTreeMap<SpecId, ObjectId> = self.store.tips()?.into_iter().collect();
        for (spec, tip) in tracked.specs.iter().filter(|(spec, _)| !ours.contains_key(*spec)) {
            if let Some(folded) = self.store.folded_tip_in(&folders, spec)?
                && self.store.covers(spec, folded, *tip)?
            {
                found.entry(archive_of(spec).to_owned()).or_default().push((spec.clone(), *tip));
            }
        }
        Ok(found)
    }
}
