//! Another agent reads the work of an attempt, in a checkout that it cannot change. What it says is recorded as a remark: it is evidence,
//! and no approval.

use std::{borrow::Cow, path::Path};

use gix::ObjectId;

use crate::{
    agent::{lease::Lease, process, prompt},
    answer::{SpecDetail, progress::Progress},
    config::Confine,
    domain::{
        confined::Confined,
        event::{Facts, Op},
        id::SpecId,
        new_event::NewEvent,
        state::State,
        status::Status,
    },
    env::scratch,
    error::{Error, IoContext, Kind, Result},
    git::{history, private::apart},
    project::{
        Project,
        agent::{Agent, MANUAL},
    },
    specs::{
        agent_run::{self, AgentRun, Ran},
        all::Specs,
        attempt::Attempt,
        budget, confined,
        entry::Entry,
        run_cost,
    },
    store::{Addition, Evidence},
    terminal::{clean, sanitize},
};

/// How a line with the verdict begins.
const VERDICT: &str = "Verdict:";

/// How much of the end of what an agent wrote is recorded, in bytes.
const LONGEST_REVIEW: usize = 16 * 1024;

/// Finished work, and the commits between which it lies.
pub(crate) struct WorkRange {
    /// The attempt.
    pub attempt: Attempt,
    /// Where its changes begin; `None` is the empty tree.
    pub since: Option<ObjectId>,
    /// Its newest commit.
    pub tip: ObjectId,
}

/// The finished work of a spec, which a person can look at.
///
/// # Errors
/// `not-allowed` if the spec is not finished, `no-work` if the work has no commit.
pub(crate) fn finished_work(project: &Project, id: &SpecId) -> Result<WorkRange> {
    let short = id.short();
    let state = project.store()?.state(id)?;
    let status = state.as_ref().map_or(Status::Pending, |state| state.status);
    let Some(state) = state.filter(|state| state.status == Status::Finished) else {
        return Err(Error::negative(Kind::NotAllowed, format!("cannot review '{short}': it is {}", spoken(status)))
            .hint(format!("to see its changes: git chant show {short} --diff")));
    };
    let work = work_of(project, id, &state)?;
    work.ok_or_else(|| Error::negative(Kind::NoWork, format!("'{short}' has no commit to review")))
}

fn spoken(status: Status) -> String {
    status.as_str().replace('_', " ")
}

/// The work of the deciding attempt; `None` if it made no commit, or if neither its commits nor those of its merge are here.
///
/// # Errors
/// If the repository cannot be read.
pub(crate) fn work_of(project: &Project, id: &SpecId, state: &State) -> Result<Option<WorkRange>> {
    Ok(works_of(project, &[(id, Some(state))])?.pop().flatten())
}

/// Everything about a spec, with what its work changes.
///
/// # Errors
/// If the repository cannot be read.
pub(crate) fn with_diff(specs: &Specs<'_>, entry: &Entry) -> Result<SpecDetail> {
    let mut detail = specs.detail(entry)?;
    if let Some(state) = &entry.state
        && let Some(work) = work_of(specs.project, &entry.id, state)?
    {
        detail.diff = Some(history::patch(&specs.project.repo, work.since, work.tip)?);
    }
    Ok(detail)
}

/// The [`work_of`] several specs, in their order; `None` for a spec without a state.
///
/// # Errors
/// If the repository cannot be read.
pub(crate) fn works_of(project: &Project, specs: &[(&SpecId, Option<&State>)]) -> Result<Vec<Option<WorkRange>>> {
    let mut works = specs.iter().map(|(id, state)| found(project, id, *state)).collect::<Result<Vec<_>>>()?;
    // What the branch of an attempt took in of its target since its base is not its own.
    let from_base = |work: &&mut WorkRange| work.since.is_some() && work.since == work.attempt.base;
    let own: Vec<&mut WorkRange> = works.iter_mut().flatten().filter(from_base).collect();
    let attempts: Vec<_> = own.iter().map(|work| (&work.attempt, work.tip)).collect();
    let since = project.own_changes_of_each(&attempts)?;
    for (work, since) in own.into_iter().zip(since) {
        work.since = since;
    }
    Ok(works)
}

/// The commits of an attempt, from its base; where they are not here, for example after a squash merge in another clone, those of its merge.
fn found(project: &Project, id: &SpecId, state: Option<&State>) -> Result<Option<WorkRange>> {
    let Some(state) = state else { return Ok(None) };
    let (Some(first), Some(last)) = (state.facts.work_commits.first(), state.facts.work_commits.last()) else {
        return Ok(None);
    };
    let repo = project.repo.gix();
    let attempt = project.attempt(id, state)?;
    if repo.try_find_header(*last)?.is_some() {
        let since = match attempt.base {
            Some(base) => Some(base),
            // Commits that a person named: what the first of them changed, and on.
            None => repo.find_commit(*first)?.parent_ids().next().map(gix::Id::detach),
        };
        return Ok(Some(WorkRange { attempt, since, tip: *last }));
    }
    let Some(landing) = state.landing() else { return Ok(None) };
    let is_here = repo.try_find_header(landing.new)?.is_some();
    Ok(is_here.then_some(WorkRange { attempt, since: landing.old, tip: landing.new }))
}

/// Has the agent `name` read the finished work of `id`, and records what it says. Gives the sentence that was recorded.
///
/// # Errors
/// `running` if a process is at the attempt, `agent-failed` if the agent fails, `not-confined` if it cannot be confined.
pub(crate) fn by_agent(project: &Project, id: &SpecId, name: &str, progress: &dyn Progress) -> Result<String> {
    let work = finished_work(project, id)?;
    let short = id.short();
    if name == MANUAL {
        return Err(Error::usage(Kind::BadFlags, "the agent 'manual' is you; it cannot review")
            .hint(format!("to review it yourself: git chant review {short}")));
    }
    let agent = project.agent_here(name)?;
    budget::require(project, id, work.attempt.spec.front.topic.as_deref(), &agent, progress)?;
    let place = scratch::dir(".chant-tmp-")?;
    let mut lease = agent_run::take_lease(project, id, work.attempt.start, place.path(), "review")?;
    let recorded = run(project, &work, &agent, place.path(), &mut lease, progress)
        .and_then(|(ran, by)| record(project, &work, &agent, &ran, &by));
    // What it cost is counted, whatever came of it.
    agent_run::release(project, work.attempt.start, lease)?;
    recorded
}

/// Records what the agent says of the work. Gives the sentence that was recorded.
fn record(project: &Project, work: &WorkRange, agent: &Agent, ran: &Ran, by: &Confined) -> Result<String> {
    let id = &work.attempt.id;
    ran.require_success(agent, &format!("review '{}'", id.short()))?;
    let said = said(ran);
    let confined = if *by == Confined::None { ", not confined" } else { "" };
    let (name, tip) = (&agent.name, work.tip.to_hex_with_len(12));
    let sentence = format!("agent '{name}'{confined} on {tip}: {}", verdict(&said));
    let store = project.store()?;
    let report = run_cost::of_run(project, id, ran.report.clone())?;
    let facts = Facts {
        reason: Some(sentence.clone()),
        cost: report.cost().cloned(),
        run_agent: Some(name.clone()),
        run_session: report.session,
        ..Facts::default()
    };
    let event = NewEvent { op: Op::Note, sentence: sentence.clone(), facts };
    let evidence = Evidence { review: Some(store.write_blob(said.as_bytes())?), ..Evidence::default() };
    store.record(id, Addition { event, evidence, informed: Vec::new() })?;
    Ok(sentence)
}

/// What the agent wrote, without what a terminal obeys: its last message, if the verdict is in it, otherwise the end of what was shown.
fn said(ran: &Ran) -> String {
    let has_verdict = ran.answer.lines().any(|line| line.trim().starts_with(VERDICT));
    let shown = String::from_utf8_lossy(&ran.finished.tail);
    let text = clean::text(if has_verdict { &ran.answer } else { &shown });
    cut(text.trim_end()).to_owned()
}

/// The end of a text where it is long, from the beginning of a line if one begins there.
fn cut(text: &str) -> &str {
    let surplus = text.len().saturating_sub(LONGEST_REVIEW);
    let end = (surplus..=text.len()).find_map(|at| text.get(at..)).unwrap_or_default();
    let lines = end.split_once('\n').filter(|_| surplus > 0);
    lines.map_or(end, |(_, lines)| lines)
}

/// The last verdict in what an agent said.
fn verdict(said: &str) -> String {
    let lines = said.lines().rev().map(str::trim);
    let verdict =
        lines.filter_map(|line| line.strip_prefix(VERDICT)).map(str::trim).find(|verdict| !verdict.is_empty());
    verdict.map_or_else(|| "the review has no verdict".to_owned(), sanitize::line)
}

/// Runs the agent in a checkout of the work below `place`, with a sandbox in which it cannot write that.
fn run(
    project: &Project,
    work: &WorkRange,
    agent: &Agent,
    place: &Path,
    lease: &mut Lease,
    progress: &dyn Progress,
) -> Result<(Ran, Confined)> {
    let (checkout, own) = (place.join("work"), place.join("own"));
    for dir in [&checkout, &own] {
        std::fs::create_dir(dir).io("create", dir)?;
    }
    let git_dir = checkout.join(".git");
    apart::make_git_dir(&project.repo, &git_dir, work.tip)?;
    let mode = project.config().confine()?;
    let enter = |closed: &[&Path], open: &Path| -> Result<_> {
        Ok(match mode {
            Confine::Off => None,
            _ => confined::reading(project, closed, open, place, agent)?.ok(),
        })
    };
    // Filters of the repository may run.
    let making = enter(&[], &checkout)?;
    let words = making.as_ref().map_or(&[][..], |making| &making.prefix);
    apart::Apart { git_dir: &git_dir, work_tree: &checkout, dir: place, sandbox: words }.check_out()?;
    let reading = enter(&[&checkout], &own)?;
    if reading.is_none() && mode != Confine::Off {
        let (short, name) = (work.attempt.id.short(), &agent.name);
        let message = format!("cannot review '{short}': the agent cannot be confined");
        let again = format!("git -c chant.confine=off chant review {short} --agent {name}");
        return Err(Error::negative(Kind::NotConfined, message).hint(format!("to review without a sandbox: {again}")));
    }
    let text = prompt(project, work)?;
    let prompt_file = own.join("prompt.md");
    std::fs::write(&prompt_file, &text).io("write", &prompt_file)?;
    let agent = reading.as_ref().map_or(Cow::Borrowed(agent), |reading| agent.within(reading));
    let mut env = vec![
        ("CHANT_PHASE".into(), Some("review".into())),
        ("CHANT_ATTEMPT".into(), Some(work.attempt.start.to_string().into())),
    ];
    env.extend(
        reading.iter().flat_map(|reading| reading.env.iter().map(|(name, value)| (name.clone(), Some(value.clone())))),
    );
    let run = AgentRun {
        id: &work.attempt.id,
        key: work.attempt.start,
        agent: &agent,
        name: format!("chant-review-{}", work.tip),
        prompt: &text,
        prompt_file: &prompt_file,
        dir: &checkout,
        had: None,
        env,
        sandbox: reading.as_ref().map_or(&[], |reading| &reading.prefix),
        // The sandbox begins where it can write.
        enters: true,
        left: None,
        transcript: None,
        tail: process::TAIL,
    };
    let ran = run.run(project, lease, &mut (), progress)?;
    Ok((ran, reading.as_ref().map_or(Confined::None, |reading| reading.by.clone())))
}

/// The prompt: what to look for, the spec as it was pinned, and the patch as far as the budget goes.
fn prompt(project: &Project, work: &WorkRange) -> Result<String> {
    let budget = usize::try_from(project.config().prompt_budget()?).unwrap_or(usize::MAX);
    let patch = history::patch(&project.repo, work.since, work.tip)?;
    let since = work.since.map_or_else(|| "the empty tree".to_owned(), |since| since.to_string());
    let text = String::from_utf8_lossy(&work.attempt.bytes);
    Ok(prompt::review(&since, &work.tip.to_string(), &text, &patch, budget))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_long_review_whole_lines_of_its_end_are_kept() {
        let line = "é".repeat(500) + "\n";
        let kept = cut(&line.repeat(100)).to_owned();
        assert!(kept.len() <= LONGEST_REVIEW && line.repeat(100).ends_with(&kept) && kept.starts_with('é'));
        assert_eq!(kept.len() % line.len(), 0);
        assert_eq!((cut("a\nb"), cut(&"x".repeat(LONGEST_REVIEW + 9)).len()), ("a\nb", LONGEST_REVIEW));
    }

    #[test]
    fn the_last_verdict_counts() {
        assert_eq!(
            verdict("Verdict: accept\nfile.rs:3\nVerdict: reject: it is hard-coded\n\n"),
            "reject: it is hard-coded"
        );
        assert_eq!(verdict("fine by me\nVerdict:\n"), "the review has no verdict");
        assert_eq!(verdict("Verdict: a\u{1b}[2Jccept"), "accept");
    }
}
