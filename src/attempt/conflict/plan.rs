//! Plans how a conflict is resolved: everything that is decided before anything is changed.

use crate::{
    attempt::{ended::Waits, merge::Conflict},
    domain::{id::SpecId, state::State},
    error::{Error, Kind, Result},
    git::{
        status,
        worktree::{Worktree, busy::busy_in},
    },
    project::{
        Project,
        agent::{Agent, MANUAL},
        trust::CustomPrompt,
    },
    specs::{
        attempt::Attempt,
        confined::{self, Runs},
    },
};

/// The name of the instructions, which the repository may replace.
const PROMPT: &str = "conflict";

/// How a conflict is to be resolved.
#[derive(Debug)]
pub(crate) struct Plan {
    /// The attempt whose work it is.
    pub attempt: Attempt,
    /// Its worktree, clean.
    pub tree: Worktree,
    /// The conflict.
    pub conflict: Conflict,
    /// Who resolves it.
    pub agent: Agent,
    /// Instructions of the repository's own.
    pub prompt: Option<CustomPrompt>,
}

impl Plan {
    /// What finished work waits for whose conflict was not resolved so.
    pub(crate) fn unresolved(&self, why: &str) -> Waits {
        let what = format!("cannot resolve its conflict with '{}': {why}", self.conflict.name);
        Waits::new(what)
            .hint(format!("to read the agent's output: git chant log {} --agent", self.attempt.id.short()))
            .hints(self.conflict.hints.clone())
            .hint(format!("if the work is not wanted: git chant cancel {}", self.attempt.id.short()))
    }
}

/// Decides how the `conflict` of a finished spec is resolved by the agent that was `asked` for, or says why it cannot be.
///
/// # Errors
/// `no-agent`; `no-worktree` if its worktree is missing; `dirty-worktree` if there is something in it that is not committed, and
/// `under-way` if it is being merged or rebased there already: a person works there.
pub(crate) fn plan(
    project: &Project,
    id: &SpecId,
    state: &State,
    conflict: Conflict,
    asked: Option<&str>,
) -> Result<Plan> {
    let attempt = project.attempt(id, state)?;
    let short = id.short();
    let agent = Agent::choose(project, &attempt.spec, asked, None)?;
    if agent.name == MANUAL {
        return Err(Error::usage(Kind::NoAgent, "the agent 'manual' is you")
            .hint(format!("resolve it in its worktree (git chant path {short}), then: git chant merge {short}")));
    }
    let branch = attempt.branch.shorten().to_string();
    let Some(tree) = project.worktree_of(id)?.filter(|tree| tree.path.is_dir() && tree.is_on(attempt.branch.as_ref()))
    else {
        let place = project.meant_worktree(id)?;
        return Err(Error::negative(Kind::NoWorktree, format!("'{branch}' is not checked out in any worktree"))
            .hint(format!("git worktree add {} {branch}", shell_words::quote(&place.to_string_lossy()))));
    };
    let path = tree.path.display().to_string();
    if tree.is_merging() || !busy_in(&project.repo, attempt.branch.as_ref())?.is_empty() {
        return Err(Error::negative(
            Kind::UnderWay,
            format!("'{branch}' is being merged or rebased in '{path}' already"),
        )
        .hint(format!("finish or abort that there, then: git chant merge {short}")));
    }
    let worktree = confined::attempt_worktree(project, id, attempt.start, &tree, None, Runs::Filters)?;
    let dirty = status::status(&worktree.tree)?;
    if !dirty.is_empty() {
        let paths: Vec<String> = dirty.iter().map(ToString::to_string).collect();
        return Err(Error::negative(
            Kind::DirtyWorktree,
            format!("there are uncommitted changes in '{path}': {}", paths.join(", ")),
        )
        .hint("commit them there, or move them away"));
    }
    let prompt = project.prompt_file(attempt.base, PROMPT)?;
    if let Some(prompt) = &prompt {
        prompt.check()?;
    }
    Ok(Plan { attempt, tree, conflict, agent, prompt })
}

impl Plan {
    /// The instructions: the repository's own, or the built-in ones.
    pub(super) fn instructions(&self) -> &str {
        let built_in = || crate::agent::prompt::named(PROMPT).unwrap_or_default();
        self.prompt.as_ref().map_or_else(built_in, |prompt| &prompt.text)
    }
}
