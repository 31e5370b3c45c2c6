//! The first half of an exchange: fetches what the remote has, and joins it with what is here.

use std::collections::{BTreeMap, BTreeSet};

use gix::ObjectId;

use super::{Exchange, spec_of};
use crate::{
    answer::ExchangeResult,
    error::Result,
    git,
    store::{
        NOTES_REF, SPECS, Store,
        archive::{ARCHIVES, ArchiveTrees, is_archive},
        refs::RefList,
        sync_branch::{self, SYNC_BRANCHES},
        tracking::{self, REMOTES, Tracked},
    },
};

/// Prefixes of names of refs: at the remote, and where those refs are tracked here. As prefixes, because git fails on a name that the
/// remote does not have.
type Mappings = Vec<(String, String)>;

/// The refs that are known before a fetch.
struct KnownRefs {
    /// All that is tracked of the remote.
    tracked: RefList,
    /// Whether our refs are the tracked ones: if the remote still has those, nothing has to be done.
    up_to_date: bool,
}

impl Exchange<'_> {
    fn mappings(&self) -> Result<Mappings> {
        let remote = &self.remote.name;
        let mut mappings = vec![
            (SPECS.to_owned(), tracking::tracked_specs(remote)),
            (ARCHIVES.to_owned(), tracking::tracked_archives(remote)),
            (NOTES_REF.to_owned(), tracking::tracked_notes(remote)),
            (SYNC_BRANCHES.to_owned(), sync_branch::tracked_sync_branches(remote)),
        ];
        mappings.extend(self.branch_mapping()?);
        Ok(mappings)
    }

    fn before(&self, push: bool) -> Result<KnownRefs> {
        let tracked = self.store.all_tracked(&self.remote.name)?;
        // What is wrong with our own refs is reported by the step that needs them.
        let up_to_date = self.store.is_up_to_date(&tracked, push).unwrap_or(false)
            && (!push || self.branches_are_settled().unwrap_or(false));
        Ok(KnownRefs { tracked, up_to_date })
    }

    /// Fetches, unless there is nothing new. Gives what was known before, and what is tracked of the remote now.
    ///
    /// Where connecting costs next to nothing, the remote is asked for its refs first, while our own are looked at: a fetch without
    /// news takes git several times as long. Elsewhere each connection costs more than all of that.
    fn fetch_if_new(&self, push: bool) -> Result<(KnownRefs, RefList)> {
        let (repo, remote) = (&self.project.repo, &self.remote.name);
        let mappings = self.mappings()?;
        let before = if git::remote::is_near(repo, remote) {
            let (asked, before) = git::remote::list_beside(repo, remote, || self.before(push));
            let before = before?;
            // If the remote could not be asked, the fetch says why.
            if asked.is_ok_and(|refs| is_tracked(&mappings, remote, &refs, &before.tracked)) {
                let now = before.tracked.clone();
                return Ok((before, now));
            }
            before
        } else {
            self.before(push)?
        };
        let refspecs: Vec<_> = mappings.iter().map(|(theirs, ours)| format!("+{theirs}*:{ours}*")).collect();
        git::remote::fetch(repo, remote, &refspecs, &format!("{}*", tracking::tracked_specs(remote)))?;
        Ok((before, self.store.all_tracked(remote)?))
    }

    /// Fetches, and joins every ref with ours. Gives what the remote has; `None` if all of that was here already, and, where the
    /// exchange is to `push`, nothing is here that the remote lacks.
    pub(super) fn fetch(&mut self, push: bool) -> Result<Option<Tracked>> {
        let (before, now) = self.fetch_if_new(push)?;
        if before.up_to_date && now == before.tracked {
            return Ok(None);
        }
        let (before, after) = (Tracked::of(before.tracked), Tracked::of(now));
        self.join(&before, &after)?;
        self.fetch_carried()?;
        Ok(Some(after))
    }

    /// Joins every ref of the remote that is `tracked` with ours. Nothing is fetched.
    pub(super) fn join_tracked(&mut self, tracked: RefList) -> Result<()> {
        if tracked.is_empty() || self.store.is_up_to_date(&tracked, false).unwrap_or(false) {
            return Ok(());
        }
        let tracked = Tracked::of(tracked);
        self.join(&tracked, &tracked)?;
        self.fetch_carried()
    }

    /// Joins every ref of the remote with ours; `before` is what it had at the last exchange.
    fn join(&mut self, before: &Tracked, after: &Tracked) -> Result<()> {
        for name in &after.strange {
            self.report.say(ExchangeResult::Unfit, &format!("{SPECS}{name}"), "its name is not a spec id");
        }
        for name in &after.strange_archives {
            self.report.say(ExchangeResult::Unfit, &format!("{ARCHIVES}{name}"), "its name is not a month");
        }
        for (name, theirs) in &after.archives {
            self.join_archive(name, *theirs, self.remote.source)?;
        }
        self.report.dropped(&self.store.drop_contained()?);
        let ours: BTreeMap<_, _> = self.store.tips()?.into_iter().collect();
        // A ref that was never taken over is no loss, and a folded spec needs no ref.
        let gone = before.specs.keys().filter(|spec| !after.specs.contains_key(*spec) && ours.contains_key(*spec));
        gone.for_each(|spec| self.report_gone(&Store::ref_name(spec)));
        for name in before.archives.keys().filter(|name| !after.archives.contains_key(*name)) {
            self.report_gone(&format!("{ARCHIVES}{name}"));
        }
        let folders = ArchiveTrees::default();
        for (spec, theirs) in &after.specs {
            if let Some(had) = before.specs.get(spec).filter(|had| *had != theirs)
                && !self.store.builds_on(spec, *theirs, *had)?
            {
                let why = format!("{} has lost events", self.remote.name);
                self.report.say(ExchangeResult::Rewritten, &Store::ref_name(spec), why);
            }
            // A remote that deletes nothing keeps the refs of folded specs.
            let known = match ours.get(spec) {
                Some(tip) => Some(*tip),
                None => self.store.folded_tip_in(&folders, spec)?,
            };
            if known != Some(*theirs) {
                self.join_spec(spec, *theirs, self.remote.source)?;
            }
        }
        if let Some(theirs) = after.notes {
            self.join_notes(theirs)?;
        }
        Ok(())
    }

    /// Reports what a fetch would bring. Gives the refs that the remote had and still has.
    pub(super) fn preview_fetch(&mut self) -> Result<Tracked> {
        let mut tracked = self.store.tracked(&self.remote.name)?;
        let listed = git::remote::list(&self.project.repo, &self.remote.name, &["refs/chant/*", NOTES_REF])?;
        for (name, theirs) in &listed {
            let before = match spec_of(name) {
                Some(spec) => tracked.specs.get(&spec),
                None => match name.strip_prefix(ARCHIVES).filter(|name| is_archive(name)) {
                    Some(archive) => tracked.archives.get(archive),
                    None => continue,
                },
            };
            if before != Some(theirs) {
                self.report.add(ExchangeResult::Fetched, name, before.copied(), Some(*theirs));
            }
        }
        let listed: BTreeSet<&str> = listed.iter().map(|(name, _)| name.as_str()).collect();
        let mut gone = Vec::new();
        for spec in tracked.specs.keys() {
            // A ref that was never taken over is no loss, and a folded spec needs no ref.
            let name = Store::ref_name(spec);
            if !listed.contains(name.as_str()) && self.store.ref_tip(spec)?.is_some() {
                gone.push(name);
            }
        }
        gone.extend(tracked.archives.keys().map(|name| format!("{ARCHIVES}{name}")));
        for name in gone.iter().filter(|name| !listed.contains(name.as_str())) {
            self.report_gone(name);
        }
        tracked.specs.retain(|spec, _| listed.contains(Store::ref_name(spec).as_str()));
        tracked.archives.retain(|name, _| listed.contains(format!("{ARCHIVES}{name}").as_str()));
        tracked.notes = tracked.notes.filter(|_| listed.contains(NOTES_REF));
        Ok(tracked)
    }

    /// Reports a ref that the remote had.
    fn report_gone(&mut self, name: &str) {
        self.report.say(ExchangeResult::Gone, name, format!("{} no longer has it", self.remote.name));
    }
}

/// Whether the refs that are tracked of a remote are those that it has: `refs` are all of them.
fn is_tracked(mappings: &Mappings, remote: &str, refs: &[(String, ObjectId)], tracked: &RefList) -> bool {
    let below = format!("{REMOTES}{remote}/");
    let mut theirs: RefList = Vec::new();
    for (name, id) in refs {
        for (from, to) in mappings {
            let Some(rest) = name.strip_prefix(from.as_str()) else { continue };
            let name = format!("{to}{rest}");
            theirs.push((name[below.len()..].to_owned(), Some(*id)));
        }
    }
    theirs.sort_unstable();
    let is_mapped = |name: &str| mappings.iter().any(|(_, to)| name.starts_with(&to[below.len()..]));
    tracked.iter().filter(|(name, _)| is_mapped(name)).eq(theirs.iter())
}
