//! The tests that a proof holds fixed: those of the reproduction that a fix follows, otherwise those that its own attempt found or added.
//!
//! Files with nothing but tests are held whole. Of a file that holds other code, too, the reproduction's changes are held.

use std::{
    cell::{OnceCell, RefCell},
    collections::{BTreeSet, HashMap, HashSet},
};

use gix::{ObjectId, bstr::ByteSlice};

use super::{doubt::quoted, superseded::Superseded, test_set::Tests};
use crate::{
    domain::{
        altered_tests::fewer,
        code_text::changes_more_than_text,
        command_words::is_run,
        id::SpecId,
        inline_tests::test_lines,
        naming::is_code_by_name,
        pattern::{Entry, PathSet},
        phase::Phase,
        probes::{ends_process, names_runner, names_test},
        sourced::{is_sourced, only_starts, takes_over_shell},
        status::Status,
        test_path::{Named, Role, named_itself, role, runs_tests, shadows_runner, shows_test},
        test_settings::changes_how_tests_run,
        test_text::role_by_text,
    },
    error::Result,
    git::{
        history::{self, Change, ChangeKind},
        overlay::{self, MarkedPatch, Patch},
    },
    project::Project,
    specs::{all::Specs, attempt::Attempt, base::Base},
};

/// An attempt whose tests are looked for: what it began with, less the tests that it supersedes, and what it made.
pub(super) struct Source<'a> {
    pub(super) project: &'a Project,
    pub(super) attempt: &'a Attempt,
    pub(super) base: ObjectId,
    pub(super) made: ObjectId,
    pub(super) command: &'a str,
    superseded: Superseded,
    /// The files of the base, those of code among them, and what is known of files with names of tests.
    pub(super) files: Base<'a>,
    pub(super) code: OnceCell<Vec<String>>,
    pub(super) roles: RefCell<HashMap<String, Role>>,
}

impl<'a> Source<'a> {
    /// What `made` has of an attempt whose spec names `command`; `None` if it is not known where the attempt began.
    ///
    /// # Errors
    /// If the specs cannot be read.
    pub(super) fn of(
        project: &'a Project,
        attempt: &'a Attempt,
        made: ObjectId,
        command: &'a str,
    ) -> Result<Option<Source<'a>>> {
        let Some(base) = attempt.base else { return Ok(None) };
        let superseded = Superseded::by(project, &attempt.id, &attempt.spec.front)?;
        let base = superseded.taken_from(project, command, base)?;
        let files = Base::new(project, Some(base));
        let (code, roles) = (OnceCell::new(), RefCell::default());
        Ok(Some(Source { project, attempt, base, made, command, superseded, files, code, roles }))
    }
}

impl Source<'_> {
    /// Whether the command runs a file that the attempt added.
    pub(super) fn runs_added(&self) -> Result<bool> {
        Ok(self.changed(|kind| kind == ChangeKind::Added)?.iter().any(|path| is_run(self.command, path)))
    }

    /// The tests of the reproductions that the attempt follows, and those that its spec names as such.
    pub(super) fn reproduced(&self) -> Result<Tests> {
        let repo = &self.project.repo;
        let (mut tests, named) = (Tests::default(), self.named());
        if !named.is_empty() {
            for path in self.files.files()? {
                if named.matches(path.as_bytes().as_bstr()) {
                    tests.whole.extend(overlay::file_in(repo, self.base, path)?);
                }
            }
        }
        for id in self.reproductions()? {
            self.add_tests_of(&id, &mut tests)?;
        }
        Ok(tests)
    }

    /// The paths that the spec names as those of tests.
    fn named(&self) -> PathSet {
        PathSet::new(&self.attempt.spec.front.tests).unwrap_or_default()
    }

    fn add_tests_of(&self, id: &SpecId, tests: &mut Tests) -> Result<()> {
        let (project, repo) = (self.project, &self.project.repo);
        let specs = Specs::new(project)?;
        let Some(state) = specs.recorded(id)?.state else { return Ok(()) };
        let entry = specs.entry(id)?;
        let superseded = match entry.spec() {
            Some(spec) => Superseded::by(project, id, &spec.front)?,
            None => Superseded::default(),
        };
        let Some(base) = state.facts.base else { return Ok(()) };
        // One that changed nothing left the tests as they were that it supersedes.
        let Some(tip) = state.facts.work_commits.last().copied().or((!superseded.is_empty()).then_some(base)) else {
            return Ok(());
        };
        if repo.gix().try_find_header(tip)?.is_none() || repo.gix().try_find_header(base)?.is_none() {
            return Ok(());
        }
        let base = superseded.taken_from(project, self.command, base)?;
        let declared = entry.spec().map(|spec| PathSet::new(&spec.front.tests).unwrap_or_default()).unwrap_or_default();
        let landed =
            state.facts.landing.as_ref().map(|landing| project.is_ancestor(landing.new, self.base)).transpose()?;
        let is_here = landed == Some(true) || project.is_ancestor(tip, self.base)?;
        let known: HashSet<String> = tests.paths().into_iter().collect();
        for Change { path, kind, .. } in history::changed_paths(repo, Some(base), tip)? {
            let Ok(path) = path.to_str() else { continue };
            let text = |commit| self.text(commit, path);
            let by_text =
                || -> Result<Role> { Ok(role_by_text(path, &[text(base)?.as_deref(), text(tip)?.as_deref()])) };
            let is_test = kind == ChangeKind::Added || is_run(self.command, path) || by_text()? == Role::Test;
            let left_out = !declared.is_empty() && !declared.matches(path.into()) && !is_test;
            if path.starts_with(".chant/") || kind == ChangeKind::Deleted || left_out || known.contains(path) {
                continue;
            }
            if is_test || declared.matches(path.into()) {
                // What people made of it on the target since counts.
                let now = overlay::file_in(repo, self.base, path)?;
                let then = if is_here { None } else { overlay::file_in(repo, tip, path)? };
                tests.whole.extend(now.or(then));
            } else {
                let Some(patch) = Patch::between(repo, base, tip, path)? else { continue };
                if !is_here || overlay::holds(repo, self.base, &patch)? {
                    tests.parts.push(patch);
                }
            }
        }
        Ok(())
    }

    /// The reproductions that the attempt builds on, near or far, and those of its topic. One that is superseded counts no more.
    fn reproductions(&self) -> Result<BTreeSet<SpecId>> {
        let specs = Specs::new(self.project)?;
        let (mut seen, mut found) = (BTreeSet::new(), BTreeSet::new());
        let mut open = vec![self.attempt.id.clone()];
        if let Some(topic) = &self.attempt.spec.front.topic {
            for id in specs.names.active()? {
                if specs.entry(id)?.spec().is_some_and(|spec| spec.front.topic.as_ref() == Some(topic)) {
                    open.push(id.clone());
                }
            }
        }
        while let Some(id) = open.pop() {
            if !seen.insert(id.clone()) {
                continue;
            }
            let entry = specs.entry(&id)?;
            let Some(spec) = entry.spec() else { continue };
            if spec.front.known_phase() == Some(Phase::Reproduction)
                && id != self.attempt.id
                && matches!(entry.status, Status::Finished | Status::Completed | Status::Archived)
                && entry.state.as_ref().is_none_or(|state| state.was != Some(Status::Cancelled))
                && specs.successor(&self.attempt.id, &id)? == id
            {
                found.insert(id.clone());
            }
            for written in &spec.front.depends_on {
                open.extend(self.project.candidates(&specs.names, written)?);
            }
            open.extend(spec.front.informed_by.iter().filter_map(|entry| match Entry::parse(entry) {
                Ok(Entry::Spec(id)) => Some(id),
                _ => None,
            }));
        }
        Ok(found)
    }

    /// The tests that the attempt found and changed or deleted, as it found them.
    pub(super) fn found(&self) -> Result<Tests> {
        let mut tests = self.own(self.base, |kind| kind != ChangeKind::Added)?;
        // What was there and is no longer; what the attempt added is no test that it found.
        let restores =
            |patch: &Patch| patch.hunks().is_some_and(|hunks| hunks.concat().iter().any(|line| line.starts_with(b"+")));
        for part in self.inline(self.made, self.since()?)?.iter().filter(|part| restores(part)) {
            tests.parts.extend(part.in_its_place(&self.project.repo, self.made)?);
        }
        Ok(tests)
    }

    /// What `to` has otherwise than `from` of the tests in files that hold code, too, among those that the attempt changed.
    fn inline(&self, from: ObjectId, to: ObjectId) -> Result<Vec<Patch>> {
        let (project, repo) = (self.project, &self.project.repo);
        let mut parts = Vec::new();
        for path in self.changed(|kind| kind == ChangeKind::Modified)? {
            if self.role(&path)? != Role::Other || is_run(self.command, &path) {
                continue;
            }
            let is_test = [&test_lines_in(project, from, &path)?[..], &test_lines_in(project, to, &path)?];
            parts.extend(MarkedPatch::between(repo, [from, to], &path, is_test)?.and_then(|patch| patch.of_tests()));
        }
        Ok(parts)
    }

    /// Where the attempt's own changes begin.
    pub(super) fn since(&self) -> Result<ObjectId> {
        let since = self.project.own_changes_since(self.attempt, self.made)?.unwrap_or(self.base);
        self.superseded.taken_from(self.project, self.command, since)
    }

    /// The tests that the attempt added or changed, as it left them, with what runs them.
    pub(super) fn added(&self) -> Result<Tests> {
        let mut tests = self.own(self.made, |kind| kind != ChangeKind::Deleted)?;
        tests.parts.extend(self.inline(self.since()?, self.made)?);
        if !tests.is_empty() {
            let brings = |path: &str| runs_tests(path) && !shadows_runner(path);
            for path in self.changed(|kind| kind != ChangeKind::Deleted)?.iter().filter(|path| brings(path)) {
                tests.whole.extend(overlay::file_in(&self.project.repo, self.made, path)?);
            }
        }
        Ok(tests)
    }

    fn own(&self, commit: ObjectId, counts: impl Fn(ChangeKind) -> bool) -> Result<Tests> {
        let (mut tests, named) = (Tests::default(), self.named());
        for path in self.changed(counts)? {
            if self.role(&path)? == Role::Test
                || is_run(self.command, &path)
                || named.matches(path.as_bytes().as_bstr())
            {
                tests.whole.extend(overlay::file_in(&self.project.repo, commit, &path)?);
            }
        }
        Ok(tests)
    }

    /// The files that the attempt left changed or new.
    pub(super) fn written(&self) -> Result<Vec<String>> {
        self.changed(|kind| kind != ChangeKind::Deleted)
    }

    /// Why changed files can be neither held nor looked at, in words: their names are not UTF-8. `None` if there is none.
    pub(super) fn unreadable(&self) -> Result<Option<String>> {
        let changes = history::changed_paths(&self.project.repo, Some(self.since()?), self.made)?;
        let names: Vec<String> = changes
            .iter()
            .filter(|change| change.path.to_str().is_err())
            .map(|change| change.path.to_str_lossy().into_owned())
            .collect();
        Ok((!names.is_empty()).then(|| {
            format!("it changes files with names that are not UTF-8, which no proof can hold: {}", quoted(&names))
        }))
    }

    /// The paths that the attempt changed itself, documents of git-chant apart.
    pub(super) fn changed(&self, counts: impl Fn(ChangeKind) -> bool) -> Result<Vec<String>> {
        let changes = history::changed_paths(&self.project.repo, Some(self.since()?), self.made)?.into_iter();
        let paths = changes
            .filter(|change| counts(change.kind))
            .filter_map(|change| String::from_utf8(change.path.into()).ok());
        Ok(paths.filter(|path| !path.starts_with(".chant/")).collect())
    }

    /// These tests with what runs tests, as the attempt found it: what the attempt changed of that, added or deleted. Other files of tests that
    /// it added are left out: what they do to the code under test is no fix of it.
    pub(super) fn as_found(&self, mut tests: Tests) -> Result<Tests> {
        let repo = &self.project.repo;
        let since = self.since()?;
        self.follow_moves(&mut tests)?;
        let known = tests.paths();
        let known: HashSet<&str> = known.iter().map(String::as_str).collect();
        let changes = history::changed_paths(repo, Some(since), self.made)?;
        let shadows = self.shadows(&known)?;
        let moved: HashSet<Option<ObjectId>> =
            changes.iter().filter(|change| change.kind == ChangeKind::Deleted).map(|change| change.before).collect();
        for Change { path, kind, after, .. } in changes {
            let Ok(path) = path.to_str() else { continue };
            let is_new = kind == ChangeKind::Added;
            let is_named = shadows.contains(path) || named_itself(path) > Named::No && self.role(path)? == Role::Test;
            let is_other_test = is_new && is_named && !moved.contains(&after) && !is_run(self.command, path);
            if !(runs_tests(path) || is_other_test) || known.contains(path) {
                continue;
            }
            match kind {
                ChangeKind::Added if runs_tests(path) => tests.absent.push(path.to_owned()),
                ChangeKind::Added => tests.left_out.push(path.to_owned()),
                _ => tests.whole.extend(overlay::file_in(repo, since, path)?),
            }
        }
        Ok(tests)
    }

    /// Holds a test file that the attempt moved, and did not change, where it is now.
    fn follow_moves(&self, tests: &mut Tests) -> Result<()> {
        let repo = &self.project.repo;
        let mut new = None;
        for file in &mut tests.whole {
            if overlay::file_in(repo, self.made, &file.path)?.is_some() {
                continue;
            }
            let paths = match &new {
                Some(paths) => paths,
                None => {
                    let mut paths = self.changed(|kind| kind == ChangeKind::Added)?;
                    paths.retain(|path| role(path) == Role::Test);
                    new.insert(paths)
                }
            };
            for path in paths {
                if let Some(moved) = overlay::file_in(repo, self.made, path)?
                    && (moved.blob, moved.kind) == (file.blob, file.kind)
                {
                    *file = moved;
                    break;
                }
            }
        }
        Ok(())
    }

    /// The settings of builds by which the attempt changed how tests run, besides what `tests` hold.
    pub(super) fn settings(&self, tests: &Tests) -> Result<Vec<String>> {
        let since = self.since()?;
        let whole: HashSet<&str> = tests.whole.iter().map(|file| file.path.as_str()).collect();
        let mut paths = Vec::new();
        for path in self.changed(|_| true)?.into_iter().filter(|path| !whole.contains(path.as_str())) {
            let (before, after) = (self.text(since, &path)?, self.text(self.made, &path)?);
            if changes_how_tests_run(&path, self.command, before.as_deref(), after.as_deref()) {
                paths.push(path);
            }
        }
        Ok(paths)
    }

    /// These tests with the files at `paths` as the attempt found them.
    pub(super) fn with_as_found(&self, tests: &Tests, paths: &[String]) -> Result<Tests> {
        let (since, mut tests) = (self.since()?, tests.clone());
        for path in paths {
            match overlay::file_in(&self.project.repo, since, path)? {
                Some(found) => tests.whole.push(found),
                None => tests.absent.push(path.clone()),
            }
        }
        Ok(tests)
    }

    /// How many tests the attempt removed, as far as their names tell; those of the files that `tests` hold are there.
    pub(super) fn removed(&self, tests: &Tests) -> Result<u64> {
        let (since, known) = (self.since()?, tests.paths());
        let mut removed = 0;
        for path in self.changed(|kind| kind != ChangeKind::Added)?.iter().filter(|path| !known.contains(path)) {
            removed += fewer(self.text(since, path)?.as_deref(), self.text(self.made, path)?.as_deref());
        }
        Ok(removed as u64)
    }

    /// Where the attempt's code names what runs tests, in words. Unless the runner `tells_early_end`, also where it ends the process as
    /// if all was well.
    pub(super) fn probes(&self, tests: &Tests, tells_early_end: bool) -> Result<Vec<String>> {
        let (since, held) = (self.since()?, tests.paths());
        let directory = |path: &str| path.rsplit_once('/').map_or("", |(directory, _)| directory).to_owned();
        let text = self.text_of(tests)?;
        let whole: Vec<&str> =
            tests.whole.iter().map(|file| file.path.as_str()).filter(|path| is_code_by_name(path)).collect();
        let mut found = Vec::new();
        for path in self.changed(|kind| kind != ChangeKind::Deleted)?.iter().filter(|path| !is_run(self.command, path))
        {
            let (before, after) = (self.text(since, path)?, self.text(self.made, path)?);
            if self.role(path)? != Role::Other {
                continue;
            }
            found.extend(names_runner(path, before.as_deref(), after.as_deref()));
            found.extend(names_test(path, before.as_deref(), after.as_deref(), &whole));
            if is_sourced(&text, path) {
                found.extend(takes_over_shell(path, before.as_deref(), after.as_deref()));
            }
            // No test of another directory loads a program of Go.
            let is_program = path.ends_with(".go")
                && after.as_ref().is_some_and(|text| text.lines().any(|line| line.trim() == "package main"))
                && !held.iter().any(|test| directory(test) == directory(path));
            if !tells_early_end && !is_program && !only_starts(self.command, &text, path) {
                found.extend(ends_process(path, before.as_deref(), after.as_deref()));
            }
        }
        Ok(found)
    }

    pub(super) fn text(&self, commit: ObjectId, path: &str) -> Result<Option<String>> {
        let bytes = self.project.blob_in(commit, path)?.map(|(_, bytes)| bytes);
        Ok(bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
    }

    /// The configuration of builds and test runners that the attempt changed and that is not held.
    pub(super) fn configuration(&self) -> Result<Vec<String>> {
        let changes = history::changed_paths(&self.project.repo, Some(self.base), self.made)?;
        let paths = changes.iter().filter_map(|change| change.path.to_str().ok());
        let named = |path: &&str| role(path) == Role::Configuration && !runs_tests(path);
        Ok(paths.filter(named).map(str::to_owned).collect())
    }

    /// What a reproduction changed besides tests, their data and what finds them, unless its target files or `tests` name it.
    pub(super) fn other_code(&self) -> Result<Vec<String>> {
        let repo = &self.project.repo;
        let (declared, named) = (self.attempt.targets()?, self.named());
        let mut other = Vec::new();
        for Change { path, kind, .. } in history::changed_paths(repo, Some(self.base), self.made)? {
            let Ok(path) = path.to_str() else { continue };
            if kind == ChangeKind::Added
                || path.starts_with(".chant/")
                || self.role(path)? != Role::Other
                || declared.matches(path.into())
                || named.matches(path.into())
                || is_run(self.command, path)
            {
                continue;
            }
            // A test inside of a file with code is added to it; the code stays.
            let patch = Patch::between(repo, self.base, self.made, path)?;
            let commits = [self.base, self.made];
            let (old, new) =
                (test_lines_in(self.project, self.base, path)?, test_lines_in(self.project, self.made, path)?);
            let marked = MarkedPatch::between(repo, commits, path, [&old, &new])?;
            let (before, after) = (self.text(self.base, path)?, self.text(self.made, path)?);
            let is_text = before
                .zip(after)
                .is_some_and(|(before, after)| path.ends_with(".py") && !changes_more_than_text(path, &before, &after));
            let is_of_tests = marked.is_some_and(|marked| marked.is_of_tests());
            let only_tests = |patch: Patch| is_text || adds_only_tests(&patch) || is_of_tests;
            if kind == ChangeKind::Deleted || !patch.is_none_or(only_tests) {
                other.push(path.to_owned());
            }
        }
        Ok(other)
    }
}

/// For each line of a file as a commit has it whether it belongs to a test.
fn test_lines_in(project: &Project, commit: ObjectId, path: &str) -> Result<Vec<bool>> {
    let bytes = project.blob_in(commit, path)?.map(|(_, bytes)| bytes).unwrap_or_default();
    Ok(test_lines(&String::from_utf8_lossy(&bytes)))
}

/// Whether a patch of a file with code removes nothing, and each of its hunks shows that it adds a test.
fn adds_only_tests(patch: &Patch) -> bool {
    patch.hunks().is_some_and(|hunks| {
        hunks.iter().all(|hunk| {
            hunk.iter().all(|line| !line.starts_with(b"-")) && hunk.iter().any(|line| shows_test(&line.to_str_lossy()))
        })
    })
}
