//! What stands between a command and the held tests: the scripts by which it gets to them, and the helpers that they call.

use gix::bstr::ByteSlice as _;

use super::{doubts::LISTS, held::Source, proof::Prover, test_set::Tests};
use crate::{
    domain::{
        command_words::is_run,
        naming::{asks_for_less, is_code_by_name, names, runs_tests_by_text},
        test_path::{Named, Role, named_itself, role, runs_tests},
        test_settings::recipes_of,
    },
    error::Result,
    git::history::{self, Change, ChangeKind},
};

impl Prover<'_> {
    /// Files that were there and that the attempt changed or deleted, and by which the command gets to the held tests: scripts that it runs by
    /// itself, by a makefile or by a script of a package, and that run tests.
    pub(super) fn scripts(&self, source: &Source<'_>, tests: &Tests) -> Result<Vec<String>> {
        let (since, held) = (source.since()?, tests.paths());
        let mut open = source.changed(|kind| kind != ChangeKind::Added)?;
        open.retain(|path| role(path) != Role::Configuration && !held.contains(path));
        if open.is_empty() {
            return Ok(Vec::new());
        }
        let mut pieces = vec![source.command.to_owned()];
        for makefile in ["Makefile", "GNUmakefile", "makefile", "justfile"] {
            pieces.extend(source.text(since, makefile)?.map(|text| recipes_of(&text, source.command)));
        }
        if ["npm", "yarn", "pnpm", "bun"].iter().any(|program| source.command.contains(program)) {
            pieces.extend(source.text(since, "package.json")?);
        }
        let mut found = Vec::new();
        while let Some(piece) = pieces.pop() {
            let (named, rest) = open.into_iter().partition::<Vec<_>, _>(|path| names_path(&piece, path));
            open = rest;
            for path in named {
                let text = source.text(since, &path)?.unwrap_or_default();
                if runs_tests_by_text(&text, &held) {
                    pieces.push(text);
                    found.push(path);
                }
            }
        }
        Ok(found)
    }

    /// Files that were there, that the held tests use, and that the attempt changed or deleted: of those among tests each that they name, and
    /// each that asks for less now; of others those that no other code names and that ask for less.
    pub(super) fn changed_helpers(&self, source: &Source<'_>, tests: &Tests) -> Result<Vec<String>> {
        let (since, held) = (source.since()?, tests.paths());
        let mut text = source.text_of(tests)?;
        let mut open = source.not_moved()?;
        open.retain(|path| !held.contains(path) && !runs_tests(path) && role(path) != Role::Configuration);
        let mut found = Vec::new();
        loop {
            let before = found.len();
            for path in std::mem::take(&mut open) {
                let old = source.text(since, &path)?.unwrap_or_default();
                let role = source.role(&path)?;
                let is_test = role == Role::Test;
                let less = asks_for_less(&old, &source.text(self.made, &path)?.unwrap_or_default(), is_test);
                let directory = path.rsplit_once('/').map(|(directory, _)| directory);
                let lists =
                    || LISTS.iter().any(|word| text.contains(word)) && directory.is_some_and(|at| names(&text, at));
                let named = names(&text, &path) || lists();
                let is_helper = match role {
                    Role::Test => named || less || is_run(source.command, &path) || path.ends_with("/__init__.py"),
                    _ => {
                        named
                            && less
                            && source.names_code(&text, std::slice::from_ref(&path))?
                            && !self.code_names(&path, &held)?
                    }
                };
                if is_helper {
                    text.push_str(&old);
                    found.push(path);
                } else {
                    open.push(path);
                }
            }
            if found.len() == before {
                return Ok(found);
            }
        }
    }
}

/// In how many files tests are looked for where none is held.
const MOST_FILES: usize = 200;

impl Source<'_> {
    /// The text of the tests: of those that are held, otherwise of those that were there.
    pub(super) fn text_of(&self, tests: &Tests) -> Result<String> {
        if !tests.is_empty() {
            return tests.text(&self.project.repo);
        }
        let mut text = String::new();
        for path in self.found_tests()? {
            text.push_str(&self.text(self.base, &path)?.unwrap_or_default());
        }
        Ok(text)
    }

    /// The files that were there and have a name of tests, or that the command names.
    pub(super) fn found_tests(&self) -> Result<Vec<String>> {
        let is_one = |path: &&String| named_itself(path) > Named::No || names_path(self.command, path);
        Ok(self.files.files()?.iter().filter(is_one).take(MOST_FILES).cloned().collect())
    }

    /// Whether tests with this text name code besides the files at `paths`: these are not what they test, then.
    pub(super) fn names_code(&self, text: &str, paths: &[String]) -> Result<bool> {
        let is_other =
            |other: &&String| role(other) != Role::Configuration && is_code_by_name(other) && !paths.contains(other);
        for other in self.files.files()?.iter().filter(is_other).filter(|other| names(text, other)) {
            if self.role(other)? == Role::Other {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Other test files that were there and that the attempt changed or deleted. A runner that looks for tests loads them with those that are
    /// held in `tests`, so that they may do something to the code.
    pub(super) fn loaded_beside(&self, tests: &Tests, helpers: &[String]) -> Result<Vec<String>> {
        let held = tests.paths();
        // A command that names its test loads no other.
        if held.iter().any(|path| names_path(self.command, path)) {
            return Ok(Vec::new());
        }
        let mut found = Vec::new();
        for path in self.not_moved()? {
            let is_other = named_itself(&path) > Named::No && !held.contains(&path) && !helpers.contains(&path);
            if is_other && self.role(&path)? == Role::Test {
                found.push(path);
            }
        }
        Ok(found)
    }

    /// What was there and what the attempt changed, or deleted without having it elsewhere.
    fn not_moved(&self) -> Result<Vec<String>> {
        let changes = history::changed_paths(&self.project.repo, Some(self.since()?), self.made)?;
        let added: Vec<_> =
            changes.iter().filter(|change| change.kind == ChangeKind::Added).map(|change| change.after).collect();
        let is_moved = |change: &Change| change.kind == ChangeKind::Deleted && added.contains(&change.before);
        let stays = changes.iter().filter(|change| change.kind != ChangeKind::Added && !is_moved(change));
        Ok(stays
            .filter_map(|change| change.path.to_str().ok().map(str::to_owned))
            .filter(|path| !path.starts_with(".chant/"))
            .collect())
    }
}

/// Whether a command line, or a script, names the file at `path` as such.
fn names_path(text: &str, path: &str) -> bool {
    let is_in_path = |c: char| c.is_alphanumeric() || "_-./".contains(c);
    text.split(|c| !is_in_path(c)).any(|word| word.trim_start_matches("./") == path)
}
