//! How long an agent is left alone that was stopped by what passes, and one spec that is worked again after that. Several specs are
//! scheduled in `attempt::schedule`.

use std::time::{Duration, Instant};

use gix::ObjectId;

use super::{
    ended::{Ended, EndedAs, Pause, Stop},
    work::{Assignment, From},
};
use crate::{
    agent::{interrupt::Interrupts, slot::Slot},
    answer::progress::{Progress, Pulse, Step},
    domain::{activity::Activity, event::Event, id::SpecId, status::Status, stop::MAX_TRIES},
    error::{Error, Kind, Result},
    project::Project,
    specs::next_try::Announced,
    terminal::time,
};

/// How much longer than at first an agent is left alone, as a power of two.
const MAX_DOUBLINGS: u32 = 5;

/// What `work` asks of one spec.
#[derive(Clone, Copy)]
pub(crate) struct Asked<'a> {
    /// The agent, by name, if one was asked for.
    pub agent: Option<&'a str>,
    /// How long the agent may take.
    pub timeout: Option<Duration>,
    /// The prompt, by name, if another one than the spec's own was asked for.
    pub prompt: Option<&'a str>,
    /// Whether a new attempt begins where the last one could go on.
    pub fresh: bool,
    /// Whether another agent that was chosen takes the place of one that was stopped by what passes.
    pub others: bool,
    /// The event that paused it for what passes, where a queue resumes it after a while.
    pub held_up: Option<ObjectId>,
    /// Whether no further try follows by the queue that the spec is worked from.
    pub last: bool,
    /// How long to wait at first before an agent goes on that was stopped by what passes; `None` if it does not.
    pub pause: Option<Duration>,
}

/// How long an agent is left alone that was stopped `times` before.
pub(super) fn pause(first: Duration, times: u32) -> Duration {
    first.saturating_mul(2u32.pow(times.min(MAX_DOUBLINGS)))
}

/// Works one spec to its end. Between two tries the attempt is paused, and a signal ends the waiting as it ends an agent.
///
/// # Errors
/// As [`Assignment::carry`] has them.
pub(crate) fn work(work: &Assignment<'_>, asked: Asked<'_>, mut slot: Option<Slot>) -> Result<Ended, Stop> {
    let (mut times, mut instead, mut stopped_ones) = (0, None, Vec::new());
    let (begun, mut held_up) = (Instant::now(), asked.held_up);
    loop {
        if let Some(event) = held_up
            && !still_waits(work, event)?
        {
            return Ok(Ended { duration: begun.elapsed(), ..withdrawn(work)? });
        }
        let Asked { agent, timeout, prompt, fresh, pause: first, .. } = asked;
        let agent = instead.as_deref().or(agent);
        // What was begun anew goes on.
        let fresh = fresh && times == 0 && stopped_ones.is_empty();
        let ended = work.carry_on(From::Claim { agent, timeout, prompt, fresh, slot: slot.take() });
        let next = match &ended {
            Ok(Ended { how: EndedAs::Paused(Pause::Stopped(_)), .. }) if asked.others => next(work, &mut stopped_ones)?,
            _ => None,
        };
        let is_last_try = asked.last || (first.is_some() && times + 1 >= MAX_TRIES);
        work.notify(&ended, next.is_none() && is_last_try);
        let ended = ended?;
        let EndedAs::Paused(Pause::Stopped(stopped)) = &ended.how else { return Ok(ended) };
        let why = stopped.to_string();
        let why = why.trim_end_matches('.');
        // A person may have paused it before this try could record why it stopped.
        let Some(event) = work.project.held_up(work.id)? else {
            return Ok(Ended { duration: begun.elapsed(), ..withdrawn(work)? });
        };
        held_up = Some(event.id);
        if let Some(next) = next {
            work.progress.say(&Step::Note(format!("{why}; resuming with '{next}'")));
            instead = Some(next);
            continue;
        }
        let Some(first) = first else { return Ok(ended) };
        if times + 1 >= MAX_TRIES {
            return Ok(ended);
        }
        let pause = pause(first, times);
        let next = times + 2;
        let when = time::whole_seconds(pause);
        let detail = format!("{next} of {MAX_TRIES}: {}", stopped.kind);
        let _announced = announce(work.project, work.id, &event, pause, next, work.progress);
        work.progress.say(&Step::Note(format!("{why}; going on in {when} (try {next} of {MAX_TRIES})")));
        if let Some(signal) = wait(work, Activity::after(pause, "retrying", &detail), pause, event.id)? {
            return Ok(Ended { signal: Some(signal), ..ended });
        }
        times += 1;
        (instead, stopped_ones) = (None, Vec::new());
    }
}

/// Tells other processes, until it is dropped, that this one tries the spec again that `event` paused. That it cannot is no reason to stop.
pub(super) fn announce(
    project: &Project,
    id: &SpecId,
    event: &Event,
    pause: Duration,
    number: u32,
    progress: &dyn Progress,
) -> Option<Announced> {
    match project.announce_try(id, event.attempt(), pause, number) {
        Ok(announced) => Some(announced),
        Err(error) => {
            progress.say(&Step::Warning(format!("status cannot show the next try: {}", error.message)));
            None
        }
    }
}

/// Whether the spec still stands where that event paused it for what passes.
fn still_waits(work: &Assignment<'_>, event: ObjectId) -> Result<bool> {
    Ok(work.project.held_up(work.id)?.is_some_and(|now| now.id == event))
}

/// How a try ends that is not begun, since a person or another process decided about the spec while its agent was left alone.
fn withdrawn(work: &Assignment<'_>) -> Result<Ended, Stop> {
    let short = work.id.short();
    let state = work.project.store()?.state(work.id)?;
    let paused = state.as_ref().filter(|state| state.status == Status::Paused);
    if let Some(attempt) = paused.map(|state| work.project.attempt(work.id, state)).transpose()?
        && let Some(why) = work.project.paused(&attempt)?
    {
        return work.ended(EndedAs::Paused(Pause::Recorded(why)));
    }
    let status = state.map_or(Status::Pending, |state| state.status).as_str().replace('_', " ");
    let message = format!("another process decided about '{short}' while its agent was left alone: it is {status}");
    Err(Stop::Taken(Error::negative(Kind::Overtaken, message).hint(format!("to see it: git chant show {short}"))))
}

/// The agent that takes the place of the one that has the spec, among those that a person has chosen and that were not stopped, too.
fn next(work: &Assignment<'_>, stopped: &mut Vec<String>) -> Result<Option<String>> {
    let state = work.project.store()?.state(work.id)?;
    let here = work.project.agents_here()?;
    let had = state.and_then(|state| state.facts.agent.clone());
    // One that was not chosen in that way, a spec's own, has no other in its place.
    let Some(had) = had.filter(|had| here.contains(had)) else { return Ok(None) };
    stopped.push(had);
    Ok(here.into_iter().find(|name| !stopped.contains(name)))
}

/// When a pause that begins `now` is over. One that no clock reaches is as good as a year.
pub(super) fn end_of(pause: Duration, now: Instant) -> Instant {
    const YEAR: Duration = Duration::from_secs(365 * 24 * 3600);
    now.checked_add(pause).unwrap_or(now + YEAR)
}

/// Waits that long, and says so, or until a signal comes: then which. The wait ends, too, if the spec no longer stands where `event` left it.
fn wait(work: &Assignment<'_>, activity: Activity, pause: Duration, event: ObjectId) -> Result<Option<i32>, Error> {
    // From the moment when this is shown a signal ends the wait.
    let mut interrupts = Interrupts::listen()?;
    let until = end_of(pause, Instant::now());
    let mut pulse = Pulse::begin(work.progress, work.project.config().progress()?, activity);
    let (mut signal, mut is_over) = (None, false);
    while let left @ 1.. = until.saturating_duration_since(Instant::now()).as_millis()
        && signal.is_none()
        && !is_over
    {
        signal = interrupts.wait(Duration::from_millis(left.min(1_000) as u64))?;
        is_over = !still_waits(work, event)?;
        pulse.tick();
    }
    work.progress.say(&Step::Ran);
    Ok(interrupts.stop().or(signal))
}
