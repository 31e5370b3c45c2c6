//! The one way to run a command of a spec: in a clean checkout of exactly one commit, apart from every worktree.
//!
//! The checkouts, and what runs in them, are in `visit`. Nothing that was written in a visit is
//! there in the next. Where the system can, a check has a sandbox: it can write its checkout, and of home and temporary directories it
//! changes a version of its own. Whether an outcome is good enough is not decided here.

use std::{
    cell::RefCell,
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use bstr::BString;
use gix::ObjectId;
use tempfile::TempDir;

use super::{changes, compiled::Compiled, reads::Changed, surroundings};
use crate::{
    agent::{
        confine::{self, Confinement, Layer, Layers, Sandbox, Unavailable},
        lease::Survivors,
    },
    answer::progress::{Progress, Step},
    config::Confine,
    domain::{checks::Command, pattern::PathSet},
    env::scratch,
    error::{Error, IoContext, Kind, Result},
    git::{
        private::{Private, apart::Apart},
        worktree::{self, code, path},
    },
    project::{
        Project,
        check_slot::Slot,
        warm::{Reads, Warm},
    },
};

/// The name of the layer that holds the checkout.
const TREE: &str = "tree";

/// The name of the directory with what was compiled before.
const COMPILED: &str = "compiled";

/// The variable by which the processes of a run are found; in a sandbox they need none.
const MARKER: &str = "CHANT_RUN";

/// A file that a checkout holds besides what is committed: its path and content.
pub(crate) type Extra = (String, Vec<u8>);

/// The room for checks of one clone. It is held by an OS lock; several checks that run at the same time have several rooms.
pub(crate) struct Room<'p> {
    pub(super) project: &'p Project,
    pub(super) progress: &'p dyn Progress,
    pub(super) slot: Slot,
    pub(super) may_change: PathSet,
    /// The warm checkout, where checks may begin with it.
    pub(super) warm: Option<Warm>,
    /// What a run changed in the home directory, and no check finds there.
    pub(super) hidden: Vec<PathBuf>,
    /// How many of these, the first, are in the home directory.
    pub(super) at_home: usize,
    /// The commit that the work began with, where that is known.
    pub(super) base: Option<ObjectId>,
    /// Commits of the target: what a commit has of them, no work brought.
    pub(super) of_target: Vec<ObjectId>,
    /// What the checkouts held that no commit has, before a command ran.
    pub(super) found: RefCell<Untracked>,
    /// What was said of all of them.
    said: RefCell<BTreeSet<String>>,
}

/// What a checkout holds that no commit has, before a command runs.
#[derive(Default)]
pub(super) struct Untracked {
    /// The files of `.worktreeinclude`.
    pub included: BTreeSet<BString>,
    /// These, and what `chant.worktreeSetup` made; of a directory that holds nothing else only the name, with a slash.
    pub all: BTreeSet<BString>,
}

/// What a checkout begins with, instead of nothing.
pub(super) struct Begin {
    /// The commit whose files are there.
    pub commit: ObjectId,
    /// The directories with them, the newest first.
    pub layers: Vec<PathBuf>,
    /// What lies over these.
    pub compiled: Compiled,
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

/// Where a checkout is, and what confines a command in it.
pub(super) struct Stand {
    /// Where commands find it.
    pub path: PathBuf,
    /// Where this process finds it.
    pub files: PathBuf,
    /// The sandbox for git-chant's own git, which no command can change.
    own: Option<Confinement>,
    /// The sandbox for commands.
    pub(super) commands: Option<Confinement>,
    /// Whether commands have a home directory of their own.
    pub own_home: bool,
    /// The directory for temporary files, where commands have none of their own otherwise.
    pub(super) temporary: Option<TempDir>,
}

impl<'p> Room<'p> {
    /// Takes a room, waiting while too many checks run. What runs of agents changed in the person's home directory decides nothing there.
    ///
    /// # Errors
    /// If the lock cannot be taken, or `chant.checkMayChange` cannot be read.
    pub(crate) fn open(project: &'p Project, progress: &'p dyn Progress) -> Result<Room<'p>> {
        let may_change = project.config().check_may_change()?;
        let slot = Slot::take(project, || {
            progress.say(&Step::Note("waiting for another check in this clone to end".to_owned()));
        })?;
        match slot.end_left()? {
            Survivors::None => {}
            Survivors::Ended(count) => {
                let what = if count == 1 { "a process".to_owned() } else { format!("{count} processes") };
                progress.say(&Step::Note(format!("stopped {what} that an interrupted check left behind")));
            }
            Survivors::Refused(why) => {
                progress.say(&Step::Warning(format!("an interrupted check may still be running: {why}")));
            }
        }
        // What other runs changed until now: waiting took its time.
        let hidden = changes::by_runs(project)?;
        Ok(Room {
            project,
            progress,
            slot,
            may_change,
            warm: None,
            at_home: hidden.len(),
            hidden,
            base: None,
            of_target: Vec::new(),
            found: RefCell::default(),
            said: RefCell::default(),
        })
    }

    /// Takes a room for checks of `attempt`: what its own run made in directories for temporary files decides nothing there either.
    ///
    /// # Errors
    /// As [`Room::open`].
    pub(crate) fn for_attempt(project: &'p Project, attempt: ObjectId, progress: &'p dyn Progress) -> Result<Room<'p>> {
        let room = Room::open(project, progress)?;
        // The run itself cannot write this file.
        let since = Private::of(&project.repo, &attempt).commondir;
        let (hidden, at_home) = surroundings::hidden(project, &since)?;
        Ok(Room { hidden, at_home, ..room })
    }

    /// Notes what a checkout holds before a command runs.
    pub(super) fn made(&self, files: Vec<BString>) {
        self.found.borrow_mut().all.extend(files);
    }

    /// What the checkouts held before a command ran.
    pub(super) fn found(&self) -> std::cell::Ref<'_, Untracked> {
        self.found.borrow()
    }

    /// Warns of what is so in each checkout.
    pub(super) fn warn_once(&self, what: &str) {
        if self.said.borrow_mut().insert(what.to_owned()) {
            self.progress.say(&Step::Warning(what.to_owned()));
        }
    }

    /// An empty place for a checkout, with the best sandbox that works here.
    pub(super) fn stand(&self, commit: ObjectId, begin: Option<&Begin>) -> Result<Stand> {
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
        let path = self.slot.checkout_dir(self.project)?;
        let temporary = scratch::dir("tmp.")?;
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
        // An agent may have left it: without the sandbox, the checks would find what that agent changed at home.
        if fs::symlink_metadata(&path).is_ok_and(|meta| !meta.is_dir()) {
            let what = "is in the way: checks have their checkout there; move it away, or remove it";
            return Err(Error::negative(Kind::NotConfined, format!("'{}' {what}", path.display())));
        }
        let empty = self.slot.dir.join("empty");
        fs::create_dir_all(&empty).io("create", &empty)?;
        let lower = begin.map_or_else(|| Ok("empty".to_owned()), |begin| self.lower(begin))?;
        let layers = |kind: &str, around: bool| {
            let mut each = if around { surroundings::layers(project, kind) } else { Vec::new() };
            each.push(Layer { at: path.clone(), lower: Some(lower.clone()), name: TREE.to_owned() });
            Layers {
                dir: self.slot.dir.clone(),
                each,
                without: self.hidden.clone(),
                hidden: Vec::new(),
                shows_reads: around,
            }
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

    /// The directories that a checkout begins with, as [`Layer::lower`] names them.
    fn lower(&self, begin: &Begin) -> Result<String> {
        let below = self.slot.names(&begin.layers);
        let has_more = begin.compiled.link(&self.slot.dir.join(COMPILED))?;
        Ok(if has_more { format!("{COMPILED}:{below}") } else { below })
    }

    /// What a command in the checkout at `path` can write.
    fn sandbox(&self, path: &Path, mut layers: Option<Layers>) -> Result<Sandbox> {
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
        let hidden = confine::sockets(&project.env).into_iter().chain(surroundings::of_agents(project, path)?);
        let mut hidden: Vec<PathBuf> = hidden.filter_map(|path| fs::canonicalize(path).ok()).collect();
        if let Some(layers) = &mut layers {
            // They may go while the checkout is in use: another attempt ends.
            layers.hidden = std::mem::take(&mut hidden);
        }
        let known = layers.as_ref().and_then(|_| confine::known(&project.env, &project.repo.chant_dir()));
        Ok(Sandbox {
            worktree: path.to_owned(),
            run_dir: self.slot.dir.clone(),
            read_only,
            hidden,
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
