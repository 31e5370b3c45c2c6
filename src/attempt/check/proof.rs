//! Runs the command of a reproduction or of a fix where it proves something: with and without the new tests, with the same tests
//! before a fix and after it.

use std::cell::RefCell;

use gix::ObjectId;
use regex_lite::Regex;

use super::{
    doubt::{Doubt, quoted},
    held::Source,
    recall::How,
    room::Room,
    test_set::Tests,
};
use crate::{
    domain::{
        checks::{Command, Reproduction},
        enumeration::enumerate,
        phase::Phase,
        proof,
        runner::{Outcome, in_full},
        test_path::runs_tests,
        test_settings::takes_over,
    },
    error::Result,
    project::Project,
    specs::attempt::Attempt,
};

/// How often a test runs at least where a proof rests on how it ends, and how often where so many runs take no longer than `BRIEF`, in
/// milliseconds.
const LEAST_RUNS: usize = 2;
const BRIEF_RUNS: usize = 3;
const BRIEF: u64 = 2000;

/// How often files are looked for that a command does not find: one may run others.
const MOST_LACKING: usize = 8;

/// The proof of an attempt, at a commit.
pub(crate) struct Prover<'a> {
    pub(crate) project: &'a Project,
    pub(crate) attempt: &'a Attempt,
    /// What the attempt made.
    pub(crate) made: ObjectId,
    /// The commit that is judged.
    pub(crate) at: ObjectId,
}

/// A run of a test that ended otherwise than the first.
struct Unlike {
    /// Which run it was, from 1.
    number: usize,
    seen: Command,
    /// What that says of the test.
    fault: String,
}

/// What the test of a reproduction shows at a commit.
pub(crate) enum Shown {
    /// The bug: the test fails as it did.
    Bug,
    /// It passes.
    NoBug,
    /// Nothing, and why.
    Nothing(String),
}

impl Prover<'_> {
    /// Runs the test that a reproduction added, laid over the code of the commit that is judged.
    ///
    /// # Errors
    /// If the command cannot be run, or the person interrupts it.
    pub(crate) fn try_at(&self, room: &mut Room<'_>) -> Result<Shown> {
        let Prover { project, at, .. } = *self;
        let Some(source) = self.source()? else {
            return Ok(Shown::Nothing("its spec names no command".to_owned()));
        };
        let (command, tests) = (source.command, source.added()?);
        let held = tests.paths();
        let laid = match tests.over(&project.repo, at)? {
            Ok(laid) => laid,
            Err(path) => return Ok(Shown::Nothing(format!("the test in '{path}' cannot be laid over it"))),
        };
        let seen = self.described(self.passes(room, laid, command)?);
        if seen.has_passed() && matches!(seen.outcome(), Outcome::Passed | Outcome::Unknown) {
            return Ok(Shown::NoBug);
        }
        let fault = proof::fix_fault_before(&seen, &held).or_else(|| self.unexpected(None, &seen));
        Ok(fault.map_or(Shown::Bug, Shown::Nothing))
    }

    /// Proves what the spec says; `None` if it has no command for that, or nothing to compare with.
    ///
    /// # Errors
    /// If a command cannot be run, or the person interrupts it.
    pub(crate) fn prove(&self, room: &mut Room<'_>) -> Result<Option<Reproduction>> {
        let Some(source) = self.source()? else { return Ok(None) };
        match self.attempt.spec.front.known_phase() {
            Some(Phase::Reproduction) => self.reproduction(room, &source).map(Some),
            _ => self.fix(room, &source).map(Some),
        }
    }

    /// What the attempt made; `None` if its spec names no command for a proof, or it has no base.
    fn source(&self) -> Result<Option<Source<'_>>> {
        match &self.attempt.spec.front.reproduces {
            Some(command) => Source::of(self.project, self.attempt, self.made, command),
            None => Ok(None),
        }
    }

    /// How often a test is run that has to end alike.
    fn runs(&self) -> usize {
        self.attempt.spec.front.runs.as_deref().and_then(|runs| runs.parse().ok()).unwrap_or(1)
    }

    /// The test is new, fails, and does so each time.
    fn reproduction(&self, room: &mut Room<'_>, source: &Source<'_>) -> Result<Reproduction> {
        let command = source.command;
        let other = source.other_code()?;
        let unsteady = RefCell::new(None);
        let steady = |seen: &Command| seen.command == command && seen.is_evidence() && unsteady.borrow().is_none();
        let mut without = room.recall_or(How::Twice, source.base, &[command], steady, |room| {
            let (first, second) = room.run_twice(source.base, command)?;
            unsteady.replace(proof::flaky(&first, &second));
            Ok(if unsteady.borrow().is_some() { first.unlike(1, (2, second)) } else { first })
        })?;
        let (with, beside) = room.run_twice(self.at, command)?;
        let (mut with, beside) = (self.described(with), self.described(beside));
        if proof::flaky(&with, &beside).is_some() {
            with = with.unlike(1, (2, beside.clone()));
        }
        // Of a kept result it is not known what it printed.
        let is_alike = with.outcome() == Outcome::Unknown && with.exit == without.exit;
        if (is_alike || self.attempt.spec.front.fails_with.is_some()) && without.output.is_none() {
            without = room.run(source.base, command)?;
        }
        let mut fault = match other.as_slice() {
            [] => proof::reproduction_fault(&without, &with, source.runs_added()?, &source.written()?),
            other => Some(format!(
                "a reproduction adds tests and changes no other code: {} (name data of tests in 'tests'; put a test that stands among code into a file of its own)",
                other.join(", ")
            )),
        };
        fault = fault.or(unsteady.take()).or(self.takes_over(source)?).or(source.unreadable()?);
        if let (None, false) = (&fault, with.changed.is_empty()) {
            let why = "so that it could never pass with a fix";
            fault = Some(format!("it changes tracked files, {why}: {}", enumerate(&with.changed)));
        }
        fault = fault.or_else(|| proof::flaky(&with, &beside)).or_else(|| self.unexpected(Some(&without), &with));
        if fault.is_none()
            && let Some(other) = self.again(room, self.at, command, &with)?
        {
            (with, fault) = (with.unlike(1, (other.number, other.seen)), Some(other.fault));
        }
        let mut proof = Reproduction::new("fails at the tip and not at the base", without, with, fault);
        proof.base.ok = true;
        proof.held = source.added()?.paths();
        Ok(proof)
    }

    /// Why the tests of a reproduction may not run at all: what it adds beside them runs instead.
    fn takes_over(&self, source: &Source<'_>) -> Result<Option<String>> {
        for path in source.written()?.iter().filter(|path| runs_tests(path)) {
            if takes_over(&source.text(self.made, path)?.unwrap_or_default()) {
                return Ok(Some(format!("'{path}' ends or replaces the run of the tests")));
            }
        }
        Ok(None)
    }

    /// Takes a run that ended as `fails_with` describes for a failing test, whatever ended it: the person who wrote the pattern knows that
    /// the bug shows itself so.
    fn described(&self, mut seen: Command) -> Command {
        if let Some(Ok(pattern)) = self.attempt.spec.front.fails_with.as_deref().map(Regex::new) {
            proof::take_for_failure(&mut seen, |text| pattern.is_match(text));
        }
        seen
    }

    /// Runs `command` again where the proof rests on how it ended `first`, each time in a fresh checkout: once at least, more often where the
    /// spec asks for that or it takes little time. Gives the first run that ends otherwise.
    fn again(&self, room: &mut Room<'_>, commit: ObjectId, command: &str, first: &Command) -> Result<Option<Unlike>> {
        let (mut runs, mut spent) = (1, first.duration_ms);
        // What prepares a checkout may take longer than the test.
        let most = if self.project.config().worktree_setup()?.is_some() { LEAST_RUNS } else { BRIEF_RUNS };
        while runs < self.runs().max(LEAST_RUNS) || runs < most && spent < BRIEF {
            let next = self.described(room.run(commit, &in_full(command))?);
            let seen = Command { command: command.to_owned(), ..next };
            if let Some(fault) = proof::flaky(first, &seen) {
                return Ok(Some(Unlike { number: runs + 1, seen, fault }));
            }
            (runs, spent) = (runs + 1, spent + seen.duration_ms);
        }
        Ok(None)
    }

    /// Why the failure is not the one that `fails_with` describes.
    fn unexpected(&self, without: Option<&Command>, with: &Command) -> Option<String> {
        let pattern = self.attempt.spec.front.fails_with.as_deref()?;
        let Ok(regex) = Regex::new(pattern) else {
            return Some(format!("fails_with '{pattern}' is not a valid pattern"));
        };
        let shows = |seen: &Command| seen.shows(|text| regex.is_match(text));
        if regex.is_match("") || without.is_some_and(shows) {
            return Some(format!("fails_with '{pattern}' also matches without the test"));
        }
        (!shows(with)).then(|| format!("its output does not contain '{pattern}' (fails_with)"))
    }

    /// The very same tests fail before and pass after.
    fn fix(&self, room: &mut Room<'_>, source: &Source<'_>) -> Result<Reproduction> {
        let (repo, command) = (&self.project.repo, source.command);
        let expected = "fails at the base, passes at the tip";
        let (before, tests) = self.before(room, source)?;
        let tests = source.as_found(tests)?;
        let at = tests.over(repo, self.at)?;
        let differences = tests.changed_in(repo, self.at)?;
        let mut fault = proof::fix_fault_before(&before, &tests.paths()).or_else(|| self.unexpected(None, &before));
        let expected_before = fault.is_none();
        let mut ack = None;
        let mut after = match &at {
            // What cannot fail before needs no run after.
            Ok(laid) if fault.is_none() => room.run_to_pass(*laid, command)?,
            _ => room.run(self.at, command)?,
        };
        if fault.is_none() {
            fault = match &at {
                Ok(laid) => match proof::fix_fault_after(&before, &after) {
                    None => self.again(room, *laid, command, &after)?.map(|other| {
                        after = other.seen.unlike(other.number, (1, std::mem::take(&mut after)));
                        other.fault
                    }),
                    fault => fault,
                },
                Err(path) => Some(format!("the held test in '{path}' was changed and does not apply to the fix")),
            };
            let additions = tests.additions();
            if fault.is_some() && !(differences.is_empty() && additions.is_empty()) && self.at == self.made {
                let own = room.run(self.at, command)?;
                let own_fault = proof::fix_fault_after(&before, &own);
                if own_fault.is_none() {
                    let changed = [&differences[..], &additions[..]].concat().join(", ");
                    ack = Some(format!("{changed}; the original test does not pass with the fix"));
                }
                // Of a run that only looks passed the reason says more.
                let fault_of = own_fault.filter(|_| own.has_passed()).or(fault);
                let changed = differences.iter().map(|difference| format!("; {difference}")).collect::<String>();
                fault = fault_of.map(|fault| format!("{fault}{changed}"));
            }
        }
        let mut notes = Vec::new();
        if fault.is_none() {
            ack = self.doubt(room, source, &tests, &before, &after)?;
        }
        if let (None, None, Ok(laid)) = (&fault, &ack, &at) {
            ack = self.passes_whatever(room, source, &tests, &before, *laid)?;
        }
        if fault.is_none() && ack.is_none() {
            match self.needs_no_code(room, source, &tests, &before)? {
                Some(Doubt::Waits(what)) => ack = Some(what),
                Some(Doubt::Note(what)) => notes.push(what),
                None => {}
            }
        }
        let mut proof = Reproduction::new(expected, before, after, fault);
        if ack.is_some() {
            (proof.ok, proof.tip.ok, proof.fault) = (true, true, None);
        }
        proof.base.ok = expected_before;
        proof.tip.ok |= !expected_before;
        proof.ack = ack;
        proof.notes = notes;
        proof.held = tests.paths();
        proof.differences = differences;
        let configuration = source.configuration()?.into_iter();
        proof
            .differences
            .extend(configuration.map(|path| format!("it changes '{path}', which configures builds or tests")));
        Ok(proof)
    }

    /// Why a test that passes `after` a fix may pass without one, so that a person has to look.
    fn doubt(
        &self,
        room: &mut Room<'_>,
        source: &Source<'_>,
        tests: &Tests,
        before: &Command,
        after: &Command,
    ) -> Result<Option<String>> {
        if let Some(unreadable) = source.unreadable()? {
            return Ok(Some(unreadable));
        }
        let probes = source.probes(tests, proof::tells_early_end(after))?;
        if !probes.is_empty() {
            return Ok(Some(format!("{}: it may make a test pass without a fix", probes.join("; "))));
        }
        if let Some(fewer) = proof::fewer_ran(before, after, source.removed(tests)?) {
            return Ok(Some(fewer));
        }
        let mut settings = source.settings(tests)?;
        settings.extend(self.scripts(source, tests)?);
        let mut helpers = self.changed_helpers(source, tests)?;
        helpers.retain(|path| !settings.contains(path));
        let beside = source.loaded_beside(tests, &helpers)?;
        let back = [&settings[..], &helpers[..]].concat();
        if back.is_empty() && beside.is_empty() {
            return Ok(None);
        }
        let as_found = source.with_as_found(tests, &back)?;
        // Without the others, or with them as they were: one of them may fail because of the fix, and others may need them.
        let mut ways = vec![as_found.without(&beside)];
        if !beside.is_empty() {
            ways.push(source.with_as_found(&as_found, &beside)?);
        }
        for way in ways {
            if let Ok(laid) = way.over(&self.project.repo, self.at)?
                && proof::fix_fault_after(before, &room.run_to_pass(laid, source.command)?).is_none()
            {
                return Ok(None);
            }
        }
        let said = match helpers.is_empty() && beside.is_empty() {
            true => format!("it changes how tests run in {}; with the settings as they were", quoted(&settings)),
            false => format!(
                "it changes what runs with the tests: {}; with that as it was",
                quoted(&[back, beside].concat())
            ),
        };
        Ok(Some(format!("{said}, the test does not pass")))
    }

    /// The run of the command before the fix, and the tests that it was run with.
    fn before(&self, room: &mut Room<'_>, source: &Source<'_>) -> Result<(Command, Tests)> {
        let (repo, base, command) = (&self.project.repo, source.base, source.command);
        // What it prints is not kept with a result.
        let prints = self.attempt.spec.front.fails_with.is_some();
        let expected = |held: &[String], seen: &Command| !prints && proof::fix_fault_before(seen, held).is_none();
        let reproduced = source.reproduced()?;
        if !reproduced.is_empty()
            && let Ok(laid) = reproduced.over(repo, base)?
        {
            let held = reproduced.paths();
            let before = room.run_or_recall(laid, command, |seen| expected(&held, seen))?;
            return Ok((self.described(before), reproduced));
        }
        // What is kept is what several runs came to, never the first of them alone.
        let steady = |room: &mut Room<'_>| {
            let first = self.described(room.run(base, command)?);
            self.steadily(room, base, command, first)
        };
        let mut added = source.added()?;
        // What these tests name is what they test.
        let text = source.text_of(&added)?;
        let shows = |seen: &Command| expected(&[], seen) && !source.lacks(seen, &text);
        let mut before = self.described(room.recall_or(How::Steadily, base, &[command], shows, steady)?);
        if before.outcome() == Outcome::Failed {
            return Ok((before, source.found()?));
        }
        // The test came with the fix: without the fix it has to fail. So did what the command does not find without it.
        let mut is_run = added.is_empty();
        for _ in 0..MOST_LACKING {
            if is_run {
                let lacking = source.lacking(&before, &text, &added)?;
                if lacking.is_empty() {
                    break;
                }
                added.whole.extend(lacking);
            }
            let Ok(laid) = added.over(repo, base)? else { break };
            before = self.described(room.run(laid, command)?);
            before = self.steadily(room, laid, command, before)?;
            is_run = true;
        }
        if source.lacks(&before, &text) {
            proof::take_for_error(&mut before);
        }
        let tests = if added.is_empty() { source.found()? } else { added };
        Ok((before, tests))
    }

    /// The run of a test that fails without the fix, where no reproduction has shown that it always does: another one if that ends otherwise.
    fn steadily(&self, room: &mut Room<'_>, commit: ObjectId, command: &str, before: Command) -> Result<Command> {
        if before.outcome() == Outcome::Passed || before.exit == Some(0) {
            return Ok(before);
        }
        Ok(match self.again(room, commit, command, &before)? {
            Some(other) => other.seen.unlike(other.number, (1, before)),
            None => before,
        })
    }

    /// The run that has to pass: the first of several that does not, otherwise the last.
    fn passes(&self, room: &mut Room<'_>, commit: ObjectId, command: &str) -> Result<Command> {
        let mut seen = room.run_to_pass(commit, command)?;
        for _ in 1..self.runs() {
            if !seen.has_passed() {
                break;
            }
            seen = room.run(commit, command)?;
        }
        Ok(seen)
    }
}
