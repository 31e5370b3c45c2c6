//! `git chant hook <event>`: what git's hooks call. It fails no command of git, except a commit of specs with errors.

use std::{ffi::OsString, path::Path};

use gix::ObjectId;

use super::Context;
use crate::{
    answer::{Nothing, Problems, outcome::Outcome},
    attempt::recover,
    cli::hooks::HookArgs,
    domain::{diagnostic::Severity, hook::Hook},
    error::Result,
    exchange::sync,
    project::Project,
    query::lint,
    upkeep::hook::{self, HOOKS_VARIABLE, MessageStage},
};

/// How much of git's input to `post-rewrite` is read, in bytes.
const MOST: usize = 64 << 20;

pub(super) fn run(context: &Context<'_>, args: &HookArgs) -> Result<Outcome> {
    let nothing = || Outcome::new(Nothing {});
    let Ok(hook) = args.event.parse::<Hook>() else { return Ok(nothing()) };
    if context.env.text(HOOKS_VARIABLE) == Some("0") {
        return Ok(nothing());
    }
    Ok(match called(context, hook, &args.args) {
        Ok(outcome) => outcome,
        Err(error) => nothing().warning(format!("git-chant's {hook} hook failed: {}", error.message)),
    })
}

fn called(context: &Context<'_>, hook: Hook, args: &[OsString]) -> Result<Outcome> {
    let nothing = Outcome::new(Nothing {});
    let text = |at: usize| args.get(at).and_then(|arg| arg.to_str());
    // What an agent does is recorded when it is done.
    let records = !matches!(hook, Hook::PreCommit | Hook::PrepareCommitMsg | Hook::CommitMsg);
    if records && context.inside()?.is_some() {
        return Ok(nothing);
    }
    match hook {
        Hook::PreCommit => return pre_commit(context, &context.project()?),
        Hook::PrepareCommitMsg | Hook::CommitMsg => {
            if let Some(file) = args.first() {
                let file = context.env.cwd().join(file);
                let stage =
                    if hook == Hook::CommitMsg { MessageStage::Written } else { MessageStage::Prepared(text(1)) };
                hook::name_spec(&context.project()?, &file, stage)?;
            }
        }
        // A squash has not moved the branch yet.
        Hook::PostMerge if text(0) == Some("1") => {}
        Hook::PostMerge => {
            let project = context.project()?;
            complete(context, &project, hook::last_merge(&project)?)?;
        }
        Hook::PostRewrite => {
            let project = context.project()?;
            let pairs = context.env.read_stdin(MOST).unwrap_or_default();
            hook::rewritten(&project, &pairs)?;
            complete(context, &project, None)?;
        }
        Hook::PostCheckout => {
            let id = |at| text(at).and_then(|id| id.parse::<ObjectId>().ok()).filter(|id| !id.is_null());
            let moved = matches!((id(0), id(1)), (Some(old), Some(new)) if old != new);
            if moved && text(2) == Some("1") {
                complete(context, &context.project()?, None)?;
            }
        }
        Hook::PrePush => {
            if let Some(remote) = text(0) {
                return offer(&context.project()?, remote);
            }
        }
    }
    Ok(nothing)
}

/// Checks the specs that are staged. Errors stop the commit; warnings do not.
fn pre_commit(context: &Context<'_>, project: &Project) -> Result<Outcome> {
    let index = context.env.var("GIT_INDEX_FILE").map(|index| context.env.cwd().join(Path::new(index)));
    let staged = hook::staged(project, index.as_deref())?;
    if staged.is_empty() {
        return Ok(Outcome::new(Nothing {}));
    }
    let texts: Vec<_> = staged.iter().map(|one| (one.path.as_str(), one.bytes.as_deref())).collect();
    let problems = lint::lint_texts(project, &texts)?;
    if problems.is_empty() {
        return Ok(Outcome::new(Nothing {}));
    }
    let wrong = problems.iter().any(|problem| problem.severity == Severity::Error);
    let outcome = Outcome::new(Problems { problems });
    Ok(if wrong { outcome.hint("to commit anyway: git commit --no-verify") } else { outcome })
}

/// Records the completion of specs whose work has reached its target.
fn complete(context: &Context<'_>, project: &Project, between: Option<(ObjectId, ObjectId)>) -> Result<()> {
    recover::heal_finished(project, &hook::candidates(project, between)?, context.progress)
}

/// Hints at what a sync would push. Whether to push is the person's decision.
fn offer(project: &Project, remote: &str) -> Result<Outcome> {
    let nothing = Outcome::new(Nothing {});
    let unwanted = project.repo.gix().config_snapshot().boolean("advice.chantPush") == Some(false);
    let due = if unwanted { 0 } else { sync::unpushed(project, remote)? };
    if due == 0 {
        return Ok(nothing);
    }
    let refs = sync::counted(due);
    Ok(nothing.hint(format!("spec updates not pushed to '{remote}' ({refs}): git chant sync")))
}
