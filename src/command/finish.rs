//! `git chant finish`: a person did the work, or what failed is checked again.

use std::time::Instant;

use gix::ObjectId;

use super::{
    Context,
    work::{conclude, text_of},
};
use crate::answer::outcome::Outcome;
use crate::{
    attempt::{
        end as close,
        finish::{self, Judged},
        recover,
    },
    cli::work::FinishArgs,
    domain::{
        event::{Facts, Op},
        id::SpecId,
        new_event::NewEvent,
        spec_type::SpecType,
        state::State,
        status::Status,
    },
    error::{Error, Result},
    git::worktree::busy::busy_in,
    project::{Project, target::full_name},
    specs::{all::Specs, attempt::Attempt},
};

pub(super) fn run(context: &Context<'_>, args: &FinishArgs) -> Result<Outcome> {
    let project = context.project()?;
    let id = context.pick_to_change(&project, &args.spec)?;
    let started = Instant::now();
    let specs = Specs::new(&project)?;
    let entry = specs.entry(&id)?;
    if entry.spec().is_some_and(|spec| spec.front.kind == SpecType::Gate) {
        context.refuse_agent("pass a gate")?;
    }
    close::refuse_running(&project, &id, entry.state.as_deref())?;
    recover::end_survivors_of(&project, &id, entry.state.as_deref(), context.progress)?;
    let under_way = entry.state.as_ref().filter(|state| state.attempt.is_some() && state.status != Status::Pending);
    let judged = match under_way {
        Some(state) if matches!(state.status, Status::Completed | Status::Cancelled | Status::Archived) => {
            return Err(Error::negative(
                "not-allowed",
                format!("cannot finish '{}': it is {}", id.short(), state.status),
            )
            .hint(format!("to do it again: git chant reset {}", id.short())));
        }
        Some(_) if !args.commits.is_empty() => {
            return Err(Error::usage(
                "has-worktree",
                format!("'{}' has an attempt: its commits are the work", id.short()),
            )
            .hint("leave out --commit: what is in its worktree and on its branch is judged")
            .hint(format!(
                "if the work was done elsewhere, give the attempt up first: git chant reset {}",
                id.short()
            )));
        }
        Some(state) => check_again(context, &project, &id, state, None, args.trust)?,
        None => {
            let loaded = text_of(entry.loaded.as_deref(), &id)?;
            let (text, spec) = loaded.valid(&id)?;
            context.ask_trust(&project, &id, text.blob(), spec, None, args.trust)?;
            if project.store()?.tip(&id)?.is_none() {
                crate::authoring::add::record(&project, &id, &text.bytes, spec, None)?;
            }
            let commits = commits(&project, &args.commits)?;
            finish::by_hand(&project, &id, &loaded, &commits, context.progress)?
        }
    };
    conclude(context, &project, &id, judged, started, args.no_merge, None)
}

/// Judges an attempt by what is in its worktree and on its branch now, which are for `onto` from now on if that is given.
///
/// # Errors
/// `under-way` if finished work is being merged or rebased in its worktree: it stays finished.
pub(super) fn check_again(
    context: &Context<'_>,
    project: &Project,
    id: &SpecId,
    state: &State,
    onto: Option<&str>,
    trust: bool,
) -> Result<Judged> {
    let mut attempt = project.attempt(id, state)?;
    if let Some(onto) = onto {
        attempt.target = Some(full_name(onto)?);
    }
    context.ask_trust(project, id, attempt.blob, &attempt.spec, None, trust)?;
    if state.status == Status::Finished {
        refuse_under_way(project, &attempt)?;
        let facts = Facts { attempt: state.attempt, target: attempt.target.clone(), ..Facts::default() };
        let sentence = format!("{} is checked again", attempt.title());
        project
            .store()?
            .append(id, |_| Ok(NewEvent { op: Op::Resume, sentence: sentence.clone(), facts: facts.clone() }))
            .map_err(|refusal| refusal.into_error(id.short()))?;
    }
    finish::judge(project, &attempt, None, context.progress)
}

fn refuse_under_way(project: &Project, attempt: &Attempt) -> Result<()> {
    let Some(tree) = project.worktree_of(&attempt.id)? else { return Ok(()) };
    let busy = busy_in(&project.repo, attempt.branch.as_ref())?;
    let operation = busy.iter().find(|(place, _)| place.path == tree.path).map(|(_, operation)| operation.participle());
    let what = match operation {
        Some(participle) => format!("its branch is being {participle}"),
        None if tree.is_merging() => "a merge is under way".to_owned(),
        None => return Ok(()),
    };
    let (short, place) = (attempt.id.short(), tree.path.display());
    Err(Error::negative("under-way", format!("'{short}' cannot be checked: {what} in '{place}'"))
        .hint("come to the end of it there, and commit it (or abort it)")
        .hint(format!("then: git chant merge {short}")))
}

fn commits(project: &Project, named: &[String]) -> Result<Vec<ObjectId>> {
    named.iter().map(|name| commit(project, name)).collect()
}

/// The commit that a person names.
pub(super) fn commit(project: &Project, name: &str) -> Result<ObjectId> {
    let unknown = || Error::fatal("unknown-revision", format!("'{}' names no commit", name.escape_debug()));
    let id = project.repo.gix().rev_parse_single(name).map_err(|_| unknown())?;
    let commit = id.object()?.peel_to_kind(gix::object::Kind::Commit).map_err(|_| unknown())?;
    Ok(commit.id)
}
