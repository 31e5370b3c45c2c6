//! Collects the results of an exchange for its answer.

use std::collections::BTreeMap;

use gix::ObjectId;

use super::{counted, spec_of};
use crate::{
    answer::{ExchangeResult, ExchangeView},
    domain::{
        event::{Event, Op},
        id::SpecId,
    },
    error::Result,
    store::{
        Store,
        archive::{ARCHIVES, archive_of},
    },
};

/// One entry for each ref and result, so that several rounds read like one.
#[derive(Debug, Default)]
pub(super) struct Report {
    entries: BTreeMap<(ExchangeResult, String), ExchangeView>,
    /// By archive, how many specs have no ref of their own any more.
    folded: BTreeMap<String, Count>,
}

/// How many refs were deleted.
#[derive(Debug, Default)]
struct Count {
    here: usize,
    there: usize,
}

impl Count {
    fn sentence(&self) -> String {
        match (self.here, self.there) {
            (here, 0) => format!("{} here", counted(here)),
            (0, there) => format!("{} there", counted(there)),
            (here, there) => format!("{} here, {} there", counted(here), counted(there)),
        }
    }
}

impl Report {
    /// Reports that the ref `name` moved from `from` to `to`. The value before the first round stays.
    pub(super) fn add(&mut self, way: ExchangeResult, name: &str, from: Option<ObjectId>, to: Option<ObjectId>) {
        let entry = self.entry(way, name);
        if entry.to.is_none() {
            entry.from = from.map(|id| id.to_string());
        }
        entry.to = to.map(|id| id.to_string());
    }

    /// Reports that the refs of these specs were deleted here, because an archive has them.
    pub(super) fn dropped(&mut self, specs: &[SpecId]) {
        self.folded(specs, |count| &mut count.here);
    }

    /// Reports that the refs of these specs were deleted at the remote.
    pub(super) fn deleted(&mut self, specs: &[SpecId]) {
        self.folded(specs, |count| &mut count.there);
    }

    fn folded(&mut self, specs: &[SpecId], side: impl Fn(&mut Count) -> &mut usize) {
        for spec in specs {
            *side(self.folded.entry(archive_of(spec).to_owned()).or_default()) += 1;
        }
        let sentences: Vec<_> =
            self.folded.iter().map(|(name, count)| (format!("{ARCHIVES}{name}"), count.sentence())).collect();
        for (name, why) in sentences {
            self.say(ExchangeResult::Folded, &name, why);
        }
    }

    /// Reports something about the ref `name`, in words.
    pub(super) fn say(&mut self, way: ExchangeResult, name: &str, why: impl Into<String>) {
        self.entry(way, name).why = Some(why.into());
    }

    /// Whether the ref `name` of the remote is not taken over.
    pub(super) fn is_unfit(&self, name: &str) -> bool {
        let refused = [ExchangeResult::Unfit, ExchangeResult::Namesake];
        refused.into_iter().any(|way| self.entries.contains_key(&(way, name.to_owned())))
    }

    /// Why any ref of the remote is not taken over; `None` if all are.
    pub(super) fn unfit(&self) -> Option<&str> {
        let is_unfit = |entry: &&ExchangeView| matches!(entry.way, ExchangeResult::Unfit | ExchangeResult::Namesake);
        let mut unfit = self.entries.values().filter(is_unfit);
        unfit.find_map(|entry| entry.why.as_deref())
    }

    pub(super) fn into_entries(self) -> Vec<ExchangeView> {
        self.entries.into_values().collect()
    }

    fn entry(&mut self, way: ExchangeResult, name: &str) -> &mut ExchangeView {
        self.entries.entry((way, name.to_owned())).or_insert_with(|| ExchangeView {
            way,
            spec: spec_of(name),
            name: name.to_owned(),
            from: None,
            to: None,
            why: None,
        })
    }

    /// The entries, with those specs among the fetched ones that are contended now, or were taken over before another clone ended them.
    pub(super) fn finish(mut self, store: &Store<'_>) -> Result<Vec<ExchangeView>> {
        let fetched: Vec<_> = self
            .entries
            .keys()
            .filter(|(way, _)| matches!(way, ExchangeResult::Fetched | ExchangeResult::Merged))
            .cloned()
            .collect();
        for (way, name) in fetched {
            let Some(spec) = spec_of(&name) else { continue };
            // A chain that cannot be read is named by `fsck`; the exchange went well.
            let Ok(Some(state)) = store.state(&spec) else { continue };
            if state.is_contended() {
                self.say(ExchangeResult::Contended, &name, format!("{} attempts", state.open.len()));
            }
            // This clone held no spec that is new to it.
            let is_known = self.entries.get(&(way, name.clone())).is_some_and(|entry| entry.from.is_some());
            let Some(attempt) = state.attempt.filter(|_| is_known) else { continue };
            let history = store.walk(&spec, state.tip)?.history;
            let why = if state.status.is_over() {
                history.crossed(attempt).map(|(end, taken)| {
                    let (ended, other) = (&end.author.name, &taken.author.name);
                    let is_other = |event: &Event| event.op == Op::Complete && event.facts.clone == taken.facts.clone;
                    if history.events().iter().any(|event| event.attempt() == attempt && is_other(event)) {
                        return format!("{other} and {ended} completed one attempt in two clones, each with a merge");
                    }
                    format!("{ended} completed it after {other} had taken it over in another clone")
                })
            } else {
                history.resumed_apart(attempt).map(|(one, other)| {
                    let (one, other) = (&one.author.name, &other.author.name);
                    format!("{other} and {one} resumed one attempt in two clones; {one} holds it")
                })
            };
            if let Some(why) = why {
                self.say(way, &name, why);
            }
        }
        Ok(self.into_entries())
    }
}
