//! The refs that remotes had at the last exchange, under `refs/chant-remote/`, and joining their chains with those of this clone.
//! Fetching and pushing are not done here.

use std::collections::{BTreeMap, BTreeSet};

use gix::ObjectId;

use super::{MAX_EVENT_LEN, NOTES_REF, Store, Walk, archive::is_archive, refs::Moved};
use crate::store::{chain::MAX_CHAIN_LEN, refs::RefList};
use crate::{
    domain::{
        converge::{Source, Step, integrate},
        fold::fold,
        history::History,
        id::SpecId,
        state::State,
        status::Status,
    },
    error::Result,
    git::reference::RefUpdate,
};

/// The namespace of the refs that remotes had.
pub(crate) const REMOTES: &str = "refs/chant-remote/";

/// A chain of more events than this is not taken from a remote: what is recorded about a person's work is some dozens.
const MAX_EVENTS: usize = 10_000;

/// Where the chains of a remote are tracked.
pub(crate) fn tracked_specs(remote: &str) -> String {
    format!("{REMOTES}{remote}/specs/")
}

/// Where the archives of a remote are tracked.
pub(crate) fn tracked_archives(remote: &str) -> String {
    format!("{REMOTES}{remote}/archive/")
}

/// Where the work branches of a remote are tracked.
pub(crate) fn tracked_branches(remote: &str) -> String {
    format!("{REMOTES}{remote}/heads/")
}

/// Where the notes of a remote are tracked.
pub(crate) fn tracked_notes(remote: &str) -> String {
    format!("{REMOTES}{remote}/notes/chant")
}

/// The chains and archives that a remote had, and the names there that are neither.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tracked {
    /// The tip of each chain.
    pub specs: BTreeMap<SpecId, ObjectId>,
    /// The newest commit of each archive.
    pub archives: BTreeMap<String, ObjectId>,
    /// The newest commit of its notes.
    pub notes: Option<ObjectId>,
    /// Names of refs of chains that are no ids of specs.
    pub strange: Vec<String>,
    /// Names of archives that are no months.
    pub strange_archives: Vec<String>,
}

impl Tracked {
    /// Sorts the tracked refs of a remote.
    pub fn of(listed: RefList) -> Tracked {
        let mut tracked = Tracked::default();
        for (name, target) in listed {
            let Some((kind, name)) = name.split_once('/') else { continue };
            match (kind, target) {
                ("specs", target) => match (SpecId::new(name), target) {
                    (Ok(id), Some(target)) => drop(tracked.specs.insert(id, target)),
                    _ => tracked.strange.push(name.to_owned()),
                },
                ("archive", Some(target)) if is_archive(name) => drop(tracked.archives.insert(name.to_owned(), target)),
                ("archive", _) => tracked.strange_archives.push(name.to_owned()),
                ("notes", target) if name == "chant" => tracked.notes = target,
                _ => {}
            }
        }
        tracked
    }
}

/// How a chain was joined with that of a remote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Integrated {
    /// Both are the same.
    Same,
    /// Ours knows more.
    Kept,
    /// Ours is the remote's now.
    Adopted {
        /// What it was.
        from: Option<ObjectId>,
        /// What it is.
        to: ObjectId,
    },
    /// A merge event joins the two.
    Merged {
        /// What it was.
        from: ObjectId,
        /// The merge event.
        to: ObjectId,
        /// Whether the two had no event in common, only a text.
        strangers: bool,
    },
    /// The remote's is that of another spec, which has the same id: it shares neither an event nor a text with ours, or is not about the
    /// file here. It is not taken.
    Namesake,
    /// The remote's is not taken, and why.
    Unfit(String),
}

impl Integrated {
    /// The result where our ref moved from `ours` to `new` because of `theirs`.
    pub(super) fn moved(ours: Option<ObjectId>, theirs: ObjectId, new: ObjectId) -> Integrated {
        match ours {
            Some(from) if new != theirs => Integrated::Merged { from, to: new, strangers: false },
            from => Integrated::Adopted { from, to: new },
        }
    }
}

impl Store<'_> {
    /// The refs that `remote` had at the last fetch.
    pub fn tracked(&self, remote: &str) -> Result<Tracked> {
        Ok(Tracked::of(self.all_tracked(remote)?))
    }

    /// The tip of one spec that `remote` had at the last fetch.
    pub fn tracked_tip(&self, remote: &str, spec: &SpecId) -> Result<Option<ObjectId>> {
        self.ref_target(&format!("{}{spec}", tracked_specs(remote)))
    }

    /// The events below `theirs`, which came from elsewhere, that the chain of `spec` does not reach; merges do not count.
    /// Or why it is not fit to be taken over.
    pub fn unknown_of(&self, spec: &SpecId, theirs: ObjectId) -> Result<Result<Vec<ObjectId>, String>> {
        let theirs = match self.fit(spec, theirs)? {
            Ok(walk) => walk,
            Err(why) => return Ok(Err(why)),
        };
        let ours = match self.tip(spec)? {
            Some(tip) => self.walk(spec, tip)?.history,
            None => History::default(),
        };
        let events = theirs.history.events().iter().filter(|event| !event.is_merge() && ours.get(event.id).is_none());
        Ok(Ok(events.map(|event| event.id).collect()))
    }

    /// Whether `new`, which came from elsewhere, reaches `old` by events of `spec`. What is too long to be read does not.
    pub fn builds_on(&self, spec: &SpecId, new: ObjectId, old: ObjectId) -> Result<bool> {
        let walk = self.walk_at_most(spec, new, Some(MAX_EVENTS))?;
        Ok(walk.is_some_and(|walk| walk.history.reaches(new, old)))
    }

    /// Records that a remote has `new` as what is tracked under the ref `name`, which held `old`. What another process recorded there
    /// in between stays.
    pub fn track(&self, name: &str, old: Option<ObjectId>, new: ObjectId) -> Result<()> {
        self.swap(name, old, new, "chant: pushed").map(drop)
    }

    /// Records what a remote has now, in the refs that track it. What another process recorded there in between stays.
    pub(crate) fn track_each(&self, pushed: &[RefUpdate]) -> Result<()> {
        self.update_each(pushed, "chant: pushed").map(drop)
    }

    /// Records that a remote no longer has what is tracked under the ref `name`.
    pub fn untrack(&self, name: &str, old: ObjectId) -> Result<()> {
        self.remove(name, old).map(drop)
    }

    /// The archive `name` as `remote` had it when it was fetched from last.
    pub fn tracked_archive(&self, remote: &str, name: &str) -> Result<Option<ObjectId>> {
        self.ref_target(&format!("{}{name}", tracked_archives(remote)))
    }

    /// The work branches that `remote` had when it was fetched from last.
    pub fn branches(&self, remote: &str) -> Result<BTreeMap<SpecId, ObjectId>> {
        let listed = self.listed(&tracked_branches(remote))?.into_iter();
        Ok(listed.filter_map(|(name, target)| Some((SpecId::new(&name).ok()?, target?))).collect())
    }

    /// Where the notes are: ours, and those that `remote` had.
    pub fn notes_tips(&self, remote: &str) -> Result<(Option<ObjectId>, Option<ObjectId>)> {
        Ok((self.ref_target(NOTES_REF)?, self.ref_target(&tracked_notes(remote))?))
    }

    /// Brings the chain of `spec` together with the tip that a remote has, by the convergence rule (DESIGN, section 3). Whatever
    /// either of them knows is known afterwards.
    ///
    /// `is_namesake` says of their history whether the file here is another spec's. It is asked as long as nothing has happened to the
    /// spec here.
    ///
    /// # Errors
    /// With code `busy` if others kept writing for the store's whole patience.
    pub(crate) fn integrate(
        &self,
        spec: &SpecId,
        remote: ObjectId,
        source: Source,
        is_namesake: &dyn Fn(&History) -> Result<bool>,
    ) -> Result<Integrated> {
        let name = Self::ref_name(spec);
        let mut theirs = None;
        self.retry(&name, || {
            let (local, held) = self.tip_and_ref(spec)?;
            if local == Some(remote) {
                return Ok(Some(Integrated::Same));
            }
            let theirs = match &theirs {
                Some(walk) => walk,
                None => match self.fit(spec, remote)? {
                    Ok(walk) => theirs.insert(walk),
                    Err(why) => return Ok(Some(Integrated::Unfit(why))),
                },
            };
            if let (Some(local), None) = (local, held)
                && self.covers(spec, local, remote)?
            {
                // It is folded, with all of that.
                return Ok(Some(Integrated::Kept));
            }
            if self.is_of_others(spec, local, &theirs.history)? && is_namesake(&theirs.history)? {
                return Ok(Some(Integrated::Namesake));
            }
            let (new, log, done) = match self.join(spec, local, remote, theirs, source)? {
                (None, _) => return Ok(Some(Integrated::Kept)),
                (Some(to), None) => (to, "chant: fetched", Integrated::Adopted { from: local, to }),
                (Some(to), Some(from)) => {
                    let strangers = self.strangers(spec, from, theirs)?;
                    if strangers && !self.shares_text(spec, from, theirs)? {
                        return Ok(Some(Integrated::Namesake));
                    }
                    (to, "chant: merged", Integrated::Merged { from, to, strangers })
                }
            };
            let moved = self.swap(&name, held, new, log)? == Moved::Yes;
            Ok(moved.then_some(done))
        })
    }

    /// The tip that the chain gets, none if it stays; and what it was, if the two are joined by a merge event.
    fn join(
        &self,
        spec: &SpecId,
        local: Option<ObjectId>,
        remote: ObjectId,
        theirs: &Walk,
        source: Source,
    ) -> Result<(Option<ObjectId>, Option<ObjectId>)> {
        let Some(local) = local else { return Ok((Some(self.truthful(spec, remote, &theirs.history)?), None)) };
        let history = Walk::together(&self.walk(spec, local)?, theirs);
        Ok(match integrate(&history, local, remote, source) {
            Step::Keep => (None, None),
            Step::Adopt => (Some(self.truthful(spec, remote, &history)?).filter(|to| *to != local), None),
            Step::Merge(parents) => (Some(self.write_merge_event(spec, &parents)?), Some(local)),
        })
    }

    /// Whether only other clones have recorded anything about the spec, and nothing has happened to it yet as far as this clone knows.
    pub(super) fn is_of_others(&self, spec: &SpecId, local: Option<ObjectId>, theirs: &History) -> Result<bool> {
        let of_others = |history: &History| {
            history.events().iter().all(|event| event.facts.clone.as_deref() != Some(&self.settings.clone))
        };
        if !of_others(theirs) {
            return Ok(false);
        }
        let Some(local) = local else { return Ok(true) };
        let is_pending = self.state_at(spec, local).is_ok_and(|(state, _)| state.status == Status::Pending);
        Ok(is_pending && of_others(&self.walk(spec, local)?.history))
    }

    /// Whether the chain of another clone is that of another spec: it shares neither an event nor a text with `ours`.
    pub(super) fn is_another(&self, spec: &SpecId, ours: ObjectId, theirs: &Walk) -> Result<bool> {
        Ok(self.strangers(spec, ours, theirs)? && !self.shares_text(spec, ours, theirs)?)
    }

    /// Whether `ours` has none of the events that the chain of another clone begins with.
    fn strangers(&self, spec: &SpecId, ours: ObjectId, theirs: &Walk) -> Result<bool> {
        let known: BTreeSet<ObjectId> = self.walk(spec, ours)?.history.events().iter().map(|event| event.id).collect();
        Ok(!theirs.history.events().iter().any(|event| known.contains(&event.id)))
    }

    /// Whether some text of the spec is recorded in `ours` and in the chain of another clone: then both are about one spec, which each
    /// clone recorded for itself. A chain without any text may be about the same.
    fn shares_text(&self, spec: &SpecId, ours: ObjectId, theirs: &Walk) -> Result<bool> {
        let texts = |history: &History| -> BTreeSet<ObjectId> {
            history.events().iter().filter_map(|event| event.facts.spec_blob).collect()
        };
        let (ours, theirs) = (texts(&self.walk(spec, ours)?.history), texts(&theirs.history));
        Ok(ours.is_empty() || theirs.is_empty() || !ours.is_disjoint(&theirs))
    }

    /// A tip that can be believed: this one, or a merge event on it if it is no event, or says what its events do not amount to.
    /// Listings believe the newest event, and a merge event says nothing.
    fn truthful(&self, spec: &SpecId, tip: ObjectId, history: &History) -> Result<ObjectId> {
        let believed = match history.get(tip) {
            None => false,
            Some(event) => match (State::from_tip(event), fold(history, tip)) {
                (Some(said), Some(folded)) => said.differences(&folded).is_empty(),
                _ => true,
            },
        };
        if believed { Ok(tip) } else { self.write_merge_event(spec, &[tip]) }
    }

    /// The events below a tip that came from elsewhere, or why it can't be taken over.
    pub(super) fn fit(&self, spec: &SpecId, tip: ObjectId) -> Result<Result<Walk, String>> {
        let header = match self.repo.try_find_header(tip)? {
            Some(header) => header,
            None => return Ok(Err(format!("the object {tip} is missing"))),
        };
        if header.kind() != gix::objs::Kind::Commit {
            return Ok(Err(format!("it is a {}, no event", header.kind())));
        }
        let Some(walk) = self.walk_at_most(spec, tip, Some(MAX_EVENTS))? else {
            return Ok(Err(format!(
                "it has more than {MAX_EVENTS} events, one of more than {MAX_EVENT_LEN} bytes, or {MAX_CHAIN_LEN} bytes in all"
            )));
        };
        if let Some(missing) = walk.missing.first() {
            return Ok(Err(format!("the object {missing} is missing, which it builds on")));
        }
        Ok(match (walk.history.events().first(), walk.invalid.first()) {
            (Some(_), _) => Ok(walk),
            (None, Some(invalid)) => Err(format!("it holds no event of this spec: {}", invalid.why)),
            (None, None) => Err("it holds no event of this spec".to_owned()),
        })
    }
}
