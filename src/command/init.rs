//! `git chant init`

use super::Context;
use crate::{
    agent::preset,
    answer::{Initialized, outcome::Outcome},
    cli::init::InitArgs,
    error::{Error, Kind, Result},
    git::{branch, reference::branch_name},
    project::Project,
    upkeep::{
        import,
        setup::{self, Options},
    },
};

pub(super) fn run(context: &Context<'_>, args: &InitArgs) -> Result<Outcome> {
    let project = context.project()?;
    refuse_blocked(&project)?;
    let silent = args.silent || project.silent;
    let notes = args.notes || (!args.no_notes && !silent && agreed(context, &project, args)?);
    let name = args.agent.as_deref();
    let agent = name.and_then(preset::named);
    let lacks = agent.is_some_and(|agent| !silent && setup::lacks_skill(&project, agent));
    let skill = match args.skill || !lacks || args.dry_run || !may_ask(context) {
        false => context.env.confirm("Give the agent a skill for adding, noting and failing specs?")?,
        true => args.skill,
    };
    let options = Options { silent: args.silent, notes, hooks: args.hooks, agent: name, skill };
    let changes = setup::init(&project, options)?;
    let kept = setup::kept(&project, options)?;
    if !args.dry_run {
        changes.iter().try_for_each(|change| setup::apply(&project, change))?;
    }
    let points = changes.iter().any(|change| matches!(change, setup::Change::Point(_)));
    let changes = changes.iter().flat_map(|change| change.sentences(!args.dry_run)).collect();
    let path = setup::top(&project, silent)?.join(".chant");
    let mut outcome = Outcome::new(Initialized { path: path.into(), silent, dry_run: args.dry_run, changes, kept });
    let asked = may_ask(context) && !args.dry_run;
    if !notes && !args.no_notes && !asked && !silent && setup::lacks_notes(&project) {
        outcome = outcome.hint("to keep notes on amended and rebased commits: git chant init --notes");
    }
    if let Some(rule) = setup::hidden_by(&project)?.filter(|_| !silent) {
        let what = format!("'.chant/' is ignored by {rule}, so no commit can take specs and research");
        outcome = outcome.warning(what).hint("to allow them: echo '!/.chant/' >>.gitignore");
        outcome = outcome.hint("to keep them out of history: git chant init --silent");
    }
    if import::is_due(&project)? {
        outcome = outcome.hint("to import the specs of chant: git chant import");
    }
    if args.hooks {
        outcome = setup::hooks::look(&project)?.left_alone().into_iter().fold(outcome, Outcome::warning);
    }
    if let Some(agent) = agent.filter(|_| silent) {
        let hint = "silent mode writes no shared file; to tell the agent of specs, add a hook of your own";
        outcome = outcome.hint(format!("{hint} at the start of its sessions: git chant instructions --hook-json"));
        outcome = outcome.hint(format!("not changing '{}'", agent.instructions));
    }
    if let Some(agent) = agent.filter(|_| lacks && !skill && !asked) {
        let hint = "to give it a skill for adding, noting and failing specs";
        outcome = outcome.hint(format!("{hint}: git chant init --agent {} --skill", agent.name));
    }
    if let Some(agent) = agent.filter(|_| points)
        && let Some(reads) = agent.reads
    {
        outcome = outcome.hint(format!("{} looks there only where that is set: {reads}", agent.name));
    }
    if name.is_none() && project.config().agent()?.is_none() {
        outcome = project.agent_hints().into_iter().fold(outcome, Outcome::hint);
    }
    Ok(outcome)
}

/// Whether a person is there to be asked, and wants to be.
fn may_ask(context: &Context<'_>) -> bool {
    context.interactive && !context.quiet
}

/// Refuses a branch with the name of the prefix: git could create no work branch beside it.
fn refuse_blocked(project: &Project) -> Result<()> {
    let probe = branch_name(&format!("{}probe", project.config().branch_prefix()?))?;
    let Some(blocker) = branch::blocker(&project.repo, probe.as_ref())? else { return Ok(()) };
    let message = format!("the ref '{}' blocks work branches", blocker.as_bstr());
    Err(Error::fatal(Kind::BranchBlocked, message)
        .hint("rename that branch, or choose another prefix: git config chant.branchPrefix <prefix>"))
}

/// Whether the person at the terminal wants git to keep the notes. Without a terminal nothing is set that was not asked for.
fn agreed(context: &Context<'_>, project: &Project, args: &InitArgs) -> Result<bool> {
    if !may_ask(context) || args.dry_run || !setup::lacks_notes(project) {
        return Ok(false);
    }
    context.env.confirm("Keep notes on amended and rebased commits, and show them in git log?")
}
