//! Earlier work of a spec, or of one that it supersedes, which the base has already: a test that it made pass proves nothing new.

use gix::ObjectId;

use super::plan::Plan;
use crate::{
    answer::progress::{Progress, Step},
    domain::{event::Landing, id::SpecId, phase::Phase, spec_file::Spec},
    error::Result,
    git::history,
    project::{Project, target::short_name},
    specs::all::Specs,
};

/// Work that the base has.
#[derive(Clone, Debug)]
pub(super) struct Earlier {
    /// The spec whose work it is.
    id: SpecId,
    /// Where it went, a full ref name.
    target: String,
    landing: Landing,
}

impl Earlier {
    /// In words.
    pub(super) fn what(&self) -> String {
        let (id, merge) = (self.id.short(), self.landing.new.to_hex_with_len(12));
        format!("the base has the earlier work of '{id}' already (merge {merge}), with which the test passes")
    }

    /// How a person begins without it, if there is a way.
    pub(super) fn way_out(&self, project: &Project) -> Result<Option<String>> {
        let branch = shell_words::quote(short_name(&self.target)).into_owned();
        let how = revert(project, self.landing)?;
        Ok(how.map(|how| format!("to begin without it: git switch {branch} && git revert {how}")))
    }
}

/// Says that the base of a new attempt at a fix has earlier work of it, which no proof can tell from the new.
pub(super) fn say(project: &Project, plan: &Plan, progress: &dyn Progress) -> Result<()> {
    if plan.resumed.is_none()
        && let Some(earlier) = find(project, &plan.id, &plan.spec, plan.base)?
    {
        progress.say(&Step::Warning(earlier.what()));
        if let Some(way_out) = earlier.way_out(project)? {
            progress.say(&Step::Hint(way_out));
        }
    }
    Ok(())
}

/// The newest merge of a fix, or of one that it supersedes, that `base` has, unless it was taken back there.
///
/// # Errors
/// If the events or the commits cannot be read.
pub(super) fn find(project: &Project, id: &SpecId, spec: &Spec, base: ObjectId) -> Result<Option<Earlier>> {
    if spec.front.reproduces.is_none() || spec.front.known_phase() == Some(Phase::Reproduction) {
        return Ok(None);
    }
    let specs = Specs::new(project)?;
    let superseded = specs.named(&spec.front.supersedes)?;
    for id in std::iter::once(id).chain(&superseded) {
        let Some(tip) = specs.names.tip(id)? else { continue };
        for event in project.store()?.walk(id, tip)?.history.events().iter().rev() {
            let facts = &event.facts;
            let landing = facts.landing.map(|landing| Landing { old: landing.old.or(facts.base), ..landing });
            if let (Some(landing), Some(target)) = (landing, facts.target.clone())
                && project.is_ancestor(landing.new, base)?
                && !is_taken_back(project, landing, base)?
            {
                return Ok(Some(Earlier { id: id.clone(), target, landing }));
            }
        }
    }
    Ok(None)
}

/// Whether `base` has each file that a merge changed as it was before it.
fn is_taken_back(project: &Project, landing: Landing, base: ObjectId) -> Result<bool> {
    let Some(old) = landing.old else { return Ok(false) };
    for change in history::changed_paths(&project.repo, Some(old), landing.new)? {
        let path = change.path.to_string();
        if !path.starts_with(".chant/") && project.blob_id_in(base, &path)? != project.blob_id_in(old, &path)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The arguments of `git revert` that take a merge back; `None` if there are none.
///
/// # Errors
/// If the commit cannot be read.
pub(super) fn revert(project: &Project, landing: Landing) -> Result<Option<String>> {
    let new = landing.new.to_hex_with_len(12);
    let found = project.repo.gix().try_find_object(landing.new)?.and_then(|object| object.try_into_commit().ok());
    Ok(match (found.map(|commit| commit.parent_ids().count()), landing.old) {
        (Some(2..), _) => Some(format!("-m 1 {new}")),
        (_, Some(old)) => Some(format!("{}..{new}", old.to_hex_with_len(12))),
        (_, None) => None,
    })
}
