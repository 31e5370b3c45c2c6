//! Joins what a remote has with what is here, ref by ref, and reports what became of each.

use gix::ObjectId;

use super::Exchange;
use crate::{
    answer::ExchangeResult,
    domain::{converge::Source, history::History, id::SpecId},
    error::Result,
    specs::text::path_of,
    store::{NOTES_REF, Store, archive::ARCHIVES, tracking::Integrated},
};

impl Exchange<'_> {
    /// Joins an archive with `theirs`, unless that holds another spec with the id of one here.
    pub(super) fn join_archive(&mut self, name: &str, theirs: ObjectId, source: Source) -> Result<()> {
        let full = format!("{ARCHIVES}{name}");
        let is_here = |id: &SpecId| self.project.tops().iter().any(|top| top.join(path_of(id)).is_file());
        let mut namesakes = Vec::new();
        for (id, history, is_another) in self.store.archived_by_others(name, theirs, &is_here)? {
            if is_another || self.namesakes.has(&id, &history)? {
                namesakes.push(id);
            }
        }
        if !namesakes.is_empty() {
            for id in namesakes {
                let why = "the remote has archived another spec with this id; not exchanged";
                self.report.say(ExchangeResult::Namesake, &Store::ref_name(&id), why);
            }
            self.report.say(
                ExchangeResult::Namesake,
                &full,
                "it holds another spec with the id of one here; not exchanged",
            );
            return Ok(());
        }
        let joined = self.store.integrate_archive(name, theirs, source)?;
        self.report_joined(&full, joined);
        Ok(())
    }

    /// Joins the history of a spec with `theirs`.
    pub(super) fn join_spec(&mut self, spec: &SpecId, theirs: ObjectId, source: Source) -> Result<()> {
        let is_namesake = |history: &History| self.namesakes.has(spec, history);
        let joined = self.store.integrate(spec, theirs, source, &is_namesake)?;
        self.report_joined(&Store::ref_name(spec), joined);
        Ok(())
    }

    /// Joins the notes with `theirs`: a note is a set of lines, so that two sides never conflict.
    pub(super) fn join_notes(&mut self, theirs: ObjectId) -> Result<()> {
        let joined = self.store.integrate_notes(theirs)?;
        self.report_joined(NOTES_REF, joined);
        Ok(())
    }

    fn report_joined(&mut self, name: &str, joined: Integrated) {
        match joined {
            Integrated::Same | Integrated::Kept => {}
            Integrated::Adopted { from, to } => self.report.add(ExchangeResult::Fetched, name, from, Some(to)),
            Integrated::Merged { from, to, strangers } => {
                self.report.add(ExchangeResult::Merged, name, Some(from), Some(to));
                if strangers {
                    let why = "the two had no event in common: each clone recorded the spec for itself";
                    self.report.say(ExchangeResult::Merged, name, why);
                }
            }
            Integrated::Namesake => {
                let why = "the remote has another spec with this id; not exchanged";
                self.report.say(ExchangeResult::Namesake, name, why);
            }
            Integrated::Unfit(why) => self.report.say(ExchangeResult::Unfit, name, why),
        }
    }
}
