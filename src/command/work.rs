//! `git chant work`: claim, agent, checks, merge.

use std::time::{Duration, Instant};

use super::{Context, claim::Deciding, work_all::is_taken};
use crate::{
    agent::{process::Ending, rate_limit, slot::Slot},
    answer::{Failed, Merged, PathOf, Worked, outcome::Outcome, progress::Step},
    attempt::{
        finish::{self, Judged},
        merge::{self, Landed},
        plan::Request,
        recover,
        run::Ran,
        start, track as bring, work,
    },
    cli::work::WorkArgs,
    domain::{event::Pin, id::SpecId, spec_type::SpecType},
    error::{Error, Exit, Kind, Result},
    project::{Project, agent::MANUAL},
    specs::{all::Specs, attempt::RunEnd, text::Loaded},
};

pub(super) fn run(context: &Context<'_>, args: &WorkArgs) -> Result<Outcome> {
    let chosen = !args.labels.is_empty() || !args.topic.is_empty() || !args.phase.is_empty();
    if chosen && !args.specs.is_empty() && !args.chain {
        return Err(Error::usage(Kind::BadFlags, "specs that are named are not chosen by label, topic or phase")
            .hint("leave out either the specs or '--label', '--topic' and '--phase'"));
    }
    let [spec] = args.specs.as_slice() else { return super::work_all::run(context, args) };
    if args.chain {
        return super::work_all::run(context, args);
    }
    let project = context.project()?;
    let id = context.pick(&project, spec)?;
    one(context, &project, &id, args, None)
}

/// Works one spec; `slot` is what its agent was given already.
pub(super) fn one(
    context: &Context<'_>,
    project: &Project,
    id: &SpecId,
    args: &WorkArgs,
    slot: Option<Slot>,
) -> Result<Outcome> {
    let claims = Deciding::of(context, project, args.claim)?;
    claims.before(id)?;
    let ended = carry_out(context, project, id, args, slot, &claims);
    claims.after(id);
    ended
}

fn carry_out(
    context: &Context<'_>,
    project: &Project,
    id: &SpecId,
    args: &WorkArgs,
    slot: Option<Slot>,
    claims: &Deciding<'_>,
) -> Result<Outcome> {
    context.settle(project, id)?;
    recover::settle_dead(project, id, context.progress)?;
    recover::release_discounted(project, id, context.progress)?;
    bring::here(project, id, context.progress)?;
    let started = Instant::now();
    let request = Request { agent: args.agent.clone(), onto: args.onto.clone(), timeout: args.timeout };
    let plan = start::plan(project, id, &request)?;
    context.ask_trust(project, id, plan.text.blob(), &plan.spec, plan.prompt.as_ref(), args.trust)?;
    let _slot = match slot {
        Some(slot) => Some(slot),
        None => wait_for_slot(context, project, &plan.agent.name)?,
    };
    match work::work(project, &plan, claims.stake(), context.progress)? {
        work::Worked::Handed { worktree, .. } => {
            let spec = context.view(project, id)?;
            Ok(Outcome::new(PathOf { spec, path: worktree })
                .hint(format!("when the work is done: git chant finish {}", id.short())))
        }
        work::Worked::Ran(ran) => {
            let interrupted = match ran.ending {
                Ending::Interrupted(signal) => Some(signal),
                _ => None,
            };
            // From here on it is our own: that somebody decided about it meanwhile is told, and not left out as theirs.
            let outcome = judge_and_merge(context, project, id, *ran, started, args.no_merge).map_err(|error| {
                let code = if is_taken(&error) { Kind::Overtaken } else { error.code };
                Error { code, ..error }
            })?;
            Ok(match interrupted {
                Some(signal) => outcome.exit(Exit::Signal(signal).code()),
                None => outcome,
            })
        }
    }
}

/// Waits until there may be one more run of that agent, if there is a limit.
fn wait_for_slot(context: &Context<'_>, project: &Project, agent: &str) -> Result<Option<Slot>> {
    let Some(limit) = project.config().agent_jobs(agent)?.filter(|_| agent != MANUAL) else { return Ok(None) };
    let dir = project.slots_dir();
    let mut told = false;
    loop {
        if let Some(slot) = Slot::take(&dir, agent, limit)? {
            return Ok(Some(slot));
        }
        if !std::mem::replace(&mut told, true) {
            let runs = if limit == 1 { "once already".to_owned() } else { format!("{limit} times already") };
            context.progress.say(&Step::Note(format!("waiting: '{agent}' runs {runs} (chant.agent.{agent}.jobs)")));
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn judge_and_merge(
    context: &Context<'_>,
    project: &Project,
    id: &SpecId,
    ran: Ran,
    started: Instant,
    no_merge: bool,
) -> Result<Outcome> {
    let lease = ran.lease;
    let end = RunEnd {
        ending: ran.ending,
        report: ran.report,
        rate_limited: rate_limit::says_so(ran.ending, &ran.tail),
        tampered: ran.changes.tampered,
        refs_moved: ran.changes.refs_moved,
        muted: ran.changes.muted,
    };
    let attempt = project.attempt_at(id, ran.attempt)?;
    let judged = finish::judge(project, &attempt, Some(&end), context.progress)?;
    for what in &end.tampered {
        context.progress.say(&Step::Warning(what.clone()));
    }
    let outcome = conclude(context, project, id, judged, started, no_merge, None)?;
    if let Some(lease) = lease {
        lease.release()?;
    }
    Ok(outcome)
}

/// From the judgement to the outcome: merges what passed.
pub(super) fn conclude(
    context: &Context<'_>,
    project: &Project,
    id: &SpecId,
    judged: Judged,
    started: Instant,
    no_merge: bool,
    onto: Option<&str>,
) -> Result<Outcome> {
    let short = id.short();
    if let Some(reason) = judged.failed {
        let insufficient = reason.starts_with("the research is insufficient");
        let failed = Some(Failed { reason, checks: judged.checks.lines() });
        let worktree = project.worktree_of(id)?.map(|tree| tree.path).filter(|path| path.is_dir());
        let mut outcome = worked(context, project, id, started, None, failed)?;
        if let Some(signal) = judged.interrupted {
            outcome = outcome.exit(Exit::Signal(signal).code());
        }
        let by_hand = outcome.answered::<Worked>().is_some_and(|worked| worked.spec.kind == SpecType::Gate.as_str());
        return Ok(match worktree {
            _ if insufficient => insufficient_hints(project, id, outcome)?,
            _ if by_hand => outcome.hint(format!("when you have done it: git chant finish {short}")),
            Some(path) => outcome
                .hint(format!("its work is in '{}' and is kept", path.display()))
                .hint(format!("to check it again without the agent: git chant finish {short}"))
                .hint(format!("to start over: git chant work {short}")),
            None => outcome.hint(format!("to start over: git chant work {short}")),
        });
    }
    if let Some(reason) = judged.paused {
        return paused(context, project, id, started, reason, judged.interrupted);
    }
    if judged.late {
        return Ok(worked(context, project, id, started, None, None)?.exit(1).warning(format!(
            "the attempt on '{short}' was given up meanwhile: its commits are recorded, its status is not"
        )));
    }
    if no_merge {
        return Ok(
            worked(context, project, id, started, None, None)?.hint(format!("to merge it: git chant merge {short}"))
        );
    }
    match merge::land(project, id, onto, context.progress)? {
        Landed::Completed { merged } => {
            let merged = merged.map(|(target, commit)| Merged { target, commit: commit.to_string() });
            worked(context, project, id, started, merged, None)
        }
        Landed::Waits { why, paths, hints } => {
            let mut outcome = worked(context, project, id, started, None, None)?.exit(1);
            if let Some(worked) = outcome.answered::<Worked>() {
                worked.waits = Some(because(&why, &paths));
            }
            outcome = outcome.warning(waiting(short, &why, &paths));
            for hint in hints {
                outcome = outcome.hint(hint);
            }
            Ok(outcome)
        }
    }
}

/// An attempt that stopped before it was done: what it did is where it was.
fn paused(
    context: &Context<'_>,
    project: &Project,
    id: &SpecId,
    started: Instant,
    reason: String,
    signal: Option<i32>,
) -> Result<Outcome> {
    let short = id.short();
    let mut outcome = worked(context, project, id, started, None, None)?.exit(1);
    if let Some(worked) = outcome.answered::<Worked>() {
        worked.paused = Some(reason);
    }
    if let Some(signal) = signal {
        outcome = outcome.exit(Exit::Signal(signal).code());
    }
    let place = project.worktree_of(id)?.map(|tree| tree.path).filter(|path| path.is_dir());
    if let Some(place) = place {
        outcome = outcome.hint(format!("its work is in '{}' and is kept", place.display()));
    }
    Ok(outcome
        .hint(format!("to go on with it: git chant work {short}"))
        .hint(format!("to have what is there checked without the agent: git chant finish {short}")))
}

/// The way out where the research does not carry the work: research again, in place of what it was informed by.
fn insufficient_hints(project: &Project, id: &SpecId, outcome: Outcome) -> Result<Outcome> {
    let specs = Specs::new(project)?;
    let researched = specs.entry(id)?.state.map(|state| state.facts.informed_by.clone()).unwrap_or_default();
    let spec = researched.iter().rev().find_map(|pin| match pin {
        Pin::Spec { id, .. } => Some(id.short().to_owned()),
        _ => None,
    });
    let instead = spec.unwrap_or_else(|| "<spec>".to_owned());
    Ok(outcome
        .hint(format!("what the agent said: git chant log {} --agent", id.short()))
        .hint(format!("to research again: git chant add \"Re-research ...\" --type research --supersedes {instead}")))
}

/// Why finished work is not merged, in one line.
pub(super) fn waiting(short: &str, why: &str, paths: &[String]) -> String {
    format!("'{short}' is finished and not merged: {}", because(why, paths))
}

fn because(why: &str, paths: &[String]) -> String {
    if paths.is_empty() { why.to_owned() } else { format!("{why}: {}", paths.join(", ")) }
}

fn worked(
    context: &Context<'_>,
    project: &Project,
    id: &SpecId,
    started: Instant,
    merged: Option<Merged>,
    failed: Option<Failed>,
) -> Result<Outcome> {
    let spec = context.view(project, id)?;
    let attempt = spec.attempt.clone();
    Ok(Outcome::new(Worked {
        spec,
        attempt,
        duration_ms: started.elapsed().as_millis() as u64,
        merged,
        failed,
        paused: None,
        waits: None,
    }))
}

/// The text of a spec, or the error that there is none.
pub(super) fn text_of(loaded: Option<&Loaded>, id: &SpecId) -> Result<Loaded> {
    loaded.cloned().ok_or_else(|| Error::fatal(Kind::NoText, format!("the text of '{}' cannot be found", id.short())))
}
