//! The checkouts of checks: how each is made and prepared, which commands run in it, and what is seen of them.

use std::{
    collections::BTreeSet,
    ffi::OsString,
    fs,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    time::Duration,
};

use bstr::{BString, ByteSlice};
use gix::ObjectId;

use super::{
    command::{left_running, record, set_up},
    reads,
    room::{Begin, Extra, Room, Stand, Tried},
    surroundings,
};
use crate::{
    agent::process::{self, Finished, ProcessGroup, Run},
    answer::progress::{Pulse, Step},
    attempt::home::{self, Since},
    domain::{
        activity::Activity,
        checks::Command,
        confined::{Confined, did_not_start},
        enumeration::enumerate,
    },
    error::{Error, IoContext, Kind, Result},
    git::{
        history::{self, ChangeKind},
        private::apart::{self, Refs},
        work_file,
        worktree::{self, include, remove},
    },
    project::check_output,
};

/// How often a sandbox is made again that could not be made.
const STARTS: usize = 5;

/// What tells a file from itself once it was written again: its place on the disk, size and time of change.
type Stamp = (u64, u64, i64, i64);

/// A checkout of one commit, prepared, for one or more commands in turn. It is gone when this is dropped.
pub(crate) struct Visit<'r> {
    pub(super) room: &'r Room<'r>,
    pub(super) stand: Stand,
    pub(super) refs: Refs,
    pub(super) commit: ObjectId,
    /// The commit of the warm checkout that it began with.
    pub(super) warm: Option<ObjectId>,
    /// Whether `chant.worktreeSetup` has to run in it.
    pub(super) set_up: bool,
    /// How long that took.
    pub(super) prepared: Duration,
    /// The tracked files that `chant.worktreeSetup` changed, as it left them.
    pub(super) changed: Vec<(BString, Option<Stamp>)>,
}

impl Room<'_> {
    /// Makes a fresh checkout of `commit` with the files of `extra`, and prepares it: `.worktreeinclude`, `chant.worktreeSetup`.
    ///
    /// # Errors
    /// `worktree-setup` if it cannot be prepared; `not-confined` if `chant.confine` is `require` and that cannot be.
    pub(crate) fn visit(&mut self, commit: ObjectId, extra: &[Extra]) -> Result<Visit<'_>> {
        let mut visit = self.visit_from(commit, extra, None)?;
        visit.prepare(&[])?;
        Ok(visit)
    }

    /// Makes a checkout as [`Room::visit`] does, where it can be from what is there to `begin` with. It is left to the caller to prepare it.
    pub(super) fn visit_from(&mut self, commit: ObjectId, extra: &[Extra], begin: Option<&Begin>) -> Result<Visit<'_>> {
        let (project, room) = (self.project, &*self);
        let stand = room.stand(commit, begin)?;
        let begin = begin.filter(|_| stand.own_home);
        let git_dir = stand.files.join(".git");
        apart::make_git_dir(&project.repo, &git_dir, commit)?;
        if let Some(begin) = begin {
            fs::copy(&begin.index, git_dir.join("index")).io("copy", &begin.index)?;
        }
        let inside = stand.path.join(".git");
        let apart = stand.apart(&self.slot.dir, &inside);
        apart.check_out()?;
        let ignored = apart.tracked_and_ignored()?;
        let changed = if begin.is_none() { room.changed_at(commit) } else { Vec::new() };
        if reads::renew(&stand.files, &changed) | reads::age(&stand.files, &ignored) {
            apart.refresh()?;
        }
        // What a command does to the checkout's own git directory has no say in what it changed.
        let pristine = self.slot.dir.join("git");
        apart::make_git_dir(&project.repo, &pristine, commit)?;
        fs::copy(git_dir.join("index"), pristine.join("index")).io("copy", &git_dir)?;
        if let Some(main) = project.repo.main_work_dir()
            && let Some(main) = worktree::find(&project.repo, &main)?
        {
            let copied = include::prepare(&main, &stand.files, None)?;
            self.found.borrow_mut().included.extend(copied.iter().cloned());
            self.made(copied);
        }
        for (path, bytes) in extra {
            // What is committed may be there in the sandbox only.
            if begin.is_none() || project.blob_id_in(commit, path)?.is_none() {
                add(&stand.files, path, bytes)?;
            }
        }
        let refs = apart::refs(&git_dir);
        let warm = begin.map(|begin| begin.commit);
        let set_up = begin.is_none_or(|begin| begin.set_up);
        Ok(Visit { room, stand, refs, commit, warm, set_up, prepared: Duration::ZERO, changed: Vec::new() })
    }

    /// The files that the work changed, as far as `commit` has them.
    fn changed_at(&self, commit: ObjectId) -> Vec<BString> {
        let changes = self.base.map(|base| history::changed_paths(&self.project.repo, Some(base), commit));
        // Where a commit is not in this clone, no date says anything.
        let changes = changes.and_then(Result::ok).unwrap_or_default();
        changes.into_iter().filter(|change| change.kind != ChangeKind::Deleted).map(|change| change.path).collect()
    }

    /// Runs `command` in a fresh checkout of `commit`.
    pub(crate) fn run(&mut self, commit: ObjectId, command: &str) -> Result<Command> {
        self.visit(commit, &[])?.run(command)
    }

    /// Runs `command` in a fresh checkout of `commit`, and again in the same.
    pub(super) fn run_twice(&mut self, commit: ObjectId, command: &str) -> Result<(Command, Command)> {
        let visit = self.visit(commit, &[])?;
        Ok((visit.run(command)?, visit.run(command)?))
    }

    /// Runs each of `commands` in turn, in one checkout of `commit`, until one fails; `ok` says which did not. The checkout is fresh, unless
    /// all of them pass in the warm one.
    pub(crate) fn run_all(&mut self, commit: ObjectId, extra: &[Extra], commands: &[String]) -> Result<Vec<Command>> {
        if commands.is_empty() {
            return Ok(Vec::new());
        }
        let progress = self.progress;
        self.run_in_turn(commit, extra, commands, &|what| progress.say(&Step::Checking { what }))
    }

    fn run_in_turn(
        &mut self,
        commit: ObjectId,
        extra: &[Extra],
        commands: &[String],
        begins: &dyn Fn(&str),
    ) -> Result<Vec<Command>> {
        let (tried, progress) = (self.run_warm(commit, extra, commands, begins)?, self.progress);
        if let Tried::Passed(done) = tried {
            return Ok(done);
        }
        let visit = self.visit(commit, extra)?;
        let mut done = Vec::new();
        for command in commands {
            if matches!(tried, Tried::Not) {
                begins(command);
            }
            let mut seen = visit.run(command)?;
            seen.ok = seen.has_passed();
            let (failed, left) = (!seen.ok, commands.len() - done.len() - 1);
            if failed && left > 0 {
                let what = if left == 1 { "command was" } else { "commands were" };
                seen.remarks.push(format!("{left} more {what} not run after it failed"));
                progress.say(&Step::Note(format!("{left} more {what} not run")));
            }
            done.push(seen);
            if failed {
                break;
            }
        }
        let prepared = visit.prepared;
        if matches!(tried, Tried::Failed) && done.iter().all(|seen| seen.ok) {
            let what = "it failed in the reused checkout, and passed in a fresh one".to_owned();
            done.iter_mut().take(1).for_each(|seen| seen.remarks.push(what.clone()));
        }
        drop(visit);
        self.remember(&done, prepared, &tried)?;
        Ok(done)
    }

    /// Runs each of `commands` in turn, in one checkout of `commit`, whatever the others come to. The checkout is fresh, unless all of them
    /// pass in the warm one.
    pub(super) fn run_each(&mut self, commit: ObjectId, commands: &[String]) -> Result<Vec<Command>> {
        if let Tried::Passed(done) = self.run_warm(commit, &[], commands, &|_| ())? {
            return Ok(done);
        }
        let visit = self.visit(commit, &[])?;
        commands.iter().map(|command| visit.run(command)).collect()
    }

    /// Runs `command`, which is expected to pass, as [`Room::run_all`] does.
    pub(crate) fn run_to_pass(&mut self, commit: ObjectId, command: &str) -> Result<Command> {
        let done = self.run_in_turn(commit, &[], &[command.to_owned()], &|_| ())?;
        done.into_iter().next().ok_or_else(|| Error::fatal(Kind::Checks, format!("'{command}' was not run")))
    }

    /// Runs `command`, which is expected to fail; `None` if it did in the warm checkout.
    pub(super) fn run_to_fail(&mut self, commit: ObjectId, command: &str) -> Result<Option<Command>> {
        match self.run_warm(commit, &[], &[command.to_owned()], &|_| ())? {
            Tried::Passed(done) => Ok(done.into_iter().next()),
            Tried::Failed => Ok(None),
            Tried::Missed | Tried::Not => self.run(commit, command).map(Some),
        }
    }
}

impl Visit<'_> {
    /// Runs `command` by `sh -c` at the top of the checkout, and says how it ended and what it left; `ok` is left to the caller.
    ///
    /// # Errors
    /// If it cannot be run at all, or the person interrupts it.
    pub(crate) fn run(&self, command: &str) -> Result<Command> {
        self.run_watched(command, &[]).map(|(seen, _)| seen)
    }

    /// Runs `command` as [`Visit::run`] does, and says which of the `watched` files it read.
    pub(super) fn run_watched(&self, command: &str, watched: &[PathBuf]) -> Result<(Command, BTreeSet<String>)> {
        let timeout = self.room.project.config().verify_timeout()?;
        let left = self.stand.temporary.as_ref().map_or(self.room.slot.dir.join("tmp"), |dir| dir.path().to_owned());
        let left = left.join("left-running");
        let began = Since::now(&self.room.slot.dir)?;
        reads::forget(&self.stand.files, watched);
        let finished = self.watch(command, timeout, Some(&left))?;
        let read = reads::since_forgotten(&self.stand.files, watched);
        let mut seen = record(command, &finished)?;
        let by_command = |(path, stamp): &(BString, Option<Stamp>)| {
            !self.changed.iter().any(|(other, before)| other == path && before == stamp)
                && !self.room.may_change.matches(path.as_bstr())
        };
        let changed = self.changed_now()?.into_iter().filter(by_command);
        seen.changed = changed.map(|(path, _)| path.to_str_lossy().into_owned()).collect();
        seen.confined =
            Some(self.stand.commands.as_ref().map_or(Confined::None, |by| by.by.clone()).as_ref().to_owned());
        seen.warm = self.warm.map(|commit| commit.to_string());
        seen.home = Some(if self.stand.own_home { "own" } else { "shared" }.to_owned());
        let git_dir = self.stand.files.join(".git");
        if fs::symlink_metadata(git_dir.join("HEAD")).is_err() {
            let what = "it removed or replaced '.git' in its checkout; git-chant has a copy of its own".to_owned();
            self.remark(&mut seen, what);
        } else if apart::refs(&git_dir) != self.refs {
            self.remark(&mut seen, "it moved refs in its checkout; git-chant ignores them".to_owned());
        }
        if self.stand.own_home {
            let without = "it ran without these changes of your home directory, made while agents ran";
            seen.home_without = home::say(&self.room.project.env, &self.room.hidden[..self.room.at_home], without);
        } else {
            let changed = home::starts_changed(&self.room.project.env, began);
            let what = "it changed files of your home directory that decide how programs run";
            home::say(&self.room.project.env, &changed, what).into_iter().for_each(|what| self.remark(&mut seen, what));
        }
        if let Some(left) = left_running(&finished) {
            self.remark(&mut seen, left);
        }
        Ok((seen, read))
    }

    /// Runs `chant.worktreeSetup`, unless a warm checkout has what it makes, and says which of the `watched` files it read.
    ///
    /// # Errors
    /// `worktree-setup` if it fails.
    pub(super) fn prepare(&mut self, watched: &[PathBuf]) -> Result<BTreeSet<String>> {
        if !self.set_up {
            return Ok(BTreeSet::new());
        }
        reads::forget(&self.stand.files, watched);
        let mut prepared = Duration::ZERO;
        set_up(self.room.project, &self.stand.path, |command| {
            let finished = self.watch(command, None, None)?;
            prepared = finished.duration;
            Ok(finished)
        })?;
        self.prepared = prepared;
        let read = reads::since_forgotten(&self.stand.files, watched);
        self.changed = self.changed_now()?;
        let changed: Vec<String> = self.changed.iter().map(|(path, _)| path.to_str_lossy().into_owned()).collect();
        if !changed.is_empty() {
            self.room.warn_once(&format!("chant.worktreeSetup changed tracked files: {}", enumerate(&changed)));
        }
        let git_dir = self.room.slot.dir.join("git");
        self.room.made(self.stand.apart(&self.room.slot.dir, &git_dir).untracked()?);
        Ok(read)
    }

    /// The tracked files that are not as the commit has them.
    fn changed_now(&self) -> Result<Vec<(BString, Option<Stamp>)>> {
        let slot = &self.room.slot.dir;
        let changed = self.stand.apart(slot, &slot.join("git")).changed()?;
        let stamp = |path: &BString| {
            let meta = fs::symlink_metadata(self.stand.files.join(path.to_path().ok()?)).ok()?;
            Some((meta.ino(), meta.len(), meta.ctime(), meta.ctime_nsec()))
        };
        Ok(changed.into_iter().map(|path| (path.clone(), stamp(&path))).collect())
    }

    /// Names what a command did besides, now and in its record.
    fn remark(&self, seen: &mut Command, what: String) {
        self.room.progress.say(&Step::Warning(format!("'{}': {what}", seen.command)));
        seen.remarks.push(what);
    }

    /// Runs `command`, and shows what it prints while it runs. The file `left` gets the names of the processes that it leaves.
    fn watch(&self, command: &str, timeout: Option<Duration>, left: Option<&Path>) -> Result<Finished> {
        let progress = self.room.progress;
        let mut sink = |line: &str| {
            if !line.trim().is_empty() {
                progress.say(&Step::Running { command, line });
            }
        };
        progress.say(&Step::Running { command, line: "" });
        let mut pulse = Pulse::new(progress, self.room.project.config().progress()?, Activity::new(command));
        let mut tick = || pulse.tick();
        let mut once = || {
            let mut process = self.process(command);
            process.tick = Some(&mut tick);
            process.sink = Some(&mut sink);
            process.tail = check_output::WHOLE;
            (process.timeout, process.left) = (timeout, left);
            // A sandbox ends with this process.
            let is_free = self.stand.commands.is_none();
            let mut note = |group: &ProcessGroup| match is_free {
                true => self.room.slot.note_run(group, &self.stand.path),
                false => Ok(()),
            };
            process.on_started = Some(&mut note);
            let finished = process::run(process);
            if is_free {
                self.room.slot.forget_run()?;
            }
            finished
        };
        let failed = |finished: &Finished| {
            self.stand.commands.is_some() && did_not_start(finished.ending.exit_code(), &finished.tail)
        };
        let mut finished = once()?;
        for _ in 1..STARTS {
            if !failed(&finished) {
                break;
            }
            finished = once()?;
        }
        progress.say(&Step::Ran);
        if failed(&finished) {
            // It says nothing of the command, which never ran.
            let said = String::from_utf8_lossy(&finished.tail);
            let message = format!("cannot start the sandbox of a check: {}", said.trim());
            return Err(Error::fatal(Kind::NotConfined, message));
        }
        Ok(finished)
    }

    fn process<'a>(&'a self, command: &'a str) -> Run<'a> {
        let confined = self.stand.commands.as_ref();
        // The checkout may be there in the sandbox only.
        let mut run = Run::new(command, if confined.is_some() { &self.room.slot.dir } else { &self.stand.path });
        run.env = surroundings::environment(self.room.project);
        if let Some(temporary) = &self.stand.temporary {
            run.env.push(("TMPDIR".into(), Some(OsString::from(temporary.path()))));
        }
        run.sandbox = confined.map_or(&[][..], |confined| &confined.prefix);
        run
    }
}

impl Drop for Visit<'_> {
    fn drop(&mut self) {
        // What cannot be removed now goes before the next check.
        let _stays = remove::clear(&self.stand.files).and_then(|()| remove::clear(&self.room.slot.dir));
    }
}

/// Adds a file to a checkout; what is committed there stays as it is.
fn add(top: &Path, path: &str, bytes: &[u8]) -> Result<()> {
    match work_file::create_new(top, path.as_bytes().as_bstr(), bytes, false) {
        Err(refused) if !matches!(refused.why, work_file::Why::AlreadyExists) => {
            Err(Error::fatal(Kind::Copy, format!("cannot write '{path}' into a checkout: {refused}")))
        }
        _ => Ok(()),
    }
}
