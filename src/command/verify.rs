//! `git chant verify`: the commands of a spec, run again at some commit.

use gix::ObjectId;

use super::{Context, context::Grant};
use crate::{
    answer::{AllChecked, Checked, CheckedSpec, NotRun, RangeChecked, outcome::Outcome, progress::Step},
    attempt::check::{self, Prover, Room, Shown, recall},
    cli::work::VerifyArgs,
    domain::{
        check_line::{CheckLine, SHOWN},
        checks::Checks,
        id::SpecId,
        phase::Phase,
        spec_file::Spec,
        state::State,
        status::Status,
    },
    env::local_file,
    error::{Error, Kind, Result},
    git::{branch, history::named_commit},
    project::{Project, check_output, warm},
    query::range::range,
    specs::all::Specs,
};

pub(super) fn run(context: &Context<'_>, args: &VerifyArgs) -> Result<Outcome> {
    let project = context.project()?;
    if args.fresh {
        recall::forget(&project)?;
        warm::forget(&project)?;
        check::forget_changes(&project)?;
    }
    let at = args.at.as_deref().map(|name| named_commit(&project.repo, name)).transpose()?;
    if let Some(since) = &args.since {
        return since_commit(context, &project, args, named_commit(&project.repo, since)?, at);
    }
    let Some(query) = args.spec.as_deref().filter(|_| !args.all) else { return all(context, &project, at, args.trust) };
    let id = context.pick(&project, query)?;
    let (CheckedSpec { spec, ok, checks }, has_more) = one(context, &project, &id, at, args.trust)?;
    let outcome = Outcome::new(Checked { spec, ok, checks });
    Ok(match has_more {
        true => outcome.hint(format!("to see the whole output: git chant log {} --checks", id.short())),
        false => outcome,
    })
}

/// The specs behind the commits after `since`, each checked at the end of the range.
fn since_commit(
    context: &Context<'_>,
    project: &Project,
    args: &VerifyArgs,
    since: ObjectId,
    at: Option<ObjectId>,
) -> Result<Outcome> {
    let head = || project.repo.head()?.id().ok_or_else(|| Error::fatal(Kind::NoCommits, "no commit to check"));
    let at = at.map_or_else(head, Ok)?;
    let specs = Specs::new(project)?;
    let found = range(&specs, since, at)?;
    let (mut checked, mut not_run) = (Vec::new(), Vec::new());
    for id in &found.specs {
        match one(context, project, id, Some(at), args.trust) {
            Ok((one, _)) => checked.push(one),
            Err(error) if matches!(error.kind, Kind::Untrusted | Kind::NoText | Kind::InvalidSpec) => {
                not_run.push(NotRun { spec: specs.view(&specs.entry(id)?)?, why: error.message });
            }
            Err(error) => return Err(error),
        }
    }
    let (since, at) = (since.to_string(), at.to_string());
    let answer = RangeChecked { since, at, checked, not_run, loose: found.loose, required: args.require.clone() };
    if let Some(file) = &args.summary {
        local_file::hand_over(&context.env.cwd().join(file), answer.markdown().as_bytes())?;
    }
    Ok(Outcome::new(answer))
}

/// Every spec whose work is done and that names commands.
fn all(context: &Context<'_>, project: &Project, at: Option<ObjectId>, trust: bool) -> Result<Outcome> {
    let specs = Specs::new(project)?;
    let (mut checked, mut not_run) = (Vec::new(), Vec::new());
    for id in specs.names.active()? {
        if !matches!(specs.recorded(id)?.status, Status::Finished | Status::Completed) {
            continue;
        }
        let entry = specs.entry(id)?;
        if entry.spec().is_none_or(|spec| spec.front.verify.is_empty() && spec.front.reproduces.is_none()) {
            continue;
        }
        match one(context, project, id, at, trust) {
            Ok((one, _)) => checked.push(one),
            // The others are checked all the same.
            Err(error) if error.kind == Kind::Untrusted => {
                not_run.push(NotRun { spec: specs.view(&entry)?, why: error.message });
            }
            Err(error) => return Err(error),
        }
    }
    Ok(Outcome::new(AllChecked { checked, not_run }))
}

fn one(
    context: &Context<'_>,
    project: &Project,
    id: &SpecId,
    at: Option<ObjectId>,
    trust: bool,
) -> Result<(CheckedSpec, bool)> {
    let specs = Specs::new(project)?;
    let entry = specs.entry(id)?;
    let (text, spec) = entry.text()?;
    context.ask_trust(project, id, text.blob(), spec, None, Grant { granted: trust, verb: "verify" })?;
    let at = match at {
        Some(at) => at,
        None => place(project, id)?,
    };
    let what = format!("checking '{}' at {}", id.short(), at.to_hex_with_len(10));
    context.progress.say(&Step::Note(what));
    let (checks, later) = checks(context, project, id, spec, entry.state.as_deref(), at)?;
    let mut lines = checks.lines();
    lines.extend(later);
    Ok((CheckedSpec { spec: specs.view(&entry)?, ok: checks.ok, checks: lines }, checks.has_more_output()))
}

/// Where the work is: the tip of its branch while that exists, otherwise the current commit.
fn place(project: &Project, id: &SpecId) -> Result<ObjectId> {
    if let Some(tip) = branch::read(&project.repo, project.branch_ref(id)?.as_ref())? {
        return Ok(tip);
    }
    project.repo.head()?.id().ok_or_else(|| Error::fatal(Kind::NoCommits, "no commit to check"))
}

fn checks(
    context: &Context<'_>,
    project: &Project,
    id: &SpecId,
    spec: &Spec,
    state: Option<&State>,
    at: ObjectId,
) -> Result<(Checks, Option<CheckLine>)> {
    let mut checks = Checks::default();
    let mut room = match state.and_then(|state| state.attempt) {
        Some(attempt) => Room::for_attempt(project, attempt, context.progress)?,
        None => Room::open(project, context.progress)?,
    };
    if let Some(state) = state.filter(|state| state.attempt.is_some()) {
        room.warm_up(&project.attempt(id, state)?, &[])?;
    }
    checks.verify = room.run_all(at, &[], &spec.front.verify)?;
    let work = state.and_then(|state| state.facts.work_commits.last().copied());
    let mut later = None;
    // Without an attempt there is no test to hold yet, and a squash may leave a clone without the commits of the work.
    let has = |commit: ObjectId| project.repo.gix().try_find_header(commit).is_ok_and(|found| found.is_some());
    let judged = state.filter(|state| state.attempt.is_some() && work.is_none_or(has));
    if let (Some(command), Some(state)) = (&spec.front.reproduces, judged) {
        context.progress.say(&Step::Checking { what: command });
        let attempt = project.attempt(id, state)?;
        let prover = Prover { project, attempt: &attempt, made: work.unwrap_or(at), at };
        // A reproduction fails where it was made; later a fix makes it pass.
        if spec.front.known_phase() == Some(Phase::Reproduction) && work != Some(at) {
            later = Some(said(command, prover.try_at(&mut room)?));
        } else {
            checks.reproduces = prover.prove(&mut room)?;
        }
    }
    check_output::keep_whole(project, id, state.and_then(|state| state.attempt), Some(at), checks.commands())?;
    Ok((checks.settled(), later))
}

/// What the test of a reproduction shows at another commit than its own.
fn said(command: &str, shown: Shown) -> CheckLine {
    let detail = match shown {
        Shown::Bug => "its test fails: the bug is in this revision".to_owned(),
        Shown::NoBug => "its test passes: the bug is not in this revision".to_owned(),
        Shown::Nothing(why) => format!("not judged: {why}"),
    };
    let name = format!("reproduces '{command}'");
    CheckLine {
        name,
        ok: true,
        detail: Some(detail),
        duration_ms: None,
        waits: false,
        note: true,
        shown: SHOWN,
        reason: None,
    }
}
