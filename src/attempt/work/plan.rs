//! Everything that is decided before anything is changed.

use std::time::Duration;

use gix::ObjectId;

use super::resume::{self, GoesOn};
pub(super) use crate::attempt::session::Agent;
use crate::{
    agent::prompt::usual_name,
    domain::{event::Pin, id::SpecId, readiness::Obstacle, spec::Spec, state::State, status::Status},
    error::{Error, Result},
    git::{attribute, branch},
    project::{Project, trust::CustomPrompt},
    specs::{
        attempt::MANUAL,
        inputs::Input,
        text::Text,
        world::{Entry, World},
    },
};

/// What a person asked for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Request {
    /// The agent, by name.
    pub agent: Option<String>,
    /// The branch that the work is for.
    pub onto: Option<String>,
    /// How long the agent may take.
    pub timeout: Option<Duration>,
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
    /// The commit to start from.
    pub base: ObjectId,
    /// The branch that the work is for, a full ref name.
    pub target: Option<String>,
    /// The agent.
    pub agent: Agent,
    /// The pinned inputs.
    pub inputs: Vec<Input>,
    /// In silent mode: the target files under `.chant/` that are there already, in no commit, for the agent to go on with.
    pub existing: Vec<(String, Vec<u8>)>,
    /// The tips of the specs that inform it.
    pub informed: Vec<ObjectId>,
    /// Instructions of the repository's own.
    pub prompt: Option<CustomPrompt>,
    /// The attempt that goes on, unless a new one begins.
    pub goes_on: Option<GoesOn>,
}

impl Plan {
    /// The title, or the short id.
    pub(crate) fn title(&self) -> &str {
        self.spec.title.as_deref().unwrap_or_else(|| self.id.short())
    }
}

/// Decides an attempt at `id`, or says why there can be none.
///
/// # Errors
/// `no-commits` on an unborn branch, `no-agent`, `invalid-spec`, `in-progress` with who and since when, `not-ready` with every
/// reason.
pub(crate) fn plan(project: &Project, id: &SpecId, request: &Request) -> Result<Plan> {
    let world = World::new(project)?.checking_signatures();
    let entry = world.entry(id)?;
    if let Some(plan) = resume::plan(project, &entry, request)? {
        return Ok(plan);
    }
    // First what a person would want to hear first: it does not exist, it is taken, it is over, it cannot be read.
    let Some(loaded) = &entry.loaded else {
        return Err(Error::fatal("no-text", format!("the text of '{}' cannot be found", id.short()))
            .hint("its file is on no branch that can be seen from here"));
    };
    let (text, spec) = loaded.valid(id)?;
    startable(project, &entry)?;
    let recorded = entry.state.as_ref().and_then(|state| state.facts.onto.clone());
    let aim = match &request.onto {
        Some(onto) => Some(onto.clone()),
        None => project.aim(&spec.front, recorded.as_deref())?,
    };
    let (base, target) = project.begin_at(aim.as_deref())?;
    let world = world.seen_from(Some(base));
    ready(&world, &entry)?;
    let agent = Agent::choose(project, spec, request.agent.as_deref(), request.timeout)?;
    let prompt = instructions(project, base, spec)?;
    let base_files = world.base_at(Some(base));
    let mut inputs: Vec<Input> = Vec::new();
    // A path that is named twice, or named and matched, is one input.
    let mut add = |found: Vec<Input>| {
        for input in found {
            if !inputs.iter().any(|known| known.pin == input.pin) {
                inputs.push(input);
            }
        }
    };
    for written in &spec.front.informed_by {
        add(project.read_inputs(&world.census, &base_files, written)?);
    }
    for written in spec.front.origin.iter().chain(&spec.front.tracks) {
        match project.read_inputs(&world.census, &base_files, written) {
            Ok(found) => add(found),
            // What is to be written yet is no input yet.
            Err(error) if error.code == "missing-input" => {}
            Err(error) => return Err(error),
        }
    }
    let informed = informed(&world, spec, &inputs)?;
    super::place::refuse_elsewhere(project, id)?;
    refuse_filtered(project, &text.path)?;
    if let Some(blocker) = branch::blocker(&project.repo, project.branch_ref(id)?.as_ref())? {
        return Err(Error::fatal(
            "branch-blocked",
            format!("the branch '{}' cannot be made: '{}' exists", project.branch(id)?, blocker.shorten()),
        )
        .hint("rename that branch, or choose another prefix: git config chant.branchPrefix <prefix>"));
    }
    let existing = project.documents(spec)?;
    let (id, text, spec) = (id.clone(), text.clone(), spec.clone());
    Ok(Plan { id, text, spec, base, target, agent, inputs, existing, informed, prompt, goes_on: None })
}

/// Refuses a spec file that a program rewrites on its way into git: its text would never be the one that was pinned.
fn refuse_filtered(project: &Project, path: &str) -> Result<()> {
    if project.silent || project.repo.work_dir().is_none() {
        return Ok(());
    }
    let Some(name) = attribute::filter_of(&project.repo, path)? else { return Ok(()) };
    Err(Error::fatal("filtered-spec", format!("the spec file '{path}' goes through the filter '{name}'"))
        .hint("what is recorded about a spec is its very text: exempt specs from the filter")
        .hint("echo '/.chant/** !filter' >>.gitattributes"))
}

/// Refuses what is taken or over, naming who has it and since when.
fn startable(project: &Project, entry: &Entry) -> Result<()> {
    let short = entry.id.short();
    if let Some(broken) = &entry.broken {
        return Err(Error::fatal("bad-chain", broken.clone()));
    }
    match entry.status {
        Status::Pending | Status::Failed | Status::Paused => Ok(()),
        Status::InProgress => Err(taken(project, &entry.id, entry.state.as_deref())?),
        Status::Finished => {
            Err(Error::negative("not-allowed", format!("'{short}' is finished and waits to be merged"))
                .hint(format!("to merge it: git chant merge {short}"))
                .hint(format!("to do it again: git chant reset {short}")))
        }
        Status::Completed | Status::Cancelled => {
            Err(Error::negative("not-allowed", format!("'{short}' is {}", entry.status))
                .hint(format!("to do it again: git chant reset {short}")))
        }
        Status::Archived => Err(Error::negative("not-allowed", format!("'{short}' is archived"))
            .hint(format!("to take it out: git chant unarchive {short}"))),
    }
}

/// The error for a spec that somebody works on: who, and since when.
pub(super) fn taken(project: &Project, id: &SpecId, state: Option<&State>) -> Result<Error> {
    let short = id.short();
    let Some(state) = state else {
        return Ok(Error::negative("in-progress", format!("'{short}' is being worked on")));
    };
    let start = state.attempt.map(|start| project.store()?.event(id, start)).transpose()?;
    let (who, since, here) = match start {
        Some(Ok(event)) => (
            format!("{} <{}>", event.author.name, event.author.email),
            crate::specs::view::rfc3339(event.author.seconds, event.author.offset),
            event.facts.clone.as_deref() == Some(project.clone_name()),
        ),
        _ => ("somebody".to_owned(), "some time".to_owned(), false),
    };
    let by = state.facts.agent.as_deref().map(|agent| format!(" with {agent}")).unwrap_or_default();
    let elsewhere = if here { "" } else { " in another clone" };
    let error =
        Error::negative("in-progress", format!("'{short}' is being worked on{elsewhere} by {who}{by} since {since}"));
    let release = format!("if you know that it is dead: git chant release {short}");
    Ok(if !here {
        error.hint(release)
    } else if state.facts.agent.as_deref() == Some(MANUAL) {
        error
            .hint(format!("when the work is done: git chant finish {short}"))
            .hint(format!("to give it up: git chant release {short}"))
    } else {
        error.hint(format!("to see what it does: git chant log {short} --agent -f")).hint(release)
    })
}

fn ready(world: &World<'_>, entry: &Entry) -> Result<()> {
    let mut reasons = world.reasons(entry)?;
    reasons.retain(|reason| reason.obstacle != Obstacle::Status);
    let short = entry.id.short();
    let Some(first) = reasons.first() else { return Ok(()) };
    let code = if first.obstacle == Obstacle::Cycle { "cycle" } else { "not-ready" };
    let mut error = match reasons.as_slice() {
        [only] => Error::negative(code, format!("'{short}' is not ready: {}", only.why)),
        several => {
            let why: Vec<&str> = several.iter().map(|reason| reason.why.as_str()).collect();
            Error::negative(code, format!("'{short}' is not ready: {}", why.join("; ")))
        }
    };
    for reason in &reasons {
        error = match reason.obstacle {
            Obstacle::Approval => error.hint(format!("read it, then: git chant approve {short}")),
            Obstacle::Gate if reason.what == "driver" => members_hint(world, entry, error)?,
            Obstacle::Gate => error.hint(format!("when you have done it: git chant finish {short}")),
            Obstacle::Contended => {
                error.hint(format!("see 'git chant log {short}', then: git chant resolve {short} --keep <attempt>"))
            }
            Obstacle::Base => error
                .hint("bring that work into the base, or work onto a branch that has it: --onto <branch>")
                .hint(format!("if it is there in another form, take it out of 'depends_on': git chant edit {short}")),
            _ => error,
        };
    }
    Err(error)
}

/// Which member of a driver comes next.
fn members_hint(world: &World<'_>, entry: &Entry, error: Error) -> Result<Error> {
    for member in world.members(&entry.id)? {
        let member = world.entry(&member)?;
        if world.reasons(&member)?.is_empty() {
            return Ok(error.hint(format!("the next of its members: git chant work {}", member.id.short())));
        }
    }
    Ok(error.hint(format!("to give it members: git chant split {}", entry.id.short())))
}

/// The repository's own instructions for `spec`, if it has some; without them the built-in ones count.
pub(super) fn instructions(project: &Project, base: ObjectId, spec: &Spec) -> Result<Option<CustomPrompt>> {
    let prompt = match &spec.front.prompt {
        Some(name) => custom_prompt(project, base, name)?,
        // The built-in instructions can be replaced without each spec naming its own.
        None => project.prompt_file(Some(base), usual_name(spec.front.phase.as_deref(), spec.front.kind))?,
    };
    if let Some(prompt) = &prompt {
        prompt.check()?;
    }
    Ok(prompt)
}

/// The repository's own prompt of that name, else a built-in one.
fn custom_prompt(project: &Project, base: ObjectId, name: &str) -> Result<Option<CustomPrompt>> {
    if let Some(own) = project.prompt_file(Some(base), name)? {
        return Ok(Some(own));
    }
    match crate::agent::prompt::named(name) {
        Some(text) => {
            let blob = project.store()?.blob_id(text.as_bytes());
            project.trust(blob)?;
            Ok(Some(CustomPrompt { path: name.to_owned(), text: text.to_owned(), blob }))
        }
        None => Err(Error::negative("unknown-prompt", format!("there is no prompt '{}'", name.escape_debug()))
            .hint(format!("it is looked for in '.chant/prompts/{name}.md'"))),
    }
}

/// The tips of the specs that inform this one: those it names, and those whose attempt wrote a file that it names.
fn informed(world: &World<'_>, spec: &Spec, inputs: &[Input]) -> Result<Vec<ObjectId>> {
    let mut tips = Vec::new();
    let mut add = |tip: ObjectId| {
        if !tips.contains(&tip) {
            tips.push(tip);
        }
    };
    let mut candidates = upstream(world, spec)?;
    for input in inputs {
        match &input.pin {
            Pin::Spec { event, .. } => add(*event),
            Pin::Path { path, .. } => {
                if let Some(tip) = producer(world, &mut candidates, path)? {
                    add(tip);
                }
            }
            Pin::Url(_) => {}
        }
    }
    Ok(tips)
}

/// The specs that this one depends on, directly and through others, nearest first.
fn upstream(world: &World<'_>, spec: &Spec) -> Result<Vec<SpecId>> {
    let mut found: Vec<SpecId> = Vec::new();
    let mut queue: std::collections::VecDeque<String> = spec.front.depends_on.iter().cloned().collect();
    while let Some(written) = queue.pop_front() {
        if let [id] = world.project.candidates(&world.census, &written)?.as_slice()
            && !found.contains(id)
        {
            found.push(id.clone());
            queue.extend(world.depends_on(id)?.iter().cloned());
        }
    }
    Ok(found)
}

/// The spec whose attempt wrote `path`: among those upstream, else the one that the last commit's note names.
fn producer(world: &World<'_>, candidates: &mut Vec<SpecId>, path: &str) -> Result<Option<ObjectId>> {
    for id in candidates.iter() {
        let entry = world.entry(id)?;
        if entry.spec().is_some_and(|spec| spec.front.target_files.iter().any(|target| target == path)) {
            return Ok(entry.state.as_ref().map(|state| state.tip));
        }
    }
    let log = crate::git::process::Git::at(&world.project.repo)
        .global("--literal-pathspecs")
        .args(["log", "-1", "--format=%H", "--no-notes", "HEAD", "--", path])
        .run()?;
    let Ok(commit) = log.line().parse::<ObjectId>() else { return Ok(None) };
    for line in world.project.store()?.note(commit)? {
        if let Some(id) = line.strip_prefix("Chant-Spec: ").and_then(|id| SpecId::new(id).ok())
            && let Some(tip) = world.census.tip(&id)?
        {
            candidates.push(id);
            return Ok(Some(tip));
        }
    }
    Ok(None)
}
