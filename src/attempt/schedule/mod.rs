//! Several specs are worked by several workers in one process.
//!
//! The queue is this process's own. Processes share the specs by claims: the second one to claim a spec is refused and takes the next.

mod queue;
mod select;

use std::{
    collections::HashMap,
    sync::{
        Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

pub(crate) use queue::{Fate, Limits};
pub(crate) use select::{Job, Selection, SelectionRequest, expand, paused, select};

use gix::ObjectId;

use crate::{
    agent::{interrupt::Interrupts, slot::Slot},
    answer::progress::{Progress, Pulse, Step},
    attempt::retry,
    domain::{activity::Activity, event::Event, id::SpecId},
    env::Env,
    error::{Error, Result},
    project::Project,
    specs::{all::Specs, next_try::Announced},
    terminal::time,
};
use queue::{Next, Queue};

/// How often it is looked whether what is to be tried again still is.
const LOOK: Duration = Duration::from_secs(1);

/// What a run of the queue came to.
#[derive(Debug)]
pub(crate) struct Worked<R> {
    /// Each spec that was begun, in the order in which they ended, with what came of it.
    pub worked: Vec<(SpecId, Fate, R)>,
    /// How many that are ready were not begun.
    pub left: usize,
    /// How many wait for others that were not completed.
    pub waiting: usize,
    /// The signal that ended it.
    pub signal: Option<i32>,
}

/// What all workers share.
struct Shared<'a, R> {
    env: &'a Env,
    wanted: &'a SelectionRequest,
    progress: &'a dyn Progress,
    /// Whether several run at once.
    together: bool,
    say_every: Option<Duration>,
    /// How many workers look for more to do: as long as one does, the queue is not over.
    looking: AtomicUsize,
    /// Held by the worker that has those that wait: the next one looks at what is left of them, for what it has done.
    releasing: Mutex<()>,
    queue: Mutex<State<'a, R>>,
    changed: Condvar,
}

/// A worker looks for more to do, until this is dropped. What it found is in the queue by then.
struct Looking<'a>(&'a AtomicUsize);

impl<'a> Looking<'a> {
    fn begin<R>(shared: &'a Shared<'_, R>) -> Looking<'a> {
        shared.looking.fetch_add(1, Ordering::SeqCst);
        Looking(&shared.looking)
    }
}

impl Drop for Looking<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

struct State<'a, R> {
    queue: Queue,
    interrupts: Interrupts,
    worked: Vec<(SpecId, Fate, R)>,
    failed: Option<Error>,
    /// When it was looked last whether those that are to be tried again still are.
    looked: Instant,
    /// What other processes are told of specs that are to be tried again.
    announced: HashMap<SpecId, Announced>,
    /// What is said of a pause of an agent, until the next spec is begun.
    pause: Option<Pulse<'a>>,
}

/// Works what `selection` has with `jobs` workers, each spec by `work`, which says what became of it.
///
/// A signal ends the agents that run, as it would end one; nothing more is begun after it.
///
/// # Errors
/// If the queue itself fails, such as a lock file that cannot be made; what runs then runs to its end first.
pub(crate) fn run<R: Send>(
    env: &Env,
    wanted: &SelectionRequest,
    selection: Selection,
    limits: Limits,
    jobs: usize,
    progress: &dyn Progress,
    work: impl Fn(&Job, Option<Slot>) -> (Fate, R) + Sync,
) -> Result<Worked<R>> {
    let say_every = limits.say_every;
    let state = State {
        queue: Queue::new(selection, limits),
        interrupts: Interrupts::listen()?,
        worked: Vec::new(),
        failed: None,
        looked: Instant::now(),
        announced: HashMap::new(),
        pause: None,
    };
    let (together, looking, releasing) = (jobs > 1, AtomicUsize::new(0), Mutex::new(()));
    let (queue, changed) = (Mutex::new(state), Condvar::new());
    let shared = Shared { env, wanted, progress, together, say_every, looking, releasing, queue, changed };
    std::thread::scope(|scope| {
        for _ in 0..jobs.max(1) {
            scope.spawn(|| worker(&shared, &work));
        }
    });
    let state = shared.queue.into_inner().unwrap_or_else(PoisonError::into_inner);
    if let Some(error) = state.failed {
        return Err(error);
    }
    let (left, (_, _, waiting)) = (state.queue.not_begun(), state.queue.counts());
    let fates = state.worked.iter().find_map(|(_, fate, _)| match fate {
        Fate::Interrupted(signal) => Some(*signal),
        _ => None,
    });
    Ok(Worked { worked: state.worked, left, waiting, signal: state.interrupts.stop().or(fates) })
}

fn worker<R: Send>(shared: &Shared<'_, R>, work: &impl Fn(&Job, Option<Slot>) -> (Fate, R)) {
    while let Some((job, slot)) = next(shared) {
        if let (Some(agent), Some(other)) = (&job.agent, &job.instead_of) {
            let note = format!("waiting for '{other}': '{agent}' works on {}", job.id.short());
            shared.progress.say(&Step::Note(note));
        }
        let (fate, result) = work(&job, slot);
        let id = job.id.clone();
        let (fate, paused) = held_up(shared, &id, fate);
        let job = Job { held_up: paused.as_ref().map(|event| event.id), ..job };
        let mut state = lock(&shared.queue);
        let look = state.queue.done(job.clone(), fate, Instant::now());
        if let Some(event) = paused {
            announce(shared, &mut state, &job, &event);
        }
        state.worked.retain(|(other, ..)| *other != id);
        state.worked.push((id.clone(), fate, result));
        if fate == Fate::HeldUp
            && let Some(agent) = &job.agent
            && let Some(pause) = state.queue.cooling(agent, Instant::now())
        {
            let note = format!("agent '{agent}' waits; next try in {}", time::whole_seconds(pause));
            shared.progress.say(&Step::Note(note));
            count_down(shared, &mut state, agent, pause);
        } else if state.pause.is_none()
            && let Some((agent, pause)) = state.queue.next_try(Instant::now())
        {
            // What was begun took that line away.
            count_down(shared, &mut state, &agent, pause);
        }
        let looking = look.then(|| Looking::begin(shared));
        say_counts(shared, &state);
        drop(state);
        if let Some(looking) = looking {
            release(shared, &id, looking);
        }
        shared.changed.notify_all();
    }
    shared.changed.notify_all();
}

/// The event that paused a spec which is to be tried again. Where it cannot be read, the next try tells that; where there is none, a person
/// paused the spec.
fn held_up<R>(shared: &Shared<'_, R>, id: &SpecId, fate: Fate) -> (Fate, Option<Event>) {
    if fate != Fate::HeldUp {
        return (fate, None);
    }
    match Project::open(shared.env).and_then(|project| project.held_up(id)) {
        Ok(Some(event)) => (fate, Some(event)),
        Ok(None) => (Fate::Paused, None),
        Err(_) => (fate, None),
    }
}

/// Tells other processes when this one tries a spec again that `event` paused, if it does.
fn announce<R>(shared: &Shared<'_, R>, state: &mut State<'_, R>, job: &Job, event: &Event) {
    let pause = state.queue.cooling(job.agent.as_deref().unwrap_or_default(), Instant::now());
    if let (Some(number), Some(pause), Ok(project)) =
        (state.queue.next_number(&job.id), pause, Project::open(shared.env))
    {
        let announced = retry::announce(&project, &job.id, event, pause, number, shared.progress);
        state.announced.extend(announced.map(|announced| (job.id.clone(), announced)));
    }
}

/// Those that were to be tried again, and no longer stand where they were paused.
fn withdrawn<R>(shared: &Shared<'_, R>, held_up: Vec<(SpecId, ObjectId)>) -> Vec<SpecId> {
    let Ok(project) = Project::open(shared.env) else { return Vec::new() };
    let gone = |id: &SpecId, event| project.held_up(id).is_ok_and(|now| now.is_none_or(|now| now.id != event));
    held_up.into_iter().filter(|(id, event)| gone(id, *event)).map(|(id, _)| id).collect()
}

/// Looks which of those that wait are ready now that `id` is done.
fn release<R>(shared: &Shared<'_, R>, id: &SpecId, looking: Looking<'_>) {
    let _alone = lock(&shared.releasing);
    let mut waiting = lock(&shared.queue).queue.take_waiting();
    if waiting.is_empty() {
        return;
    }
    let looked = Project::open(shared.env).and_then(|project| {
        let specs = Specs::new(&project)?;
        select::released(&specs, id, shared.wanted, &mut waiting)
    });
    let mut state = lock(&shared.queue);
    match looked {
        Ok(ready) => state.queue.put_back(ready, waiting),
        Err(error) => {
            state.queue.stop();
            state.failed.get_or_insert(error);
        }
    }
    drop(looking);
}

/// The next spec for a worker; `None` when there is nothing more to do.
fn next<R>(shared: &Shared<'_, R>) -> Option<(Job, Option<Slot>)> {
    let mut state = lock(&shared.queue);
    loop {
        state.interrupts.note();
        if state.interrupts.first().is_some() {
            state.queue.stop();
        }
        if state.queue.is_stopped() {
            state.announced.clear();
        }
        let wait = match state.queue.next(Instant::now()) {
            Ok(Next::Work(job, slot)) => {
                end_pause(shared, &mut state);
                state.announced.remove(&job.id);
                say_counts(shared, &state);
                return Some((job, slot));
            }
            Ok(Next::Wait(wait)) => wait,
            Ok(Next::Over) if shared.looking.load(Ordering::SeqCst) > 0 => Duration::from_millis(50),
            Ok(Next::Over) => {
                // Not only what ended here makes others ready: another process may have released a claim.
                if state.queue.is_stopped() || !shared.wanted.chain || !shared.wanted.named.is_empty() {
                    return None;
                }
                let looking = Looking::begin(shared);
                drop(state);
                let found = look_again(shared);
                state = lock(&shared.queue);
                let added = found.map(|ready| state.queue.add(ready));
                drop(looking);
                match added {
                    Ok(true) => continue,
                    Ok(false) => return None,
                    Err(error) => {
                        state.failed.get_or_insert(error);
                        return None;
                    }
                }
            }
            Err(error) => {
                state.queue.stop();
                state.failed.get_or_insert(error);
                return None;
            }
        };
        if let Some(pause) = &mut state.pause {
            pause.tick();
        }
        state = shared.changed.wait_timeout(state, wait).unwrap_or_else(PoisonError::into_inner).0;
        if state.looked.elapsed() >= LOOK {
            state.looked = Instant::now();
            let held_up = state.queue.held_up();
            if !held_up.is_empty() {
                drop(state);
                let withdrawn = withdrawn(shared, held_up);
                state = lock(&shared.queue);
                withdrawn.into_iter().for_each(|id| state.queue.withdraw(id));
            }
        }
    }
}

/// Says from now on how long it is to the next try of an agent.
fn count_down<'a, R>(shared: &Shared<'a, R>, state: &mut State<'a, R>, agent: &str, pause: Duration) {
    let activity = Activity::after(pause, "next try", &format!("agent '{agent}'"));
    state.pause = Some(Pulse::begin(shared.progress, shared.say_every, activity));
}

/// Takes away what is said of a pause.
fn end_pause<R>(shared: &Shared<'_, R>, state: &mut State<'_, R>) {
    if state.pause.take().is_some() {
        shared.progress.say(&Step::Ran);
    }
}

/// The specs that other processes, agents among them, have made ready since.
fn look_again<R>(shared: &Shared<'_, R>) -> Result<Vec<Job>> {
    let project = Project::open(shared.env)?;
    let specs = Specs::cached(&project)?;
    let ready = select(&specs, shared.wanted)?.ready;
    specs.write_cache()?;
    Ok(ready)
}

fn say_counts<R>(shared: &Shared<'_, R>, state: &State<'_, R>) {
    if !shared.together {
        return;
    }
    let (running, ready, waiting) = state.queue.counts();
    let done = state.worked.iter().filter(|(_, fate, _)| *fate == Fate::Done).count();
    let failed = state.worked.iter().filter(|(_, fate, _)| *fate == Fate::NotDone).count();
    shared.progress.say(&Step::Queue { running, done, failed, left: ready + waiting });
}

/// A worker that panicked has left nothing half written here.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
