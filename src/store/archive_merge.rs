//! Joins the archives of a remote with those of this clone: afterwards ours hold what either held. Fetching is not done here.

use std::collections::{BTreeSet, HashSet};

use gix::ObjectId;

use super::{
    Store,
    archive::{ARCHIVES, ArchiveTrees, Folded, archive_of, is_archive},
    refs::Moved,
    tracking::Integrated,
};
use crate::{
    domain::{converge::Source, fold::fold, history::History, id::SpecId, state::State, status::Status},
    error::Result,
};

/// Two archives of one month.
struct Sides {
    ours: ObjectId,
    theirs: ObjectId,
    /// The contents of ours.
    known: Folded,
    /// The contents of theirs.
    listed: Folded,
    /// The contents of both together.
    union: Folded,
    /// Merge events that join tips that went apart.
    joined: Vec<ObjectId>,
}

/// Chains that have a ref and are in an archive too.
#[derive(Debug, Default)]
pub(super) struct Overlap {
    /// The archive holds all of them; each with what its ref holds.
    pub contained: Vec<(SpecId, ObjectId)>,
    /// Either holds something that the other lacks; each with what the archive holds.
    pub apart: Vec<(SpecId, ObjectId)>,
}

impl Store<'_> {
    /// Brings our archive `name` together with `theirs`, the newest commit of a remote's. Where both folded one spec with tips that
    /// went apart, a merge event joins them; if the spec is not archived by that, it gets its ref back.
    ///
    /// # Errors
    /// With code `busy` if others kept writing for the store's whole patience.
    pub fn integrate_archive(&self, name: &str, theirs: ObjectId, source: Source) -> Result<Integrated> {
        let full = format!("{ARCHIVES}{name}");
        self.retry(&full, || {
            let ours = self.archive(name)?;
            if ours == Some(theirs) {
                return Ok(Some(Integrated::Same));
            }
            let listed = match self.fit_archive(name, theirs, ours)? {
                Ok(listed) => listed,
                Err(why) => return Ok(Some(Integrated::Unfit(why))),
            };
            let new = match ours {
                None => Some(theirs),
                Some(ours) => self.join_archives(self.sides(name, ours, theirs, listed)?, source)?,
            };
            let Some(new) = new else { return Ok(Some(Integrated::Kept)) };
            let log = if new == theirs { "chant: archive fetched" } else { "chant: archives merged" };
            let moved = self.swap(&full, ours, new, log)? == Moved::Yes;
            Ok(moved.then(|| Integrated::moved(ours, theirs, new)))
        })
    }

    /// The specs in `theirs`, the newest commit of a remote's archive, that ours lacks and that may be others than those of their ids here, each
    /// with its history there and whether it is another one: this clone recorded neither an event nor a text of it. The rest are those that
    /// this clone recorded nothing about, as far as they are `wanted`. What is not fit to be read is left out: [`Store::fit_archive`] tells that.
    pub(crate) fn archived_by_others(
        &self,
        name: &str,
        theirs: ObjectId,
        wanted: &dyn Fn(&SpecId) -> bool,
    ) -> Result<Vec<(SpecId, History, bool)>> {
        let ours = self.archive(name)?;
        if ours == Some(theirs) || !is_archive(name) {
            return Ok(Vec::new());
        }
        let known = ours.map(|ours| self.list_archive(name, ours)).transpose()?.unwrap_or_default().specs;
        let mut found = Vec::new();
        for (id, tip) in self.list_archive(name, theirs)?.specs {
            let local = self.tip(&id)?;
            let is_here = local.is_some_and(|local| self.reaches(tip, local).unwrap_or(false));
            let is_wanted = wanted(&id);
            if known.contains_key(&id) || is_here || local.is_none() && !is_wanted {
                continue;
            }
            let Ok(walk) = self.fit(&id, tip)? else { continue };
            let is_another = local.map_or(Ok(false), |local| self.is_another(&id, local, &walk))?;
            if is_another || is_wanted && self.is_of_others(&id, local, &walk.history)? {
                found.push((id, walk.history, is_another));
            }
        }
        Ok(found)
    }

    /// Moves an archive that lost what it held back from `now` to `before`, a descendant of it. Gives back whether that was so, and done.
    pub fn restore_archive(&self, name: &str, now: Option<ObjectId>, before: ObjectId) -> Result<bool> {
        let only_lost = now.map_or(Ok(true), |now| self.reaches(before, now))?;
        Ok(only_lost && self.swap(&format!("{ARCHIVES}{name}"), now, before, "chant: restore")? == Moved::Yes)
    }

    /// Lets go of the refs of specs that an archive holds with all that they know, and joins those that went apart from it. Gives
    /// back the specs whose ref is gone.
    pub fn drop_contained(&self) -> Result<Vec<SpecId>> {
        let archives: BTreeSet<String> = self.archives()?.into_iter().map(|(name, _)| name).collect();
        let chains = self.tips()?.into_iter().filter(|(id, _)| archives.contains(archive_of(id)));
        let Overlap { contained, apart } = self.overlap(chains)?;
        for (id, entry) in apart {
            self.integrate(&id, entry, Source::FetchOnly, &|_| Ok(false))?;
        }
        self.drop_folded(&contained)
    }

    /// Which of these chains, each given with what its ref holds, [`Store::drop_contained`] would do something about.
    pub(super) fn overlap(&self, chains: impl IntoIterator<Item = (SpecId, ObjectId)>) -> Result<Overlap> {
        let mut overlap = Overlap::default();
        let folders = ArchiveTrees::default();
        for (id, tip) in chains {
            let Some(entry) = self.folded_tip_in(&folders, &id)? else { continue };
            if self.covers(&id, entry, tip)? {
                overlap.contained.push((id, tip));
            } else if !self.covers(&id, tip, entry)? {
                overlap.apart.push((id, entry));
            }
        }
        Ok(overlap)
    }

    /// What an archive from elsewhere holds, or why it can't be taken over: each spec whose tip we don't know from `ours` has to be a
    /// chain of that spec, archived, and among what the archive keeps.
    pub fn fit_archive(&self, name: &str, theirs: ObjectId, ours: Option<ObjectId>) -> Result<Result<Folded, String>> {
        if !is_archive(name) {
            return Ok(Err("its name is not a month".to_owned()));
        }
        let listing = self.list_archive(name, theirs)?;
        if let Some(fault) = listing.faults.into_iter().next() {
            return Ok(Err(fault));
        }
        let known = ours.map(|ours| self.list_archive(name, ours)).transpose()?.unwrap_or_default().specs;
        let fresh: Vec<_> = listing.specs.iter().filter(|(id, tip)| known.get(*id) != Some(*tip)).collect();
        if fresh.is_empty() {
            return Ok(Ok(listing.specs));
        }
        let Some(kept) = self.kept_by(theirs, ours)? else {
            return Ok(Err("an object that it builds on is missing".to_owned()));
        };
        for (id, tip) in fresh {
            if let Err(why) = self.fit_folded(id, *tip)? {
                return Ok(Err(format!("'{id}' in it: {why}")));
            }
            let is_ours = || ours.map_or(Ok(false), |ours| self.reaches(ours, *tip));
            if !kept.contains(tip) && !is_ours()? {
                return Ok(Err(format!("'{id}' in it: it names the event {tip}, which it does not build on")));
            }
        }
        Ok(Ok(listing.specs))
    }

    /// Every commit that `theirs` reaches and `ours` does not; `None` if one is missing.
    fn kept_by(&self, theirs: ObjectId, ours: Option<ObjectId>) -> Result<Option<HashSet<ObjectId>>> {
        let mut kept = HashSet::new();
        for commit in self.repo.rev_walk([theirs]).with_hidden(ours).all()? {
            match commit {
                Ok(commit) => drop(kept.insert(commit.id)),
                Err(_) => return Ok(None),
            }
        }
        Ok(Some(kept))
    }

    fn fit_folded(&self, id: &SpecId, tip: ObjectId) -> Result<Result<(), String>> {
        let walk = match self.fit(id, tip)? {
            Ok(walk) => walk,
            Err(why) => return Ok(Err(why)),
        };
        let Some(folded) = fold(&walk.history, tip) else {
            return Ok(Err("it holds no event of this spec".to_owned()));
        };
        if folded.status != Status::Archived {
            return Ok(Err(format!("it is {}, not archived", folded.status)));
        }
        let said = walk.history.get(tip).and_then(State::from_tip);
        Ok(match said {
            Some(said) if !said.differences(&folded).is_empty() => {
                Err("its newest event contradicts earlier ones".to_owned())
            }
            _ => Ok(()),
        })
    }

    fn sides(&self, name: &str, ours: ObjectId, theirs: ObjectId, listed: Folded) -> Result<Sides> {
        let known = self.list_archive(name, ours)?.specs;
        let mut sides = Sides { ours, theirs, union: known.clone(), known, listed, joined: Vec::new() };
        for (id, theirs) in &sides.listed {
            let tip = match sides.known.get(id) {
                None => *theirs,
                Some(ours) if ours == theirs => continue,
                Some(ours) => match (self.covers(id, *theirs, *ours)?, self.covers(id, *ours, *theirs)?) {
                    (true, true) => *ours.min(theirs),
                    (true, false) => *theirs,
                    (false, true) => *ours,
                    (false, false) => self.rejoin(id, *ours, *theirs, &mut sides.joined)?,
                },
            };
            sides.union.insert(id.clone(), tip);
        }
        Ok(sides)
    }

    /// Joins two tips of a spec. The merge event is what the archive holds if the spec is archived by it. Otherwise the spec gets a
    /// ref that holds it, before a reader could take the spec for archived; the archive holds one of the two tips, the lowest in every clone.
    fn rejoin(&self, id: &SpecId, ours: ObjectId, theirs: ObjectId, joined: &mut Vec<ObjectId>) -> Result<ObjectId> {
        let mut parents = [ours, theirs];
        parents.sort_unstable();
        let merged = self.write_merge_event(id, &parents)?;
        if fold(&self.walk(id, merged)?.history, merged).is_some_and(|state| state.status == Status::Archived) {
            joined.push(merged);
            return Ok(merged);
        }
        if self.ref_tip(id)?.is_none() {
            // If another process was faster, the two are joined when the refs are looked at.
            let _faster = self.swap(&Self::ref_name(id), None, merged, "chant: merged")?;
        }
        Ok(parents[0])
    }

    /// The new tip of our archive; `None` if it stays.
    fn join_archives(&self, sides: Sides, source: Source) -> Result<Option<ObjectId>> {
        let Sides { ours, theirs, known, listed, union, joined } = sides;
        if union == listed && self.reaches(theirs, ours)? {
            return Ok(Some(theirs));
        }
        if self.reaches(ours, theirs)? {
            return Ok(None);
        }
        if source == Source::FetchOnly && union == known {
            // The remote takes nothing, so ours need not build on theirs. Of two archives with one content every clone takes the lowest.
            let better = union == listed && theirs < ours && self.keeps_all(theirs, &listed)?;
            return Ok(better.then_some(theirs));
        }
        let changed: Vec<_> = union.into_iter().filter(|(id, tip)| known.get(id) != Some(tip)).collect();
        let root = self.repo.find_commit(ours)?.tree_id()?.detach();
        let tree = self.archive_tree(root, &changed)?;
        let mut parents = vec![ours, theirs];
        parents.sort_unstable();
        parents.extend(joined);
        let message = "chant: archives of two sides\n".to_owned();
        self.write_joining_commit(message, tree, &parents, self.dated_by(&parents)?).map(Some)
    }

    fn keeps_all(&self, archive: ObjectId, listed: &Folded) -> Result<bool> {
        let kept = self.kept_by(archive, None)?;
        Ok(kept.is_some_and(|kept| listed.values().all(|tip| kept.contains(tip))))
    }
}
