//! A decided attempt, as data: what it starts from, who works on it and what they are told. The decisions are made in `start` and
//! `resume`.

use std::time::Duration;

use gix::ObjectId;

use crate::{
    agent::prompt::usual_name,
    answer::{
        AttemptProgress,
        progress::{Progress, Step},
    },
    domain::{check_line::CheckLine, enumeration::enumerate, id::SpecId, spec_file::Spec, status::Status},
    error::{Error, Kind, Result},
    git::worktree::Worktree,
    project::{Project, agent::Agent, branches::join_hint, target::short_name, trust::CustomPrompt},
    specs::{all::Specs, inputs::Input, text::Text},
};

/// What a person asked for.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Request<'a> {
    /// The agent, by name.
    pub agent: Option<&'a str>,
    /// The branch that the work is for.
    pub onto: Option<&'a str>,
    /// How long the agent may take.
    pub timeout: Option<Duration>,
    /// The prompt, by name, in the place of the spec's own.
    pub prompt: Option<&'a str>,
    /// Whether a new attempt begins where the last one could go on.
    pub fresh: bool,
}

/// A decided attempt.
#[derive(Debug)]
pub(crate) struct Plan {
    /// The spec.
    pub id: SpecId,
    /// Its text.
    pub text: Text,
    /// What the text says.
    pub spec: Spec,
    /// The text that the worktree begins with: in a spec that is worked again no criterion is ticked, and no release notes stand.
    pub first_text: Vec<u8>,
    /// The commit to start from.
    pub base: ObjectId,
    /// The branch that the work is for, a full ref name.
    pub target: Option<String>,
    /// The agent.
    pub agent: Agent,
    /// The pinned inputs.
    pub inputs: Vec<Input>,
    /// In silent mode: the target files under `.chant/` that are there already, in no commit, for the agent to continue.
    pub existing: Vec<(String, Vec<u8>)>,
    /// The tips of the specs that inform it.
    pub informed: Vec<ObjectId>,
    /// Instructions of the repository's own.
    pub prompt: Option<CustomPrompt>,
    /// The attempt that decided the status when the plan was made.
    pub before: Option<ObjectId>,
    /// The attempt that goes on, unless a new one begins.
    pub resumed: Option<Resumed>,
}

impl Plan {
    /// The title, or the short id.
    pub(crate) fn title(&self) -> &str {
        self.spec.title.as_deref().unwrap_or_else(|| self.id.short())
    }
}

/// An attempt that goes on.
#[derive(Debug)]
pub(crate) struct Resumed {
    /// Its start event.
    pub attempt: ObjectId,
    /// Its worktree.
    pub worktree: Worktree,
    /// What it has come to.
    pub so_far: AttemptProgress,
    /// What did not pass, where its checks failed.
    pub failed: Vec<CheckLine>,
    /// The status of the spec when the plan was made.
    pub status: Status,
    /// Whether the text of the spec is another by now: what counts is the one that was pinned.
    pub text_changed: bool,
}

/// Says that an agent takes the place of those that were chosen before it and are not on this machine.
pub(super) fn say_instead(project: &Project, plan: &Plan, progress: &dyn Progress) -> Result<()> {
    let (chosen, here) = (project.config().chosen_agents()?, project.agents_here()?);
    let is_next = here.first() == Some(&plan.agent.name) && chosen.first() != here.first();
    if is_next && plan.resumed.is_none() && plan.spec.front.agent.is_none() {
        let missing: Vec<&String> = chosen.iter().take_while(|name| !here.contains(name)).collect();
        let note = format!("not on this machine: {}; using '{}'", enumerate(&missing), plan.agent.name);
        progress.say(&Step::Note(note));
    }
    Ok(())
}

/// Says what a new attempt begins with where that is not what its target holds here, and where the target has diverged from what was fetched
/// of it, or is a new branch that a person `named`.
pub(super) fn say_base(project: &Project, plan: &Plan, named: bool, progress: &dyn Progress) -> Result<()> {
    let Some(target) = plan.target.as_deref().filter(|_| plan.resumed.is_none()) else { return Ok(()) };
    let branch = short_name(target);
    let Some(tip) = project.branch_tip(target)? else {
        let what = if named { project.new_branch(target)? } else { None };
        what.into_iter().for_each(|what| progress.say(&Step::Note(what)));
        return Ok(());
    };
    if plan.base != tip
        && let Some(newer) = project.fetched_ahead(target, tip)?
    {
        progress.say(&Step::Note(format!("beginning at '{}', which is ahead of '{branch}'", newer.name)));
    } else if let Some(other) = project.diverged(target, tip)? {
        let name = &other.name;
        progress.say(&Step::Warning(format!("'{branch}' and '{name}' have diverged; beginning at '{branch}'")));
        progress.say(&Step::Hint(join_hint(branch, name)));
    }
    Ok(())
}

/// Says which of the research that a new attempt rests on is out of date.
pub(super) fn say_stale(project: &Project, plan: &Plan, progress: &dyn Progress) -> Result<()> {
    if plan.resumed.is_some() {
        return Ok(());
    }
    for stale in Specs::new(project)?.stale_research(&plan.id, plan.base)? {
        progress.say(&Step::Warning(stale.what));
        progress.say(&Step::Hint(format!("to repeat it: {}", stale.again)));
    }
    Ok(())
}

/// The repository's own instructions for `spec`, if it has some, or the ones that were `asked` for; without them the built-in ones count.
pub(super) fn instructions(
    project: &Project,
    base: ObjectId,
    spec: &Spec,
    asked: Option<&str>,
) -> Result<Option<CustomPrompt>> {
    let prompt = match asked.or(spec.front.prompt.as_deref()) {
        Some(name) => custom_prompt(project, base, name)?,
        // The built-in instructions can be replaced without each spec naming its own.
        None => project.prompt_file(Some(base), usual_name(spec.front.known_phase(), spec.front.kind))?,
    };
    if let Some(prompt) = &prompt {
        prompt.check()?;
    }
    Ok(prompt)
}

/// The repository's own prompt of that name, otherwise a built-in one.
fn custom_prompt(project: &Project, base: ObjectId, name: &str) -> Result<Option<CustomPrompt>> {
    if let Some(own) = project.prompt_file(Some(base), name)? {
        return Ok(Some(own));
    }
    match crate::agent::prompt::named(name) {
        Some(text) => {
            let blob = project.store()?.blob_id(text.as_bytes());
            let prompt = CustomPrompt { path: name.to_owned(), text: text.to_owned(), blob };
            project.trust(&prompt.subject(), blob)?;
            Ok(Some(prompt))
        }
        None => Err(Error::negative(Kind::UnknownPrompt, format!("there is no prompt '{}'", name.escape_debug()))
            .hint(format!("looked in '.chant/prompts/{name}.md'"))),
    }
}
