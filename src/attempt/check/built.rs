//! Files that the work adds and that programs make from others. A command can find such a file finished, and look at no source: then it
//! passes whatever the sources are. So commands have to pass without these files as well, or a person accepts them.

use std::collections::{HashMap, hash_map::Entry};

use bstr::ByteSlice as _;
use gix::ObjectId;

use super::{Check, content::is_plain, room::Room};
use crate::{
    answer::progress::Step,
    domain::{
        checks::{Built, Command},
        enumeration::enumerate,
        spec_file::FrontMatter,
    },
    error::Result,
    git::{
        history::{self, ChangeKind},
        ignored::{Rule, rules_in},
        object::begin_of_blob,
        overlay,
    },
    project::Project,
    specs::base::Base,
};

/// Beginnings of files that compilers and linkers write: ELF, archives, Mach-O, Java, Windows, WebAssembly, LLVM.
const COMPILED: &[&[u8]] = &[
    b"\x7fELF",
    b"!<arch>\n",
    b"\xfe\xed\xfa\xce",
    b"\xfe\xed\xfa\xcf",
    b"\xce\xfa\xed\xfe",
    b"\xcf\xfa\xed\xfe",
    b"\xca\xfe\xba\xbe",
    b"MZ",
    b"\0asm",
    b"BC\xc0\xde",
];

/// More bytes than the longest of these has.
const LONGEST_BEGINNING: u64 = 16;

/// Endings of names of files in which programs keep what they know of sources.
const REMEMBERED: &[&str] = &[".eslintcache", ".ninja_deps", ".ninja_log", ".pyc", ".tsbuildinfo", "CMakeCache.txt"];

/// The files that the work between `base` and `tip` brings and that programs make: of those that it adds what the ignore rules of either
/// commit ignore, and of all that it changes compiled code, and files in which programs remember what they did. A file that the spec names
/// is asked for. What the project itself tracks, with such a name and under such a rule, no rule keeps out. Nothing where a commit is not in
/// this clone.
///
/// # Errors
/// If an object cannot be read.
pub(crate) fn added(
    project: &Project,
    base: Option<ObjectId>,
    tip: ObjectId,
    front: &FrontMatter,
) -> Result<Vec<String>> {
    let is_here = |commit: &ObjectId| project.repo.gix().try_find_header(*commit).is_ok_and(|found| found.is_some());
    let Some(base) = base.filter(|base| is_here(base) && is_here(&tip)) else { return Ok(Vec::new()) };
    let asked = |path: &str| front.target_files.iter().any(|entry| entry == path && is_plain(entry));
    let (mut open, mut found, mut known) = (Vec::new(), Vec::new(), HashMap::new());
    for change in history::changed_paths(&project.repo, Some(base), tip)? {
        let Ok(path) = change.path.to_str().map(str::to_owned) else { continue };
        let Some(blob) = change.after else { continue };
        if path.starts_with(".chant/") || asked(&path) {
            continue;
        }
        let is_compiled = match known.entry(blob) {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(unknown) => {
                let bytes = begin_of_blob(&project.repo, blob, LONGEST_BEGINNING)?;
                *unknown.insert(COMPILED.iter().any(|beginning| bytes.starts_with(beginning)))
            }
        };
        let is_made = is_compiled || REMEMBERED.iter().any(|ending| path.ends_with(ending));
        match change.kind {
            _ if is_made => found.push(path),
            ChangeKind::Added => open.push(path),
            ChangeKind::Modified | ChangeKind::Deleted => {}
        }
    }
    for commit in [base, tip] {
        let rules = rules_in(&project.repo, commit, &open)?;
        let mut rest = Vec::new();
        for (path, rule) in std::mem::take(&mut open).into_iter().zip(rules) {
            let kept_out = rule.map(|rule| Ok::<_, crate::error::Error>(!tracks(project, base, commit, &path, &rule)?));
            if kept_out.transpose()?.unwrap_or_default() { found.push(path) } else { rest.push(path) }
        }
        open = rest;
    }
    found.sort();
    Ok(found)
}

/// Whether `base` tracks a file with the extension of `path` that the same `rule` of `commit` ignores.
fn tracks(project: &Project, base: ObjectId, commit: ObjectId, path: &str, rule: &Rule) -> Result<bool> {
    let extension = |path: &str| {
        let name = path.rsplit('/').next().unwrap_or(path);
        name.rsplit_once('.').map(|(_, extension)| extension.to_owned())
    };
    let own = extension(path);
    let files = Base::new(project, Some(base));
    let alike: Vec<String> = files.files()?.iter().filter(|file| extension(file) == own).cloned().collect();
    Ok(rules_in(&project.repo, commit, &alike)?.iter().flatten().any(|other| other == rule))
}

impl Check<'_> {
    /// What the work adds that programs make; `None` if it adds nothing of that.
    pub(super) fn built(&self) -> Result<Option<Built>> {
        let base = match self.by_hand {
            Some(_) => self.attempt.base,
            None => self.project.own_changes_since(self.attempt, self.tip)?,
        };
        let mut paths = added(self.project, base, self.tip, &self.attempt.spec.front)?;
        let own = self.changed_paths()?;
        paths.retain(|path| own.binary_search(path).is_ok());
        if paths.is_empty() {
            return Ok(None);
        }
        let built = Built { paths, ack: None };
        self.progress.say(&Step::Warning(built.what()));
        Ok(Some(built))
    }

    /// Runs `commands`, which pass, without what is `built`: with what the base has in its place. Gives the first that does not pass, after it noted that a person has to accept
    /// this.
    pub(super) fn run_without(
        &self,
        room: &mut Room<'_>,
        built: &mut Built,
        commands: &[String],
    ) -> Result<Option<Command>> {
        let without = without(self.project, self.tip, self.attempt.base, &built.paths)?;
        self.progress.say(&Step::Note(run_too(&built.paths)));
        let done = room.run_all(without, &self.extra()?, commands)?;
        let Some(failed) = done.into_iter().find(|seen| !seen.has_passed()) else { return Ok(None) };
        built.ack = Some(format!("without them, '{}' fails: {}", failed.command, failed.ending()));
        Ok(Some(failed))
    }
}

/// The `commit` without the files at `paths`: with what the commit `instead` has in their place.
///
/// # Errors
/// If an object cannot be read or written.
pub(crate) fn without(
    project: &Project,
    commit: ObjectId,
    instead: Option<ObjectId>,
    paths: &[String],
) -> Result<ObjectId> {
    let (mut before, mut gone) = (Vec::new(), Vec::new());
    for path in paths {
        match instead.map(|instead| overlay::file_in(&project.repo, instead, path)).transpose()?.flatten() {
            Some(file) => before.push(file),
            None => gone.push(path.clone()),
        }
    }
    overlay::lay_over(&project.repo, commit, &before, &gone)
}

/// That the commands run without these files too.
pub(crate) fn run_too(paths: &[String]) -> String {
    format!("running the commands without {} as well", enumerate(paths))
}
