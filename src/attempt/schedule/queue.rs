//! The queue of one process: what is still to be done, which agents are left alone, and when to stop. Only the locks of slots are
//! outside of it; claims are not made here.

use std::{
    cmp::Reverse,
    collections::{HashMap, HashSet, VecDeque},
    path::PathBuf,
    time::{Duration, Instant},
};

use gix::ObjectId;

use super::select::{Job, Selection, Waiting};
use crate::{
    agent::slot::Slot,
    attempt::{
        ended::{Ended, EndedAs, Pause, Stop},
        retry,
    },
    domain::{id::SpecId, stop::MAX_TRIES},
    error::{Exit, Result},
};

/// How long a worker without work waits at most before it looks again: another process may have given a slot back.
const LOOK: Duration = Duration::from_millis(200);

/// What became of one spec.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It is done.
    Done,
    /// Another process has it, or has done it.
    Taken,
    /// It failed, could not begin, or waits to be merged.
    NotDone,
    /// A person paused it: that is no reason to stop the rest.
    Paused,
    /// Its agent is to be left alone for a while.
    HeldUp,
    /// This signal ended it.
    Interrupted(i32),
}

impl Fate {
    /// What became of a spec that ended so. Another process may have a spec that is not `named`.
    pub(crate) fn of(ended: &Result<Ended, Stop>, named: bool) -> Fate {
        match ended {
            Ok(Ended { how: EndedAs::HandedOver { .. }, .. }) => Fate::Taken,
            Ok(Ended { how: EndedAs::Paused(Pause::Stopped(_)), .. }) => Fate::HeldUp,
            Ok(Ended { signal: Some(signal), .. }) => Fate::Interrupted(*signal),
            Ok(Ended { how: EndedAs::Paused(Pause::Recorded(_)), .. }) => Fate::Paused,
            Ok(ended) if ended.exit() == 0 => Fate::Done,
            Ok(_) => Fate::NotDone,
            Err(Stop::Taken(_)) if !named => Fate::Taken,
            Err(stop) => match stop.error().exit {
                Exit::Signal(signal) => Fate::Interrupted(signal),
                _ => Fate::NotDone,
            },
        }
    }
}

/// What to do next.
pub(super) enum Next {
    /// This.
    Work(Job, Option<Slot>),
    /// Nothing just now.
    Wait(Duration),
    /// Nothing more.
    Over,
}

/// How many at once, and when to stop.
#[derive(Clone, Debug)]
pub(crate) struct Limits {
    /// At most this many specs are begun.
    pub max: usize,
    /// Whether the rest is worked though one was not done.
    pub keep_going: bool,
    /// How long an agent that was stopped by what passes is left alone at first.
    pub rate_limit_pause: Duration,
    /// How often a pause of all agents is said where no line can be redrawn; `None` is never.
    pub say_every: Option<Duration>,
    /// How many runs of each agent there may be at once.
    pub jobs_of: HashMap<String, usize>,
    /// Where slots are.
    pub slots: PathBuf,
    /// A number of this process's own, by which those who want the same get out of each other's way.
    pub chance: u32,
}

/// The queue of one process. What other processes do is seen when a spec is claimed.
pub(super) struct Queue {
    ready: VecDeque<Job>,
    waiting: Vec<Waiting>,
    limits: Limits,
    running: usize,
    begun: HashSet<SpecId>,
    tries: HashMap<SpecId, u32>,
    /// Those that were to be tried again, and about which a person or another process decided since: their wait is over.
    withdrawn: HashSet<SpecId>,
    cooling: HashMap<String, Cooling>,
    stopped: bool,
}

/// An agent that is left alone.
struct Cooling {
    until: Instant,
    times: u32,
}

impl Queue {
    pub(super) fn new(selection: Selection, limits: Limits) -> Queue {
        Queue {
            ready: selection.ready.into(),
            waiting: selection.waiting,
            limits,
            running: 0,
            begun: HashSet::new(),
            tries: HashMap::new(),
            withdrawn: HashSet::new(),
            cooling: HashMap::new(),
            stopped: false,
        }
    }

    /// What the next worker does.
    pub(super) fn next(&mut self, now: Instant) -> Result<Next> {
        if self.stopped {
            return Ok(Next::Over);
        }
        let mut wait = LOOK;
        for at in 0..self.ready.len() {
            let job = &self.ready[at];
            if !self.begun.contains(&job.id) && self.begun.len() >= self.limits.max {
                continue;
            }
            let waits = !self.withdrawn.contains(&job.id);
            let cooling =
                |agent: &str| self.cooling.get(agent).map(|one| one.until).filter(|until| waits && *until > now);
            let own = job.agent.clone().unwrap_or_default();
            // One that is left alone has the next in its place.
            let (agent, instead_of) = match (cooling(&own), job.others.iter().find(|other| cooling(other).is_none())) {
                (None, _) => (own, None),
                (Some(_), Some(other)) => (other.clone(), Some(own)),
                (Some(until), None) => {
                    wait = wait.min(until - now);
                    continue;
                }
            };
            let agent = agent.as_str();
            let slot = match self.limits.jobs_of.get(agent).filter(|_| waits) {
                None => None,
                Some(limit) => match Slot::take(&self.limits.slots, agent, *limit)? {
                    Some(slot) => Some(slot),
                    None => continue,
                },
            };
            let agent = Some(agent.to_owned()).filter(|agent| !agent.is_empty());
            let Some(job) = self.ready.remove(at) else { break };
            let tries = self.tries.get(&job.id).copied().unwrap_or_default();
            let job = Job { agent, instead_of, last: tries + 1 >= MAX_TRIES, ..job };
            self.begun.insert(job.id.clone());
            self.running += 1;
            return Ok(Next::Work(job, slot));
        }
        let more = self.ready.iter().any(|job| self.begun.contains(&job.id)) || self.begun.len() < self.limits.max;
        let over = self.running == 0 && (self.ready.is_empty() || !more);
        Ok(if over { Next::Over } else { Next::Wait(wait) })
    }

    /// Notes what became of a spec. Returns whether those that wait for it are to be looked at.
    pub(super) fn done(&mut self, job: Job, fate: Fate, now: Instant) -> bool {
        self.running -= 1;
        let agent = job.agent.clone().unwrap_or_default();
        match fate {
            Fate::Done => {
                self.cooling.remove(&agent);
                true
            }
            Fate::Taken => {
                self.scatter();
                false
            }
            Fate::Paused => false,
            Fate::Interrupted(_) => {
                self.stopped = true;
                false
            }
            Fate::NotDone => {
                self.stopped |= !self.limits.keep_going;
                false
            }
            Fate::HeldUp => {
                self.cool(agent, now);
                let tries = self.tries.entry(job.id.clone()).or_default();
                *tries += 1;
                if *tries < MAX_TRIES {
                    self.ready.push_front(job);
                } else {
                    self.stopped |= !self.limits.keep_going;
                }
                false
            }
        }
    }

    /// Those that are to be tried again, each with the event that paused it.
    pub(super) fn held_up(&self) -> Vec<(SpecId, ObjectId)> {
        let again = self.ready.iter().filter(|job| !self.withdrawn.contains(&job.id));
        again.filter_map(|job| Some((job.id.clone(), job.held_up?))).collect()
    }

    /// Hands one of them out at once, for its end to be told.
    pub(super) fn withdraw(&mut self, id: SpecId) {
        self.withdrawn.insert(id);
    }

    /// Continues at another place of the queue: the process that was faster here takes the next spec from here, too.
    fn scatter(&mut self) {
        self.limits.chance = self.limits.chance.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        if !self.ready.is_empty() {
            let by = (self.limits.chance >> 8) as usize % self.ready.len();
            self.ready.rotate_left(by);
        }
    }

    fn cool(&mut self, agent: String, now: Instant) {
        let cooling = self.cooling.entry(agent).or_insert(Cooling { until: now, times: 0 });
        // Several that ran at once were refused for one reason.
        if cooling.until <= now {
            let pause = retry::pause(self.limits.rate_limit_pause, cooling.times);
            cooling.until = retry::end_of(pause, now);
            cooling.times += 1;
        }
    }

    /// How long the agent is left alone from now on.
    pub(super) fn cooling(&self, agent: &str, now: Instant) -> Option<Duration> {
        self.cooling.get(agent).map(|cooling| cooling.until.saturating_duration_since(now))
    }

    /// Which try of the spec comes next, from 1; `None` if none does.
    pub(super) fn next_number(&self, id: &SpecId) -> Option<u32> {
        let tries = self.tries.get(id)?;
        (!self.stopped && *tries < MAX_TRIES).then_some(tries + 1)
    }

    /// The agent that is left alone the shortest of those that ready specs wait for, and how long from now on; `None` if one can begin.
    pub(super) fn next_try(&self, now: Instant) -> Option<(String, Duration)> {
        let agents = self.ready.iter().map(|job| job.agent.clone().unwrap_or_default());
        let waits = agents.map(|agent| Some((self.cooling(&agent, now)?, agent)).filter(|(left, _)| !left.is_zero()));
        waits.collect::<Option<Vec<_>>>()?.into_iter().min().map(|(left, agent)| (agent, left))
    }

    /// Begins nothing more.
    pub(super) fn stop(&mut self) {
        self.stopped = true;
    }

    /// Whether nothing more is begun.
    pub(super) fn is_stopped(&self) -> bool {
        self.stopped
    }

    /// Those that wait, to be looked at apart.
    pub(super) fn take_waiting(&mut self) -> Vec<Waiting> {
        std::mem::take(&mut self.waiting)
    }

    /// What came of looking.
    pub(super) fn put_back(&mut self, ready: Vec<Job>, waiting: Vec<Waiting>) {
        self.ready.extend(ready);
        self.sort();
        self.waiting.extend(waiting);
    }

    /// What has the greater priority comes first, what was there before comes before what was added.
    fn sort(&mut self) {
        self.ready.make_contiguous().sort_by_key(|job| Reverse(job.priority));
    }

    /// Adds what is ready and was never begun. Returns whether there was anything.
    pub(super) fn add(&mut self, ready: Vec<Job>) -> bool {
        let known: HashSet<&SpecId> = self.ready.iter().map(|job| &job.id).collect();
        let new: Vec<Job> =
            ready.into_iter().filter(|job| !self.begun.contains(&job.id) && !known.contains(&job.id)).collect();
        let any = !new.is_empty() && !self.stopped && self.begun.len() < self.limits.max;
        self.ready.extend(new);
        self.sort();
        any
    }

    /// How many are running, are ready, and wait.
    pub(super) fn counts(&self) -> (usize, usize, usize) {
        (self.running, self.ready.len(), self.waiting.len())
    }

    /// How many are ready and were not begun: what is to be tried again was.
    pub(super) fn not_begun(&self) -> usize {
        self.ready.iter().filter(|job| !self.begun.contains(&job.id)).count()
    }
}
