//! The proof of a reproduction and of a fix: one command, run in a clean checkout of exactly the base and exactly the tip. Other
//! checks are not here.

use std::{fs::File, path::PathBuf};

use gix::ObjectId;

use super::command::run_command;
use crate::{
    answer::progress::{Progress, Step},
    domain::{
        checks::{Command, Reproduction},
        id::SpecId,
        phase::Phase,
    },
    env::{fault, file_lock, local_file},
    error::{IoContext, Result},
    git::{process::Git, worktree},
    project::Project,
};

/// The exit code of pytest where no test was found: at the base of a reproduction that is as good as passing.
const NOTHING_FOUND: i32 = 5;

/// A larger file is no remembered command, in bytes.
const MOST_RECALLED: u64 = 16 << 20;

/// What the command has to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Expectation {
    fails_at_tip: bool,
}

/// A reproduction makes it fail, everything else makes it pass.
pub(crate) fn expectation(phase: Option<Phase>) -> Expectation {
    Expectation { fails_at_tip: phase == Some(Phase::Reproduction) }
}

impl Expectation {
    /// Judges the two runs. What was not found, was ended by a signal or took too long is evidence of nothing.
    pub(crate) fn judge(self, mut base: Command, mut tip: Command) -> Reproduction {
        let passes = |seen: &Command| seen.exit == Some(0);
        let fails = |seen: &Command| seen.is_evidence() && seen.exit != Some(0);
        let expected = if self.fails_at_tip {
            base.ok = passes(&base) || base.exit == Some(NOTHING_FOUND);
            tip.ok = fails(&tip) && tip.exit != Some(NOTHING_FOUND);
            "passes at the base, fails at the tip"
        } else {
            base.ok = fails(&base);
            tip.ok = passes(&tip);
            "fails at the base, passes at the tip"
        };
        let ok = base.ok && tip.ok;
        Reproduction { expected: expected.to_owned(), base, tip, ok }
    }
}

/// The check worktree of the repository: one, reused, so that what a build left there (ignored files) serves the next. Held by
/// an OS lock while in use.
pub(crate) struct Checkout<'p> {
    project: &'p Project,
    path: PathBuf,
    _held: File,
}

impl<'p> Checkout<'p> {
    /// Takes the check worktree, waiting while another process has it. It is made at its first use.
    pub(crate) fn open(project: &'p Project) -> Result<Checkout<'p>> {
        let lock = project.private_dir("check")?.join("in-use");
        let held =
            fault::around("cache.lock", || local_file::open_with(&lock, File::options().create(true).append(true)))
                .io("create", &lock)?;
        file_lock::lock(&held, &lock)?;
        let path = worktree::path::default_path(&project.repo, "check")?;
        Ok(Checkout { project, path, _held: held })
    }

    /// Runs `command` at `commit`, or recalls how it ended there before.
    pub(crate) fn run_cached(&mut self, spec: &SpecId, command: &str, commit: ObjectId) -> Result<Command> {
        self.run_or_recall(spec, command, commit, commit, Command::is_evidence)
    }

    /// Runs `command` at `commit` with its `tree`, or recalls that it passed on that tree before. A failure is not recalled: it may
    /// have been for want of something that is there by now.
    pub(crate) fn run_until_passed(
        &mut self,
        spec: &SpecId,
        command: &str,
        commit: ObjectId,
        tree: ObjectId,
    ) -> Result<Command> {
        self.run_or_recall(spec, command, commit, tree, |seen| seen.exit == Some(0))
    }

    /// Runs `command` at `commit`, or recalls how it ended for `subject`, if that is `worth` it.
    fn run_or_recall(
        &mut self,
        spec: &SpecId,
        command: &str,
        commit: ObjectId,
        subject: ObjectId,
        worth: impl Fn(&Command) -> bool,
    ) -> Result<Command> {
        let key = self.project.store()?.blob_id(format!("{subject}\0{command}").as_bytes());
        let file = self.project.private_dir("check")?.join(format!("{key}.json"));
        let recalled = local_file::read(&file, MOST_RECALLED).ok().flatten();
        let recalled = recalled.and_then(|bytes| serde_json::from_slice::<Command>(&bytes).ok());
        if let Some(recalled) = recalled.filter(|recalled| recalled.command == command && worth(recalled)) {
            return Ok(recalled);
        }
        let seen = self.run(spec, command, commit)?;
        if worth(&seen) {
            let dir = file.parent().expect("the file lies in a folder");
            let temporary = tempfile::NamedTempFile::new_in(dir).io("create a file in", dir)?;
            serde_json::to_writer(&temporary, &seen).map_err(std::io::Error::from).io("write", temporary.path())?;
            fault::around("cache.place", || temporary.persist(&file))
                .map_err(|error| error.error)
                .io("write", &file)?;
        }
        Ok(seen)
    }

    /// Runs `command` in a clean checkout of `commit`.
    pub(crate) fn run(&mut self, spec: &SpecId, command: &str, commit: ObjectId) -> Result<Command> {
        self.stand_at(commit)?;
        run_command(self.project, spec, command, &self.path)
    }

    /// Runs each of `commands` where the checkout stands.
    pub(crate) fn run_all(&self, spec: &SpecId, commands: &[String], progress: &dyn Progress) -> Result<Vec<Command>> {
        let run = |command: &String| {
            progress.say(&Step::Checking { what: command });
            let mut seen = run_command(self.project, spec, command, &self.path)?;
            seen.ok = seen.exit == Some(0);
            Ok(seen)
        };
        commands.iter().map(run).collect()
    }

    /// Checks out exactly `commit`; files that it ignores stay, so that builds stay warm.
    pub(crate) fn stand_at(&mut self, commit: ObjectId) -> Result<()> {
        let registered = worktree::list(&self.project.repo)?.iter().any(|tree| !tree.main && tree.path == self.path);
        if !registered || !self.path.exists() {
            if registered {
                let _gone = worktree::remove::remove(&self.project.repo, &self.path)?;
            }
            Git::at(&self.project.repo)
                .without_hooks()
                .args(["worktree", "add", "--quiet", "--force", "--detach"])
                .arg(&self.path)
                .arg(commit.to_string())
                .check()?;
            return Ok(());
        }
        let git = || Git::in_dir(&self.path).without_hooks();
        git().args(["checkout", "--quiet", "--force", "--detach"]).arg(commit.to_string()).check()?;
        git().args(["clean", "-ffdq"]).check()?;
        Ok(())
    }
}
