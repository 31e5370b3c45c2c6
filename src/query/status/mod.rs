//! The use case `status`: what runs, what waits for whom, what needs a person. Nothing is written.

mod needs;
pub(crate) mod pull;
mod summary;

use std::path::Path;

use crate::{
    agent::{lease::Life, transcript},
    answer::{
        AttentionView, BlockerKind, DriverView, FinishedView, Need, PausedView, RunView, SpecView, StatusView,
        WaitingView,
    },
    domain::{event::Event, id::SpecId, status::Status},
    error::Result,
    git::repository::Head,
    project::{Project, agent::MANUAL, target::short_name},
    specs::{all::Specs, entry::Entry, facts::StateFacts, merging::Merges},
};

use summary::AttemptSummary;

/// The lists of `status`. Of a closed spec only the newest event is read. `merges` keeps the results of merges for a caller that asks
/// repeatedly.
///
/// # Errors
/// If the repository cannot be read; a spec that cannot be is in the answer.
pub(crate) fn status(project: &Project, merges: &Merges) -> Result<StatusView> {
    let specs = Specs::cached(project)?;
    let mut collector = Collector { specs: &specs, merges, view: StatusView::default() };
    let mut merged = Vec::new();
    for id in specs.names.active()? {
        if let Some(ended) = specs.cached_end(id)? {
            merged.extend(ended.merge.map(|_| (ended.updated, id.clone())));
            continue;
        }
        let recorded = specs.recorded(id)?;
        let contended = recorded.state.as_ref().is_some_and(|state| state.is_contended());
        if recorded.status.is_over() && !contended {
            let facts = recorded.state.as_deref().map(StateFacts::of);
            merged.extend(facts.and_then(|facts| facts.merge.map(|_| (facts.updated, id.clone()))));
            continue;
        }
        let entry = specs.entry(id)?;
        let spec = specs.view(&entry)?;
        collector.needs(&entry, &spec)?;
        match entry.status {
            Status::InProgress if spec.orphaned => {}
            Status::InProgress => collector.running(&entry, spec)?,
            Status::Paused => collector.paused(&entry, spec)?,
            Status::Finished => collector.finished(&entry, spec)?,
            Status::Pending => collector.pending(&entry, spec)?,
            Status::Completed | Status::Failed | Status::Cancelled | Status::Archived => {}
        }
    }
    collector.dropped(merged)?;
    collector.overtaken()?;
    specs.write_cache()?;
    Ok(collector.view)
}

/// The lists as far as they are filled.
struct Collector<'a, 'p> {
    specs: &'a Specs<'p>,
    merges: &'a Merges,
    view: StatusView,
}

impl Collector<'_, '_> {
    fn attention(&mut self, spec: &SpecView, need: Need, why: impl Into<String>) {
        self.view.attention.push(AttentionView { spec: spec.clone(), need, why: why.into() });
    }

    /// Names completed specs whose merge a person took out of its branch, the newest first.
    fn dropped(&mut self, merged: Vec<(i64, SpecId)>) -> Result<()> {
        let found = self.specs.dropped_among(merged)?.into_iter();
        let mut dropped: Vec<SpecId> = found.filter_map(|(id, dropped)| dropped.then_some(id)).collect();
        dropped.sort_unstable_by(|one, other| other.cmp(one));
        for id in dropped {
            let entry = self.specs.entry(&id)?;
            let Some(state) = &entry.state else { continue };
            let Some(dropped) = self.specs.dropped(&id, &StateFacts::of(state))? else { continue };
            let mut view = self.specs.view(&entry)?;
            view.dropped = Some(true);
            self.attention(&view, Need::Dropped, dropped.to_string());
        }
        Ok(())
    }

    /// Names specs that this clone took over, and another one completed without knowing, as long as the worktree is here.
    fn overtaken(&mut self) -> Result<()> {
        let project = self.specs.project;
        let prefix = project.config().branch_prefix()?.to_string();
        for tree in self.specs.worktrees()?.iter().filter(|tree| !tree.main && tree.path.is_dir()) {
            let on = tree.head.as_ref().and_then(Head::branch).map(|name| name.shorten().to_string());
            let id = on.as_deref().and_then(|on| on.strip_prefix(&prefix)).and_then(|id| SpecId::new(id).ok());
            let Some(id) = id.filter(|id| self.specs.names.has(id).unwrap_or(false)) else { continue };
            let entry = self.specs.entry(&id)?;
            let Some(state) = entry.state.as_ref().filter(|_| entry.status.is_over()) else { continue };
            let history = project.store()?.walk(&id, state.tip)?.history;
            let crossed = state.attempt.and_then(|attempt| history.crossed(attempt));
            let ours = |taken: &Event| taken.facts.clone.as_deref() == Some(project.clone_name());
            if let Some((end, _)) = crossed.filter(|(_, taken)| ours(taken)) {
                let path = tree.path.display();
                let why =
                    format!("{} completed it after you had taken it over; your work is in '{path}'", end.author.name);
                self.attention(&self.specs.view(&entry)?, Need::Overtaken, why);
            }
        }
        Ok(())
    }

    fn running(&mut self, entry: &Entry, spec: SpecView) -> Result<()> {
        let project = self.specs.project;
        let summary = AttemptSummary::of(project, entry)?;
        let Some(attempt) = entry.state.as_ref().and_then(|state| state.attempt) else { return Ok(()) };
        let (pid, note) = match project.life(attempt)? {
            Life::Running(info) => (Some(info.pid), None),
            Life::Unknown(Some(why)) => (None, Some(why)),
            Life::Dead(_) => (None, None),
            Life::Unknown(None) if !summary.is_of(project.clone_name()) => (None, Some("in another clone".to_owned())),
            Life::Unknown(None) if spec.agent.as_deref() == Some(MANUAL) => {
                let there = spec.worktree.as_deref().is_some_and(|path| Path::new(path).is_dir());
                (None, Some(if there { "by hand" } else { "by hand, but its worktree is missing" }.to_owned()))
            }
            Life::Unknown(None) => (None, Some("by another program".to_owned())),
        };
        let log = transcript::path(project.repo.common_dir(), &entry.id, &attempt);
        // Where a person or another clone has gone on, the transcript here is an older run's. That it cannot be read is no reason to tell
        // nothing.
        let is_of_this_run =
            pid.is_some() || spec.agent.as_deref() != Some(MANUAL) && summary.is_of(project.clone_name());
        let last_line = if is_of_this_run { transcript::last_line(&log).unwrap_or_default() } else { None };
        let (by, since, number) = (summary.by, summary.since, summary.number);
        self.view.running.push(RunView { spec, by, since, number, pid, last_line, note });
        Ok(())
    }

    fn paused(&mut self, entry: &Entry, spec: SpecView) -> Result<()> {
        let AttemptSummary { by, since, number, reason, .. } = AttemptSummary::of(self.specs.project, entry)?;
        self.view.paused.push(PausedView { spec, by, since, number, reason });
        Ok(())
    }

    fn finished(&mut self, entry: &Entry, spec: SpecView) -> Result<()> {
        let Some(state) = &entry.state else { return Ok(()) };
        let AttemptSummary { since, number, .. } = AttemptSummary::of(self.specs.project, entry)?;
        let found = self.merges.obstacle(self.specs, entry, state);
        let (why, paths, next) =
            found.map_or_else(Default::default, |found| (Some(found.why), found.paths, found.hints));
        let target = state.facts.target.as_deref().map(|name| short_name(name).to_owned());
        self.view.finished.push(FinishedView { spec, target, since, number, why, paths, next });
        Ok(())
    }

    fn pending(&mut self, entry: &Entry, spec: SpecView) -> Result<()> {
        let of = |kind| spec.blocked_by.iter().filter(move |blocker| blocker.kind == kind);
        if spec.ready {
            self.view.ready.push(spec);
        } else if of(BlockerKind::Driver).next().is_some() {
            self.driver(&entry.id, spec)?;
        } else if let Some(why) = self.first_to_wait_for(&spec)? {
            let mut on = Vec::new();
            for blocker in of(BlockerKind::Dependency) {
                match self.specs.project.candidates(&self.specs.names, &blocker.what)?.as_slice() {
                    [one] => on.push(one.short().to_owned()),
                    _ => on.push(blocker.what.clone()),
                }
            }
            self.view.waiting.push(WaitingView { spec, on, why });
        }
        Ok(())
    }

    /// Why the spec waits for what comes by itself, if it does: where a dependency never comes, that is told elsewhere.
    fn first_to_wait_for(&self, spec: &SpecView) -> Result<Option<String>> {
        for blocker in spec.blocked_by.iter().filter(|blocker| blocker.kind == BlockerKind::Dependency) {
            if self.is_hopeless(&blocker.what)? {
                return Ok(None);
            }
        }
        Ok(spec.blocked_by.iter().find(|blocker| waits(blocker.kind)).map(|blocker| blocker.why.clone()))
    }

    fn driver(&mut self, id: &SpecId, spec: SpecView) -> Result<()> {
        let members = self.specs.members(id)?;
        if members.is_empty() {
            self.attention(&spec, Need::Memberless, "it is a driver without members");
            return Ok(());
        }
        let mut statuses = Vec::new();
        for member in &members {
            statuses.push(self.specs.recorded(member)?.status);
        }
        let count = |wanted: fn(Status) -> bool| statuses.iter().filter(|status| wanted(**status)).count();
        self.view.drivers.push(DriverView {
            spec,
            members: members.len(),
            over: count(Status::is_over),
            running: count(|status| status == Status::InProgress),
            failed: count(|status| status == Status::Failed),
        });
        Ok(())
    }
}

/// Whether time and the work of others take the blocker away.
fn waits(kind: BlockerKind) -> bool {
    matches!(kind, BlockerKind::Dependency | BlockerKind::Base | BlockerKind::Input)
}
