//! What the files of an attempt are to its proof. Names say where to look; the text of a file tells tests from code, and where that says
//! nothing, what loads the file does.

use std::collections::HashSet;

use super::{held::Source, test_set::Tests};
use crate::{
    domain::{
        checks::Command,
        command_words::is_run,
        naming::{is_code_by_name, names},
        runner::{Outcome, lacking_files, lacks_target},
        test_path::{Named, Role, named, role},
        test_settings::targets,
        test_text::{any_shows, loads, may_be_code, role_by_text},
    },
    error::Result,
    git::{
        history::ChangeKind,
        overlay::{self, TreeEntry},
    },
};

/// In how many files it is looked for what loads one of them.
const MOST_FILES: usize = 2000;

impl Source<'_> {
    /// What the file at `path` is, as the attempt found it and as it left it.
    pub(super) fn role(&self, path: &str) -> Result<Role> {
        let by_name = role(path);
        if by_name != Role::Test {
            return Ok(by_name);
        }
        if let Some(known) = self.roles.borrow().get(path) {
            return Ok(*known);
        }
        let found = self.role_of_test(path)?;
        self.roles.borrow_mut().insert(path.to_owned(), found);
        Ok(found)
    }

    /// What a file is that has a name of tests.
    fn role_of_test(&self, path: &str) -> Result<Role> {
        let is_code = is_code_by_name(path);
        let likely = named(path) == Named::Likely;
        let (before, after) = (self.text(self.since()?, path)?, self.text(self.made, path)?);
        if is_code && any_shows(&[before.as_deref(), after.as_deref()]) || !is_code && likely {
            return Ok(Role::Test);
        }
        let is_helper = !self.code_loads(path)? && (likely || !is_code || self.helps_beside(path)?);
        Ok(if is_helper { Role::Test } else { Role::Other })
    }

    /// Whether code, as the attempt found it, loads the file at `path`; data is loaded where code names it.
    fn code_loads(&self, path: &str) -> Result<bool> {
        let is_code = is_code_by_name(path);
        for other in self.code()?.iter().filter(|other| *other != path).take(MOST_FILES) {
            let text = self.text(self.base, other)?.unwrap_or_default();
            let loads = if is_code { loads(&text, path) } else { text.contains(last(path)) };
            if loads && role_by_text(other, &[Some(&text)]) == Role::Other {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether the file at `path` helps tests that lie in a directory with it: these test other code.
    fn helps_beside(&self, path: &str) -> Result<bool> {
        let Some((top, _)) = path.split_once('/') else { return Ok(false) };
        let is_beside = |other: &&String| {
            other.split_once('/').is_some_and(|(dir, _)| dir == top) && other.as_str() != path && is_code_by_name(other)
        };
        for other in self.files.files()?.iter().filter(is_beside).take(MOST_FILES) {
            let text = self.text(self.base, other)?.unwrap_or_default();
            if is_run(self.command, other) || any_shows(&[Some(&text)]) {
                let text = text.to_lowercase();
                let is_named = |code: &String| code != path && code != other && names(&text, &code.to_lowercase());
                if self.code()?.iter().any(is_named) {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// The files of code that the attempt found, those apart that the command runs, or that have a name of tests by more than a word of others.
    fn code(&self) -> Result<&[String]> {
        let is_code = |path: &&String| {
            let may_be = is_code_by_name(path) && role(path) != Role::Configuration && may_be_code(path);
            may_be && !is_run(self.command, path)
        };
        crate::project::get_or_try_init(&self.code, || {
            Ok(self.files.files()?.iter().filter(is_code).cloned().collect())
        })
        .map(Vec::as_slice)
    }

    /// Whether the command did not find in a run what it is to run. What tests with this `text` name is what they test.
    pub(super) fn lacks(&self, seen: &Command, text: &str) -> bool {
        let output = output_of(seen);
        lacks_target(output) || lacking_files(output).iter().any(|path| !text.contains(last(path)))
    }

    /// What the attempt made of what the command did not find in the run `before` its fix, those apart that `tests` hold: the new files that it
    /// names, unless the `text` of tests does, and where it was not told what to run, what tells that.
    pub(super) fn lacking(&self, before: &Command, text: &str, tests: &Tests) -> Result<Vec<TreeEntry>> {
        let output = output_of(before);
        let lacking = lacking_files(output);
        let is_at = |path: &str, named: &str| {
            path.strip_suffix(named).is_some_and(|above| above.is_empty() || above.ends_with('/'))
        };
        let is_one = |path: &String| {
            let named = lacking.iter().map(|named| named.trim_start_matches("./"));
            !text.contains(last(path)) && named.into_iter().any(|named| is_at(named, path) || is_at(path, named))
        };
        let mut paths = self.changed(|kind| kind == ChangeKind::Added)?;
        paths.retain(is_one);
        if lacks_target(output) {
            let tells = self.changed(|kind| kind != ChangeKind::Deleted)?.into_iter();
            paths.extend(tells.filter(|path| role(path) == Role::Configuration));
        }
        let known = tests.paths();
        paths.retain(|path| !known.contains(path));
        let files = paths.iter().map(|path| overlay::file_in(&self.project.repo, self.made, path));
        Ok(files.collect::<Result<Vec<_>>>()?.into_iter().flatten().collect())
    }

    /// New files that come before others: what a build would make, and takes for made; in a directory of tests one that is loaded before
    /// them, or named as code elsewhere, which a test would load instead; in a new directory one that is named as what the command builds.
    pub(super) fn shadows(&self, known: &HashSet<&str>) -> Result<HashSet<String>> {
        let top = |path: &str| path.split_once('/').map(|(top, _)| top.to_owned());
        let files = self.files.files()?;
        let tops: HashSet<String> =
            files.iter().map(String::as_str).chain(known.iter().copied()).filter_map(top).collect();
        let code: HashSet<&str> =
            files.iter().filter(|path| role(path) == Role::Other).map(|path| last(path)).collect();
        let built = targets(self.command);
        let mut found = HashSet::new();
        for path in self.changed(|kind| kind == ChangeKind::Added)? {
            let is_target = top(&path).is_some_and(|top| built.contains(&top.as_str()) && !tops.contains(&top));
            // An empty one only says that there are modules.
            let runs_first = || -> Result<bool> {
                let text = self.text(self.made, &path)?.unwrap_or_default();
                Ok(last(&path) == "__init__.py" && !text.trim().is_empty())
            };
            let comes_first = is_code_by_name(&path)
                && self.role(&path)? == Role::Test
                && (code.contains(last(&path)) || runs_first()?);
            if is_target || is_built(&path) || comes_first {
                found.insert(path);
            }
        }
        Ok(found)
    }
}

/// What a run printed that shows nothing of tests by itself.
fn output_of(seen: &Command) -> &str {
    let output = seen.output.as_deref().filter(|_| matches!(seen.outcome(), Outcome::Unknown | Outcome::Error));
    output.filter(|_| seen.exit != Some(0)).unwrap_or_default()
}

/// Whether a file is one that a build makes of code.
fn is_built(path: &str) -> bool {
    [".o", ".obj", ".a", ".so", ".pyd", ".class"].iter().any(|end| path.ends_with(end))
}

fn last(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}
