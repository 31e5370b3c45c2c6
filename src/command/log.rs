//! `git chant log`: the events of a spec, the transcript of its agent, or what its checks printed.

use std::io::Write;

use gix::ObjectId;

use super::{Context, fetched};
use crate::{
    agent::{
        lease::Life,
        transcript::{self, Form},
    },
    answer::{
        EventView, Events, Nothing, Text,
        outcome::Outcome,
        progress::{Progress, Step},
    },
    cli::show::LogArgs,
    domain::{
        event::{Event, Op},
        id::SpecId,
    },
    error::{Error, Kind, Result},
    project::{Project, check_output, signatures::Signatures},
    specs::view::event_view,
};

pub(super) fn run(context: &Context<'_>, args: &LogArgs) -> Result<Outcome> {
    let project = context.project()?;
    let id = context.pick(&project, &args.spec)?;
    if args.agent || args.follow {
        return agent(context, &project, &id, args);
    }
    if args.checks {
        return checks(&project, &id, args);
    }
    let store = project.store()?;
    let Some(tip) = store.tip(&id)? else {
        let hint = match fetched::hint_about(&project, &id)? {
            Some(hint) => hint,
            None => format!("'{}' has a file and no recorded history yet", id.short()),
        };
        return Ok(Outcome::new(Events { events: Vec::new() }).hint(hint));
    };
    let walk = store.walk(&id, tip)?;
    let mut events: Vec<EventView> =
        walk.history.events().iter().rev().map(|event| event_view(&store, event)).collect::<Result<_>>()?;
    if let Some(prefix) = &args.attempt {
        events.retain(|event| event.attempt.as_ref().is_some_and(|attempt| attempt.starts_with(prefix.as_str())));
    }
    if let Some(count) = args.max_count {
        events.truncate(count);
    }
    if args.show_signature {
        show_signatures(&project, &mut events)?;
    }
    let mut outcome = Outcome::new(Events { events });
    for invalid in &walk.invalid {
        outcome = outcome.warning(invalid.to_string());
    }
    Ok(outcome)
}

/// Has all signatures checked at once.
fn show_signatures(project: &Project, events: &mut [EventView]) -> Result<()> {
    let ids: Vec<ObjectId> = events.iter().filter_map(|event| event.id.parse().ok()).collect();
    let mut verdicts = Signatures::afresh(project).of(&ids)?;
    for (event, id) in events.iter_mut().zip(ids) {
        event.signature = verdicts.remove(&id);
    }
    Ok(())
}

fn checks(project: &Project, id: &SpecId, args: &LogArgs) -> Result<Outcome> {
    let Some(bytes) = check_output::whole(project, id, args.attempt.as_deref())? else {
        let message = format!("this clone has no check output of '{}'", id.short());
        return Err(Error::negative(Kind::NoTranscript, message)
            .hint(format!("to run the checks: git chant verify {}", id.short())));
    };
    let outcome = Outcome::new(Text { text: last_lines(&String::from_utf8_lossy(&bytes), args.max_count) });
    let earlier = check_output::kept_of(project, id).into_iter().nth(1).filter(|_| args.attempt.is_none());
    Ok(earlier.into_iter().fold(outcome, |outcome, attempt| {
        let (short, attempt) = (id.short(), &attempt[..attempt.len().min(12)]);
        outcome.hint(format!(
            "to see the checks of the attempt before: git chant log {short} --checks --attempt {attempt}"
        ))
    }))
}

fn agent(context: &Context<'_>, project: &Project, id: &SpecId, args: &LogArgs) -> Result<Outcome> {
    let Run { event, attempt } = run_of(project, id, args.attempt.as_deref())?;
    let path = transcript::path(project.repo.common_dir(), id, &event);
    let none = || {
        Error::negative(Kind::NoTranscript, format!("this clone has no transcript of that attempt at '{}'", id.short()))
            .hint("transcripts stay in the clone where the agent ran")
    };
    if !args.follow {
        let mut file = transcript::open(&path)?.ok_or_else(none)?;
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut file, &mut bytes)
            .map_err(|error| Error::fatal(Kind::Io, format!("cannot read the transcript: {error}")))?;
        let text = String::from_utf8_lossy(&bytes).into_owned();
        return Ok(Outcome::new(Text { text: last_lines(&text, args.max_count) }));
    }
    let mut answer = Answer { progress: context.progress };
    let mut running = || !answer_closed(context) && matches!(project.life(attempt), Ok(Life::Running(_)));
    let form = if context.env.stdout_is_terminal() { Form::Sanitised } else { Form::Raw };
    transcript::follow(&path, &mut running, form, &mut answer)?;
    Ok(Outcome::new(Nothing {}))
}

fn answer_closed(context: &Context<'_>) -> bool {
    context.progress.closed()
}

fn last_lines(text: &str, count: Option<usize>) -> String {
    let Some(count) = count else { return text.to_owned() };
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    lines[lines.len().saturating_sub(count)..].concat()
}

/// A run of an agent: the event that its transcript is named by, and the attempt that it belongs to.
struct Run {
    event: ObjectId,
    attempt: ObjectId,
}

/// The run that a prefix of its event's id names, or the newest of the attempt that it names; without one the newest of all. An
/// attempt that resumed (for example to resolve a conflict) has a run more, as far as it left a transcript here.
fn run_of(project: &Project, id: &SpecId, prefix: Option<&str>) -> Result<Run> {
    let store = project.store()?;
    let none = || Error::negative(Kind::NoAttempt, format!("'{}' has no attempt", id.short()));
    let tip = store.tip(id)?.ok_or_else(none)?;
    let walk = store.walk(id, tip)?;
    let recorded = |event: &Event| transcript::path(project.repo.common_dir(), id, &event.id).is_file();
    let ran = |event: &&Event| event.op == Op::Start || (event.op == Op::Resume && recorded(event));
    let mut runs = walk.history.events().iter().rev().filter(ran);
    let run = |event: &Event| Run { event: event.id, attempt: event.attempt() };
    let Some(prefix) = prefix else { return runs.next().map(run).ok_or_else(none) };
    let named = |id: ObjectId| id.to_string().starts_with(prefix);
    runs.find(|event| named(event.id) || named(event.attempt())).map(run).ok_or_else(|| {
        Error::negative(
            Kind::UnknownAttempt,
            format!("'{}' matches no attempt at '{}'", prefix.escape_debug(), id.short()),
        )
    })
}

/// Hands on what is followed, piece by piece.
struct Answer<'a> {
    progress: &'a dyn Progress,
}

impl Write for Answer<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.progress.closed() {
            return Err(std::io::ErrorKind::BrokenPipe.into());
        }
        self.progress.say(&Step::Answer(&String::from_utf8_lossy(bytes)));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
