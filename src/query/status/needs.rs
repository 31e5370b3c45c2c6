//! What needs a person, and why.

use super::{AttemptSummary, Collector, waits};
use crate::{
    agent::lease::Life,
    answer::{BlockerKind, Need, SpecView, WaitingView},
    domain::{review::Standing, status::Status, stop::MAX_TRIES},
    error::Result,
    specs::entry::Entry,
};

impl Collector<'_, '_> {
    /// Takes note of everything about a spec that needs a person.
    pub(super) fn needs(&mut self, entry: &Entry, spec: &SpecView) -> Result<()> {
        if let Some(error) = &spec.error {
            self.attention(spec, Need::Invalid, error.clone());
        }
        if spec.contended {
            let count = entry.state.as_ref().map_or(0, |state| state.open.len());
            self.attention(spec, Need::Contended, format!("claimed by {count} attempts"));
        }
        if entry.status.is_over() {
            return Ok(());
        }
        self.course_needs(entry, spec)?;
        if let Some(by) = &spec.repeated_by {
            let why = format!("'{by}' repeats its research");
            self.view.waiting.push(WaitingView { spec: spec.clone(), on: vec![by.clone()], why });
        } else if spec.stale && spec.superseded_by.is_none() {
            self.attention(spec, Need::Stale, "its inputs changed after it began");
        }
        if entry.status == Status::Pending {
            self.pending_needs(entry, spec)?;
        }
        Ok(())
    }

    fn course_needs(&mut self, entry: &Entry, spec: &SpecView) -> Result<()> {
        let Some(state) = &entry.state else { return Ok(()) };
        // Another spec stands in the place of one that is superseded, and one whose research is repeated waits for that.
        if entry.status == Status::Failed && spec.superseded_by.is_none() && spec.repeated_by.is_none() {
            let summary = AttemptSummary::of(self.specs.project, entry)?;
            let need = if spec.research_to_repeat.is_some() { Need::Research } else { Need::Failed };
            self.attention(spec, need, summary.reason.unwrap_or_else(|| "no reason given".to_owned()));
        }
        if entry.status == Status::Paused {
            let summary = AttemptSummary::of(self.specs.project, entry)?;
            if summary.held_up >= MAX_TRIES as usize {
                let last = summary.reason.unwrap_or_default();
                self.attention(spec, Need::Stuck, format!("{} tries in a row: {last}", summary.held_up));
            }
        }
        if let Some(attempt) = state.attempt.filter(|_| spec.orphaned)
            && let Life::Dead(info) = self.specs.project.life(attempt)?
        {
            self.attention(
                spec,
                Need::Orphaned,
                format!("its run (process {} on {}) died; its work is kept", info.pid, info.host),
            );
        }
        if let Some(review) = self.specs.review(&entry.facts())?
            && let Some(why) = review.obstacle()
        {
            let need = if review.standing == Standing::Rejected { Need::Refused } else { Need::Review };
            self.attention(spec, need, why);
        }
        if let Some(look) = state.to_look_at() {
            self.attention(spec, Need::Tampered, look);
        }
        Ok(())
    }

    fn pending_needs(&mut self, entry: &Entry, spec: &SpecView) -> Result<()> {
        if spec.due {
            self.attention(spec, Need::Due, "its members are done, its own checks are left");
        }
        let held_up = spec.blocked_by.iter().any(|blocker| waits(blocker.kind));
        for blocker in &spec.blocked_by {
            match blocker.kind {
                BlockerKind::Approval if spec.rejected => {
                    let why = self.specs.rejection(entry)?.unwrap_or_else(|| blocker.why.clone());
                    self.attention(spec, Need::Rejected, why);
                }
                BlockerKind::Approval => self.attention(spec, Need::Approval, blocker.why.clone()),
                BlockerKind::Adoption => self.attention(spec, Need::Proposed, blocker.why.clone()),
                BlockerKind::Cycle => self.attention(spec, Need::Dependency, blocker.why.clone()),
                BlockerKind::Gate if !held_up && !spec.rejected => {
                    self.attention(spec, Need::Gate, "waiting for your decision");
                }
                BlockerKind::Dependency if self.is_hopeless(&blocker.what)? => {
                    self.attention(spec, Need::Dependency, blocker.why.clone());
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Whether what a spec depends on will not be completed by itself.
    pub(super) fn is_hopeless(&self, written: &str) -> Result<bool> {
        match self.specs.project.candidates(&self.specs.names, written)?.as_slice() {
            [one] => Ok(self.specs.recorded(one)?.status == Status::Cancelled),
            _ => Ok(true),
        }
    }
}
