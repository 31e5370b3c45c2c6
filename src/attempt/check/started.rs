//! What a command plainly runs: the scripts of the work that it names, and the manifests in which its program looks. Tests are counted only
//! where a known runner is among that: anything else can print what a runner prints.

use std::collections::{BTreeSet, HashSet};

use gix::{ObjectId, bstr::ByteSlice as _};

use super::Check;
use crate::{
    domain::{
        checks::Command,
        naming::is_data,
        runner::{Outcome, starts_runner},
        test_path::{Role, role},
    },
    error::Result,
    project::Project,
    specs::base::Base,
};

/// The manifests in which programs look for what to run.
const MANIFESTS: [(&[&str], &[&str]); 9] = [
    (&["make", "gmake"], &["GNUmakefile", "makefile", "Makefile"]),
    (&["just"], &["justfile", "Justfile", ".justfile"]),
    (&["npm", "npx", "yarn", "pnpm", "bun", "turbo", "nx", "lerna"], &["package.json"]),
    (&["tox", "hatch", "poe", "pdm", "uv", "poetry"], &["tox.ini", "pyproject.toml", "setup.cfg", "hatch.toml"]),
    (&["nox"], &["noxfile.py"]),
    (&["rake", "rails"], &["Rakefile"]),
    (&["composer"], &["composer.json"]),
    (&["task"], &["Taskfile.yml", "Taskfile.yaml"]),
    (&["deno"], &["deno.json"]),
];

/// How many files are looked at for one command, and how large one may be, in bytes.
const MOST_FILES: usize = 50;
const LARGEST: usize = 1 << 18;

/// What a command line runs at a commit.
pub(super) struct Started {
    /// The files, in which programs look or which they run.
    pub(super) files: BTreeSet<String>,
    /// Whether a known runner is started.
    pub(super) runner: bool,
}

impl Started {
    /// What `command` runs at `commit`.
    ///
    /// # Errors
    /// If an object cannot be read.
    pub(super) fn by(project: &Project, commit: ObjectId, command: &str) -> Result<Started> {
        let base = Base::new(project, Some(commit));
        let files: HashSet<&str> = base.files()?.iter().map(String::as_str).collect();
        let is_own = |path: &str| path.contains('/') && files.contains(path);
        let mut started = Started { files: BTreeSet::new(), runner: starts_runner(command, false, is_own) };
        let mut pieces = vec![command.to_owned()];
        while let Some(piece) = pieces.pop() {
            let words: BTreeSet<&str> = words(&piece).collect();
            for path in words.iter().map(|word| (*word).to_owned()).chain(manifests(&words)) {
                if !files.contains(path.as_str()) || started.files.len() >= MOST_FILES || started.files.contains(&path)
                {
                    continue;
                }
                let bytes = project.blob_in(commit, &path)?.map(|(_, bytes)| bytes).unwrap_or_default();
                let text = bytes.to_str_lossy();
                if bytes.len() > LARGEST || is_data(&path, &text) {
                    continue;
                }
                started.runner |= starts_runner(&text, role(&path) == Role::Configuration, is_own);
                pieces.push(text.into_owned());
                started.files.insert(path);
            }
        }
        Ok(started)
    }
}

/// The words of a text that may be paths.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|c: char| !(c.is_alphanumeric() || "_-./".contains(c)));
    words.map(|word| word.trim_start_matches("./")).filter(|word| !word.is_empty() && word.len() < 200)
}

/// The manifests in which one of these words looks, at the top and in directories that others name.
fn manifests(words: &BTreeSet<&str>) -> Vec<String> {
    let names = MANIFESTS.iter().filter(|(programs, _)| programs.iter().any(|program| words.contains(program)));
    let names: Vec<&str> = names.flat_map(|(_, names)| names.iter().copied()).collect();
    let directories = words.iter().map(|word| format!("{}/", word.trim_end_matches('/'))).chain([String::new()]);
    directories.flat_map(|directory| names.iter().map(move |name| format!("{directory}{name}"))).collect()
}

impl Check<'_> {
    /// Takes back what a run says of tests, where nothing that it plainly runs is a runner of tests.
    pub(super) fn count_only_tests(&self, seen: &mut Command) -> Result<()> {
        if seen.outcome() == Outcome::Passed && !Started::by(self.project, self.tip, &seen.command)?.runner {
            (seen.runner, seen.outcome, seen.came_to, seen.ran, seen.counted) = (None, None, None, None, false);
        }
        Ok(())
    }

    /// The scripts, no tests themselves, by which the commands of the spec start tests at `base`.
    pub(super) fn scripts_of_tests(&self, base: ObjectId) -> Result<BTreeSet<String>> {
        let mut scripts = BTreeSet::new();
        for command in &self.attempt.spec.front.verify {
            let started = Started::by(self.project, base, command)?;
            if started.runner {
                scripts.extend(started.files.into_iter().filter(|path| role(path) == Role::Other));
            }
        }
        Ok(scripts)
    }
}
