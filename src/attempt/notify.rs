//! Tells the command of `chant.notify` what became of a spec. What it does then is its own affair: it changes no result.

use std::{cell::RefCell, time::Duration};

use bstr::ByteSlice as _;

use super::{
    ended::{Ended, EndedAs, Pause, Stop},
    seen,
    work::Assignment,
};
use crate::{
    agent::process::{self, Run, Stdin},
    answer::{
        Notice, NoticeEvent, NoticeView,
        progress::{Pulse, Step},
        record::Json as _,
    },
    domain::{activity::Activity, stop::MAX_TRIES},
    error::{Exit, Kind, Result},
    git::process::scrubbed_env,
    specs::{all::Specs, view::rfc3339},
    terminal::clean,
};

/// How long the command may take.
const LIMIT: Duration = Duration::from_secs(10);

/// How much of the end of what it printed is shown if it fails, in bytes.
const SHOWN: usize = 2000;

/// How an attempt ended, as the command is given it.
struct Ending {
    event: NoticeEvent,
    why: Option<String>,
    stopped: Option<String>,
    hints: Vec<String>,
}

impl Assignment<'_> {
    /// Tells what came of an attempt; `was_last` where no further try follows several. What fails here is a warning.
    pub(super) fn notify(&self, ended: &Result<Ended, Stop>, was_last: bool) {
        match ended {
            Ok(Ended { how, hints, .. }) => self.notify_with(Ok(how), hints, was_last),
            Err(stop) => self.notify_with(Err(stop), &[], was_last),
        }
    }

    /// As [`Assignment::notify`], with what to do next.
    pub(super) fn notify_with(&self, how: Result<&EndedAs, &Stop>, hints: &[String], was_last: bool) {
        let failed = self.run_command(how, hints, was_last);
        if let Some((why, output)) = failed.unwrap_or_else(|error| Some((error.message, String::new()))) {
            self.progress.say(&Step::Warning(format!("cannot notify of '{}': {why}", self.id.short())));
            let lines = output.lines().filter(|line| !line.trim().is_empty());
            lines.for_each(|line| self.progress.say(&Step::AgentLine(line)));
        }
    }

    /// Runs the command, if there is one and something to tell. Gives why that failed and what the command printed last, if it failed.
    fn run_command(
        &self,
        how: Result<&EndedAs, &Stop>,
        hints: &[String],
        was_last: bool,
    ) -> Result<Option<(String, String)>> {
        let Some(command) = self.project.config().notify()? else { return Ok(None) };
        let Some(ending) = self.ending(how, hints, was_last)? else { return Ok(None) };
        if let Some(program) = seen::replaced_program(self.project, self.id)? {
            return Ok(Some((format!("the program '{program}' was changed during the run"), String::new())));
        }
        let notice = Notice { notice: self.view(ending)? };
        let repo = &self.project.repo;
        let dir = repo.work_dir().unwrap_or(repo.common_dir());
        let line = command.to_str_lossy();
        let mut run = Run::new(&line, dir);
        run.env = scrubbed_env(&self.project.env).into_iter().map(|name| (name, None)).collect();
        run.stdin = Stdin::Bytes((notice.json(false) + "\n").into_bytes());
        run.timeout = Some(LIMIT);
        run.afterwards = true;
        run.tail = SHOWN;
        // At a terminal a line says what is waited for.
        let pulse =
            RefCell::new(Pulse::begin(self.progress, None, Activity::new("running the command of chant.notify")));
        let mut tick = || pulse.borrow_mut().tick();
        run.tick = Some(&mut tick);
        let finished = process::run(run);
        self.progress.say(&Step::Ran);
        let finished = finished?;
        let why = match (finished.ending, finished.survivors) {
            (ending, _) if !ending.success() => format!("the command of chant.notify {ending}"),
            (_, 1..) => "the command of chant.notify left a background process, which was stopped".to_owned(),
            _ => return Ok(None),
        };
        Ok(Some((why, clean::text(&String::from_utf8_lossy(&finished.tail)).into_owned())))
    }

    fn ending(&self, how: Result<&EndedAs, &Stop>, hints: &[String], was_last: bool) -> Result<Option<Ending>> {
        let ending = |event, why: Option<String>, hints: &[String]| {
            Some(Ending { event, why, stopped: None, hints: hints.to_vec() })
        };
        Ok(match how {
            Ok(EndedAs::Completed(_)) => ending(NoticeEvent::Completed, None, hints),
            Ok(EndedAs::Finished) => ending(NoticeEvent::Finished, None, hints),
            Ok(EndedAs::Waiting(waits)) => ending(NoticeEvent::NeedsPerson, Some(waits.reason()), hints),
            Ok(EndedAs::Failed { reason, .. }) => {
                let stopped = reason.stopped().map(|stopped| stopped.kind.as_ref().to_owned());
                ending(NoticeEvent::Failed, Some(reason.to_string()), hints).map(|ending| Ending { stopped, ..ending })
            }
            Ok(EndedAs::Paused(Pause::Stopped(stopped))) => {
                let (event, why) = match was_last {
                    true => (NoticeEvent::NeedsPerson, format!("stopped after {MAX_TRIES} tries: {stopped}")),
                    // An agent that is held up is tried again and again: that is told once.
                    false if self.is_again()? => return Ok(None),
                    false => (NoticeEvent::Paused, stopped.to_string()),
                };
                let stopped = Some(stopped.kind.as_ref().to_owned());
                ending(event, Some(why), hints).map(|ending| Ending { stopped, ..ending })
            }
            Ok(EndedAs::Paused(why)) => ending(NoticeEvent::Paused, Some(why.to_string()), hints),
            Ok(EndedAs::HandedOver { .. } | EndedAs::Superseded) => None,
            Err(stop) => {
                let error = stop.error();
                let needs_person = match stop {
                    Stop::NotApproved(_) => true,
                    Stop::NotReady(error) => error.kind == Kind::Budget,
                    // A person who interrupted it knows.
                    Stop::Failed(error) => !matches!(error.exit, Exit::Signal(_)),
                    Stop::Taken(_) => false,
                };
                let why = Some(error.message.clone());
                if needs_person { ending(NoticeEvent::NeedsPerson, why, &error.hints) } else { None }
            }
        })
    }

    /// Whether the pause before the last one was for the same kind of reason, with nothing between them but the try.
    fn is_again(&self) -> Result<bool> {
        let store = self.project.store()?;
        let Some(tip) = store.tip(self.id)? else { return Ok(false) };
        let walk = store.walk(self.id, tip)?;
        Ok(matches!(walk.history.held_up().as_slice(), [last, before, ..] if last == before))
    }

    fn view(&self, ending: Ending) -> Result<NoticeView> {
        let specs = Specs::new(self.project)?;
        let spec = specs.view(&specs.entry(self.id)?)?;
        let repo = &self.project.repo;
        let time = self.project.env.git_time();
        Ok(NoticeView {
            event: ending.event,
            why: ending.why,
            stopped: ending.stopped,
            hints: ending.hints,
            repository: repo.work_dir().unwrap_or(repo.common_dir()).to_string_lossy().into_owned(),
            at: rfc3339(time.seconds, time.offset),
            spec,
        })
    }
}
