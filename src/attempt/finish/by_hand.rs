//! Checks and records work that a person did without an attempt. Work of an attempt is judged in the parent module.

use std::path::Path;

use gix::ObjectId;

use crate::{
    answer::progress::Progress,
    attempt::{
        check::{Check, Room, changed_by, own_changes, paths_of, write_checks},
        ended::{Failure, Judged, Stop, Verdict},
        start::{informed, inputs, taken},
    },
    config::Scope as ScopeMode,
    domain::{
        checks::{Checks, Criterion, Scope},
        event::{Facts, Op, Pin},
        id::SpecId,
        new_event::{NewEvent, sentence},
        pattern::PathSet,
        phase::Phase,
        spec_file::{Spec, Tick},
        spec_type::SpecType,
        state::State,
        status::Status,
    },
    error::{Error, Kind, Result},
    git::{
        history::{self, Change},
        repository::Head,
    },
    project::{Project, check_output},
    specs::{
        all::Specs,
        attempt::Attempt,
        text::{Text, TextSource, path_of},
    },
    store::{Addition, Evidence, File},
};

/// Records that a person finished `id`. What `commits` changed is judged as the work of an agent would be, on `HEAD` if that holds them;
/// the text of the spec, with its ticks and release notes, counts as it is now. Where something has to change, and not with
/// `may_be_empty`, a commit has to be named.
///
/// A driver, whose members are over, is judged on its target: by its own criteria, its commands, and whether what its members changed
/// lies within its target files.
///
/// # Errors
/// `no-commit` if no work is named, and if it cannot be checked at all. A criterion that is not ticked is a result.
pub(crate) fn by_hand(
    project: &Project,
    id: &SpecId,
    text: &Text,
    spec: &Spec,
    commits: &[ObjectId],
    may_be_empty: bool,
    progress: &dyn Progress,
) -> Result<Judged, Stop> {
    let specs = Specs::new(project)?;
    let (checks, made) = if specs.has_members(id)? {
        members(&specs, id, spec, progress)?
    } else {
        refuse_others(&specs, id, commits)?;
        let made = Made::named(project, commits)?;
        (person(project, id, text, spec, &made, may_be_empty, progress)?, made)
    };
    if !checks.ok {
        return Ok(verdict(checks));
    }
    let store = project.store()?;
    let mut evidence = Evidence {
        spec: Some(store.write_blob(&text.bytes)?),
        checks: Some(write_checks(project, &checks.clone().without_output())?),
        ..Evidence::default()
    };
    // The inputs as the person had them who began where their first commit did.
    let inputs = match made.base {
        Some(base) => inputs(&specs, id, spec, base, false)?,
        None => Vec::new(),
    };
    for input in &inputs {
        if let (Pin::Path { path, .. }, Some(bytes)) = (&input.pin, &input.bytes) {
            evidence.inputs.push(File { path: path.clone(), blob: store.write_blob(bytes)? });
        }
    }
    let facts = Facts {
        base: made.base,
        target_tip: made.target.as_ref().map(|target| project.branch_tip(target)).transpose()?.flatten(),
        target: made.target,
        spec_path: Some(text.path.clone()),
        spec_blob: Some(text.blob()),
        work_commits: made.commits.clone(),
        informed_by: inputs.iter().map(|input| input.pin.clone()).collect(),
        verified: Some(checks.verified()),
        ..Facts::default()
    };
    let sentence = sentence("Finished", spec.title.as_deref().unwrap_or_else(|| id.short()), "by hand");
    let event = NewEvent { op: Op::Finish, sentence, facts };
    // The commands may have taken minutes, in which another process started an attempt: that is not the one that was judged.
    let addition = Addition { event, evidence, informed: informed(&specs, made.base, id, spec, &inputs)? };
    let fit = |state: &State| state.status == Status::Pending || state.attempt.is_none();
    let Some(appended) = store.record_if(id, addition, fit)? else {
        let state = store.state(id)?;
        return Err(Stop::Taken(taken(project, id, state.as_ref())?));
    };
    if !project.silent && !made.commits.is_empty() {
        store.annotate(id, &made.commits)?;
    }
    Ok(Judged { verdict: Verdict::Passed, checks, late: appended.late })
}

/// Refuses commits that an attempt at another spec made, or its merge: they are the work of that, archived or not.
fn refuse_others(specs: &Specs<'_>, id: &SpecId, commits: &[ObjectId]) -> Result<(), Stop> {
    let project = specs.project;
    for other in specs.names.all()?.into_iter().filter(|other| *other != id && !commits.is_empty()) {
        let Some(state) = specs.recorded(other)?.state else { continue };
        let is_its = |one: &&ObjectId| {
            state.facts.work_commits.contains(one) || state.facts.landing.is_some_and(|landing| landing.new == **one)
        };
        let (Some(one), Some(attempt)) = (commits.iter().find(is_its), state.attempt) else { continue };
        // One commit of a person may do what several specs ask for.
        if project.store()?.event(other, attempt)?.is_ok_and(|began| began.op == Op::Finish) {
            continue;
        }
        let (short, of, one) = (id.short(), other.short(), one.to_hex_with_len(10));
        let message = format!("cannot finish '{short}': {one} is the work of '{of}'");
        return Err(Stop::NotReady(
            Error::negative(Kind::NoCommit, message)
                .hint(format!("to name its own work: git chant finish {short} --commit <revision>"))
                .hint(format!("if '{of}' did it as well: git chant finish {short} --allow-empty")),
        ));
    }
    Ok(())
}

/// Judges work that a person finished by hand once more, with the text of the spec as it was then. Nothing is recorded.
///
/// # Errors
/// If it cannot be checked at all.
pub(crate) fn by_hand_again(
    project: &Project,
    attempt: &Attempt,
    commits: &[ObjectId],
    may_be_empty: bool,
    progress: &dyn Progress,
) -> Result<Judged, Stop> {
    let text = Text::of_blob(attempt.spec_path.clone(), attempt.bytes.clone(), attempt.blob, TextSource::Event);
    let made = Made::named(project, commits)?;
    // Its empty work was accepted when it was finished.
    let may_be_empty = may_be_empty || commits.is_empty();
    Ok(verdict(person(project, &attempt.id, &text, &attempt.spec, &made, may_be_empty, progress)?))
}

fn verdict(checks: Checks) -> Judged {
    let verdict = match checks.ok {
        true => Verdict::Passed,
        false => Verdict::Failed(Failure::Checks(checks.failures())),
    };
    Judged { verdict, checks, late: false }
}

/// What a person made without an attempt.
struct Made {
    /// The commit before the first of theirs.
    base: Option<ObjectId>,
    /// The commits, the oldest first.
    commits: Vec<ObjectId>,
    /// The commit that is judged; `None` where there is none yet.
    at: Option<ObjectId>,
    /// The branch that it is for, a full ref name.
    target: Option<String>,
}

impl Made {
    /// What the named `commits` are of the branch that is checked out: those of them that it holds; otherwise all that the newest of
    /// them brings to it.
    fn named(project: &Project, commits: &[ObjectId]) -> Result<Made> {
        let head = project.repo.head()?;
        let target = match &head {
            Head::Branch(name, _) => Some(name.as_bstr().to_string()),
            Head::Detached(_) => None,
        };
        let head = head.id();
        if commits.is_empty() {
            return Ok(Made { base: None, commits: Vec::new(), at: head, target });
        }
        let holds_all = |newest: ObjectId| {
            commits.iter().try_fold(true, |all, one| Ok::<_, Error>(all && project.is_ancestor(*one, newest)?))
        };
        let mut newest = None;
        for one in commits {
            if newest.is_none() && holds_all(*one)? {
                newest = Some(*one);
            }
        }
        let Some(newest) = newest else {
            return Err(Error::usage(Kind::NoCommit, "none of the commits that are named holds the others")
                .hint("merge or rebase them into one branch, and name its commits"));
        };
        let (commits, at) = match head {
            Some(head) if project.is_ancestor(newest, head)? => {
                let known = if commits.len() == 1 { history::first_parent(&project.repo, newest)? } else { None };
                let mut all = history::commits_between(&project.repo, known, newest)?;
                all.retain(|one| commits.contains(one));
                (all, head)
            }
            head => (history::commits_between(&project.repo, head, newest)?, newest),
        };
        let base = match commits.first() {
            Some(first) => history::first_parent(&project.repo, *first)?,
            None => None,
        };
        Ok(Made { base, commits, at: Some(at), target })
    }
}

/// Judges what a person `made` without an attempt, as what an agent made is judged.
fn person(
    project: &Project,
    id: &SpecId,
    text: &Text,
    spec: &Spec,
    made: &Made,
    may_be_empty: bool,
    progress: &dyn Progress,
) -> Result<Checks, Stop> {
    let spec_path = path_of(id);
    let changes = paths_of(&changed_by(project, &made.commits, None)?).iter().any(|path| *path != spec_path);
    if !changes && !may_be_empty && must_change(project, spec) {
        let short = id.short();
        let what =
            if made.commits.is_empty() { "no commit is named as its work" } else { "its commits change nothing" };
        return Err(Stop::NotReady(
            Error::negative(Kind::NoCommit, format!("cannot finish '{short}': {what}"))
                .hint(format!("to name the work: git chant finish {short} --commit <revision>"))
                .hint(format!("if nothing had to be changed: git chant finish {short} --allow-empty")),
        ));
    }
    let criteria = || spec.criteria.iter().map(|one| criterion(&one.text, one.checked)).collect();
    let (Some(at), Some(start)) = (made.at, project.store()?.tip(id)?) else {
        return Ok(Checks { criteria: criteria(), ..Checks::default() }.settled());
    };
    let mut spec = spec.clone();
    let unproved = spec.front.reproduces.clone().filter(|_| made.base.is_none());
    let is_reproduction = spec.front.known_phase() == Some(Phase::Reproduction);
    // Without a base there is nothing to compare with: that the test ends so is the least.
    spec.front.verify.extend(unproved.clone().filter(|_| !is_reproduction));
    let attempt = Attempt {
        id: id.clone(),
        start,
        base: made.base,
        target: made.target.clone(),
        branch: project.branch_ref(id)?,
        spec_path,
        bytes: text.bytes.clone(),
        blob: text.blob(),
        spec,
        agent: None,
        recorded: Vec::new(),
    };
    let top = project.repo.work_dir().map_or_else(|| project.repo.common_dir().to_owned(), Path::to_owned);
    let by_hand = Some(&made.commits[..]);
    let check = Check { project, attempt: &attempt, tip: at, worktree: &top, by_hand, may_be_empty, progress };
    let mut checks = check.run()?;
    if made.commits.is_empty() {
        checks.scope = None;
    }
    if let (true, true, Some(command)) = (checks.ok, is_reproduction, unproved)
        && Room::open(project, progress)?.run(at, &command)?.has_passed()
    {
        checks.problems.push(format!("'{command}' passes; it does not reproduce the bug"));
    }
    Ok(checks.settled())
}

/// Whether a spec asks for changes. A gate does not, nor does one that names no files and no code, whose criteria are ticked; in silent
/// mode documents are in no commit.
fn must_change(project: &Project, spec: &Spec) -> bool {
    let front = &spec.front;
    let ticked = !spec.criteria.is_empty() && spec.criteria.iter().all(|one| one.checked);
    let only_ticks =
        front.kind != SpecType::Code && front.target_files.is_empty() && front.reproduces.is_none() && ticked;
    let is_local = |path: &String| path.starts_with(".chant/");
    let documents = project.silent && !front.target_files.is_empty() && front.target_files.iter().all(is_local);
    front.kind != SpecType::Gate && !only_ticks && !documents
}

fn criterion(text: &str, ticked: bool) -> Criterion {
    Criterion { text: text.to_owned(), state: if ticked { Tick::Ticked } else { Tick::Unticked } }
}

/// Judges the work of the members of a driver on its target.
fn members(specs: &Specs<'_>, id: &SpecId, spec: &Spec, progress: &dyn Progress) -> Result<(Checks, Made)> {
    let (project, front) = (specs.project, &spec.front);
    let onto = specs.recorded(id)?.state.and_then(|state| state.facts.onto.clone());
    let aim = project.target_of((front.phase.as_deref(), front.topic.as_deref()), onto.as_deref())?;
    let (tip, target) = project.begin_at(aim.as_deref())?;
    let criteria = specs.own_criteria(id, spec)?.iter().map(|one| criterion(&one.text, one.checked)).collect();
    let mut checks = Checks { criteria, scope: members_scope(specs, id, spec)?, ..Checks::default() };
    let commands: Vec<String> = front.verify.iter().chain(&front.reproduces).cloned().collect();
    if !commands.is_empty() && checks.clone().settled().ok {
        checks.verify = Room::open(project, progress)?.run_all(tip, &[], &commands)?;
        check_output::write_whole(project, id, None, Some(tip), checks.commands())?;
    }
    Ok((checks.settled(), Made { base: None, commits: Vec::new(), at: Some(tip), target }))
}

/// What the members of a driver changed, against the target files of the driver; `None` if it names none.
fn members_scope(specs: &Specs<'_>, driver: &SpecId, spec: &Spec) -> Result<Option<Scope>> {
    let project = specs.project;
    let mode = project.config().scope()?;
    if spec.front.target_files.is_empty() || mode == ScopeMode::Off {
        return Ok(None);
    }
    let targets = PathSet::new(&spec.front.target_files)
        .map_err(|(at, why)| Error::negative(Kind::BadTarget, format!("target_files entry {}: {why}", at + 1)))?;
    let mut scope = Scope { mode: mode.as_str().to_owned(), ..Scope::default() };
    for member in specs.members(driver)? {
        for path in paths_of(&changes_of(specs, &member)?) {
            if !targets.matches(path.as_str().into()) && path != path_of(&member) && !scope.outside.contains(&path) {
                scope.outside.push(path);
            }
        }
    }
    scope.ok = mode != ScopeMode::Error || scope.outside.is_empty();
    Ok(Some(scope))
}

/// What the deciding attempt at a spec changed, as its checks saw it. A shallow clone may lack it.
fn changes_of(specs: &Specs<'_>, id: &SpecId) -> Result<Vec<Change>> {
    let project = specs.project;
    let Some(state) = specs.recorded(id)?.state else { return Ok(Vec::new()) };
    let commits = &state.facts.work_commits;
    let (Some(tip), Some(start)) = (commits.last().copied(), state.attempt) else { return Ok(Vec::new()) };
    for needed in commits.iter().chain(&state.facts.base) {
        if project.repo.gix().try_find_header(*needed)?.is_none() {
            return Ok(Vec::new());
        }
    }
    match project.store()?.event(id, start)?.ok() {
        Some(event) if event.op.claims().is_some() && event.op != Op::Finish => {
            own_changes(project, &project.attempt(id, &state)?, tip, None)
        }
        began => changed_by(project, commits, began.and_then(|event| event.facts.target_tip)),
    }
}
