//! What a spec waits for before it can be worked.

use gix::ObjectId;

use super::text::Loaded;
use crate::specs::all::{Entry, Specs};
use crate::{
    domain::{
        readiness::{Reason, Situation, reasons},
        spec_type::SpecType,
        status::Status,
    },
    error::Result,
};

impl Specs<'_> {
    /// Why the spec cannot be worked now; nothing if it can.
    pub(crate) fn reasons(&self, entry: &Entry) -> Result<Vec<Reason>> {
        Ok(reasons(&self.situation(entry)?))
    }

    /// Everything that its readiness rests on.
    pub(crate) fn situation(&self, entry: &Entry) -> Result<Situation> {
        let mut situation = Situation {
            status: Some(entry.status),
            invalid: invalid(entry),
            contended: entry.state.as_ref().is_some_and(|state| state.is_contended()),
            ..Situation::default()
        };
        let Some(spec) = entry.spec() else { return Ok(situation) };
        situation.gate = spec.front.kind == SpecType::Gate;
        situation.driver = spec.front.kind == SpecType::Driver || self.has_members(&entry.id)?;
        if !matches!(entry.status, Status::Pending | Status::Failed | Status::Paused) {
            // Of what is under way or over nobody asks what it waits for.
            return Ok(situation);
        }
        let base = self.base_of(entry)?;
        for written in &spec.front.depends_on {
            situation.dependencies.push((written.clone(), self.dependency(&entry.id, written, base.commit())?));
        }
        for input in &spec.front.informed_by {
            if let Some(fault) = self.project.input_fault(&self.names, &base, input)? {
                situation.missing_inputs.push((input.clone(), fault.why(input)));
            }
        }
        let text = entry.loaded.as_ref().and_then(|loaded| loaded.text.as_ref());
        let is_of_now = |blob: ObjectId| text.is_some_and(|text| text.blob() == blob);
        let answer = self.answer(entry)?;
        let current = answer.approval.filter(|answer| is_of_now(answer.blob));
        situation.rejected = current.as_ref().is_some_and(|answer| !answer.approved);
        situation.approval_open =
            self.project.needs_approval(&spec.front)? && !current.is_some_and(|answer| answer.approved);
        let recorded = entry.state.as_ref().and_then(|state| state.facts.approval.as_ref());
        situation.discounted = answer.discounted.filter(|_| recorded.is_some_and(|answer| is_of_now(answer.blob)));
        Ok(situation)
    }
}

fn invalid(entry: &Entry) -> Option<String> {
    if let Some(broken) = &entry.broken {
        return Some(broken.clone());
    }
    match entry.loaded.as_deref() {
        None => Some("its text cannot be found".to_owned()),
        Some(Loaded { spec: Err(diagnostics), .. }) => diagnostics.first().map(|first| {
            if first.line == 0 {
                format!("{}: {}", first.path, first.message)
            } else {
                format!("{}:{}:{}: {}", first.path, first.line, first.column, first.message)
            }
        }),
        Some(_) => None,
    }
}
