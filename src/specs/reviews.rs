//! What a person said of the work of an attempt, whether that counts, and whether the work can be merged with it.

use gix::ObjectId;

use super::{all::Specs, attempt::Attempt, facts::Facts};
use crate::{
    domain::{
        event::{Event, Op, Review},
        id::SpecId,
        review::{Standing, standing},
        signature::Verdict,
        state::State,
        status::Status,
        verified::Verified,
    },
    error::Result,
    project::{Project, signatures::Signatures},
    store::Store,
    terminal::clean,
};

/// What an agent wrote that read the work, if `event` records that: its own text, without what a terminal obeys.
///
/// # Errors
/// If what the event keeps cannot be read.
pub(crate) fn agent_review(store: &Store<'_>, event: &Event) -> Result<Option<String>> {
    if event.op != Op::Note || event.facts.run_agent.is_none() {
        return Ok(None);
    }
    let text = store.evidence_of(event.id, "review.md")?;
    let text = text.map(|bytes| clean::text(&String::from_utf8_lossy(&bytes)).trim_end().to_owned());
    Ok(text.filter(|text| !text.is_empty()))
}

/// The review of the work of one attempt.
#[derive(Clone, Debug)]
pub(crate) struct WorkReview {
    /// Whether `chant.review` asks for one.
    pub required: bool,
    /// The newest commit of the work.
    pub tip: ObjectId,
    /// Where it stands.
    pub standing: Standing,
    /// Why an approval that is recorded does not count.
    pub discounted: Option<String>,
}

impl WorkReview {
    /// Whether a person approved the very commit.
    pub(crate) fn is_approved(&self) -> bool {
        self.standing == Standing::Approved
    }

    /// Whether a person has to look at the work before it can be merged.
    pub(crate) fn is_awaited(&self) -> bool {
        self.required && matches!(self.standing, Standing::Open | Standing::Stale)
    }

    /// Why the work cannot be merged; `None` if its review does not stand against that.
    pub(crate) fn obstacle(&self) -> Option<String> {
        let waiting = "waiting for your review";
        match (self.standing, &self.discounted) {
            (Standing::Rejected, _) => Some("a person rejected its work".to_owned()),
            (Standing::Approved, _) => None,
            _ if !self.required => None,
            (_, Some(why)) => Some(format!("{waiting}: {why}")),
            (Standing::Stale, None) => Some(format!("{waiting}: its commits changed after the approval")),
            (Standing::Open, None) => Some(waiting.to_owned()),
        }
    }
}

/// What is recorded of an attempt.
struct Recorded {
    event: ObjectId,
    attempt: Option<ObjectId>,
    tip: ObjectId,
    answer: Option<Review>,
}

impl Project {
    /// The review of the work of `attempt`, for acting on; `None` if there is no commit to review.
    pub(crate) fn work_review(&self, attempt: &Attempt, state: &State) -> Result<Option<WorkReview>> {
        let front = &attempt.spec.front;
        let required = self.requires_review(front.kind, |label| front.labels.iter().any(|one| one == label))?;
        let signatures = self.config().require_signed()?.then(|| Signatures::afresh(self));
        self.review_of(&attempt.id, state, required, signatures.as_ref())
    }

    fn review_of(
        &self,
        id: &SpecId,
        state: &State,
        required: bool,
        signatures: Option<&Signatures<'_>>,
    ) -> Result<Option<WorkReview>> {
        let Some(tip) = state.facts.work_commits.last().copied() else { return Ok(None) };
        let recorded = Recorded { event: state.tip, attempt: state.attempt, tip, answer: state.facts.review };
        self.review(id, &recorded, required, signatures).map(Some)
    }

    fn review(
        &self,
        id: &SpecId,
        recorded: &Recorded,
        required: bool,
        signatures: Option<&Signatures<'_>>,
    ) -> Result<WorkReview> {
        let (tip, mut answer) = (recorded.tip, recorded.answer);
        let mut discounted = None;
        if let Some(signatures) = signatures.filter(|_| answer.is_some_and(|answer| answer.approved)) {
            discounted = self.discounted_review(id, recorded, signatures)?;
            answer = answer.filter(|_| discounted.is_none());
        }
        Ok(WorkReview { required, tip, standing: standing(answer.as_ref(), tip), discounted })
    }

    /// Why a recorded approval does not count where approvals have to be signed: any clone could have written what the newest event
    /// repeats.
    fn discounted_review(
        &self,
        id: &SpecId,
        recorded: &Recorded,
        signatures: &Signatures<'_>,
    ) -> Result<Option<String>> {
        let history = self.store()?.walk(id, recorded.event)?.history;
        let approves = |event: &&Event| {
            let own = event.op == Op::Review && Some(event.attempt()) == recorded.attempt;
            own && event.facts.review == recorded.answer
        };
        let approvals: Vec<&Event> = history.ops_of(recorded.event).filter(approves).collect();
        let ids: Vec<ObjectId> = approvals.iter().map(|event| event.id).collect();
        let verdicts = signatures.of(&ids)?;
        if ids.iter().any(|id| verdicts.get(id).is_some_and(|signature| signature.counts())) {
            return Ok(None);
        }
        Ok(Some(match approvals.last() {
            Some(event) => {
                let verdict = verdicts.get(&event.id).map_or(Verdict::None, |signature| signature.verdict);
                format!("ignoring the review by {}: it {}", event.author.name, verdict.fault())
            }
            None => "a review is recorded, but no person made it".to_owned(),
        }))
    }

    /// How far the work of a spec is verified, with a review that counts.
    pub(crate) fn level(&self, id: &SpecId, state: &State) -> Result<Option<Verified>> {
        let signatures = self.config().require_signed()?.then(|| Signatures::afresh(self));
        let review = self.review_of(id, state, false, signatures.as_ref())?;
        let reviewed = review.is_some_and(|review| review.is_approved()).then_some(Verified::Reviewed);
        Ok(reviewed.or_else(|| state.facts.verified.clone()))
    }
}

impl Specs<'_> {
    /// The review of finished work, for showing; `None` if the spec is not finished, or there is no commit to review.
    pub(crate) fn review(&self, facts: &Facts<'_>) -> Result<Option<WorkReview>> {
        let Some(state) = facts.state.as_ref().filter(|_| facts.status == Status::Finished) else { return Ok(None) };
        let Some(tip) = state.work.commits.last().copied() else { return Ok(None) };
        let required = match &facts.text {
            Some(text) => self.project.requires_review(text.kind, |label| text.labels.contains(label))?,
            None => false,
        };
        let recorded = Recorded { event: state.tip, attempt: state.work.attempt, tip, answer: state.review };
        self.project.review(facts.id, &recorded, required, self.signatures.as_ref()).map(Some)
    }
}
