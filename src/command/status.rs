//! `git chant status`: what goes on, once or again and again.

use super::{Context, topic};
use crate::answer::outcome::{Body, Outcome};
use crate::{
    agent::interrupt::Interrupts,
    answer::progress::Step,
    cli::status::StatusArgs,
    error::{Exit, Kind, Result},
    project::Project,
    query::{status as standing, status::Merges},
};

pub(super) fn run(context: &Context<'_>, args: &StatusArgs) -> Result<Outcome> {
    let merges = Merges::default();
    match args.watch {
        Some(_) => watch(context, args, &merges),
        None => look(context, args, &merges),
    }
}

/// How it stands now.
fn look(context: &Context<'_>, args: &StatusArgs, merges: &Merges) -> Result<Outcome> {
    if let Some(topic) = &args.topic {
        return topic::run(context, topic);
    }
    let project = context.project()?;
    let view = Box::new(standing::standing(&project, merges)?);
    let hints = gives_advice(context, &project);
    Ok(Outcome::new(Body::Standing { view, now: context.env.now().as_second(), hints }))
}

/// Whether `git status` would say what to do next.
fn gives_advice(context: &Context<'_>, project: &Project) -> bool {
    let forbidden = context.env.text("GIT_ADVICE").is_some_and(|value| matches!(value, "0" | "false" | "no" | "off"));
    !context.quiet && !forbidden && project.repo.gix().config_snapshot().boolean("advice.statusHints").unwrap_or(true)
}

/// Shows it until a signal comes. At a terminal each time, since how long something takes changes as well; elsewhere only if
/// something else has changed.
fn watch(context: &Context<'_>, args: &StatusArgs, merges: &Merges) -> Result<Outcome> {
    let pause = args.watch.unwrap_or_default();
    let mut signals = Interrupts::listen()?;
    let mut before: Option<Body> = None;
    loop {
        let body = match look(context, args, merges) {
            Ok(outcome) => outcome.body,
            // Somebody took something away while it was looked at.
            Err(error) if error.code == Kind::GitVanished && before.is_some() => {
                before.clone().unwrap_or(Body::Nothing)
            }
            Err(error) => return Err(error),
        };
        let size = context.env.screen();
        if size.is_some() || before.as_ref().is_none_or(|before| differs(before, &body)) {
            context.screen.show(&body, size);
        }
        if context.progress.closed() {
            return Ok(Outcome::new(Body::Shown));
        }
        before = Some(body);
        if let Some(signal) = signals.wait(pause)? {
            if size.is_some() {
                // The shell's prompt belongs on a line of its own, not beside '^C'.
                context.progress.say(&Step::Answer("\n"));
            }
            return Ok(Outcome::new(Body::Shown).exit(Exit::Signal(signal).code()));
        }
    }
}

/// Whether the two say something else, the time apart.
fn differs(one: &Body, other: &Body) -> bool {
    match (one, other) {
        (Body::Standing { view: one, .. }, Body::Standing { view: other, .. }) => one != other,
        (one, other) => one != other,
    }
}
