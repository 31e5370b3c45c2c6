//! Tells the command of `chant.notify` what became of a spec. What it does then is its own affair: it changes no result.

use std::time::Duration;

use bstr::ByteSlice as _;

use super::{
    ended::{Ended, EndedAs, Pause, Stop},
    work::Work,
};
use crate::{
    agent::process::{self, Run, Stdin},
    answer::{Notice, NoticeEvent, NoticeView, progress::Step, record::Json as _},
    domain::event::Op,
    error::{Kind, Result},
    git::process::scrubbed_env,
    specs::{all::Specs, view::rfc3339},
};

/// How long the command may take.
const LIMIT: Duration = Duration::from_secs(10);

/// What there is to tell.
struct News {
    event: NoticeEvent,
    why: Option<String>,
    stopped: Option<String>,
    hints: Vec<String>,
}

impl Work<'_> {
    /// Tells what came of an attempt. What fails here is a warning.
    pub(super) fn notify(&self, ended: &Result<Ended, Stop>) {
        let told = self.tell(ended).unwrap_or_else(|error| Some(error.message));
        if let Some(why) = told {
            self.progress.say(&Step::Warning(format!("cannot notify of '{}': {why}", self.id.short())));
        }
    }

    /// Runs the command, if there is one and something to tell. Gives why that failed, if it did.
    fn tell(&self, ended: &Result<Ended, Stop>) -> Result<Option<String>> {
        let Some(command) = self.project.config().notify()? else { return Ok(None) };
        let Some(news) = self.news(ended)? else { return Ok(None) };
        let notice = Notice { notice: self.view(news)? };
        let repo = &self.project.repo;
        let dir = repo.work_dir().unwrap_or(repo.common_dir());
        let line = command.to_str_lossy();
        let mut run = Run::new(&line, dir);
        run.env = scrubbed_env(&self.project.env).into_iter().map(|name| (name, None)).collect();
        run.stdin = Stdin::Bytes((notice.json(false) + "\n").into_bytes());
        run.timeout = Some(LIMIT);
        run.afterwards = true;
        let finished = process::run(run)?;
        Ok((!finished.ending.success()).then(|| format!("the command of chant.notify {}", finished.ending)))
    }

    fn news(&self, ended: &Result<Ended, Stop>) -> Result<Option<News>> {
        let news = |event, why: Option<String>, hints: &[String]| {
            Some(News { event, why, stopped: None, hints: hints.to_vec() })
        };
        Ok(match ended {
            Ok(Ended { how, hints, .. }) => match how {
                EndedAs::Completed(_) => news(NoticeEvent::Completed, None, hints),
                EndedAs::Finished => news(NoticeEvent::Finished, None, hints),
                EndedAs::Waiting(waits) => news(NoticeEvent::NeedsPerson, Some(waits.reason()), hints),
                EndedAs::Failed { reason, .. } => {
                    let stopped = reason.stopped().map(|stopped| stopped.kind.as_ref().to_owned());
                    news(NoticeEvent::Failed, Some(reason.to_string()), hints).map(|news| News { stopped, ..news })
                }
                // An agent that is held up is tried again and again: that is told once.
                EndedAs::Paused(Pause::Stopped(stopped)) if !self.is_again(stopped.kind.as_ref())? => {
                    let why = Some(stopped.to_string());
                    let stopped = Some(stopped.kind.as_ref().to_owned());
                    news(NoticeEvent::Paused, why, hints).map(|news| News { stopped, ..news })
                }
                EndedAs::Paused(Pause::Stopped(_)) => None,
                EndedAs::Paused(why) => news(NoticeEvent::Paused, Some(why.to_string()), hints),
                EndedAs::HandedOver { .. } | EndedAs::Superseded => None,
            },
            Err(Stop::NotApproved(error)) => news(NoticeEvent::NeedsPerson, Some(error.message.clone()), &error.hints),
            Err(Stop::NotReady(error)) if error.kind == Kind::Budget => {
                news(NoticeEvent::NeedsPerson, Some(error.message.clone()), &error.hints)
            }
            Err(_) => None,
        })
    }

    /// Whether the pause before the last one was for the same kind of reason, with nothing between them but the try.
    fn is_again(&self, kind: &str) -> Result<bool> {
        let store = self.project.store()?;
        let Some(tip) = store.tip(self.id)? else { return Ok(false) };
        let walk = store.walk(self.id, tip)?;
        let mut before = walk.history.events().iter().rev().filter(|event| event.op != Op::Note && !event.is_merge());
        let is_pause = before.next().is_some_and(|event| event.op == Op::Pause);
        let resumed = before.next().is_some_and(|event| event.op == Op::Resume);
        let same = before.next().is_some_and(|event| {
            event.op == Op::Pause && event.facts.stopped.as_ref().is_some_and(|stopped| stopped.as_ref() == kind)
        });
        Ok(is_pause && resumed && same)
    }

    fn view(&self, news: News) -> Result<NoticeView> {
        let specs = Specs::new(self.project)?;
        let spec = specs.view(&specs.entry(self.id)?)?;
        let repo = &self.project.repo;
        let time = self.project.env.git_time();
        Ok(NoticeView {
            event: news.event,
            why: news.why,
            stopped: news.stopped,
            hints: news.hints,
            repository: repo.work_dir().unwrap_or(repo.common_dir()).to_string_lossy().into_owned(),
            at: rfc3339(time.seconds, time.offset),
            spec,
        })
    }
}
