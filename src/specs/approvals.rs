//! Which approvals and claims count where `chant.requireSigned` is set: those of events that are well signed.

use gix::ObjectId;

use crate::project::{Project, signatures::Signatures};
use crate::specs::{all::Specs, attempt::Attempt, entry::Entry, facts::Facts};
use crate::{
    agent::lease::Life,
    domain::{
        event::{Approval, Event, Op},
        fold,
        id::SpecId,
        signature::{Verdict, has_to_be_signed},
        state::State,
        status::Status,
    },
    error::Result,
};

/// The answer of a person about a spec's text.
#[derive(Clone, Debug, Default)]
pub(crate) struct Answer {
    /// The approval or rejection that counts.
    pub approval: Option<Approval>,
    /// The event of that approval, where it had to be looked for.
    pub event: Option<ObjectId>,
    /// Why a recorded approval does not count.
    pub discounted: Option<String>,
}

/// Where the approval of one text stands.
#[derive(Clone, Debug)]
pub(crate) struct TextApproval {
    /// Whether a person rejected it.
    pub rejected: bool,
    /// Whether it needs an approval and has none.
    pub open: bool,
    /// Why an approval of it that is recorded does not count.
    pub discounted: Option<String>,
}

impl TextApproval {
    /// Why no work on the text may begin or be merged; `None` if it may.
    pub(crate) fn obstacle(&self) -> Option<String> {
        match &self.discounted {
            _ if self.rejected => Some("a person rejected its text".to_owned()),
            Some(why) if self.open => Some(why.clone()),
            _ => self.open.then(|| "its text is not approved".to_owned()),
        }
    }
}

impl Specs<'_> {
    /// Where the approval of the text `blob` stands, which is `required` or not.
    pub(crate) fn approval_of(&self, facts: &Facts<'_>, blob: ObjectId, required: bool) -> Result<TextApproval> {
        let answer = self.answer(facts)?;
        let current = answer.approval.filter(|answer| answer.blob == blob);
        let recorded = facts.state.as_ref().and_then(|state| state.approval.as_ref());
        Ok(TextApproval {
            rejected: current.as_ref().is_some_and(|answer| !answer.approved),
            open: required && !current.is_some_and(|answer| answer.approved),
            discounted: answer.discounted.filter(|_| recorded.is_some_and(|answer| answer.blob == blob)),
        })
    }

    /// Who rejected the text that a spec has now, and why; `None` if its text is not rejected.
    pub(crate) fn rejection(&self, entry: &Entry) -> Result<Option<String>> {
        let facts = entry.facts();
        let (Some(state), Some(text)) = (&entry.state, &facts.text) else { return Ok(None) };
        if !self.approval_of(&facts, text.blob, false)?.rejected {
            return Ok(None);
        }
        let history = self.project.store()?.walk(&entry.id, state.tip)?.history;
        let Some(event) = fold::answer(&history, state.tip, |event| event.op == Op::Reject) else { return Ok(None) };
        let why = event.facts.reason.as_deref().map(|reason| format!(": {reason}")).unwrap_or_default();
        Ok(Some(format!("{} rejected it{why}", event.author.name)))
    }

    /// Why the text of an attempt, as it was pinned, may not be finished or merged; `None` if it may.
    pub(crate) fn unapproved(&self, attempt: &Attempt) -> Result<Option<String>> {
        let front = &attempt.spec.front;
        let has_label = |label: &str| front.labels.iter().any(|one| one == label);
        let required = front.approval.required || self.project.requires_approval(front.kind, has_label)?;
        let entry = self.entry(&attempt.id)?;
        Ok(self.approval_of(&entry.facts(), attempt.blob, required)?.obstacle())
    }

    /// The approval or rejection of a spec's text that counts. A rejection counts unsigned, too: all it does is to stop work.
    ///
    /// Where signatures are required, the approval that the newest event repeats is not enough: any clone could have written it.
    pub(crate) fn answer(&self, facts: &Facts<'_>) -> Result<Answer> {
        let Some(state) = &facts.state else { return Ok(Answer::default()) };
        let recorded = state.approval.clone();
        let Some(signatures) = self.signatures.as_ref().filter(|_| recorded.is_some()) else {
            return Ok(Answer { approval: recorded, ..Answer::default() });
        };
        let history = self.project.store()?.walk(facts.id, state.tip)?.history;
        let approvals: Vec<ObjectId> =
            history.ops_of(state.tip).filter(|event| event.op == Op::Approve).map(|event| event.id).collect();
        let verdicts = signatures.of(&approvals)?;
        let good = |event: &Event| verdicts.get(&event.id).is_some_and(|signature| signature.counts());
        let counting =
            fold::answer(&history, state.tip, |event| !has_to_be_signed(&event.op) || good(event)).and_then(|event| {
                let blob = event.facts.approval.as_ref()?.blob;
                Some((event.id, Approval { approved: event.op == Op::Approve, blob }))
            });
        let mut answer = Answer::default();
        if let Some((event, approval)) = counting {
            (answer.event, answer.approval) = (Some(event), Some(approval));
        }
        if answer.approval != recorded && recorded.is_some_and(|recorded| recorded.approved) {
            let last = fold::answer(&history, state.tip, |_| true).filter(|event| event.op == Op::Approve);
            answer.discounted = Some(match last {
                Some(event) => {
                    let verdict = verdicts.get(&event.id).map_or(Verdict::None, |signature| signature.verdict);
                    format!("ignoring the approval by {}: it {}", event.author.name, verdict.fault())
                }
                None => "an approval is recorded, but no person gave it".to_owned(),
            });
        }
        Ok(answer)
    }

    /// Why the claim on a spec that is in progress does not count, if it does not.
    pub(crate) fn discounted_claim(&self, id: &SpecId, state: &State) -> Result<Option<String>> {
        match &self.signatures {
            Some(signatures) => self.project.discounted_claim(signatures, id, state),
            None => Ok(None),
        }
    }
}

impl Project {
    /// Why the claim on a spec that is in progress does not count by the verdicts of `signatures`; `None` if it counts.
    ///
    /// A run that is alive here counts whatever its event says: the process is on this machine.
    pub(crate) fn discounted_claim(
        &self,
        signatures: &Signatures<'_>,
        id: &SpecId,
        state: &State,
    ) -> Result<Option<String>> {
        let Some(attempt) = state.attempt.filter(|_| state.status == Status::InProgress && !state.is_contended())
        else {
            return Ok(None);
        };
        let history = self.store()?.walk(id, state.tip)?.history;
        let claims = |event: &&Event| matches!(event.op, Op::Start | Op::Resume) && event.attempt() == attempt;
        let Some(claim) = history.ops_of(state.tip).filter(claims).last() else { return Ok(None) };
        let verdict = signatures.of(&[claim.id])?.remove(&claim.id).map_or(Verdict::None, |found| found.verdict);
        if verdict == Verdict::Good || matches!(self.life(attempt)?, Life::Running(_)) {
            return Ok(None);
        }
        Ok(Some(format!("ignoring the claim by {}: it {}", claim.author.name, verdict.fault())))
    }
}
