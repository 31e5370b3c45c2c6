//! What a run can write, as a value: paths with the access that the run has to them.

use std::{
    collections::BTreeSet,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
};

use rustix::fs::{Access as Permission, access};

use super::{known::Known, layers::Layers, mounts};

/// What the sandbox makes itself: nothing of the system is laid over it.
const OF_THE_SANDBOX: &[&str] = &["/dev", "/proc", "/sys"];

/// What a run may write. Every path is absolute; one that does not exist is passed over, unless its field says otherwise.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sandbox {
    /// Where the run works.
    pub worktree: PathBuf,
    /// A directory of this run alone, which the run itself cannot write: the sandbox keeps its own files there. It has to exist.
    pub run_dir: PathBuf,
    /// What else is the run's own: the git directory of the worktree, the private repository.
    pub own: Vec<PathBuf>,
    /// Files and directories that the run can read and not change.
    pub read_only: Vec<PathBuf>,
    /// Files that the run can neither change nor make; one that is not there is made, empty, for the time of the run.
    pub kept_files: Vec<PathBuf>,
    /// Directories, likewise.
    pub kept_dirs: Vec<PathBuf>,
    /// Files in place of which the run sees others.
    pub mapped: Vec<Mapped>,
    /// Directories in place of which the run has others, its own.
    pub copied: Vec<Mapped>,
    /// Sockets, and directories of sockets, that the run cannot reach.
    pub hidden: Vec<PathBuf>,
    /// What the person lets the run write besides, wherever it lies.
    pub writable: Vec<PathBuf>,
    /// Whether the run can write nothing but the worktree, [`Sandbox::own`], [`Sandbox::writable`] and a temporary directory.
    pub strict: bool,
    /// Directories that the run changes for itself only.
    pub layers: Option<Layers>,
    /// Variables that the run does not get.
    pub unset: Vec<OsString>,
    /// Where it is kept that the sandbox works here; `None` has it tried out.
    pub known: Option<Known>,
    /// Whether one has just worked that has the same layers, or more, and differs in nothing else but the names of what its run writes.
    pub tried: bool,
}

/// A file or directory that a run sees in place of another.
#[derive(Clone, Debug)]
pub(crate) struct Mapped {
    /// The one with the content.
    pub content: PathBuf,
    /// Where the run finds it.
    pub at: PathBuf,
}

/// The access that a run has to one path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Access {
    /// It can be written.
    Write,
    /// What is in it can be written; it keeps its name.
    Stays,
    /// It can be read.
    Read,
    /// It cannot be reached.
    Hidden,
    /// It can be read, and its content is that of this file or directory.
    Shows(PathBuf),
    /// It can be written, and its content is that of this directory.
    Has(PathBuf),
}

/// A path without symbolic links, and the access that a run has to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rule {
    /// The path.
    pub path: PathBuf,
    /// The access.
    pub access: Access,
}

impl Sandbox {
    /// What holds, the outermost paths first: a later rule is the exception to an earlier one. Of several rules for one path the
    /// strictest is the last.
    pub(super) fn rules(&self) -> Vec<Rule> {
        // A layer may be there in the sandbox only.
        let layers = self.layers.iter().flat_map(|layers| &layers.each);
        let mut rules: Vec<Rule> = layers.map(|layer| Rule { path: layer.at.clone(), access: Access::Write }).collect();
        let mut add = |path: &Path, access: Access| {
            // A device laid over itself would no longer work, and needs no rule.
            if let Ok(path) = fs::canonicalize(path)
                && (access == Access::Hidden || path.is_file() || path.is_dir())
            {
                rules.push(Rule { path, access });
            }
        };
        let temporary = self.strict.then(|| self.temporary());
        for path in [&self.worktree].into_iter().chain(&self.own).chain(&self.writable).chain(&temporary) {
            add(path, Access::Write);
        }
        self.copied.iter().for_each(|copied| add(&copied.at, Access::Has(copied.content.clone())));
        let real: Vec<PathBuf> = self.read_only.iter().filter_map(|path| fs::canonicalize(path).ok()).collect();
        for path in &mounts::aliases(&real) {
            add(path, Access::Read);
        }
        for path in self.read_only.iter().chain(&self.kept_files).chain(&self.kept_dirs) {
            add(path, Access::Read);
        }
        self.hidden.iter().for_each(|path| add(path, Access::Hidden));
        self.mapped.iter().for_each(|mapped| add(&mapped.at, Access::Shows(mapped.content.clone())));
        // Stable: among equals the order above decides.
        rules.sort_by_key(|rule| rule.path.components().count());
        rules.dedup();
        if !self.strict {
            // What can be written anyway needs no rule, and files can then be linked into it from elsewhere.
            let limits: Vec<PathBuf> =
                rules.iter().filter(|rule| rule.access != Access::Write).map(|rule| rule.path.clone()).collect();
            rules.retain(|rule| {
                rule.access != Access::Write
                    || limits.iter().any(|limit| rule.path.starts_with(limit) && rule.path != *limit)
            });
        }
        let stay = self.stay(&rules);
        rules.extend(stay.into_iter().map(|path| Rule { path, access: Access::Stays }));
        rules.sort_by_key(|rule| rule.path.components().count());
        rules
    }

    /// The directories above what cannot be written that a run could rename, and so put others in their place: all but those of its own.
    /// A file can be linked from one of them into another no more, which is why there are as few as can be.
    fn stay(&self, rules: &[Rule]) -> BTreeSet<PathBuf> {
        let own = fs::canonicalize(&self.worktree).unwrap_or_else(|_| self.worktree.clone());
        let read = rules.iter().filter(|rule| rule.access == Access::Read && !rule.path.starts_with(&own));
        let above: BTreeSet<&Path> = read.flat_map(|rule| rule.path.ancestors().skip(1)).collect();
        let can_move = |dir: &Path| {
            let of_sandbox = OF_THE_SANDBOX.iter().any(|path| dir == Path::new(path));
            let ruled = rules.iter().any(|rule| rule.path == dir);
            !of_sandbox && !ruled && dir.parent().is_some_and(|above| access(above, Permission::WRITE_OK).is_ok())
        };
        above
            .into_iter()
            .filter(|dir| can_write(self.strict, rules, dir) && can_move(dir))
            .map(Path::to_owned)
            .collect()
    }

    /// The temporary directory of a strict run.
    pub(super) fn temporary(&self) -> PathBuf {
        self.run_dir.join("tmp")
    }
}

/// Whether a run with these rules can write in `dir`.
fn can_write(strict: bool, rules: &[Rule], dir: &Path) -> bool {
    let innermost = rules.iter().rev().find(|rule| dir.starts_with(&rule.path));
    innermost.map_or(!strict, |rule| matches!(rule.access, Access::Write | Access::Has(_)))
}
