//! Specs whose work may have reached its target. Whether it has, and that it is recorded, is up to `attempt`.

use std::collections::BTreeSet;

use gix::ObjectId;

use crate::{
    domain::{id::SpecId, status::Status},
    error::Result,
    git::history,
    project::Project,
};

/// How many commits are looked through, at most; `git chant status` finds the others.
const MOST: usize = 1000;

/// The specs that may just have been completed: those with a work branch here, and those that a commit between the two names.
pub(crate) fn candidates(project: &Project, between: Option<(ObjectId, ObjectId)>) -> Result<BTreeSet<SpecId>> {
    let prefix = format!("refs/heads/{}", project.config().branch_prefix()?);
    let names = project.store()?.names_below(&prefix)?;
    let mut found: BTreeSet<SpecId> = names.iter().filter_map(|name| SpecId::new(name).ok()).collect();
    if let Some((old, new)) = between {
        for commit in history::newest_between(&project.repo, old, new, MOST) {
            let commit = project.repo.gix().find_commit(commit)?;
            let commit = commit.decode()?;
            for trailer in commit.message_trailers().filter(|one| one.token.eq_ignore_ascii_case(b"Chant-Spec")) {
                found.extend(std::str::from_utf8(&trailer.value).ok().and_then(|id| SpecId::new(id.trim()).ok()));
            }
        }
    }
    Ok(found)
}

/// Whether a spec waits for its work to reach its target.
pub(crate) fn is_finished(project: &Project, id: &SpecId) -> Result<bool> {
    Ok(project.store()?.state(id)?.is_some_and(|state| state.status == Status::Finished))
}
