//! What commands of checks printed: it stays in this clone, unless `chant.shareOutput` puts the end of it into the event.
//!
//! Beside the evidence of an event is the end of what failed, and beside the transcripts of agents all of it, as text.

use std::{fs, io::Write as _, path::PathBuf};

use gix::ObjectId;
use serde::{Deserialize, Serialize};

use super::Project;
use crate::{
    agent::transcript,
    domain::{
        checks::{Checks, Command},
        id::SpecId,
        state::State,
    },
    env::local_file,
    error::{Error, IoContext, Kind, Result},
};

/// A larger file is none of ours, in bytes.
const MOST: u64 = 16 << 20;

/// How much of the end of what one command prints is kept, in bytes.
pub(crate) const WHOLE: usize = 8 << 20;

/// Of all that the commands of one attempt printed, in bytes.
const MOST_WHOLE: u64 = 1 << 30;

/// How the name of a file ends that holds all that commands printed.
const ENDING: &str = ".checks.log";

/// How the name of a file ends that says why a merge was refused.
const REFUSED: &str = ".refused.json";

/// The directory.
pub(crate) fn dir(project: &Project) -> PathBuf {
    project.repo.chant_dir().join("check").join("output")
}

/// The directory with results of commands that are kept, so that a commit is not checked twice.
pub(crate) fn results(project: &Project) -> PathBuf {
    project.repo.chant_dir().join("check").join("results")
}

/// Writes the `checks` with output for the evidence that was `recorded` without it.
///
/// # Errors
/// If the file cannot be written.
pub(crate) fn write(project: &Project, recorded: ObjectId, checks: &Checks) -> Result<()> {
    let json = serde_json::to_vec(checks)
        .map_err(|error| Error::fatal(Kind::Checks, format!("cannot write the checks: {error}")))?;
    local_file::replace(&dir(project), &format!("{recorded}.json"), &json)
}

/// Writes all that `commands` printed, in place of what those of the checks before did. Without an `attempt` they ran for a person's own work;
/// `of` is the commit that was checked, if it was one.
///
/// # Errors
/// If the file cannot be written.
pub(crate) fn write_whole<'a>(
    project: &Project,
    id: &SpecId,
    attempt: Option<ObjectId>,
    of: Option<ObjectId>,
    commands: impl Iterator<Item = &'a Command>,
) -> Result<()> {
    let mut text = String::new();
    let of_one = |command: &'a Command| {
        let mut runs = vec![(command, "")];
        runs.extend(command.unlike.as_deref().map(|other| (other, "")));
        runs.sort_by_key(|(run, _)| run.number);
        runs.extend(command.base.as_deref().map(|base| (base, " # at the base")));
        runs
    };
    for (command, at) in commands.flat_map(of_one) {
        let at = command.number.map_or_else(|| at.to_owned(), |number| format!(" # run {number}"));
        let Some(output) = &command.output else { continue };
        let end = if output.is_empty() || output.ends_with('\n') { "" } else { "\n" };
        let cut = if output.len() >= WHOLE { "(earlier output not kept)\n" } else { "" };
        text.push_str(&format!("$ {}{at}\n{cut}{output}{end}({})\n\n", command.command, command.ending()));
    }
    if text.is_empty() {
        return Ok(());
    }
    if let Some(of) = of {
        text.insert_str(0, &format!("Checks of {of}\n\n"));
    }
    let attempt = attempt.map_or_else(|| "by-hand".to_owned(), |attempt| attempt.to_string());
    local_file::replace(&transcript::dir(project.repo.common_dir(), id), &format!("{attempt}{ENDING}"), text.as_bytes())
}

/// Writes all that git, or a hook that it ran, `printed` at the merge of an attempt, behind what is kept of its checks.
///
/// # Errors
/// If the file cannot be written.
pub(crate) fn write_printed(project: &Project, id: &SpecId, attempt: ObjectId, why: &str, printed: &str) -> Result<()> {
    let path = transcript::dir(project.repo.common_dir(), id).join(format!("{attempt}{ENDING}"));
    let text = format!("$ git merge\n{}\n({why})\n\n", printed.trim_end());
    transcript::resume(&path)?.write_all(text.as_bytes()).io("write", &path)
}

/// All that the commands of the newest checks printed, of the attempt that the prefix names if there is one; `None` if nothing is kept.
///
/// # Errors
/// If the file cannot be read.
pub(crate) fn whole(project: &Project, id: &SpecId, attempt: Option<&str>) -> Result<Option<Vec<u8>>> {
    let mut all = kept_of(project, id).into_iter();
    let Some(name) = all.find(|name| attempt.is_none_or(|prefix| name.starts_with(prefix))) else { return Ok(None) };
    let path = transcript::dir(project.repo.common_dir(), id).join(format!("{name}{ENDING}"));
    local_file::read(&path, MOST_WHOLE).io("read", &path)
}

/// The attempts of which something is kept, the newest checks first; a person's own work is `by-hand`.
pub(crate) fn kept_of(project: &Project, id: &SpecId) -> Vec<String> {
    let dir = transcript::dir(project.repo.common_dir(), id);
    let name = |entry: &fs::DirEntry| Some(entry.file_name().to_str()?.strip_suffix(ENDING)?.to_owned());
    let entries = fs::read_dir(&dir).into_iter().flatten().flatten();
    let mut kept: Vec<_> = entries
        .filter_map(|entry| Some((entry.metadata().and_then(|meta| meta.modified()).ok(), name(&entry)?)))
        .collect();
    kept.sort();
    kept.into_iter().rev().map(|(_, name)| name).collect()
}

/// Why a merge of finished work was refused by commands that ran on it, or by a hook.
#[derive(Serialize, Deserialize)]
struct RefusedMerge {
    /// The commit of the work.
    work: String,
    /// The commit that it was merged with; empty where its target did not exist.
    target: String,
    /// The reason.
    why: String,
}

/// Writes why the merge of an attempt, of its commit `work` with the commit `target`, if there is one, was refused.
///
/// # Errors
/// If the file cannot be written.
pub(crate) fn write_refused_merge(
    project: &Project,
    (id, attempt): (&SpecId, ObjectId),
    (work, target): (ObjectId, Option<ObjectId>),
    why: &str,
) -> Result<()> {
    let target = target.map(|target| target.to_string()).unwrap_or_default();
    let json = serde_json::to_vec(&RefusedMerge { work: work.to_string(), target, why: why.to_owned() })
        .map_err(|error| Error::fatal(Kind::Checks, format!("cannot write why it was not merged: {error}")))?;
    local_file::replace(&transcript::dir(project.repo.common_dir(), id), &format!("{attempt}{REFUSED}"), &json)
}

impl Project {
    /// Why finished work is not merged, as far as a merge found that out in this clone and neither the work nor its target is another since.
    ///
    /// # Errors
    /// If the target cannot be read.
    pub(crate) fn refused_merge(&self, id: &SpecId, state: &State) -> Result<Option<String>> {
        let (Some(attempt), Some(target)) = (state.attempt, &state.facts.target) else { return Ok(None) };
        let path = transcript::dir(self.repo.common_dir(), id).join(format!("{attempt}{REFUSED}"));
        let Some(bytes) = local_file::read(&path, MOST).ok().flatten() else { return Ok(None) };
        let Ok(refused) = serde_json::from_slice::<RefusedMerge>(&bytes) else { return Ok(None) };
        let is = |now: Option<ObjectId>, then: &str| now.map(|now| now.to_string()).unwrap_or_default() == then;
        let is_so = is(state.facts.work_commits.last().copied(), &refused.work)
            && is(self.branch_tip(target)?, &refused.target);
        Ok(is_so.then_some(refused.why))
    }
}

/// The checks as they were kept here, with output, if they are those that were `recorded`.
pub(crate) fn kept(project: &Project, recorded: ObjectId, checks: &Checks) -> Option<Checks> {
    let bytes = local_file::read(&dir(project).join(format!("{recorded}.json")), MOST).ok().flatten()?;
    let kept: Checks = serde_json::from_slice(&bytes).ok()?;
    (kept.clone().without_output() == checks.clone().without_output()).then_some(kept)
}
