//! `chant.verifyMerged`: what passed on the work alone has to pass on its merge too, before the target moves.

use std::fs::File;

use gix::ObjectId;

use crate::{
    answer::progress::{Progress, Step},
    attempt::{check::Room, ended::Waits},
    domain::checks::Command,
    error::Result,
    project::{Project, check_slot, trust},
    specs::attempt::Attempt,
};

/// Runs the commands of an attempt on merges. While a `Verifier` exists no other process of this clone verifies: merges into one
/// target wait for each other, instead of each being out of date when its commands are done.
pub(super) struct Verifier<'p> {
    project: &'p Project,
    attempt: &'p Attempt,
    room: Room<'p>,
    _held: File,
}

impl<'p> Verifier<'p> {
    /// Waits until no other process verifies; `None` if nothing is to be verified.
    ///
    /// # Errors
    /// `untrusted` if the commands are not approved in this clone: another clone may have finished the work.
    pub(super) fn open(
        project: &'p Project,
        attempt: &'p Attempt,
        progress: &'p dyn Progress,
    ) -> Result<Option<Verifier<'p>>> {
        if attempt.spec.front.verify.is_empty() || !project.config().verify_merged()? {
            return Ok(None);
        }
        let short = attempt.id.short();
        if let Some(found) = project.untrusted(&attempt.id, attempt.blob, &attempt.spec, None)? {
            return Err(trust::refused(short, &found.what));
        }
        let held = check_slot::hold_merges(project)?;
        Ok(Some(Verifier { project, attempt, room: Room::open(project, progress)?, _held: held }))
    }

    /// Verifies `merged`, unless its tree is that of the work itself, `tip`, which has passed. Returns what stands against it.
    ///
    /// # Errors
    /// If a command could not be run, or was interrupted.
    pub(super) fn check(
        &mut self,
        merged: ObjectId,
        tip: ObjectId,
        target: &str,
        progress: &dyn Progress,
    ) -> Result<Option<Waits>> {
        let tree =
            |commit| -> Result<ObjectId> { Ok(self.project.repo.gix().find_commit(commit)?.tree_id()?.detach()) };
        let (merged_tree, tip_tree) = (tree(merged)?, tree(tip)?);
        if merged_tree == tip_tree {
            return Ok(None);
        }
        progress.say(&Step::Note(format!("'{target}' has moved on: the merge with it is checked, too")));
        for command in &self.attempt.spec.front.verify {
            progress.say(&Step::Checking { what: command });
            let seen = self.room.run_or_recall(merged, merged_tree, command, Command::has_passed)?;
            if seen.has_passed() {
                continue;
            }
            let waits = Waits::new(format!("merged with '{target}', '{command}' fails: {}", seen.ending()));
            let said = seen.tail.as_deref().and_then(|tail| tail.lines().rev().find(|line| !line.trim().is_empty()));
            return Ok(Some(match said {
                Some(said) => waits.hint(format!("it said: {said}")),
                None => waits,
            }));
        }
        Ok(None)
    }
}
