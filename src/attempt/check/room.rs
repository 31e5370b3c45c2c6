//! The one way to run a command of a spec: in a clean checkout of exactly one commit, apart from every worktree.
//!
//! [`Room::visit`] makes the checkout and prepares it; [`Visit::run`] runs one command there. Nothing that was written in a visit is
//! there in the next. Where the system can, a check has a sandbox: it can write its checkout, and of home and temporary directories it
//! changes a version of its own. Whether an outcome is good enough is not decided here.

use std::{
    collections::BTreeSet,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use bstr::ByteSlice;
use gix::ObjectId;
use tempfile::TempDir;

use super::{
    command::{left_running, record, set_up},
    reads::{self, Changed},
    surroundings,
};
use crate::{
    agent::{
        confine::{self, Confinement, Layer, Layers, Sandbox, Unavailable},
        process::{self, Finished, Run},
    },
    answer::progress::{Progress, Pulse, Step},
    attempt::home::{self, Since},
    config::Confine,
    domain::{activity::Activity, checks::Command, confined::Confined, pattern::PathSet},
    error::{Error, IoContext, Kind, Result},
    git::{
        private::{
            Private,
            apart::{self, Apart, Refs},
        },
        work_file,
        worktree::{self, code, include, path, remove},
    },
    project::{
        Project, check_output,
        check_slot::Slot,
        warm::{Reads, Warm},
    },
};

/// The name of the layer that holds the checkout.
const TREE: &str = "tree";

/// The variable by which the processes of a run are found; in a sandbox they need none.
const MARKER: &str = "CHANT_RUN";

/// A file that a checkout holds besides what is committed: its path and content.
pub(crate) type Extra = (String, Vec<u8>);

/// The room for checks of one clone. It is held by an OS lock; several checks that run at the same time have several rooms.
pub(crate) struct Room<'p> {
    pub(super) project: &'p Project,
    pub(super) progress: &'p dyn Progress,
    pub(super) slot: Slot,
    may_change: PathSet,
    /// The warm checkout, where checks may begin with it.
    pub(super) warm: Option<Warm>,
    /// What a run changed in the home directory, and no check finds there.
    hidden: Vec<PathBuf>,
    /// How many of these, the first, are in the home directory.
    at_home: usize,
}

/// What a checkout begins with, instead of nothing.
pub(super) struct Begin {
    /// The commit whose files are there.
    pub commit: ObjectId,
    /// The directories with them, the newest first.
    pub layers: Vec<PathBuf>,
    /// Git's index of them.
    pub index: PathBuf,
    /// Whether what the checkout is prepared from differs, so that set-up has to run again.
    pub set_up: bool,
    /// The files that differ, without those of git-chant.
    pub changed: Vec<Changed>,
    /// What commands read in a fresh checkout.
    pub reads: Reads,
}

/// What came of commands in a warm checkout.
pub(super) enum Tried {
    /// All of them passed.
    Passed(Vec<Command>),
    /// One of them failed.
    Failed,
    /// One of them passed, and did not read a file that it reads in a fresh checkout.
    Missed,
    /// There is none for them.
    Not,
}

/// A checkout of one commit, prepared, for one or more commands in turn. It is gone when this is dropped.
pub(crate) struct Visit<'r> {
    pub(super) room: &'r Room<'r>,
    pub(super) stand: Stand,
    refs: Refs,
    pub(super) commit: ObjectId,
    /// The commit of the warm checkout that it began with.
    warm: Option<ObjectId>,
    /// The files of `.worktreeinclude`.
    pub(super) included: Vec<PathBuf>,
    /// Whether `chant.worktreeSetup` has to run in it.
    set_up: bool,
    /// How long that took.
    prepared: Duration,
}

/// Where a checkout is, and what confines a command in it.
pub(super) struct Stand {
    /// Where commands find it.
    pub path: PathBuf,
    /// Where this process finds it.
    pub files: PathBuf,
    /// The sandbox for git-chant's own git, which no command can change.
    own: Option<Confinement>,
    /// The sandbox for commands.
    commands: Option<Confinement>,
    /// Whether commands have a home directory of their own.
    pub own_home: bool,
    /// The directory for temporary files, where commands have none of their own otherwise.
    temporary: Option<TempDir>,
}

impl<'p> Room<'p> {
    /// Takes a room, waiting while too many checks run. What runs of agents changed in the person's home directory decides nothing there.
    ///
    /// # Errors
    /// If the lock cannot be taken, or `chant.checkMayChange` cannot be read.
    pub(crate) fn open(project: &'p Project, progress: &'p dyn Progress) -> Result<Room<'p>> {
        let may_change = project.config().check_may_change()?;
        let hidden = surroundings::changed_by_runs(project);
        Ok(Room {
            project,
            progress,
            slot: Slot::take(project, || {
                progress.say(&Step::Note("waiting for another check in this clone to end".to_owned()));
            })?,
            may_change,
            warm: None,
            at_home: hidden.len(),
            hidden,
        })
    }

    /// Takes a room for checks of `attempt`: what its own run made in directories for temporary files decides nothing there either.
    ///
    /// # Errors
    /// As [`Room::open`].
    pub(crate) fn for_attempt(project: &'p Project, attempt: ObjectId, progress: &'p dyn Progress) -> Result<Room<'p>> {
        // The run itself cannot write this file.
        let since = Private::of(&project.repo, &attempt).commondir;
        let (hidden, at_home) = surroundings::hidden(project, &since);
        Ok(Room { hidden, at_home, ..Room::open(project, progress)? })
    }

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
        stand.apart(&self.slot.dir, &stand.path.join(".git")).check_out()?;
        // What a command does to the checkout's own git directory has no say in what it changed.
        let pristine = self.slot.dir.join("git");
        apart::make_git_dir(&project.repo, &pristine, commit)?;
        fs::copy(git_dir.join("index"), pristine.join("index")).io("copy", &git_dir)?;
        let mut included = Vec::new();
        if let Some(main) = project.repo.main_work_dir()
            && let Some(main) = worktree::find(&project.repo, &main)?
        {
            let copied = include::prepare(&main, &stand.files, None)?;
            included.extend(copied.iter().filter_map(|path| path.to_path().ok().map(Path::to_owned)));
        }
        for (path, bytes) in extra {
            // What is committed may be there in the sandbox only.
            if begin.is_none() || project.blob_in(commit, path)?.is_none() {
                add(&stand.files, path, bytes)?;
            }
        }
        let refs = apart::refs(&git_dir);
        let warm = begin.map(|begin| begin.commit);
        let set_up = begin.is_none_or(|begin| begin.set_up);
        Ok(Visit { room, stand, refs, commit, warm, included, set_up, prepared: Duration::ZERO })
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
        let tried = self.run_warm(commit, extra, commands, begins)?;
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
            let failed = !seen.ok;
            done.push(seen);
            if failed {
                break;
            }
        }
        let prepared = visit.prepared;
        drop(visit);
        self.remember(&done, prepared, &tried)?;
        Ok(done)
    }

    /// Runs `command`, which is expected to pass, as [`Room::run_all`] does.
    pub(crate) fn run_to_pass(&mut self, commit: ObjectId, command: &str) -> Result<Command> {
        let done = self.run_in_turn(commit, &[], &[command.to_owned()], &|_| ())?;
        done.into_iter().next().ok_or_else(|| Error::fatal(Kind::Checks, format!("'{command}' was not run")))
    }

    /// An empty place for a checkout, with the best sandbox that works here.
    fn stand(&self, commit: ObjectId, begin: Option<&Begin>) -> Result<Stand> {
        self.slot.clear(self.project)?;
        let mode = self.project.config().confine()?;
        let mut why = None;
        if mode != Confine::Off {
            match self.layered(commit, begin)? {
                Ok(stand) => return Ok(stand),
                Err(unavailable) => why = Some(unavailable),
            }
        }
        if let (Some(why), Confine::Require) = (&why, mode) {
            let message = format!("cannot run checks in a sandbox with their own home directory: {why}");
            return Err(Error::negative(Kind::NotConfined, message)
                .hint("to run checks without a sandbox: git config chant.confine auto"));
        }
        if let Some(why) = why {
            self.slot.tell_once(&why.to_string(), |why| {
                let what = "commands run in a fresh checkout, with your home directory";
                self.progress.say(&Step::Note(format!("{what}: {why}")));
            })?;
        }
        let path = self.slot.place(self.project)?;
        let temporary = self.project.env.temp_dir();
        let temporary =
            tempfile::Builder::new().prefix("tmp.").tempdir_in(&temporary).io("create a file in", &temporary)?;
        let sandbox = self.sandbox(&path, None)?;
        let own = if mode == Confine::Off { None } else { confine::enter(&sandbox)?.ok() };
        let commands = match own {
            Some(_) => confine::enter(&Sandbox { tried: true, ..sandbox })?.ok(),
            None => None,
        };
        Ok(Stand { files: path.clone(), path, own, commands, own_home: false, temporary: Some(temporary) })
    }

    /// A place that is there only in the sandbox, over everything that programs write to.
    fn layered(&self, commit: ObjectId, begin: Option<&Begin>) -> Result<Result<Stand, Unavailable>> {
        let project = self.project;
        let path = path::default_path(&project.repo, Slot::LAYERED)?;
        let (parent, name) = (path.parent().unwrap_or(&path), path.file_name().unwrap_or_default());
        let path = fs::canonicalize(parent).io("read", parent)?.join(name);
        let empty = self.slot.dir.join("empty");
        fs::create_dir_all(&empty).io("create", &empty)?;
        let lower = begin.map_or_else(|| "empty".to_owned(), |begin| self.slot.names(&begin.layers));
        let layers = |kind: &str, around: bool| {
            let mut each = if around { surroundings::layers(project, kind) } else { Vec::new() };
            each.push(Layer { at: path.clone(), lower: Some(lower.clone()), name: TREE.to_owned() });
            Layers { dir: self.slot.dir.clone(), each, without: self.hidden.clone() }
        };
        // Where git runs no filter, nothing but the checkout is written.
        let (own, commands) =
            (layers("own", code::filters_commit(&project.repo, &project.env, commit)?), layers("check", true));
        let files = own.upper(TREE);
        let own_home = surroundings::has_own_home(&project.env, &commands.each);
        if !own_home {
            return Ok(Err(Unavailable::NotLayered));
        }
        let commands = match confine::enter(&self.sandbox(&path, Some(commands))?)? {
            Ok(commands) => Some(commands),
            Err(why) => return Ok(Err(why)),
        };
        let own = confine::enter(&Sandbox { tried: true, ..self.sandbox(&path, Some(own))? })?;
        Ok(own.map(|own| Stand { path, files, own: Some(own), commands, own_home, temporary: None }))
    }

    /// What a command in the checkout at `path` can write.
    fn sandbox(&self, path: &Path, layers: Option<Layers>) -> Result<Sandbox> {
        let project = self.project;
        let mut read_only = vec![project.repo.common_dir().to_owned()];
        // In a layer nothing can be changed anyway, and a worktree may be the home directory itself.
        if layers.is_none() {
            let home = project.env.home();
            let holds = |tree: &Path| [Some(path), home.as_deref()].iter().flatten().any(|held| held.starts_with(tree));
            let trees = worktree::list(&project.repo)?.into_iter().map(|tree| tree.path);
            read_only.extend(trees.filter(|tree| !holds(tree)));
        }
        read_only.extend(project.config().confine_readonly(project.env.home())?);
        let known = layers.as_ref().and_then(|_| confine::known(&project.env, &project.repo.chant_dir()));
        Ok(Sandbox {
            worktree: path.to_owned(),
            run_dir: self.slot.dir.clone(),
            read_only,
            hidden: confine::sockets(&project.env).into_iter().chain(surroundings::of_agents(project, path)?).collect(),
            writable: project.config().confine_writable(project.env.home())?,
            strict: layers.is_some(),
            layers,
            unset: vec![MARKER.into()],
            known,
            ..Sandbox::default()
        })
    }
}

impl Stand {
    /// Git's view of the checkout, with this git directory.
    pub(super) fn apart<'a>(&'a self, dir: &'a Path, git_dir: &'a Path) -> Apart<'a> {
        let sandbox = self.own.as_ref().map_or(&[][..], |own| &own.prefix);
        Apart { git_dir, work_tree: &self.path, dir, sandbox }
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
        let slot = &self.room.slot.dir;
        let changed = self.stand.apart(slot, &slot.join("git")).changed()?;
        let changed = changed.iter().filter(|path| !self.room.may_change.matches(path.as_bstr()));
        seen.changed = changed.map(|path| path.to_str_lossy().into_owned()).collect();
        seen.confined =
            Some(self.stand.commands.as_ref().map_or(Confined::None, |by| by.by.clone()).as_ref().to_owned());
        seen.warm = self.warm.map(|commit| commit.to_string());
        seen.home = Some(if self.stand.own_home { "own" } else { "shared" }.to_owned());
        if apart::refs(&self.stand.files.join(".git")) != self.refs {
            self.remark(&mut seen, "it moved refs in its checkout; git-chant ignores them".to_owned());
        }
        if self.stand.own_home {
            let without = "it ran without these changes, which runs of agents made in your home directory";
            seen.home_without = home::say(&self.room.hidden[..self.room.at_home], without);
        } else {
            let changed = home::starts_changed(&self.room.project.env, began);
            let what = "it changed files of your home directory that decide how programs run";
            home::say(&changed, what).into_iter().for_each(|what| self.remark(&mut seen, what));
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
        Ok(reads::since_forgotten(&self.stand.files, watched))
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
        let mut process = self.process(command);
        process.tick = Some(&mut tick);
        process.sink = Some(&mut sink);
        process.tail = check_output::WHOLE;
        (process.timeout, process.left) = (timeout, left);
        let finished = process::run(process);
        progress.say(&Step::Ran);
        finished
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
