//! A reproduction that supersedes others is judged without what they changed: what it leaves of their tests counts as its own.

use gix::{ObjectId, bstr::ByteSlice};

use crate::{
    domain::{
        command_words::is_run,
        id::SpecId,
        phase::Phase,
        spec_file::FrontMatter,
        status::Status,
        test_path::{Role, role},
    },
    error::Result,
    git::{
        history::{self, Change},
        overlay,
    },
    project::Project,
    specs::all::Specs,
};

/// The work of a reproduction: what it began with, and its last commit.
#[derive(Clone, Copy, Debug)]
struct Range {
    base: ObjectId,
    tip: ObjectId,
}

/// The work of superseded reproductions, the newest first.
#[derive(Clone, Debug, Default)]
pub(super) struct Superseded(Vec<Range>);

impl Superseded {
    /// What a reproduction with this front matter supersedes, directly and through others, as far as its commits are here. Other work
    /// supersedes the tests of none.
    ///
    /// # Errors
    /// If the specs cannot be read.
    pub(super) fn by(project: &Project, id: &SpecId, front: &FrontMatter) -> Result<Superseded> {
        if front.known_phase() != Some(Phase::Reproduction) || front.supersedes.is_empty() {
            return Ok(Superseded::default());
        }
        let specs = Specs::new(project)?;
        let is_here = |commit: ObjectId| project.repo.gix().try_find_header(commit).map(|found| found.is_some());
        let (mut seen, mut found) = (vec![id.clone()], Vec::new());
        let mut open = specs.named(&front.supersedes)?;
        while let Some(old) = open.pop() {
            if seen.contains(&old) {
                continue;
            }
            seen.push(old.clone());
            let entry = specs.entry(&old)?;
            let Some(spec) = entry.spec() else { continue };
            open.extend(specs.named(&spec.front.supersedes)?);
            let Some(state) = entry.state.as_ref().filter(|_| spec.front.known_phase() == Some(Phase::Reproduction))
            else {
                continue;
            };
            let (base, tip) = (state.facts.base, state.facts.work_commits.last().copied());
            if let (Some(base), Some(tip), Status::Completed) = (base, tip, state.was.unwrap_or(state.status))
                && is_here(base)?
                && is_here(tip)?
            {
                found.push(Range { base, tip });
            }
        }
        Ok(Superseded(found))
    }

    /// Whether there is any such work.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A commit on top of `commit` that has nothing of this work: files are as they were before it. Where other changes were made in the
    /// same lines since, they stay; a file that the work added and `command` runs goes all the same.
    ///
    /// # Errors
    /// If a commit cannot be read.
    pub(super) fn taken_from(&self, project: &Project, command: &str, commit: ObjectId) -> Result<ObjectId> {
        let (repo, mut commit) = (&project.repo, commit);
        for Range { base, tip } in &self.0 {
            for Change { path, .. } in history::changed_paths(repo, Some(*base), *tip)? {
                let Some(path) = path.to_str().ok().filter(|path| !path.starts_with(".chant/")) else { continue };
                let (before, made) = (overlay::file_in(repo, *base, path)?, overlay::file_in(repo, *tip, path)?);
                let now = overlay::file_in(repo, commit, path)?;
                let is_test = role(path) == Role::Test || is_run(command, path);
                if now == made {
                    let gone = Vec::from_iter(before.is_none().then(|| path.to_owned()));
                    commit = overlay::lay_over(repo, commit, before.as_slice(), &gone)?;
                } else if now.is_some() && before.is_none() && is_test {
                    commit = overlay::lay_over(repo, commit, &[], &[path.to_owned()])?;
                } else if let (Some(now), Some(before), Some(made)) = (&now, &before, &made) {
                    commit = overlay::take_back(repo, commit, now, [before, made])?.unwrap_or(commit);
                }
            }
        }
        Ok(commit)
    }
}
