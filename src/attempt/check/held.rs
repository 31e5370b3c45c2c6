//! The tests that a proof holds fixed: those of the reproduction that a fix follows, otherwise those that its own attempt found or added.
//!
//! Files with nothing but tests are held whole. Of a file that holds other code, too, the reproduction's changes are held.

use std::collections::BTreeSet;

use gix::{ObjectId, bstr::ByteSlice};

use super::{superseded::Superseded, test_set::Tests};
use crate::{
    domain::{
        altered_tests::fewer,
        held::{Role, is_named_test, is_run, role, runs_tests, shadows_runner, shows_test},
        id::SpecId,
        inline_tests::test_lines,
        naming::is_code_by_name,
        pattern::{Entry, PathSet},
        phase::Phase,
        probes::{ends_process, is_sourced, names_runner, only_starts, takes_over_shell},
        status::Status,
        test_settings::{changes_how_tests_run, targets},
    },
    error::Result,
    git::{
        history::{self, Change, ChangeKind},
        overlay::{self, Patch},
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
        Ok(Some(Source { project, attempt, base, made, command, superseded }))
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
            for path in Base::new(self.project, Some(self.base)).files()? {
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
        for Change { path, kind, .. } in history::changed_paths(repo, Some(base), tip)? {
            let Ok(path) = path.to_str() else { continue };
            let is_test = kind == ChangeKind::Added || role(path) == Role::Test || is_run(self.command, path);
            let left_out = !declared.is_empty() && !declared.matches(path.into()) && !is_test;
            if path.starts_with(".chant/")
                || kind == ChangeKind::Deleted
                || left_out
                || tests.paths().iter().any(|known| known == path)
            {
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
            if role(&path) != Role::Other || is_run(self.command, &path) {
                continue;
            }
            if let Some(patch) = Patch::between(repo, from, to, &path)? {
                parts
                    .extend(patch.of_lines(&test_lines_in(project, from, &path)?, &test_lines_in(project, to, &path)?));
            }
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
            if role(&path) == Role::Test || is_run(self.command, &path) || named.matches(path.as_bytes().as_bstr()) {
                tests.whole.extend(overlay::file_in(&self.project.repo, commit, &path)?);
            }
        }
        Ok(tests)
    }

    /// The files that the attempt left changed or new.
    pub(super) fn written(&self) -> Result<Vec<String>> {
        self.changed(|kind| kind != ChangeKind::Deleted)
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
        let changes = history::changed_paths(repo, Some(since), self.made)?;
        let shadows = self.shadows(&tests)?;
        let moved: Vec<Option<ObjectId>> =
            changes.iter().filter(|change| change.kind == ChangeKind::Deleted).map(|change| change.before).collect();
        for Change { path, kind, after, .. } in changes {
            let Ok(path) = path.to_str() else { continue };
            let is_new = kind == ChangeKind::Added;
            let is_named = is_named_test(path) || shadows.iter().any(|shadow| shadow == path);
            let is_other_test = is_new && is_named && !moved.contains(&after) && !is_run(self.command, path);
            if !(runs_tests(path) || is_other_test) || known.iter().any(|known| known == path) {
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

    /// New files that come before others: what a build would make, and takes for made; in a directory of tests one that is loaded before them, or named as code elsewhere, which a test
    /// would load instead; in a new directory one that is named as what the command builds.
    fn shadows(&self, tests: &Tests) -> Result<Vec<String>> {
        let known = tests.paths();
        let base = Base::new(self.project, Some(self.base));
        let files = base.files()?;
        let name = |path: &str| path.rsplit('/').next().unwrap_or(path).to_owned();
        // An empty one only says that there are modules.
        let runs_first = |path: &str| {
            name(path) == "__init__.py"
                && self.text(self.made, path).is_ok_and(|text| text.is_some_and(|text| !text.trim().is_empty()))
        };
        let is_shadow = |path: &String| {
            let top = path.split_once('/').map(|(top, _)| format!("{top}/"));
            let is_target = top.as_ref().is_some_and(|top| {
                let is_in = |other: &String| other.starts_with(top.as_str());
                targets(self.command).iter().any(|target| top.strip_suffix('/') == Some(target))
                    && !files.iter().any(is_in)
                    && !known.iter().any(is_in)
            });
            let takes_place = || files.iter().any(|other| role(other) == Role::Other && name(other) == name(path));
            let is_code = role(path) == Role::Test && is_code_by_name(path);
            is_target || is_built(path) || is_code && (runs_first(path) || takes_place())
        };
        Ok(self.changed(|kind| kind == ChangeKind::Added)?.into_iter().filter(is_shadow).collect())
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
                None => new.insert(self.changed(|kind| kind == ChangeKind::Added)?),
            };
            for path in paths.iter().filter(|path| role(path) == Role::Test) {
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
        let is_whole = |path: &String| tests.whole.iter().any(|file| file.path == *path);
        let mut paths = Vec::new();
        for path in self.changed(|_| true)?.into_iter().filter(|path| !is_whole(path)) {
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
        let mut found = Vec::new();
        for path in self.changed(|kind| kind != ChangeKind::Deleted)?.iter().filter(|path| !is_run(self.command, path))
        {
            let (before, after) = (self.text(since, path)?, self.text(self.made, path)?);
            found.extend(names_runner(path, before.as_deref(), after.as_deref()));
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
                || role(path) != Role::Other
                || declared.matches(path.into())
                || named.matches(path.into())
                || is_run(self.command, path)
            {
                continue;
            }
            // A test inside of a file with code is added to it; the code stays.
            let patch = Patch::between(repo, self.base, self.made, path)?;
            let (old, new) =
                (test_lines_in(self.project, self.base, path)?, test_lines_in(self.project, self.made, path)?);
            let only_tests = |patch: Patch| adds_only_tests(&patch) || patch.is_within(&old, &new);
            if kind == ChangeKind::Deleted || !patch.is_none_or(only_tests) {
                other.push(path.to_owned());
            }
        }
        Ok(other)
    }
}

/// Whether a file is one that a build makes of code.
fn is_built(path: &str) -> bool {
    [".o", ".obj", ".a", ".so", ".pyd", ".class"].iter().any(|end| path.ends_with(end))
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
