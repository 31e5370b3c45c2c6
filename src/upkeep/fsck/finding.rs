//! Findings, and the repairs that mend them.

use std::path::{Path, PathBuf};

use gix::ObjectId;

use crate::{
    answer::ProblemView,
    domain::{diagnostic::Severity, id::SpecId},
};

/// Something that does not hold together.
#[derive(Clone, Debug)]
pub(crate) struct Finding {
    /// What it is, for people.
    pub problem: ProblemView,
    /// The safe repair; `None` where a person has to decide.
    pub repair: Option<Repair>,
}

impl Finding {
    /// An error: something is lost or does not count.
    pub(super) fn error(code: &str, message: impl Into<String>) -> Finding {
        Finding { problem: ProblemView::new(Severity::Error, code, message), repair: None }
    }

    /// A warning: nothing is lost.
    pub(crate) fn warning(code: &str, message: impl Into<String>) -> Finding {
        Finding { problem: ProblemView::new(Severity::Warning, code, message), repair: None }
    }

    /// Names the spec of the finding.
    pub(super) fn of(mut self, id: &SpecId) -> Finding {
        self.problem.spec = Some(id.clone());
        self
    }

    /// Names the ref, the setting or the file below the top of a work tree.
    pub(super) fn at(mut self, name: impl Into<String>) -> Finding {
        self.problem.path = Some(name.into());
        self
    }

    /// Names the file of the finding.
    pub(crate) fn in_file(self, path: &Path) -> Finding {
        self.at(path.to_string_lossy())
    }

    /// Says what a person can do.
    pub(crate) fn help(mut self, help: impl Into<String>) -> Finding {
        self.problem.help = Some(help.into());
        self
    }

    /// Says what mends it.
    pub(crate) fn mended_by(mut self, repair: Repair) -> Finding {
        self.repair = Some(repair);
        self.help("git chant fsck --repair")
    }
}

/// A repair of a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Repair {
    /// Write the first event of a spec whose `add` died after the file.
    Add(SpecId),
    /// Write the file of a spec from its events.
    Restore(SpecId),
    /// Point a ref whose file holds no id at the newest event that its log names.
    Reconnect(SpecId),
    /// Delete the refs of specs that an archive holds.
    Fold,
    /// Join this event and those below it to the history of a spec: what the spec had, or what a remote has of it. A history that
    /// is gone is restored from them.
    Rejoin(SpecId, ObjectId),
    /// Begin a log for the ref of a spec that has none.
    Log(SpecId),
    /// Record a completion that was found in the target.
    Heal(SpecId),
    /// Pause an attempt whose run is dead.
    Pause(SpecId),
    /// Write the missing notes.
    Annotate(SpecId, Vec<ObjectId>),
    /// Remove the lease of an attempt that is over.
    ForgetLease(ObjectId),
    /// Remove worktree and branch of a spec that is closed.
    Clear(SpecId),
    /// Remove worktree and branch of a spec that is pending again, and keep the work in them.
    ClearPending(SpecId),
    /// Remove one of the two files of a spec, among the specs or in the archive.
    Move(SpecId),
    /// Put back or drop the files that dead merges left aside.
    Aside,
    /// Remove a temporary file of a process that died.
    Remove(PathBuf),
    /// Remove a lock file of a process that died, if no process holds it.
    Unlock(PathBuf),
}
