//! `git chant why`

use std::path::{Path, PathBuf};

use gix::ObjectId;

use super::{Context, fetched};
use crate::{
    answer::{WhyAnswer, WhyView, outcome::Outcome},
    cli::show::WhyArgs,
    error::{Error, Kind, Result},
    git::{
        blame::{self, Line},
        history::named_commit,
    },
    project::Project,
    query::why,
    specs::{all::Specs, origin::Question},
};

/// How many commits of a path are asked about.
const MAX_COMMITS: usize = 100;

/// How many commits a hint names.
const MAX_TIPS: usize = 5;

pub(super) fn run(context: &Context<'_>, args: &WhyArgs) -> Result<Outcome> {
    let project = context.project()?;
    let asked = asked(&project, &args.what)?;
    let specs = Specs::new(&project)?;
    let mut answers = Vec::new();
    for one in &asked {
        for answer in why::why(&specs, one.as_ref().map(Asked::question))? {
            let known = |known: &WhyView| known.spec.is_some() && known.spec == answer.spec;
            // Of several commits of one spec the newest stands for all.
            if !answers.iter().any(known) {
                answers.push(answer);
            }
        }
    }
    let nothing = answers.iter().all(|answer| answer.spec.is_none());
    if answers.len() > 1 {
        answers.retain(|answer| nothing || answer.spec.is_some());
    }
    let hint = match asked.first() {
        Some(Some(first)) if nothing => match to_compare(&project, &specs, first.path.as_deref())? {
            None => fetched::hint_for_origin(&project)?,
            hint => hint,
        },
        _ => None,
    };
    let outcome = Outcome::new(WhyAnswer { why: answers }).exit(i32::from(nothing));
    Ok(hint.into_iter().fold(outcome, Outcome::hint))
}

/// How to get commits of specs that this clone lacks: what a person asks about may be a squash of them. Where the history is cut off, git
/// gives each older line to the oldest commit that is left.
fn to_compare(project: &Project, specs: &Specs<'_>, path: Option<&str>) -> Result<Option<String>> {
    let lacking = specs.lacking(path)?;
    let Some(remote) = project.exchanged_with()?.filter(|_| !lacking.is_empty()) else { return Ok(None) };
    if project.repo.gix().is_shallow()? {
        let fetch = format!("git fetch --unshallow {}", shell_words::quote(&remote));
        return Ok(Some(format!("this clone is shallow; to see where its lines come from: {fetch}")));
    }
    let tips: Vec<String> = lacking.iter().rev().take(MAX_TIPS).map(|(_, tip)| tip.to_string()).collect();
    let of = if lacking.len() == 1 { "a spec".to_owned() } else { format!("{} specs", lacking.len()) };
    let fetch = format!("git fetch {} {}", shell_words::quote(&remote), tips.join(" "));
    Ok(Some(format!(
        "the commits of {of} are not in this clone; to compare with them, if '{remote}' has them: {fetch}"
    )))
}

/// A commit that a person asks about.
struct Asked {
    commit: ObjectId,
    /// The path, as the commit has it.
    path: Option<String>,
    line: Option<u64>,
}

impl Asked {
    fn question(&self) -> Question<'_> {
        Question { commit: self.commit, path: self.path.as_deref(), line: self.line }
    }

    fn of_line(line: Line) -> Asked {
        Asked { commit: line.commit, path: Some(line.path), line: Some(line.number) }
    }
}

/// The commits that a person asks about: those of a line, of a revision, or of a path. `None` is what is not committed.
fn asked(project: &Project, what: &str) -> Result<Vec<Option<Asked>>> {
    if let Some((rest, line)) = what.rsplit_once(':')
        && let Ok(line) = line.parse::<u64>()
    {
        if let Some(path) = known_path(project, rest)? {
            // What is not checked out is as the last commit has it.
            let is_here = project.repo.work_dir().is_some_and(|top| top.join(&path).symlink_metadata().is_ok());
            let rev = (!is_here).then_some("HEAD");
            return Ok(vec![blame::line(&project.repo, rev, &path, line)?.map(Asked::of_line)]);
        }
        if let Some((rev, path)) = rest.split_once(':')
            && named_commit(&project.repo, rev).is_ok()
        {
            return Ok(vec![blame::line(&project.repo, Some(rev), path, line)?.map(Asked::of_line)]);
        }
    }
    if let Ok(commit) = named_commit(&project.repo, what) {
        return Ok(vec![Some(Asked { commit, path: None, line: None })]);
    }
    if let Some(path) = known_path(project, what)? {
        let commits = blame::path(&project.repo, &path, MAX_COMMITS)?.into_iter();
        return Ok(commits.map(|commit| Some(Asked { commit, path: Some(path.clone()), line: None })).collect());
    }
    Err(Error::negative(Kind::NotFound, format!("'{}' is not a commit, path or path:line", what.escape_debug()))
        .hint("for a line: git chant why <path>:<line>"))
}

/// The path relative to the top, if there is such a file in the work tree or at `HEAD`.
fn known_path(project: &Project, typed: &str) -> Result<Option<String>> {
    let Some(top) = project.repo.work_dir() else {
        let known = match project.repo.head()?.id() {
            Some(head) => project.blob_id_in(head, typed)?.is_some(),
            None => false,
        };
        return Ok(known.then(|| typed.to_owned()));
    };
    let full = project.env.cwd().join(typed);
    let real = std::fs::canonicalize(top).unwrap_or_else(|_| top.to_owned());
    let relative = real_place(&full)
        .and_then(|place| place.strip_prefix(&real).ok().map(|path| path.to_string_lossy().into_owned()));
    let Some(relative) = relative.filter(|relative| !relative.is_empty()) else { return Ok(None) };
    if real.join(&relative).is_file() {
        return Ok(Some(relative));
    }
    let Some(head) = project.repo.head()?.id() else { return Ok(None) };
    Ok(project.blob_id_in(head, &relative)?.map(|_| relative))
}

/// A path with the links of the directories above it resolved, as far as these exist: a sparse checkout does not have all of them.
fn real_place(full: &Path) -> Option<PathBuf> {
    let (parent, name) = full.parent().zip(full.file_name())?;
    let parent = std::fs::canonicalize(parent).ok().or_else(|| real_place(parent))?;
    Some(parent.join(name))
}
