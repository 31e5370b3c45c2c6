//! Plans a new attempt: everything that is decided before anything is changed. How an earlier one is resumed is in `resume`.

use gix::{
    ObjectId,
    refs::{FullName, FullNameRef},
};

use super::{
    ended::Stop,
    plan::{Plan, Request, instructions},
    resume, worktree,
};
use crate::{
    domain::{
        event::{Event, Op, Pin},
        id::SpecId,
        readiness::Obstacle,
        spec_file::{self, Spec},
        state::State,
        status::Status,
    },
    error::{Error, Kind, Result},
    git::{attribute, branch, worktree as trees},
    project::{
        Project,
        agent::{Agent, MANUAL},
        branches::join_hint,
        target::short_name,
    },
    specs::{all::Specs, attempt::Attempt, cleanup::is_inside, entry::Entry, inputs::Input},
};

/// Decides an attempt at `id`, or says why there can be none.
///
/// # Errors
/// `bad-config` if a setting has a bad value, `no-commits` on an unborn branch, `no-agent`, `invalid-spec`, `in-progress` with who and since
/// when, `not-ready` with every reason.
pub(crate) fn plan(project: &Project, id: &SpecId, request: Request<'_>) -> Result<Plan, Stop> {
    project.config().check()?;
    let specs = Specs::new(project)?.checking_signatures();
    let entry = specs.entry(id)?;
    if let Some(plan) = resume::plan(project, &entry, request)? {
        return Ok(plan);
    }
    // First what a person would want to hear first: it does not exist, it is taken, it is over, it cannot be read.
    let Some(loaded) = &entry.loaded else {
        let error = Error::fatal(Kind::NoText, format!("the text of '{}' is missing", id.short()));
        return Err(error.hint("no branch in this clone has its file").into());
    };
    let (text, spec) = loaded.valid(id)?;
    startable(project, &entry)?;
    let recorded = entry.state.as_ref().and_then(|state| state.facts.onto.clone());
    // In the worktree of the spec its own branch is checked out, and that is not what the work is for.
    let own = own_attempt(project, &entry)?;
    let aim = match (request.onto, own.as_ref().and_then(Attempt::target_name)) {
        (Some(onto), _) | (None, Some(onto)) => Some(onto.to_owned()),
        (None, None) => {
            project.target_of((spec.front.phase.as_deref(), spec.front.topic.as_deref()), recorded.as_deref())?
        }
    };
    let (base, target) = project.begin_at(aim.as_deref())?;
    if let Some(target) = &target {
        require_reachable(project, target)?;
    }
    let specs = specs.seen_from(Some(base));
    ready(&specs, &entry)?;
    if let Some(plan) = resume::after_failure(&specs, &entry, request, target.as_deref())? {
        return Ok(plan);
    }
    if own.is_some() {
        let message = format!("cannot start over: you are in the worktree of '{}', which would be removed", id.short());
        let main = project.repo.main_work_dir().unwrap_or_default();
        let way_out = format!("leave it first: cd {}", shell_words::quote(&main.to_string_lossy()));
        return Err(Error::negative(Kind::Occupied, message).hint(way_out).into());
    }
    let agent = Agent::choose(project, spec, request.agent, request.timeout)?;
    agent.require_in(project, base)?;
    let prompt = instructions(project, base, spec, request.prompt)?;
    let inputs = inputs(&specs, id, spec, base, true)?;
    let informed = informed(&specs, Some(base), id, spec, &inputs)?;
    if let Err(in_the_way) =
        worktree::refuse_elsewhere(project, id).and_then(|()| worktree::refuse_occupied(project, id))
    {
        // It may be the worktree of another process that has claimed the spec since.
        startable(project, &Specs::new(project)?.entry(id)?)?;
        return Err(in_the_way.into());
    }
    refuse_filtered(project, &text.path)?;
    let way_out = "rename that branch, or choose another prefix: git config chant.branchPrefix <prefix>";
    refuse_blocked(project, project.branch_ref(id)?.as_ref(), way_out)?;
    let existing = project.documents(spec)?;
    let first_text = first_text(project, id, &text.bytes)?;
    let (id, text, spec) = (id.clone(), text.clone(), spec.clone());
    let before = entry.state.as_ref().and_then(|state| state.attempt);
    Ok(Plan {
        id,
        text,
        spec,
        first_text,
        base,
        target,
        agent,
        inputs,
        existing,
        informed,
        prompt,
        before,
        resumed: None,
    })
}

/// The attempt whose worktree the caller is in, if it is one at this spec.
fn own_attempt(project: &Project, entry: &Entry) -> Result<Option<Attempt>> {
    let (Some(state), Some(tree)) = (entry.state.as_deref(), project.worktree_of(&entry.id)?) else { return Ok(None) };
    let inside = state.attempt.is_some() && is_inside(project, &tree.path);
    inside.then(|| project.attempt(&entry.id, state)).transpose()
}

/// The inputs of a spec at `base`, each once, with the files that it is made from or describes as far as they exist.
///
/// # Errors
/// `missing-input` for an input that does not exist, unless not `all` have to.
pub(super) fn inputs(specs: &Specs<'_>, id: &SpecId, spec: &Spec, base: ObjectId, all: bool) -> Result<Vec<Input>> {
    let (project, base) = (specs.project, specs.base_at(Some(base)));
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
        let current = specs.current_input(id, written)?;
        match project.read_inputs(&specs.names, &base, &current)? {
            Some(found) => add(found),
            None if all => {
                let message = format!("the input '{}' does not exist", written.escape_debug());
                return Err(Error::negative(Kind::MissingInput, message)
                    .hint("looked in the base, and for uncommitted files in the work tree"));
            }
            None => {}
        }
    }
    for written in spec.front.origin.iter().chain(&spec.front.tracks) {
        // What is to be written yet is no input yet.
        add(project.read_inputs(&specs.names, &base, written)?.unwrap_or_default());
    }
    Ok(inputs)
}

/// The text that the worktree begins with. What an earlier attempt ticked and wrote as release notes says nothing of this one.
fn first_text(project: &Project, id: &SpecId, text: &[u8]) -> Result<Vec<u8>> {
    let store = project.store()?;
    let Some(tip) = store.tip(id)? else { return Ok(text.to_vec()) };
    let is_attempt = |event: &Event| matches!(event.op, Op::Start | Op::Finish);
    let again = store.walk(id, tip)?.history.events().iter().any(is_attempt);
    Ok(if again { spec_file::begun_again(text) } else { text.to_vec() })
}

/// Refuses a branch that cannot be made, since another has its name in a part of its own.
fn refuse_blocked(project: &Project, branch: &FullNameRef, way_out: &str) -> Result<()> {
    branch::refuse_blocked(&project.repo, branch).map_err(|error| error.hint(way_out))
}

/// Refuses a target that the work could never be merged into: one that cannot be made, or that a worktree is about to begin anew.
fn require_reachable(project: &Project, target: &str) -> Result<()> {
    project.require_target(target)?;
    let Ok(name) = FullName::try_from(target) else { return Ok(()) };
    if branch::read(&project.repo, name.as_ref())?.is_some() {
        return Ok(());
    }
    let unborn = trees::list(&project.repo)?.into_iter().find(|tree| tree.is_on(name.as_ref()));
    let Some(place) = unborn.filter(|tree| tree.path.is_dir()) else { return Ok(()) };
    let message =
        format!("the branch '{}' in '{}' does not have any commits yet", name.shorten(), place.path.display());
    Err(Error::fatal(Kind::NoCommits, message)
        .hint("to create a first commit: git commit --allow-empty -m \"Initial commit\""))
}

/// Refuses a spec file that a program rewrites on its way into git: its text would never be the one that was pinned.
fn refuse_filtered(project: &Project, path: &str) -> Result<()> {
    if project.silent || project.repo.work_dir().is_none() {
        return Ok(());
    }
    let Some(name) = attribute::filter_of(&project.repo, path)? else { return Ok(()) };
    Err(Error::fatal(Kind::FilteredSpec, format!("the spec file '{path}' goes through the filter '{name}'"))
        .hint("git-chant records a spec's exact text; to exempt specs from the filter:")
        .hint("echo '/.chant/** !filter' >>.gitattributes"))
}

/// Refuses what is taken or over, naming who has it and since when.
fn startable(project: &Project, entry: &Entry) -> Result<(), Stop> {
    let short = entry.id.short();
    if let Some(broken) = &entry.broken {
        return Err(Error::fatal(Kind::BadChain, broken.clone()).into());
    }
    let over = |what: &str| Error::negative(Kind::NotAllowed, format!("'{short}' is {what}"));
    let again = format!("to work on it again: git chant reset {short}");
    Err(Stop::Taken(match entry.status {
        Status::Pending | Status::Failed | Status::Paused => return Ok(()),
        Status::InProgress => taken(project, &entry.id, entry.state.as_deref())?,
        Status::Finished if entry.state.as_ref().is_some_and(|state| !state.unacknowledged().is_empty()) => {
            let changed = entry.state.as_ref().map(|state| state.unacknowledged().join("; ")).unwrap_or_default();
            over(&format!("finished and waiting for your acknowledgement: {changed}"))
                .hint(format!("to see the work: git chant show {short} --diff"))
                .hint(format!("to accept it: git chant accept {short} --reason \"...\""))
                .hint(again)
        }
        Status::Finished => {
            over("finished and waiting to be merged").hint(format!("to merge it: git chant merge {short}")).hint(again)
        }
        Status::Completed | Status::Cancelled => over(entry.status.as_str()).hint(again),
        Status::Archived => over("archived").hint(format!("to restore it: git chant archive --restore {short}")),
    }))
}

/// The error for a spec that is in progress: who works on it, and since when.
pub(super) fn taken(project: &Project, id: &SpecId, state: Option<&State>) -> Result<Error> {
    let short = id.short();
    let Some(state) = state else {
        return Ok(Error::negative(Kind::InProgress, format!("'{short}' is being worked on")));
    };
    let holder = state.attempt.map(|attempt| project.holder(id, attempt)).transpose()?.flatten();
    let (who, since, here) = match holder {
        Some(event) => (
            format!("{} <{}>", event.author.name, event.author.email),
            crate::specs::view::rfc3339(event.author.seconds, event.author.offset),
            event.facts.clone.as_deref() == Some(project.clone_name()),
        ),
        _ => ("an unknown person".to_owned(), "an unknown time".to_owned(), false),
    };
    let by = state.facts.agent.as_deref().map(|agent| format!(" with {agent}")).unwrap_or_default();
    let elsewhere = if here { "" } else { " in another clone" };
    let error = Error::negative(
        Kind::InProgress,
        format!("'{short}' is being worked on{elsewhere} by {who}{by} since {since}"),
    );
    let release = format!("if that run is dead: git chant release {short}");
    Ok(if !here {
        error.hint(release)
    } else if state.facts.agent.as_deref() == Some(MANUAL) {
        let there = project.worktree_of(id)?.is_some_and(|tree| tree.path.is_dir());
        let first = match there {
            true => format!("when the work is done: git chant finish {short}"),
            false => "its worktree is missing; if you moved it: git worktree repair <path>".to_owned(),
        };
        error.hint(first).hint(format!("to end the attempt and start over later: git chant release {short}"))
    } else {
        error.hint(format!("to see what it does: git chant log {short} --agent -f")).hint(release)
    })
}

fn ready(specs: &Specs<'_>, entry: &Entry) -> Result<(), Stop> {
    refuse(specs, entry, |obstacle| obstacle != Obstacle::Status)
}

/// Refuses what a person may not finish without an attempt either: what waits for other specs or for adoption.
pub(super) fn finishable(specs: &Specs<'_>, entry: &Entry) -> Result<(), Stop> {
    refuse(specs, entry, |obstacle| matches!(obstacle, Obstacle::Dependency | Obstacle::Cycle | Obstacle::Proposal))
}

fn refuse(specs: &Specs<'_>, entry: &Entry, counts: impl Fn(Obstacle) -> bool) -> Result<(), Stop> {
    let mut reasons = specs.reasons(&entry.facts())?;
    reasons.retain(|reason| counts(reason.obstacle));
    let short = entry.id.short();
    let Some(first) = reasons.first() else { return Ok(()) };
    let kind = if first.obstacle == Obstacle::Cycle { Kind::Cycle } else { Kind::NotReady };
    let mut error = match reasons.as_slice() {
        [only] => Error::negative(kind, format!("'{short}' is not ready: {}", only.why)),
        several => {
            let why: Vec<&str> = several.iter().map(|reason| reason.why.as_str()).collect();
            Error::negative(kind, format!("'{short}' is not ready: {}", why.join("; ")))
        }
    };
    for reason in &reasons {
        error = match reason.obstacle {
            Obstacle::Approval | Obstacle::Rejected => error.hint(format!("read it, then: git chant approve {short}")),
            Obstacle::Proposal => error
                .hint(format!("read it: git chant show {short}"))
                .hint(format!("to adopt it: git chant add --adopt {short}"))
                .hint(format!("to decline it: git chant cancel {short}")),
            Obstacle::Driver => members_hint(specs, entry, error)?,
            Obstacle::Gate => error.hint(format!("when you have done it: git chant finish {short}")),
            Obstacle::Contended => {
                error.hint(format!("see 'git chant log {short}', then: git chant choose {short} --keep <attempt>"))
            }
            Obstacle::Base => base_hint(specs, short, &reason.what, error)?,
            _ => error,
        };
    }
    Err(Stop::NotReady(error))
}

/// How the work of `dependency` comes into the base.
fn base_hint(specs: &Specs<'_>, short: &str, dependency: &str, error: Error) -> Result<Error> {
    let project = specs.project;
    if let [id] = project.candidates(&specs.names, dependency)?.as_slice()
        && let Some(state) = specs.recorded(id)?.state
        && let Some(target) = state.facts.target.clone()
    {
        let branch = short_name(&target);
        if project.branch_start(&target)?.is_none() {
            let remote = project.exchanged_with()?.unwrap_or_else(|| "<remote>".to_owned());
            let branch = shell_words::quote(branch);
            // After a merge upstream the branch is deleted everywhere.
            let error = match state.facts.landing.map(|landing| landing.new) {
                Some(merge) if project.repo.gix().try_find_header(merge)?.is_some() => {
                    error.hint(format!("if it was deleted, to restore it: git branch {branch} {merge:.12}"))
                }
                _ => error,
            };
            return Ok(
                error.hint(format!("in the clone that has it: git push {remote} {branch}; then here: git fetch"))
            );
        }
        if let Some(tip) = project.branch_tip(&target)?
            && let Some(other) = project.diverged(&target, tip)?
        {
            return Ok(error
                .hint(format!("'{branch}' and '{}' have diverged", other.name))
                .hint(join_hint(branch, &other.name)));
        }
    }
    Ok(error
        .hint("merge that work into the base, or choose a target that has it: --onto <branch>")
        .hint(format!("if the base has it in another form, remove it from 'depends_on': git chant edit {short}")))
}

/// Which member of a driver comes next.
fn members_hint(specs: &Specs<'_>, entry: &Entry, error: Error) -> Result<Error> {
    for member in specs.members(&entry.id)? {
        let member = specs.entry(&member)?;
        if specs.reasons(&member.facts())?.is_empty() {
            return Ok(error.hint(format!("to work on its next member: git chant work {}", member.id.short())));
        }
    }
    Ok(error.hint(format!("to give it members: git chant split {}", entry.id.short())))
}

/// The tips of the specs that inform this one: those it names, and those whose attempt wrote a file that it names.
pub(super) fn informed(
    specs: &Specs<'_>,
    base: Option<ObjectId>,
    of: &SpecId,
    spec: &Spec,
    inputs: &[Input],
) -> Result<Vec<ObjectId>> {
    let mut tips = Vec::new();
    let mut add = |tip: ObjectId| {
        if !tips.contains(&tip) {
            tips.push(tip);
        }
    };
    let mut candidates = upstream(specs, of, spec)?;
    for input in inputs {
        match &input.pin {
            Pin::Spec { event, .. } => add(*event),
            Pin::Path { path, .. } => {
                if let Some(tip) = producer(specs, base, &mut candidates, path)? {
                    add(tip);
                }
            }
            Pin::Url(_) => {}
        }
    }
    Ok(tips)
}

/// The specs that `of` depends on, directly and through others, nearest first, each as the one that stands in its place.
fn upstream(specs: &Specs<'_>, of: &SpecId, spec: &Spec) -> Result<Vec<SpecId>> {
    let mut found: Vec<SpecId> = Vec::new();
    let mut queue: std::collections::VecDeque<String> = spec.front.depends_on.iter().cloned().collect();
    while let Some(written) = queue.pop_front() {
        if let [id] = specs.project.candidates(&specs.names, &written)?.as_slice() {
            let id = specs.successor(of, id)?;
            if !found.contains(&id) {
                queue.extend(specs.depends_on(&id)?.iter().cloned());
                found.push(id);
            }
        }
    }
    Ok(found)
}

/// The spec whose attempt wrote `path`: among those upstream, otherwise the one that the note of the last commit in `base` names.
fn producer(
    specs: &Specs<'_>,
    base: Option<ObjectId>,
    candidates: &mut Vec<SpecId>,
    path: &str,
) -> Result<Option<ObjectId>> {
    for id in candidates.iter() {
        let entry = specs.entry(id)?;
        if entry.spec().is_some_and(|spec| spec.front.target_files.iter().any(|target| target == path)) {
            return Ok(entry.state.as_ref().map(|state| state.tip));
        }
    }
    let Some(base) = base else { return Ok(None) };
    let log = crate::git::process::Git::at(&specs.project.repo)
        .global("--literal-pathspecs")
        .args(["log", "-1", "--format=%H", "--no-notes", &base.to_string(), "--", path])
        .run()?;
    let Ok(commit) = log.line().parse::<ObjectId>() else { return Ok(None) };
    for line in specs.project.store()?.note(commit)? {
        if let Some(id) = line.strip_prefix("Chant-Spec: ").and_then(|id| SpecId::new(id).ok())
            && let Some(tip) = specs.names.tip(&id)?
        {
            candidates.push(id);
            return Ok(Some(tip));
        }
    }
    Ok(None)
}
