//! `git chant work`: claim, agent, checks, merge, of one spec or of many.

use std::{
    collections::{BTreeSet, HashMap},
    time::{Duration, Instant},
};

use super::{Context, claim, context::Grant, ended, fetched};
use crate::{
    agent::slot::Slot,
    answer::{
        AllWorked, SpecView, WorkedAs, WorkedSpec,
        outcome::Outcome,
        progress::{Of, Progress, Step},
    },
    attempt::{
        claim::Remote,
        ended::{Ended, Stop},
        retry::{self, Asked},
        schedule::{self, Fate, Job, Limits, Selection, SelectionRequest},
        work::Assignment,
    },
    cli::work::WorkArgs,
    domain::{id::SpecId, spec_type::SpecType, status::Status},
    error::{Error, Exit, Kind, Result},
    project::Project,
    specs::all::Specs,
};

/// How long an agent is left alone at first that was stopped by what passes.
const FIRST_PAUSE: Duration = Duration::from_secs(60);

pub(super) fn run(context: &Context<'_>, args: &WorkArgs) -> Result<Outcome> {
    let chosen = !args.labels.is_empty() || !args.topic.is_empty() || !args.phase.is_empty();
    if chosen && !args.specs.is_empty() && !args.chain {
        return Err(Error::usage(
            Kind::BadFlags,
            "named specs cannot be combined with a selection by label, topic or phase",
        )
        .hint("leave out either the specs or '--label', '--topic' and '--phase'"));
    }
    let project = context.project()?;
    match args.specs.as_slice() {
        [spec] if !args.chain => {
            let id = context.pick(&project, spec)?;
            fetched::ask_about(context, &project, &id)?;
            let ended = one(context, &project, &id, args, None, None)?;
            ended::present(context, &project, &id, ended)
        }
        _ => all(context, &project, args),
    }
}

/// Works one spec; `job` is its place in the queue, if there is one, `slot` what its agent was given already.
fn one(
    context: &Context<'_>,
    project: &Project,
    id: &SpecId,
    args: &WorkArgs,
    job: Option<&Job>,
    slot: Option<Slot>,
) -> Result<Ended, Stop> {
    let claims = claim::remote(project, args.claim)?;
    let approve = context.approval(project, Grant { granted: args.trust, verb: "work" });
    let usual = context.assignment(project, id, &approve);
    let work = Assignment {
        onto: args.onto.as_deref(),
        merge: !args.no_merge,
        may_be_empty: args.allow_empty,
        remote: claims.as_ref().map(|claims| claims as &dyn Remote),
        ..usual
    };
    let (agent, others, pause) = match job {
        // The queue chooses, and leaves agents alone.
        Some(job) if job.others.len() > 1 => (job.agent.as_deref(), false, None),
        Some(_) => (args.agent.as_deref(), false, None),
        None => (args.agent.as_deref(), args.agent.is_none(), config_pause(project)?),
    };
    let (timeout, prompt, fresh) = (args.timeout, args.prompt.as_deref(), args.fresh);
    let (last, held_up) = (job.is_some_and(|job| job.last), job.and_then(|job| job.held_up));
    retry::work(&work, Asked { agent, timeout, prompt, fresh, others, held_up, last, pause }, slot)
}

/// How long to wait at first where one spec alone goes on by itself.
fn config_pause(project: &Project) -> Result<Option<Duration>> {
    Ok(project.config().rate_limit_pause()?.filter(|pause| !pause.is_zero()))
}

fn all(context: &Context<'_>, project: &Project, args: &WorkArgs) -> Result<Outcome> {
    claim::fetch(context, project, claim::remote(project, args.claim)?.as_ref())?;
    fetched::ask_about_all(context, project)?;
    let mut named = Vec::new();
    for spec in &args.specs {
        let id = context.pick(project, spec)?;
        named.extend(schedule::expand(&Specs::new(project)?, id)?);
    }
    let in_turn = project.agents_here()?;
    let in_turn = if in_turn.len() > 1 { in_turn } else { Vec::new() };
    let (agent, usual) = (args.agent.clone(), project.usual_agent()?);
    let wanted = SelectionRequest { named, filter: args.filter(), chain: args.chain, agent, usual, in_turn };
    let specs = Specs::cached(project)?;
    let selection = schedule::select(&specs, &wanted)?;
    specs.write_cache()?;
    let blocked = blocked(&specs, &wanted)?;
    if selection.ready.is_empty()
        && let Some(blocked) = &blocked
    {
        return Err(Error::negative(Kind::NotReady, format!("nothing is ready: {}", blocked.why))
            .hint(format!("to see why it failed: git chant show {}", blocked.short))
            .hint(blocked.way_out.clone()));
    }
    if selection.ready.is_empty() {
        for topic in &wanted.filter.topics {
            specs.of_any_topic(topic)?;
        }
        let hint = nothing_ready(&schedule::paused(&specs, &wanted)?);
        return Ok(Outcome::new(AllWorked::default()).hint(hint));
    }
    let limits = limits(project, args, &selection)?;
    let together = args.jobs > 1;
    let work = |job: &Job, slot: Option<Slot>| {
        let of = Of { short: job.id.short(), progress: context.progress };
        let progress: &dyn Progress = if together { &of } else { context.progress };
        let context = Context { env: context.env.clone(), progress, interactive: false, ..*context };
        let (fate, one) = work_one(&context, job, args, wanted.named.contains(&job.id), slot);
        if let Some(one) = &one {
            let outcome = one.outcome.as_str();
            let how = one.why.as_ref().map_or_else(|| outcome.to_owned(), |why| format!("{outcome}: {why}"));
            of.progress.say(&Step::Over { short: job.id.short(), how: &how, good: fate == Fate::Done });
        }
        (fate, one)
    };
    let ended = schedule::run(&context.env, &wanted, selection, limits, args.jobs, context.progress, work)?;
    let signal = ended.signal;
    let done = ended.worked.iter().all(|(_, fate, _)| matches!(fate, Fate::Done | Fate::Taken));
    // A spec that was named and not even begun is not done either.
    let left_named = !wanted.named.is_empty() && ended.waiting > 0 && !args.chain;
    let specs = ended.worked.into_iter().filter_map(|(.., one)| one).collect();
    let all = AllWorked { worked: specs, left: ended.left, waiting: ended.waiting };
    let of_worked = all.worked.iter().filter_map(|one| one.spec.topic.clone());
    let topics = of_worked.chain(wanted.filter.topics.iter().cloned()).collect();
    // What failed before holds up what is left, and was not tried again.
    let filter = &wanted.filter;
    let is_whole = filter.phases.is_empty() && filter.types.is_empty() && filter.labels.is_empty();
    let all_done = all.worked.iter().all(|one| one.outcome == WorkedAs::Status(Status::Completed));
    let held_up = (is_whole || all.waiting > 0) && all_done && blocked.is_some();
    let is_idle = all.worked.is_empty();
    let outcome = Outcome::new(all).exit(i32::from(!done || left_named || held_up));
    let outcome = match is_idle {
        true => outcome.hint(nothing_ready(&schedule::paused(&Specs::new(project)?, &wanted)?)),
        false => outcome,
    };
    // Research that was repeated just now shows another way out.
    let blocked_now = if held_up { self::blocked(&Specs::new(project)?, &wanted)? } else { None };
    let outcome = match blocked_now {
        Some(blocked) => outcome.warning(format!("the rest is blocked: {}", blocked.why)).hint(blocked.way_out),
        None => outcome,
    };
    let outcome = gates(project, topics)?.into_iter().fold(outcome, Outcome::hint);
    Ok(match signal {
        Some(signal) => outcome.exit(Exit::Signal(signal).code()),
        None => outcome,
    })
}

/// How to go on where nothing is ready, with the specs that are `paused`.
fn nothing_ready(paused: &[SpecId]) -> String {
    match ended::resume(paused) {
        Some(resume) => format!("nothing is ready, and {resume}"),
        None => "nothing is ready; to see why: git chant list --ready --explain".to_owned(),
    }
}

/// The gates of these investigations that wait for a person now, each with the command that passes it.
fn gates(project: &Project, topics: BTreeSet<String>) -> Result<Vec<String>> {
    let specs = Specs::new(project)?;
    let mut found = Vec::new();
    for topic in topics {
        for entry in specs.of_topic(&topic)? {
            let view = specs.view(&entry)?;
            if view.kind == SpecType::Gate.as_str()
                && entry.status == Status::Pending
                && let Some(command) = view.next_command()
            {
                found.push(format!("'{}' waits for your decision: {command}", view.short));
            }
        }
    }
    Ok(found)
}

/// A failed spec among those that were asked for by topic.
struct Blocked {
    short: String,
    why: String,
    /// How a person goes on.
    way_out: String,
}

/// The first failed spec of the investigations that are asked for: nothing that builds on it is worked before it is.
fn blocked(specs: &Specs<'_>, wanted: &SelectionRequest) -> Result<Option<Blocked>> {
    for topic in &wanted.filter.topics {
        let mut entries = specs.of_topic(topic)?;
        specs.retain_current(&mut entries)?;
        if let Some(failed) = entries.into_iter().find(|entry| entry.status == Status::Failed) {
            let short = failed.id.short().to_owned();
            let why = format!("'{short}' of '{}' failed", topic.escape_debug());
            let way_out = match specs.research_to_repeat(&failed)? {
                Some(again) => again.hint(),
                None => format!("to work on it again: git chant work {short}"),
            };
            return Ok(Some(Blocked { short, why, way_out }));
        }
    }
    Ok(None)
}

fn limits(project: &Project, args: &WorkArgs, selection: &Selection) -> Result<Limits> {
    let config = project.config();
    let mut jobs_of = HashMap::new();
    let jobs = selection.ready.iter().chain(selection.waiting.iter().map(|waiting| &waiting.job));
    let agents: BTreeSet<&String> = jobs.flat_map(|job| job.agent.iter().chain(&job.others)).collect();
    for agent in agents {
        if let Some(limit) = config.agent_jobs(agent)? {
            jobs_of.insert(agent.clone(), limit);
        }
    }
    Ok(Limits {
        max: args.max.unwrap_or(usize::MAX),
        keep_going: args.keep_going,
        rate_limit_pause: config.rate_limit_pause()?.unwrap_or(FIRST_PAUSE),
        say_every: config.progress()?,
        jobs_of,
        slots: project.slots_dir(),
        chance: project.env.random_u32(),
    })
}

/// Works one of several specs, and says what became of it; nothing where another process has it and it was not named.
fn work_one(
    context: &Context<'_>,
    job: &Job,
    args: &WorkArgs,
    named: bool,
    slot: Option<Slot>,
) -> (Fate, Option<WorkedSpec>) {
    let started = Instant::now();
    let project = context.project();
    let view = || {
        let view = project.as_ref().ok().and_then(|project| context.view(project, &job.id).ok());
        view.unwrap_or_else(|| SpecView::new(job.id.clone()))
    };
    let how = match &project {
        Ok(project) => one(context, project, &job.id, args, Some(job), slot),
        Err(error) => return (Fate::NotDone, Some(ended::refused(view(), error, started))),
    };
    let fate = Fate::of(&how, named);
    if let (Err(stop), Fate::Taken) = (&how, fate) {
        context.progress.say(&Step::Note(stop.error().message.clone()));
        return (fate, None);
    }
    (fate, Some(ended::one_of_several(context, view(), how, started)))
}
