//! `git chant work` with several specs.

use std::{collections::HashMap, time::Instant};

use super::{Context, claim::Deciding, work::one};
use crate::{
    agent::{rate_limit, slot::Slot},
    answer::{
        AllWorked, PathOf, SpecView, Worked, WorkedSpec,
        outcome::Outcome,
        progress::{Of, Progress, Step},
    },
    attempt::schedule::{self, Fate, Job, Limits, Selection, Wanted},
    cli::work::WorkArgs,
    domain::{filter::Filter, id::SpecId, phase::Phase, status::Status},
    error::{Error, Exit, Kind, Result},
    project::Project,
    specs::all::Specs,
};

pub(super) fn run(context: &Context<'_>, args: &WorkArgs) -> Result<Outcome> {
    let project = context.project()?;
    Deciding::of(context, &project, args.claim)?.look()?;
    let named = args.specs.iter().map(|spec| context.pick(&project, spec)).collect::<Result<Vec<_>>>()?;
    let filter = filter(&args.labels, &args.topic, &args.phase);
    let wanted = Wanted { named, filter, chain: args.chain, agent: args.agent.clone() };
    let specs = Specs::cached(&project)?;
    let selection = schedule::select(&specs, &wanted)?;
    specs.write_cache()?;
    if selection.ready.is_empty() {
        return Ok(Outcome::new(AllWorked::default())
            .hint("nothing is ready; what the specs wait for: git chant ready --explain"));
    }
    let limits = limits(&project, args, &selection)?;
    let together = args.jobs > 1;
    let work = |job: &Job, slot: Option<Slot>| {
        let of = Of { short: job.id.short(), progress: context.progress };
        let progress: &dyn Progress = if together { &of } else { context.progress };
        let context = Context { env: context.env.clone(), progress, interactive: false, ..*context };
        let (fate, one) = work_one(&context, job, args, wanted.named.contains(&job.id), slot);
        if let Some(one) = &one {
            let how = one.why.as_ref().map_or_else(|| one.outcome.clone(), |why| format!("{}: {why}", one.outcome));
            of.progress.say(&Step::Over { short: job.id.short(), how: &how, good: fate == Fate::Done });
        }
        (fate, one)
    };
    let ended = schedule::run(&context.env, &wanted, selection, limits, args.jobs, context.progress, work)?;
    let signal = ended.signal;
    let done = ended.worked.iter().all(|(_, fate, _)| matches!(fate, Fate::Done | Fate::Taken));
    // Whatever was named and not even begun is not done either.
    let left_named = !wanted.named.is_empty() && ended.waiting > 0 && !args.chain;
    let specs = ended.worked.into_iter().filter_map(|(.., one)| one).collect();
    let all = AllWorked { worked: specs, left: ended.left, waiting: ended.waiting };
    let outcome = Outcome::new(all).exit(i32::from(!done || left_named));
    Ok(match signal {
        Some(signal) => outcome.exit(Exit::Signal(signal).code()),
        None => outcome,
    })
}

/// The specs that these options ask for.
pub(super) fn filter(labels: &[String], topics: &[String], phases: &[Phase]) -> Filter {
    Filter {
        types: Vec::new(),
        phases: phases.iter().map(|phase| phase.as_str().to_owned()).collect(),
        topics: topics.to_vec(),
        labels: labels.to_vec(),
    }
}

fn limits(project: &Project, args: &WorkArgs, selection: &Selection) -> Result<Limits> {
    let config = project.config();
    let mut jobs_of = HashMap::new();
    let jobs = selection.ready.iter().chain(selection.waiting.iter().map(|waiting| &waiting.job));
    let agents: std::collections::BTreeSet<&String> = jobs.filter_map(|job| job.agent.as_ref()).collect();
    for agent in agents {
        if let Some(limit) = config.agent_jobs(agent)? {
            jobs_of.insert(agent.clone(), limit);
        }
    }
    Ok(Limits {
        max: args.max.unwrap_or(usize::MAX),
        keep_going: args.keep_going,
        rate_limit_pause: config.rate_limit_pause()?,
        jobs_of,
        slots: project.slots_dir(),
        chance: project.env.random_u32(),
    })
}

/// Works one of them, and says what became of it; nothing where somebody else has it who was not meant to leave it to us.
fn work_one(
    context: &Context<'_>,
    job: &Job,
    args: &WorkArgs,
    named: bool,
    slot: Option<Slot>,
) -> (Fate, Option<WorkedSpec>) {
    let started = Instant::now();
    let project = match context.project() {
        Ok(project) => project,
        Err(error) => return (Fate::NotDone, Some(refused(SpecView::new(job.id.clone()), &error, started))),
    };
    match one(context, &project, &job.id, args, slot) {
        Ok(outcome) => ended(outcome, &job.id, started),
        Err(error) if !named && is_taken(&error) => (Fate::Taken, None),
        Err(error) => {
            let fate = match error.exit {
                Exit::Signal(signal) => Fate::Interrupted(signal),
                _ => Fate::NotDone,
            };
            let view = context.view(&project, &job.id).unwrap_or_else(|_| SpecView::new(job.id.clone()));
            for hint in &error.hints {
                context.progress.say(&Step::Hint(hint.clone()));
            }
            (fate, Some(refused(view, &error, started)))
        }
    }
}

/// Whether somebody else was faster: they have it, or are done with it.
pub(super) fn is_taken(error: &Error) -> bool {
    matches!(error.code, Kind::InProgress | Kind::LeaseHeld | Kind::NotAllowed | Kind::Superseded)
}

fn refused(spec: SpecView, error: &Error, started: Instant) -> WorkedSpec {
    let why = match error.diagnostics.first() {
        Some(first) => format!("{}: {}:{}: {}", error.message, first.path, first.line, first.message),
        None => error.message.clone(),
    };
    WorkedSpec {
        spec,
        outcome: "refused".into(),
        why: Some(why),
        duration_ms: started.elapsed().as_millis() as u64,
        merged: None,
    }
}

fn ended(mut outcome: Outcome, id: &SpecId, started: Instant) -> (Fate, Option<WorkedSpec>) {
    let one = |spec: SpecView, name: &str, why: Option<String>, merged| WorkedSpec {
        spec,
        outcome: name.to_owned(),
        why,
        duration_ms: started.elapsed().as_millis() as u64,
        merged,
    };
    if let Some(PathOf { spec, path }) = outcome.answered() {
        let place = format!("for you to do in '{}'", path.display());
        return (Fate::Taken, Some(one(spec.clone(), "in_progress", Some(place), None)));
    }
    let Some(worked) = outcome.answered::<Worked>().cloned() else {
        return (Fate::NotDone, Some(one(SpecView::new(id.clone()), "refused", None, None)));
    };
    let limited = worked.paused.as_deref() == Some(rate_limit::REASON);
    let fate = match outcome.exit {
        0 => Fate::Done,
        _ if limited => Fate::RateLimited,
        code if code > 128 => Fate::Interrupted(code - 128),
        _ => Fate::NotDone,
    };
    let (name, why) = match (&worked.failed, worked.paused) {
        (Some(failed), _) => ("failed", Some(failed.reason.clone())),
        (None, Some(why)) => ("paused", Some(why)),
        (None, None) => (worked.spec.status.as_str(), worked.waits),
    };
    let name = if worked.spec.status == Status::Finished && worked.failed.is_none() { "finished" } else { name };
    (fate, Some(one(worked.spec.clone(), name, why, worked.merged)))
}
