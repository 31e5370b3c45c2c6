//! `chant.worktreeSetup` in the worktree of an attempt: running it. What is no work of the agent because of it is in `prepared`.

use std::path::Path;

use crate::{
    agent::process::{self, Run},
    answer::progress::{Progress, Pulse, Step},
    attempt::{check, plan::Plan, prepared},
    domain::activity::Activity,
    error::Result,
    git::worktree,
    project::Project,
    specs::agent_run,
};

/// Runs `chant.worktreeSetup` in the new worktree, and shows what it prints while it runs. What it changes and adds there is noted: it is no
/// work as long as it stays so. Git does not look for its changes of tracked files there, so that no commit of the agent takes them.
///
/// # Errors
/// `worktree-setup` if it fails.
pub(super) fn run(project: &Project, plan: &Plan, worktree: &Path, progress: &dyn Progress) -> Result<()> {
    let mut ran = false;
    check::set_up(project, worktree, |command| {
        ran = true;
        let mut pulse = Pulse::new(progress, project.config().progress()?, Activity::new(command));
        let mut tick = || pulse.tick();
        let mut sink = |line: &str| {
            if !line.trim().is_empty() {
                progress.say(&Step::Running { command, line });
            }
        };
        progress.say(&Step::Running { command, line: "" });
        let mut run = Run::new(command, worktree);
        run.env = agent_run::environment(project, &plan.id);
        run.tick = Some(&mut tick);
        run.sink = Some(&mut sink);
        let finished = process::run(run);
        progress.say(&Step::Ran);
        finished
    })?;
    match worktree::find(&project.repo, worktree)?.filter(|_| ran) {
        Some(tree) => prepared::note(project, &plan.id, &tree, progress),
        None => prepared::forget(project, &plan.id),
    }
}
