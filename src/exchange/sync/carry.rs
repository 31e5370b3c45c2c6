//! Exchange with a remote that takes branches only: a branch of each clone, the carrier, carries the refs.

use gix::ObjectId;

use super::{Exchange, spec_of};
use crate::{
    answer::ExchangeResult,
    domain::converge::Source,
    error::Result,
    git::{
        self,
        remote::{PushStatus, Update},
    },
    store::{
        NOTES_REF,
        archive::ARCHIVES,
        sync_branch::{CarriedRefs, SYNC_BRANCHES, tracked_sync_branches},
    },
};

impl Exchange<'_> {
    /// Joins with ours what the carriers of all clones hold. A carrier has the weight of a clone, not of the remote.
    pub(super) fn fetch_carried(&mut self) -> Result<()> {
        let carriers = self.store.sync_branches(&self.remote.name)?;
        if carriers.is_empty() {
            return Ok(());
        }
        let ours = self.store.refs_to_carry()?;
        for (clone, carrier) in carriers {
            let name = format!("{SYNC_BRANCHES}{clone}");
            let carried = match self.store.carried_refs(carrier)? {
                Ok(carried) => carried,
                Err(why) => {
                    self.report.say(ExchangeResult::Unfit, &name, why);
                    continue;
                }
            };
            // Archives first: a folded spec needs no ref of its own.
            let unknown = carried.iter().filter(|(full, theirs)| ours.get(*full) != Some(*theirs));
            let (archives, others): (Vec<_>, Vec<_>) = unknown.partition(|(full, _)| full.starts_with(ARCHIVES));
            for (full, theirs) in archives {
                self.join_archive(&full[ARCHIVES.len()..], *theirs, Source::FetchOnly)?;
            }
            for (full, theirs) in others {
                if full == NOTES_REF {
                    self.join_notes(*theirs)?;
                } else if let Some(spec) = spec_of(full) {
                    self.join_spec(&spec, *theirs, Source::FetchOnly)?;
                } else {
                    self.report.say(
                        ExchangeResult::Unfit,
                        &name,
                        format!("it carries '{full}', which is not a spec ref"),
                    );
                }
            }
        }
        self.report.dropped(&self.store.drop_contained()?);
        Ok(())
    }

    /// The refs that this clone's carrier holds at the remote; `None` if there is no carrier.
    pub(super) fn own_carried(&self) -> Result<Option<CarriedRefs>> {
        self.own_carrier()?.map(|carrier| Ok(self.store.carried_refs(carrier)?.unwrap_or_default())).transpose()
    }

    fn own_carrier(&self) -> Result<Option<ObjectId>> {
        let mut carriers = self.store.sync_branches(&self.remote.name)?.into_iter();
        Ok(carriers.find(|(clone, _)| clone == self.project.clone_name()).map(|(_, carrier)| carrier))
    }

    /// Pushes all refs as this clone's carrier.
    pub(super) fn push_carrier(&mut self) -> Result<PushStatus> {
        let clone = self.project.clone_name();
        let name = format!("{SYNC_BRANCHES}{clone}");
        let before = self.own_carrier()?;
        let carrier = self.store.write_sync_branch(before, &self.store.refs_to_carry()?, message(clone))?;
        let update = Update { id: carrier, name: name.clone() };
        let fates = git::remote::push(&self.project.repo, &self.remote.name, &[update])?;
        let fate = fates.into_iter().find(|(full, _)| *full == name).map(|(_, fate)| fate);
        let fate = fate.unwrap_or_else(|| PushStatus::Refused("the remote did not report its status".to_owned()));
        if fate == PushStatus::Done {
            self.store.track(&format!("{}{clone}", tracked_sync_branches(&self.remote.name)), before, carrier)?;
            self.report.add(ExchangeResult::Pushed, &name, before, Some(carrier));
            self.report.say(
                ExchangeResult::Pushed,
                &name,
                "it accepts no refs under refs/chant; this branch carries them",
            );
        }
        Ok(fate)
    }
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
