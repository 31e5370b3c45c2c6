//! Whether a spec can be worked on now: what that rests on is gathered here, the decision is in [`crate::domain::readiness`].

use super::{
    all::Specs,
    facts::{Facts, TextFacts},
};
use crate::{
    domain::{
        readiness::{Dependency, Reason, Situation, reasons},
        spec_type::SpecType,
        status::Status,
    },
    error::Result,
};

impl Specs<'_> {
    /// Why the spec cannot be worked on now; nothing if it can.
    pub(crate) fn reasons(&self, facts: &Facts<'_>) -> Result<Vec<Reason>> {
        let mut situation = Situation {
            status: Some(facts.status),
            invalid: facts.fault.clone(),
            contended: facts.is_contended(),
            proposed_by: facts.proposed_by().map(|by| by.short().to_owned()),
            ..Situation::default()
        };
        let Some(text) = &facts.text else { return Ok(reasons(&situation)) };
        if can_wait(facts.status) {
            situation.gate = text.kind == SpecType::Gate;
            situation.driver = text.kind == SpecType::Driver || self.has_members(facts.id)?;
            situation.due = situation.driver && self.members_are_over(facts.id)?;
            // Days in this form are sorted as texts.
            situation.not_before =
                text.not_before.filter(|day| **day > *self.project.env.today().to_string()).map(str::to_owned);
            let base = self.base_of(facts)?;
            for written in text.depends_on.iter() {
                let dependency = self.dependency(facts.id, written, base.commit())?;
                situation.dependencies.push((written.to_owned(), dependency));
            }
            let depends_on = self.named(&self.depends_on(facts.id)?)?;
            for id in self.input_specs(text)?.iter().filter(|id| !depends_on.contains(id)) {
                if let Some(repeated) = self.repeated_input(facts.id, id)? {
                    situation.dependencies.push((id.to_string(), repeated));
                }
            }
            // An agent is told. A person who passes a gate says with it that all is well.
            if situation.gate {
                for (through, by) in self.outdated(facts.id)? {
                    situation.dependencies.push((through.to_string(), Dependency::Outdated { through, by }));
                }
            }
            for input in text.informed_by.iter() {
                if let Some(fault) = self.project.input_fault(&self.names, &base, input)? {
                    situation.missing_inputs.push((input.to_owned(), fault.why(input)));
                }
            }
            self.approval(facts, &mut situation)?;
        }
        Ok(reasons(&situation))
    }

    /// Whether a person's approval is missing, or the text was rejected.
    pub(super) fn lacks_approval(&self, facts: &Facts<'_>) -> Result<bool> {
        let mut situation = Situation::default();
        if facts.text.is_some() && can_wait(facts.status) {
            self.approval(facts, &mut situation)?;
        }
        Ok(situation.rejected || situation.approval_open)
    }

    /// Whether a text has to be approved before it is worked on.
    pub(crate) fn needs_approval(&self, text: &TextFacts<'_>) -> Result<bool> {
        Ok(text.approval || self.project.requires_approval(text.kind, |label| text.labels.contains(label))?)
    }

    fn approval(&self, facts: &Facts<'_>, situation: &mut Situation) -> Result<()> {
        let Some(text) = &facts.text else { return Ok(()) };
        let approval = self.approval_of(facts, text.blob, self.needs_approval(text)?)?;
        situation.rejected = approval.rejected;
        situation.approval_open = approval.open;
        situation.discounted = approval.discounted;
        Ok(())
    }
}

/// Whether a spec of that status may wait for something: one that is under way or over does not.
fn can_wait(status: Status) -> bool {
    matches!(status, Status::Pending | Status::Failed | Status::Paused)
}
