//! `git chant status`: the open specs, once or repeatedly.

use super::{Context, fetched};
use crate::{
    agent::interrupt::Interrupts,
    answer::{
        StatusAnswer, TopicAnswer,
        outcome::{Answer, Outcome},
        progress::Step,
    },
    cli::status::StatusArgs,
    error::{Exit, Kind, Result},
    project::Project,
    query::{
        status::{pull, status},
        topic,
    },
    specs::merging::Merges,
    upkeep::setup,
};

pub(super) fn run(context: &Context<'_>, args: &StatusArgs) -> Result<Outcome> {
    let merges = Merges::default();
    match args.watch {
        Some(_) => watch(context, args, &merges),
        None => look(context, args, &merges),
    }
}

/// The answer as it is now.
fn look(context: &Context<'_>, args: &StatusArgs, merges: &Merges) -> Result<Outcome> {
    let project = context.project()?;
    if let Some(topic) = &args.topic {
        let (topic, hints) = topic::topic(&project, topic)?;
        let outcome = Outcome::new(TopicAnswer { topic });
        return Ok(hints.into_iter().chain(fetched::hint(&project)?).fold(outcome, Outcome::hint));
    }
    let status = status(&project, merges)?;
    let hints = gives_advice(context, &project);
    let mut outcome = Outcome::new(StatusAnswer { status, now: context.env.now().as_second(), hints });
    if let Some(what) = setup::hooks::lost(&project)? {
        outcome = outcome.warning(what).hint(setup::hooks::AGAIN);
    }
    let advice =
        if hints { [pull::in_its_way(&project)?, setup::to_complete_fetches(&project)?] } else { [None, None] };
    Ok(fetched::hint(&project)?.into_iter().chain(advice.into_iter().flatten()).fold(outcome, Outcome::hint))
}

/// Whether `git status` would say what to do next.
fn gives_advice(context: &Context<'_>, project: &Project) -> bool {
    let forbidden = context.env.text("GIT_ADVICE").is_some_and(|value| matches!(value, "0" | "false" | "no" | "off"));
    !context.quiet && !forbidden && project.repo.gix().config_snapshot().boolean("advice.statusHints").unwrap_or(true)
}

/// Shows the answer until a signal comes. At a terminal it is shown each time, since durations change; elsewhere only after another
/// change.
fn watch(context: &Context<'_>, args: &StatusArgs, merges: &Merges) -> Result<Outcome> {
    let pause = args.watch.unwrap_or_default();
    let mut signals = Interrupts::listen()?;
    let mut before: Option<Box<dyn Answer>> = None;
    loop {
        let size = context.env.screen();
        let (now, same) = match (look(context, args, merges), before.take()) {
            (Ok(outcome), before) => {
                let Some(now) = outcome.answer else { return Ok(outcome) };
                // The time is not in what is compared.
                let same = before.is_some_and(|before| before.json(false) == now.json(false));
                (now, same)
            }
            // Another process removed a file while this one read it.
            (Err(error), Some(before)) if error.kind == Kind::GitVanished => (before, true),
            (Err(error), _) => return Err(error),
        };
        if size.is_some() || !same {
            context.screen.show(now.as_ref(), size);
        }
        if context.progress.closed() {
            return Ok(Outcome::shown());
        }
        before = Some(now);
        if let Some(signal) = signals.wait(pause)? {
            if size.is_some() {
                // The shell's prompt belongs on a line of its own, not beside '^C'.
                context.progress.say(&Step::Answer("\n"));
            }
            return Ok(Outcome::shown().exit(Exit::Signal(signal).code()));
        }
    }
}
