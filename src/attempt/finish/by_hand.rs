//! Checks and records work that a person did without an attempt. Work of an attempt is judged in the parent module.

use gix::ObjectId;

use crate::{
    answer::progress::Progress,
    attempt::{
        check::{Room, write_checks},
        ended::{Failure, Judged, Stop, Verdict},
        start::taken,
    },
    config::Scope as ScopeMode,
    domain::{
        checks::{Checks, Criterion, Scope},
        event::{Facts, Op},
        id::SpecId,
        new_event::NewEvent,
        pattern::PathSet,
        phase::Phase,
        spec_file::Spec,
        state::State,
        status::Status,
    },
    error::{Error, Kind, Result},
    git::{history, repository::Head},
    project::{Project, check_output},
    specs::{
        all::Specs,
        text::{Text, path_of},
    },
    store::{Addition, Evidence},
};

/// Records that a person finished `id`: the criteria are read from its text as it is now, `verify:` commands run in a clean
/// checkout of `HEAD`. `commits` are the person's commits, as far as they were named.
///
/// A driver, whose members are over, is judged on its target: by its own criteria, its commands, and whether what its members changed
/// lies within its target files.
///
/// # Errors
/// If it cannot be checked at all. A criterion that is not ticked is a result.
pub(crate) fn by_hand(
    project: &Project,
    id: &SpecId,
    text: &Text,
    spec: &Spec,
    commits: &[ObjectId],
    progress: &dyn Progress,
) -> Result<Judged, Stop> {
    let specs = Specs::new(project)?;
    let head = project.repo.head()?;
    let on_head = match &head {
        Head::Branch(name, _) => Some(name.as_bstr().to_string()),
        Head::Detached(_) => None,
    };
    let mut commands = spec.front.verify.clone();
    let (tip, target, criteria, scope) = if specs.has_members(id)? {
        commands.extend(spec.front.reproduces.clone());
        let front = &spec.front;
        let onto = specs.recorded(id)?.state.and_then(|state| state.facts.onto.clone());
        let aim = project.target_of((front.phase.as_deref(), front.topic.as_deref()), onto.as_deref())?;
        let (tip, target) = project.begin_at(aim.as_deref())?;
        (Some(tip), target, specs.own_criteria(id, spec)?, members_scope(&specs, id, spec)?)
    } else {
        if spec.front.known_phase() != Some(Phase::Reproduction) {
            commands.extend(spec.front.reproduces.clone());
        }
        (head.id(), on_head, spec.criteria.clone(), None)
    };
    let criteria = criteria
        .into_iter()
        .map(|one| Criterion { text: one.text, state: if one.checked { "ticked" } else { "unticked" }.to_owned() });
    let mut checks = Checks { criteria: criteria.collect(), scope, ..Checks::default() };
    if let Some(tip) = tip
        && !(commands.is_empty() && spec.front.reproduces.is_none())
        && checks.clone().settled().ok
    {
        let mut room = Room::open(project, progress)?;
        checks.verify = room.run_all(tip, &[], &commands)?;
        // Without a base there is nothing to compare with: that the test fails is the least.
        if let (Some(Phase::Reproduction), Some(command)) = (spec.front.known_phase(), &spec.front.reproduces)
            && room.run(tip, command)?.has_passed()
        {
            checks.problems.push(format!("'{command}' passes: it reproduces nothing"));
        }
        check_output::keep_whole(project, id, None, checks.commands())?;
    }
    let checks = checks.settled();
    if !checks.ok {
        let verdict = Verdict::Failed(Failure::Checks(checks.failures()));
        return Ok(Judged { verdict, checks, late: false });
    }
    let store = project.store()?;
    let evidence = Evidence {
        spec: Some(store.write_blob(&text.bytes)?),
        checks: Some(write_checks(project, &checks.clone().without_output())?),
        ..Evidence::default()
    };
    let facts = Facts {
        target,
        spec_path: Some(text.path.clone()),
        spec_blob: Some(text.blob()),
        work_commits: commits.to_vec(),
        verified: Some(checks.verified()),
        ..Facts::default()
    };
    let sentence = format!("{} was finished by hand", spec.title.as_deref().unwrap_or_else(|| id.short()));
    let event = NewEvent { op: Op::Finish, sentence, facts };
    // The commands may have taken minutes, in which another process started an attempt: that is not the one that was judged.
    let addition = Addition { event, evidence, informed: Vec::new() };
    let fit = |state: &State| state.status == Status::Pending || state.attempt.is_none();
    let Some(appended) = store.record_if(id, addition, fit)? else {
        let state = store.state(id)?;
        return Err(Stop::Taken(taken(project, id, state.as_ref())?));
    };
    if !project.silent && !commits.is_empty() {
        store.annotate(id, commits)?;
    }
    Ok(Judged { verdict: Verdict::Passed, checks, late: appended.late })
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
        let commits = specs.recorded(&member)?.state.map(|state| state.facts.work_commits.clone());
        for commit in commits.unwrap_or_default() {
            // A shallow clone may lack it.
            let Some(object) = project.repo.gix().try_find_object(commit)? else { continue };
            let parent = object.into_commit().parent_ids().next().map(gix::Id::detach);
            for change in history::changed_paths(&project.repo, parent, commit)? {
                let path = change.path.to_string();
                if !targets.matches(path.as_str().into()) && path != path_of(&member) && !scope.outside.contains(&path)
                {
                    scope.outside.push(path);
                }
            }
        }
    }
    scope.ok = mode != ScopeMode::Error || scope.outside.is_empty();
    Ok(Some(scope))
}
