//! `chant.verifyMerged`: what passed on the work alone has to pass on its merge too, before the target moves.

use gix::ObjectId;

use crate::{
    answer::progress::{Progress, Step},
    attempt::{
        check::{Prover, Room, run_too, without},
        ended::{Stop, Waits},
        finish::{documents, finish_event},
        seen,
    },
    domain::{
        check_line::SHOWN,
        checks::{Checks, Command},
        enumeration::enumerate,
        event::{Facts, Op},
        new_event::{NewEvent, sentence},
        proof,
    },
    env::file_lock::Lockable,
    error::Result,
    project::{Project, check_output, check_slot, trust},
    specs::attempt::Attempt,
};

/// Whether the commands of an attempt have to run on `merged`: where its tree is not that of `tip`, which has passed.
///
/// # Errors
/// If the repository or the configuration cannot be read.
pub(super) fn is_needed(project: &Project, attempt: &Attempt, merged: ObjectId, tip: ObjectId) -> Result<bool> {
    let front = &attempt.spec.front;
    if front.verify.is_empty() && front.reproduces.is_none() || !project.config().verify_merged()? {
        return Ok(false);
    }
    let tree = |commit| -> Result<ObjectId> { Ok(project.repo.gix().find_commit(commit)?.tree_id()?.detach()) };
    Ok(tree(merged)? != tree(tip)?)
}

/// Writes why the merge of an attempt, of its commit `work` into its target at `target`, was refused by its checks, or by what git ran: in this
/// clone until one of them is another, and once as a note in the history.
///
/// # Errors
/// If it cannot be written.
pub(super) fn write_refused(
    project: &Project,
    attempt: &Attempt,
    (work, target): (ObjectId, Option<ObjectId>),
    why: &str,
) -> Result<(), Stop> {
    let (id, attempt_id, store) = (&attempt.id, attempt.start, project.store()?);
    let Some(state) = store.state(id)? else { return Ok(()) };
    if project.refused_merge(id, &state)?.as_deref() != Some(why) {
        let facts = Facts { attempt: Some(attempt_id), reason: Some(why.to_owned()), ..Facts::default() };
        let sentence = sentence("Not merged", attempt.title(), why);
        store.record(id, NewEvent { op: Op::Note, sentence, facts })?;
    }
    check_output::write_refused_merge(project, (id, attempt_id), (work, target), why)?;
    Ok(())
}

/// Runs the commands of an attempt, whose work ends with `tip`, on merges. While a `Verifier` exists no other process of this clone verifies: merges into one
/// target wait for each other, instead of each being out of date when its commands are done.
pub(super) struct Verifier<'p> {
    project: &'p Project,
    attempt: &'p Attempt,
    tip: ObjectId,
    progress: &'p dyn Progress,
    _held: Lockable,
}

impl<'p> Verifier<'p> {
    /// Waits until no other process verifies.
    ///
    /// # Errors
    /// `untrusted` if the commands are not approved in this clone: another clone may have finished the work.
    pub(super) fn open(
        project: &'p Project,
        attempt: &'p Attempt,
        tip: ObjectId,
        progress: &'p dyn Progress,
    ) -> Result<Self> {
        let short = attempt.id.short();
        if let Some(found) =
            project.untrusted(&attempt.id, attempt.blob, &attempt.spec, None, || seen::trust_is_doubted(project))?
        {
            return Err(trust::refused(short, &found.what, "merge"));
        }
        let held = check_slot::hold_merges(project, || {
            progress.say(&Step::Note("waiting for the checks of another merge in this clone to end".to_owned()));
        })?;
        Ok(Verifier { project, attempt, tip, progress, _held: held })
    }

    /// Runs the commands on `merged`, the merge with the commit `ours` of `target`. Returns what stands against it.
    ///
    /// # Errors
    /// If a command could not be run, or was interrupted.
    pub(super) fn check(&self, merged: ObjectId, ours: ObjectId, target: &str) -> Result<Option<Waits>> {
        self.progress.say(&Step::Note(format!("'{target}' has new commits: checking the merge with them, too")));
        let mut room = Room::for_attempt(self.project, self.attempt.start, self.progress)?;
        room.warm_up(self.attempt, &[])?;
        let front = &self.attempt.spec.front;
        let done = room.run_all_or_recall(merged, &documents(self.project, self.attempt)?, &front.verify)?;
        if let Some(failed) = done.iter().find(|seen| !seen.has_passed()) {
            return self.refused(failed, merged, target).map(Some);
        }
        if let Some(command) = &front.reproduces
            && let Some(waits) = self.reproduces(&mut room, merged, command, target)?
        {
            return Ok(Some(waits));
        }
        self.without_built(&mut room, merged, ours, target)
    }

    /// The commands have to pass on the merge without files that programs make, as they passed on the work without them: with those of the
    /// target in their place.
    fn without_built(
        &self,
        room: &mut Room<'_>,
        merged: ObjectId,
        ours: ObjectId,
        target: &str,
    ) -> Result<Option<Waits>> {
        let Verifier { project, attempt, .. } = *self;
        let by_hand = finish_event(project, attempt)?.is_none_or(|finish| finish.id == attempt.start);
        // A person did the work without an attempt, or has accepted that they fail without these files.
        let built = self.recorded()?.and_then(|checks| checks.built).filter(|built| built.ack.is_none() && !by_hand);
        let Some(built) = built else { return Ok(None) };
        let commands = attempt.spec.front.commands_to_pass();
        self.progress.say(&Step::Note(run_too(&built.paths)));
        let commit = without(project, merged, Some(ours), &built.paths)?;
        let done = room.run_all_or_recall(commit, &documents(project, attempt)?, &commands)?;
        let Some(failed) = done.iter().find(|seen| !seen.has_passed()) else { return Ok(None) };
        let waits = self.refused(failed, merged, target)?;
        Ok(Some(Waits { why: format!("without {}, {}", enumerate(&built.paths), waits.why), ..waits }))
    }

    /// What the checks of the work found.
    fn recorded(&self) -> Result<Option<Checks>> {
        let Some(finish) = finish_event(self.project, self.attempt)? else { return Ok(None) };
        let bytes = self.project.store()?.evidence_of(finish.id, "checks.json")?;
        Ok(bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()))
    }

    /// The proof has to hold on the merge, with the very tests that proved the work.
    fn reproduces(&self, room: &mut Room<'_>, merged: ObjectId, command: &str, target: &str) -> Result<Option<Waits>> {
        self.progress.say(&Step::Checking { what: command });
        let stands = |seen: &Command| proof::stands(self.attempt.spec.front.known_phase(), seen);
        let (project, attempt) = (self.project, self.attempt);
        let proof = match self.has_held_tests()? {
            true => Prover { project, attempt, made: self.tip, at: merged }.prove(room)?,
            false => None,
        };
        let Some(proof) = proof else {
            let seen = room.run_or_recall(merged, command, stands)?;
            return if stands(&seen) { Ok(None) } else { self.refused(&seen, merged, target).map(Some) };
        };
        if !stands(&proof.tip) {
            return self.refused(&proof.tip, merged, target).map(Some);
        }
        let why = proof.fault.map(|fault| format!("merged with '{target}', '{command}' proves nothing: {fault}"));
        Ok(why.map(Waits::new))
    }

    /// Whether the work was proved with held tests, and no person acknowledged that they no longer fit.
    fn has_held_tests(&self) -> Result<bool> {
        Ok(self.recorded()?.and_then(|checks| checks.reproduces).is_some_and(|proof| proof.ack.is_none()))
    }

    /// What is said of a command that did not come to what it should have on the merge.
    fn refused(&self, seen: &Command, merged: ObjectId, target: &str) -> Result<Waits> {
        let id = &self.attempt.id;
        check_output::write_whole(self.project, id, Some(self.attempt.start), Some(merged), std::iter::once(seen))?;
        let verb = if seen.exit == Some(0) && seen.changed.is_empty() { "passes" } else { "fails" };
        let waits = Waits::new(format!("merged with '{target}', '{}' {verb}: {}", seen.command, seen.ending()));
        let said = seen.tail.iter().flat_map(|tail| tail.lines()).filter(|line| !line.trim().is_empty());
        let said: Vec<&str> = said.collect();
        let last = &said[said.len().saturating_sub(SHOWN)..];
        let waits = Waits { output: last.join("\n"), ..waits };
        let more = last.len() < said.len();
        Ok(if more {
            waits.hint(format!("to see the whole output: git chant log {} --checks", id.short()))
        } else {
            waits
        })
    }
}
