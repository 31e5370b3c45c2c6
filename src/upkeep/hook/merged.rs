//! Specs whose work may have reached its target. `attempt` finds out whether it has, and records it.

use std::collections::BTreeSet;

use gix::ObjectId;

use crate::{domain::id::SpecId, error::Result, git::history, project::Project};

/// How many commits are looked through, at most; `git chant status` finds the others.
const MOST: usize = 1000;

/// The specs that may just have been completed: those with a work branch here, and those that a commit between the two names.
pub(crate) fn candidates(project: &Project, between: Option<(ObjectId, ObjectId)>) -> Result<BTreeSet<SpecId>> {
    let prefix = format!("refs/heads/{}", project.config().branch_prefix()?);
    let names = project.store()?.names_below(&prefix)?;
    let mut found: BTreeSet<SpecId> = names.iter().filter_map(|name| SpecId::new(name).ok()).collect();
    if let Some((old, new)) = between {
        for commit in history::newest_between(&project.repo, [old], new, MOST) {
            let commit = project.repo.gix().find_commit(commit)?;
            let commit = commit.decode()?;
            for trailer in commit.message_trailers().filter(|one| one.token.eq_ignore_ascii_case(b"Chant-Spec")) {
                found.extend(std::str::from_utf8(&trailer.value).ok().and_then(|id| SpecId::new(id.trim()).ok()));
            }
        }
    }
    Ok(found)
}

/// The commits at `HEAD` before and after the merge that has just ended; `None` if git did not record the first.
pub(crate) fn last_merge(project: &Project) -> Result<Option<(ObjectId, ObjectId)>> {
    let before = project.repo.gix().try_find_reference("ORIG_HEAD")?.and_then(|mut orig| orig.peel_to_id().ok());
    Ok(before.map(gix::Id::detach).zip(project.repo.head()?.id()))
}
