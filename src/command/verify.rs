//! `git chant verify`: the commands of a spec, run again at some commit.

use gix::ObjectId;

use super::{Context, context::Grant, fetched};
use crate::{
    answer::{AllChecked, Checked, CheckedSpec, NotRun, RangeChecked, outcome::Outcome, progress::Step},
    attempt::{
        check::recall,
        verify::{self, Verified},
    },
    cli::work::VerifyArgs,
    domain::{id::SpecId, status::Status},
    env::local_file,
    error::{Error, Exit, Kind, Result},
    git::{branch, history::named_commit},
    project::{Project, warm},
    query::range::range,
    specs::all::Specs,
};

pub(super) fn run(context: &Context<'_>, args: &VerifyArgs) -> Result<Outcome> {
    let project = context.project()?;
    if args.fresh {
        recall::forget(&project)?;
        warm::forget(&project)?;
    }
    let at = args.at.as_deref().map(|name| named_commit(&project.repo, name)).transpose()?;
    if let Some(since) = &args.since {
        return since_commit(context, &project, args, named_commit(&project.repo, since)?, at);
    }
    let Some(query) = args.spec.as_deref().filter(|_| !args.all) else { return all(context, &project, at, args.trust) };
    let id = context.pick(&project, query)?;
    let (CheckedSpec { spec, commit, ok, checks }, has_more) = one(context, &project, &id, at, args.trust)?;
    let is_empty = checks.is_empty();
    let outcome = Outcome::new(Checked { spec, commit, ok, checks });
    if is_empty {
        return Ok(outcome.warning(format!("'{}' names no commands to check", id.short())));
    }
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
    let Each { checked, not_run, hints } = each(context, &specs, &found.specs, Some(at), args.trust)?;
    let (since, at) = (since.to_string(), at.to_string());
    let answer = RangeChecked { since, at, checked, not_run, loose: found.loose, required: args.require.clone() };
    if let Some(file) = &args.summary {
        local_file::hand_over(&context.env.cwd().join(file), answer.markdown().as_bytes())?;
    }
    Ok(hints.into_iter().fold(Outcome::new(answer), Outcome::hint))
}

/// Every spec whose work is done and that names commands, or whose text cannot be read. One that may be done, as only a remote knows, is not run.
fn all(context: &Context<'_>, project: &Project, at: Option<ObjectId>, trust: bool) -> Result<Outcome> {
    let specs = Specs::new(project)?;
    let (mut wanted, mut unknown) = (Vec::new(), Vec::new());
    let may_be_done = fetched::may_be_done(project)?;
    for id in specs.names.active()? {
        let is_done = matches!(specs.recorded(id)?.status, Status::Finished | Status::Completed);
        if !is_done && !may_be_done.contains(id) {
            continue;
        }
        let entry = specs.entry(id)?;
        if entry.spec().is_none_or(|spec| !spec.front.verify.is_empty() || spec.front.reproduces.is_some()) {
            if is_done {
                wanted.push(id.clone());
            } else {
                let why = "it has no history in this clone and may be done".to_owned();
                unknown.push(NotRun { spec: specs.view(&entry)?, why });
            }
        }
    }
    let Each { checked, mut not_run, hints } = each(context, &specs, &wanted, at, trust)?;
    not_run.append(&mut unknown);
    let unasked = fetched::hint(project)?;
    Ok(hints.into_iter().chain(unasked).fold(Outcome::new(AllChecked { checked, not_run }), Outcome::hint))
}

/// Several specs, checked.
#[derive(Default)]
struct Each {
    checked: Vec<CheckedSpec>,
    not_run: Vec<NotRun>,
    hints: Vec<String>,
}

/// Checks each of `ids`. One that cannot be checked stops none of the others.
fn each(context: &Context<'_>, specs: &Specs<'_>, ids: &[SpecId], at: Option<ObjectId>, trust: bool) -> Result<Each> {
    let mut each = Each::default();
    for id in ids {
        match one(context, specs.project, id, at, trust) {
            Ok((one, _)) => each.checked.push(one),
            Err(error) if matches!(error.exit, Exit::Signal(_)) => return Err(error),
            Err(error) => {
                // The commands of each spec are read and approved by themselves; history comes with one fetch.
                let hints =
                    error.hints.into_iter().filter(|hint| error.kind == Kind::CutOff && !each.hints.contains(hint));
                each.hints.extend(hints.collect::<Vec<_>>());
                each.not_run.push(NotRun { spec: specs.view(&specs.entry(id)?)?, why: error.message });
            }
        }
    }
    Ok(each)
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
        None => work_tip(project, id)?,
    };
    let what = format!("checking '{}' at {}", id.short(), at.to_hex_with_len(10));
    context.progress.say(&Step::Note(what));
    let Verified { checks, note } = verify::verify(project, &entry, (text, spec), at, context.progress)?;
    let mut lines = checks.lines();
    lines.extend(note);
    let checked = CheckedSpec { spec: specs.view(&entry)?, commit: at.to_string(), ok: checks.ok, checks: lines };
    Ok((checked, checks.has_more_output()))
}

/// Where the work is: the tip of its branch while that exists, otherwise the current commit.
fn work_tip(project: &Project, id: &SpecId) -> Result<ObjectId> {
    if let Some(tip) = branch::read(&project.repo, project.branch_ref(id)?.as_ref())? {
        return Ok(tip);
    }
    project.repo.head()?.id().ok_or_else(|| Error::fatal(Kind::NoCommits, "no commit to check"))
}
