//! Many refs at once, by pattern.
//!
//! git holds every single refspec against every ref of the clone: with thousands of both that takes it several times as long as the
//! exchange itself. A pattern costs it nothing.

use super::{Answers, Due, Subject};
use crate::{
    domain::id::SpecId,
    error::Result,
    exchange::sync::Exchange,
    git,
    store::{
        SPECS,
        archive::{ARCHIVES, is_archive},
    },
};

/// Fewer refs are pushed one by one.
const MANY: usize = 200;

impl Exchange<'_> {
    /// Pushes all histories, archives and notes, if many of them are due. Gives the refs that still have to be pushed one by one:
    /// those without an answer, and those that moved during the push, so that what was sent of them is unknown.
    pub(super) fn push_matching(&mut self, due: Vec<Due>, answers: &mut Answers) -> Result<Vec<Due>> {
        if due.len() < MANY || !self.all_may_go()? {
            return Ok(due);
        }
        let mut patterns = vec![format!("{SPECS}*"), format!("{ARCHIVES}*")];
        patterns.extend(due.iter().filter(|due| due.subject == Subject::Notes).map(|due| due.name.clone()));
        // Without an answer, smaller parts may come through.
        let fates = git::remote::push_matching(&self.project.repo, &self.remote.name, &patterns).unwrap_or_default();
        let now = self.store.refs_to_carry()?;
        self.note_fates(due, fates, answers, |due| now.get(&due.name) == Some(&due.id))
    }

    /// Whether everything in our namespaces may be pushed: names that are not ours stay here, and so does every ref that is in the
    /// way of an unfit one there.
    fn all_may_go(&self) -> Result<bool> {
        let specs = self.store.raw_tips()?.iter().all(|(name, target)| target.is_some() && SpecId::new(name).is_ok());
        let archives = self.store.raw_archives()?.iter().all(|(name, target)| target.is_some() && is_archive(name));
        Ok(self.report.unfit().is_none() && specs && archives)
    }
}
