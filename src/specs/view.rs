//! What a caller sees of a spec, made from its state and its text.

use gix::ObjectId;
use serde_json::{Map, Value, json};

use crate::specs::{
    all::Specs,
    entry::Entry,
    facts::{Facts, StateFacts},
    merging::{MergeObstacle, Merges},
    reviews::{WorkReview, agent_review},
};
use crate::{
    agent::lease::Life,
    answer::{
        ApprovalView, Blocker, BlockerKind, CheckedAttempt, CostView, Criterion, EventView, MergeView, Person, Pin,
        RetryView, ReviewView, SpecDetail, SpecLine, SpecView, Trailer, flags,
    },
    domain::{
        check_line::CheckLine,
        checks::Checks,
        event::{self, Event, Op},
        history::History,
        id::SpecId,
        readiness::{Obstacle, Reason},
        spec_file::{Spec, body_of, criteria_of},
        spec_type::SpecType,
        status::Status,
        verified::Verified,
    },
    error::Result,
    project::check_output,
    store::Store,
};

impl Specs<'_> {
    /// The line of a spec: what a person is shown of one among many. `screen` tells what a pending spec waits for, too.
    pub(crate) fn line(&self, facts: &Facts<'_>, screen: bool) -> Result<SpecLine> {
        let reasons = match facts.status {
            Status::Pending if screen => self.reasons(facts)?,
            _ => Vec::new(),
        };
        let now = self.project.env.now().as_second();
        let age = |state: &StateFacts<'_>| u64::try_from(now.saturating_sub(state.updated)).unwrap_or_default();
        let text = facts.text.as_ref();
        let (orphaned, stale) = self.orphaned_and_stale(facts)?;
        let needs_approval = self.lacks_approval(facts)?;
        let needs_review = self.review(facts)?.is_some_and(|review| review.is_awaited());
        let kind = text.map_or(SpecType::default(), |text| text.kind).as_str();
        // Most specs are superseded by none: nothing else is read for them.
        let is_superseded = facts.state.as_ref().is_some_and(|state| state.superseded_by.is_some());
        let by = if is_superseded { self.successors(facts.id, facts.id)?.pop() } else { None };
        let superseded_by = by.map(|by| by.short().to_owned());
        Ok(SpecLine {
            id: facts.id.clone(),
            status: facts.status,
            flags: flags([
                facts.fault.is_some(),
                facts.is_contended(),
                orphaned,
                self.retry(facts)?.is_some(),
                stale,
                needs_approval,
                needs_review,
                facts.waits_for_adoption(),
                false,
            ]),
            title: text.and_then(|text| text.title).map(str::to_owned),
            error: facts.fault.clone(),
            kind: text.and_then(|text| text.phase).map_or(kind.into(), |phase| phase.to_owned().into()),
            labels: text.iter().flat_map(|text| text.labels.iter()).map(str::to_owned).collect(),
            age: facts.state.as_ref().map(age),
            ready: screen.then(|| facts.status == Status::Pending && reasons.is_empty()),
            waits_for: waits_for(&reasons),
            superseded_by,
        })
    }

    /// The view of one spec.
    pub(crate) fn view(&self, entry: &Entry) -> Result<SpecView> {
        let facts = entry.facts();
        let mut view = SpecView::new(entry.id.clone());
        view.status = entry.status;
        view.archived = entry.status == Status::Archived;
        let reasons = self.reasons(&facts)?;
        view.ready = reasons.is_empty();
        let is = |obstacle| reasons.iter().any(|reason| reason.obstacle == obstacle);
        view.rejected = is(Obstacle::Rejected);
        view.needs_approval = view.rejected || is(Obstacle::Approval);
        view.proposed = is(Obstacle::Proposal);
        let review = self.review(&facts)?;
        view.needs_review = review.as_ref().is_some_and(WorkReview::is_awaited);
        view.blocked_by = reasons.iter().map(blocker).collect();
        view.due = entry.status == Status::Pending && self.members_are_over(&entry.id)?;
        if let Some(again) = self.research_to_repeat(entry)? {
            view.research_to_repeat = Some(again.command);
            view.repeated_by = again.by.map(|by| by.short().to_owned());
        }
        view.contended = facts.is_contended();
        (view.orphaned, view.stale) = self.orphaned_and_stale(&facts)?;
        view.retry = self.retry(&facts)?;
        view.error = facts.fault;
        view.superseded_by = self.successors(&entry.id, &entry.id)?.pop().map(|by| by.short().to_owned());
        if let Some(spec) = entry.spec() {
            view.title = spec.title.clone();
            view.kind = spec.front.kind.as_str().to_owned();
            view.phase = spec.front.phase.clone();
            view.topic = spec.front.topic.clone();
            view.labels = spec.front.labels.clone();
        }
        self.add_recorded(entry, &mut view)?;
        if review.is_some_and(|review| review.is_approved()) {
            view.verified = Some(Verified::Reviewed.as_ref().to_owned());
        }
        Ok(view)
    }

    /// Whether the run of an attempt in progress is dead, and whether an input has changed since.
    fn orphaned_and_stale(&self, facts: &Facts<'_>) -> Result<(bool, bool)> {
        let attempt = facts.state.as_ref().and_then(|state| state.work.attempt);
        let orphaned = match attempt.filter(|_| facts.status == Status::InProgress) {
            Some(attempt) => matches!(self.project.life(attempt)?, Life::Dead(_)),
            None => false,
        };
        Ok((orphaned, !self.drifted(facts)?.is_empty()))
    }

    /// The try to come of a paused attempt, if a live process waits for it.
    fn retry(&self, facts: &Facts<'_>) -> Result<Option<RetryView>> {
        let attempt = facts.state.as_ref().and_then(|state| state.work.attempt);
        let paused = attempt.filter(|_| facts.status == Status::Paused);
        Ok(paused.map(|attempt| self.project.next_try(attempt)).transpose()?.flatten())
    }

    /// Adds the fields that come from the recorded state and from the text.
    fn add_recorded(&self, entry: &Entry, view: &mut SpecView) -> Result<()> {
        view.branch = self.project.branch(&entry.id)?;
        if let Some(spec) = entry.spec() {
            add_front_matter(view, spec);
        }
        if let Some(text) = entry.loaded.as_ref().and_then(|loaded| loaded.text.as_ref()) {
            view.spec_path = Some(text.path.clone());
            view.spec_blob = Some(text.blob().to_string());
        }
        if let Some(state) = &entry.state {
            let facts = &state.facts;
            view.attempt = state.attempt.map(|id| id.to_string());
            view.to_accept = state.look().is_some();
            view.tip = Some(state.tip.to_string());
            view.work_commits = facts.work_commits.iter().map(ToString::to_string).collect();
            view.created_at = facts.created.clone();
            view.updated_at = Some(rfc3339(state.updated, 0));
            view.agent = facts.agent.clone().or_else(|| view.agent.take());
            view.model = facts.model.clone().or_else(|| view.model.take());
            view.cost = facts.spent.as_ref().map(CostView::from);
            view.verified = facts.verified.as_ref().map(|level| level.as_ref().to_owned());
            if state.attempt.is_some() && !entry.status.is_over() {
                let tree = self.project.worktree_among(self.worktrees()?, &entry.id)?;
                view.worktree = tree.map(|tree| tree.path.to_string_lossy().into_owned());
            }
        }
        Ok(())
    }

    /// Everything about one spec.
    pub(crate) fn detail(&self, entry: &Entry) -> Result<SpecDetail> {
        let mut detail = SpecDetail::new(self.view(entry)?);
        if let Some(spec) = entry.spec() {
            detail.body = Some(spec.body().to_owned());
            detail.criteria =
                spec.criteria.iter().map(|one| Criterion { text: one.text.clone(), checked: one.checked }).collect();
            detail.front_matter = front_matter_claims(spec);
        }
        let Some(state) = &entry.state else { return Ok(detail) };
        let store = self.project.store()?;
        let walk = store.walk(&entry.id, state.tip)?;
        let facts = &state.facts;
        let decided = walk.history.deciding(state.status, state.attempt);
        detail.reason = decided.and_then(|event| event.facts.reason.clone());
        if entry.status == Status::Finished {
            let found = Merges::default().obstacle(self, entry, state);
            detail.reason = found.as_ref().map(MergeObstacle::reason).or(detail.reason);
            detail.next = found.map(|found| found.hints).unwrap_or_default();
        }
        detail.base = facts.base.map(|id| id.to_string());
        detail.target = facts.target.clone();
        detail.tampered = facts.tampered.clone();
        detail.confined = facts.confined.as_ref().map(|by| by.as_ref().to_owned());
        let dropped = self.is_dropped(&entry.id, &StateFacts::of(state))?;
        detail.spec.dropped = (entry.status == Status::Completed).then_some(dropped);
        // What was announced and refused is no merge yet.
        let landing = facts.landing.filter(|_| entry.status != Status::Finished);
        detail.merge = landing.zip(facts.target.clone()).map(|(landing, target)| MergeView {
            target,
            old: landing.old.map(|id| id.to_string()).unwrap_or_default(),
            new: landing.new.to_string(),
            dropped,
        });
        detail.links = facts.informed_by.iter().map(pin_view).collect();
        let required = match entry.facts().text {
            Some(text) => self.needs_approval(&text)?,
            None => false,
        };
        detail.approval = approval(entry, required, &walk.history, self.answer(&entry.facts())?.discounted);
        detail.review = self.review_view(entry, &walk.history)?;
        detail.discounted_claim = self.discounted_claim(&entry.id, state)?;
        if let Some((event, checks)) = self.last_checks(entry, &walk.history)? {
            let mut lines = checks.lines();
            // What a person accepted waits no more.
            lines.iter_mut().filter(|line| line.waits && facts.tampered.is_empty()).for_each(CheckLine::accept);
            detail.checks = Some(CheckedAttempt { checks: lines, suite: checks.ran_suite(), evidence: checks });
            if let Some(bytes) = store.evidence_of(event, &format!("outputs/{}", super::text::path_of(&entry.id)))? {
                // In silent mode the file stays as the person left it. What became of its text since the attempt counts.
                let shown = entry.loaded.as_ref().and_then(|loaded| loaded.text.as_ref()).map(|text| text.blob());
                if shown.is_some() && shown == facts.spec_blob {
                    detail.body = Some(body_of(&String::from_utf8_lossy(&bytes)).to_owned());
                }
                detail.criteria = criteria_of(&bytes)
                    .into_iter()
                    .map(|one| Criterion { text: one.text, checked: one.checked })
                    .collect();
            }
        }
        let told = walk.history.events().iter().filter(|event| !event.is_merge());
        detail.history = told.map(|event| event_view(&store, event)).collect::<Result<_>>()?;
        Ok(detail)
    }

    /// The checks of the deciding attempt, from its newest event that has some, with the output that this clone keeps.
    pub(super) fn last_checks(&self, entry: &Entry, history: &History) -> Result<Option<(ObjectId, Checks)>> {
        let recorded = self.recorded_checks(entry, history)?;
        Ok(recorded.map(|(event, id, checks)| (event, check_output::kept(self.project, id, &checks).unwrap_or(checks))))
    }

    /// The checks of the deciding attempt as the newest event has them that has some and led to the status: with the event, and the object that they are.
    pub(crate) fn recorded_checks(
        &self,
        entry: &Entry,
        history: &History,
    ) -> Result<Option<(ObjectId, ObjectId, Checks)>> {
        let Some(state) = entry.state.as_deref() else { return Ok(None) };
        let Some(attempt) = state.attempt else { return Ok(None) };
        let store = self.project.store()?;
        // Two clones may have worked on one attempt: what one checked says nothing of what the other merged.
        let deciding = history.deciding(state.was.unwrap_or(state.status), Some(attempt));
        let counts = |event: &Event| deciding.is_none_or(|last| history.reaches(last.id, event.id));
        for event in history.events().iter().rev() {
            let checked = matches!(event.op, Op::Finish | Op::Fail) && event.attempt() == attempt;
            if checked
                && counts(event)
                && let Some(id) = store.evidence_id(event.id, "checks.json")?
                && let Some(bytes) = store.evidence_of(event.id, "checks.json")?
            {
                let recorded: Option<Checks> = serde_json::from_slice(&bytes).ok();
                return Ok(recorded.map(|checks| (event.id, id, checks)));
            }
        }
        Ok(None)
    }
}

/// Adds the fields of the front matter.
fn add_front_matter(view: &mut SpecView, spec: &Spec) {
    let front = &spec.front;
    view.depends_on = front.depends_on.clone();
    view.informed_by = front.informed_by.clone();
    view.target_files = front.target_files.clone();
    view.agent = front.agent.clone();
    view.model = front.model.clone();
}

/// The claims of the front matter about recorded state, and its unknown keys. They are shown and never used.
fn front_matter_claims(spec: &Spec) -> Map<String, Value> {
    let front = &spec.front;
    let mut said = Map::new();
    let scalars = [
        ("status", &front.status),
        ("branch", &front.branch),
        ("model", &front.model),
        ("completed_at", &front.completed_at),
    ];
    for (key, value) in scalars {
        if let Some(value) = value {
            said.insert(key.to_owned(), json!(value));
        }
    }
    if !front.commits.is_empty() {
        said.insert("commits".to_owned(), json!(front.commits));
    }
    for key in &front.unknown {
        said.insert(key.clone(), Value::Null);
    }
    said
}

/// What a spec waits for, in few words, where its flags do not say it.
fn waits_for(reasons: &[Reason]) -> Option<String> {
    let dependencies = || reasons.iter().filter(|reason| reason.obstacle == Obstacle::Dependency);
    if let Some(first) = dependencies().next() {
        let more = dependencies().count() - 1;
        let id = SpecId::new(&first.what).map_or_else(|_| first.what.clone(), |id| id.short().to_owned());
        return Some(if more == 0 { format!("after {id}") } else { format!("after {id} and {more} more") });
    }
    reasons.iter().find_map(|reason| match reason.obstacle {
        Obstacle::Cycle => Some("circular".to_owned()),
        Obstacle::Base => Some(format!("base lacks {}", reason.what)),
        Obstacle::Input => Some("no input".to_owned()),
        Obstacle::Day => Some(format!("from {}", reason.what)),
        Obstacle::Gate => Some("for a person".to_owned()),
        _ => None,
    })
}

fn blocker(reason: &Reason) -> Blocker {
    let kind = match reason.obstacle {
        Obstacle::Invalid => BlockerKind::Invalid,
        Obstacle::Status => BlockerKind::Status,
        Obstacle::Contended => BlockerKind::Contended,
        Obstacle::Dependency => BlockerKind::Dependency,
        Obstacle::Cycle => BlockerKind::Cycle,
        Obstacle::Base => BlockerKind::Base,
        Obstacle::Input => BlockerKind::Input,
        Obstacle::Day => BlockerKind::Day,
        Obstacle::Approval | Obstacle::Rejected => BlockerKind::Approval,
        Obstacle::Gate => BlockerKind::Gate,
        Obstacle::Driver => BlockerKind::Driver,
        Obstacle::Proposal => BlockerKind::Adoption,
    };
    Blocker { kind, what: reason.what.clone(), why: reason.why.clone() }
}

fn pin_view(pin: &event::Pin) -> Pin {
    let (kind, what, pinned) = match pin {
        event::Pin::Path { path, blob } => ("path", path.clone(), Some(blob.to_string())),
        event::Pin::Spec { id, event } => ("spec", id.to_string(), Some(event.to_string())),
        event::Pin::Url(url) => ("url", url.clone(), None),
    };
    Pin { kind: kind.to_owned(), what, pinned }
}

fn approval(entry: &Entry, required: bool, history: &History, discounted: Option<String>) -> Option<ApprovalView> {
    let current = entry.loaded.as_ref().and_then(|loaded| loaded.text.as_ref()).map(|text| text.blob());
    let answer = entry.state.as_ref().and_then(|state| state.facts.approval.as_ref());
    let Some(answer) = answer else {
        return required.then(|| ApprovalView {
            state: "required".into(),
            by: None,
            at: None,
            blob: None,
            stale: false,
            discounted: None,
        });
    };
    let by =
        history.events().iter().rev().find(|event| {
            matches!(event.op, Op::Approve | Op::Reject) && event.facts.approval.as_ref() == Some(answer)
        });
    Some(ApprovalView {
        state: if answer.approved { "approved" } else { "rejected" }.into(),
        by: by.map(|event| format!("{} <{}>", event.author.name, event.author.email)),
        at: by.map(|event| rfc3339(event.author.seconds, event.author.offset)),
        blob: Some(answer.blob.to_string()),
        stale: current.is_some_and(|blob| blob != answer.blob),
        discounted,
    })
}

impl Specs<'_> {
    /// The last word about the work of the deciding attempt; `None` if none was said and none is asked for.
    fn review_view(&self, entry: &Entry, history: &History) -> Result<Option<ReviewView>> {
        let Some(state) = &entry.state else { return Ok(None) };
        let review = self.review(&entry.facts())?;
        let answer = state.facts.review;
        let says = |event: &&Event| event.facts.review.is_some() && event.facts.review == answer;
        let by = history.events().iter().find(says);
        let named = match answer {
            Some(answer) => {
                if answer.approved {
                    "approved"
                } else {
                    "rejected"
                }
            }
            None if review.as_ref().is_some_and(|review| review.required) => "required",
            None => return Ok(None),
        };
        let newest = state.facts.work_commits.last();
        Ok(Some(ReviewView {
            state: named.to_owned(),
            by: by.map(|event| format!("{} <{}>", event.author.name, event.author.email)),
            at: by.map(|event| rfc3339(event.author.seconds, event.author.offset)),
            commit: answer.map(|answer| answer.commit).as_ref().or(newest).map(ToString::to_string),
            stale: answer.is_some_and(|answer| Some(&answer.commit) != newest),
            discounted: review.and_then(|review| review.discounted),
        }))
    }
}

/// The view of one event of `store`.
///
/// # Errors
/// If what it keeps of a review cannot be read.
pub(crate) fn event_view(store: &Store<'_>, event: &Event) -> Result<EventView> {
    let facts = &event.facts;
    let counts_other = facts.run_agent.is_some();
    let review = agent_review(store, event)?;
    Ok(EventView {
        id: event.id.to_string(),
        spec: event.spec.clone(),
        op: event.op.as_str().to_owned(),
        status: facts.status,
        at: rfc3339(event.author.seconds, event.author.offset),
        author: Person { name: event.author.name.clone(), email: event.author.email.clone() },
        sentence: event.sentence.clone(),
        attempt: own_attempt(event).map(|id| id.to_string()),
        reason: facts.reason.clone(),
        agent: facts.run_agent.as_ref().or(facts.agent.as_ref()).cloned(),
        model: facts.model.clone().filter(|_| !counts_other),
        cost: facts.cost.as_ref().map(ToString::to_string),
        usage: facts.cost.as_ref().map(CostView::from),
        session: if counts_other { facts.run_session.clone() } else { facts.session.clone() },
        confined: facts.confined.as_ref().map(|by| by.as_ref().to_owned()),
        verified: facts.verified.as_ref().map(|level| level.as_ref().to_owned()),
        exit: facts.exit,
        review,
        stopped: facts.stopped.as_ref().map(|kind| kind.as_ref().to_owned()),
        commits: facts.work_commits.iter().map(ToString::to_string).collect(),
        clone: facts.clone.clone(),
        signature: None,
        trailers: facts
            .unknown
            .iter()
            .map(|(name, value)| Trailer { name: format!("Chant-{name}"), value: value.clone() })
            .collect(),
    })
}

/// The attempt that an event is about: a start is its own.
pub(super) fn own_attempt(event: &Event) -> Option<ObjectId> {
    let begins = matches!(event.op, Op::Start | Op::Finish | Op::Fail | Op::Complete | Op::Land);
    event.facts.attempt.or_else(|| begins.then_some(event.id))
}

/// A time as RFC 3339 with the offset that was recorded.
pub(crate) fn rfc3339(seconds: i64, offset: i32) -> String {
    let timestamp = jiff::Timestamp::from_second(seconds).unwrap_or_default();
    let offset = jiff::tz::Offset::from_seconds(offset).unwrap_or(jiff::tz::Offset::UTC);
    timestamp.display_with_offset(offset).to_string()
}
