//! What is kept of attempts: how to see it, and what can be dropped without a loss.

use gix::ObjectId;

use crate::{
    answer::progress::{Progress, Step},
    domain::id::SpecId,
    error::Result,
    git::history,
    project::Project,
    specs::text::path_of,
    store::attempts::ATTEMPTS,
};

impl Project {
    /// Whether nothing is lost with a ref that keeps an attempt: branches, tags or other kept attempts reach its commits, or it is
    /// nothing but the text of the spec. `name` is the part of the ref's name after the id.
    pub(crate) fn is_dispensable(&self, id: &SpecId, name: &str, tip: ObjectId) -> Result<bool> {
        match history::unreached(&self.repo, &[tip], &[], Some(&format!("{ATTEMPTS}*")))? {
            0 => Ok(true),
            1 => self.is_spec_alone(id, name, tip),
            _ => Ok(false),
        }
    }

    /// Says how to see what is kept of an attempt whose worktree goes, if that is more than it began with.
    pub(crate) fn tell_of_kept(
        &self,
        id: &SpecId,
        attempt: ObjectId,
        kept: ObjectId,
        progress: &dyn Progress,
    ) -> Result<()> {
        let base = self.attempt_at(id, attempt)?.base;
        if base != Some(kept) && !self.is_spec_alone(id, &attempt.to_string(), kept)? {
            let kept = kept.to_hex_with_len(10);
            progress.say(&Step::Hint(format!("to see the earlier work, which is kept: git show {kept}")));
        }
        Ok(())
    }

    /// Whether a kept attempt is nothing but the commit with which its branch began: the one that git chant makes of the text of the
    /// spec. That text is in the start event.
    pub(crate) fn is_spec_alone(&self, id: &SpecId, name: &str, tip: ObjectId) -> Result<bool> {
        let parents: Vec<ObjectId> = self.repo.gix().find_commit(tip)?.parent_ids().map(gix::Id::detach).collect();
        let attempt = name.split('-').next().and_then(|id| ObjectId::from_hex(id.as_bytes()).ok());
        let ([parent], Some(attempt)) = (parents.as_slice(), attempt) else { return Ok(false) };
        let path = path_of(id);
        let changes = history::changed_paths(&self.repo, Some(*parent), tip)?;
        let store = self.store()?;
        if changes.len() != 1 || changes[0].path != path || store.spec_of_event(attempt)?.as_ref() != Some(id) {
            return Ok(false);
        }
        let pinned = store.evidence_of(attempt, "spec.md")?.map(|bytes| store.blob_id(&bytes));
        Ok(pinned.is_some() && pinned == self.blob_id_in(tip, &path)?)
    }
}
