//! A run that can write only what is its own: its sandbox, its private repository, and what comes of it into the repository.
//!
//! Which paths are protected is decided here, for every run of an agent; how is `agent::confine`'s. Where nothing can confine a run, it
//! works in the repository itself, and the record says so.

use std::{
    borrow::Cow,
    ffi::OsString,
    fs,
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
};

use bstr::{BString, ByteSlice};
use gix::{ObjectId, refs::FullName};

use crate::{
    agent::confine::{self, Confinement, Mapped, Protected, Sandbox, Unavailable},
    answer::progress::{Progress, Step},
    config::Confine,
    domain::{confined::Confined, event::Event, id::SpecId},
    env::local_file,
    error::{Error, IoContext, Kind, Result},
    git::{
        obeyed::Obeyed,
        private::{Private, incoming::Refused, seat::MODULES},
        repository::Head,
        worktree::{self, Worktree, code},
    },
    project::{
        Project,
        agent::{Agent, MANUAL},
    },
};

/// What no sandbox keeps from a run: another name of a file.
const LINKED: &str = "packs of this repository are hard links, which it can write by their other names";

/// How a repository comes to have its packs for itself.
const OWN_PACKS: &str = "to give the repository packs of its own: git repack -a -d -f";

/// The file that says that a person was told.
const TOLD: &str = "told-of-links";

/// A confined run: where it is, and what it can write.
pub(crate) struct ConfinedRun {
    id: SpecId,
    attempt: ObjectId,
    tree: Worktree,
    branch: FullName,
    private: Private,
    confinement: Confinement,
}

impl ConfinedRun {
    /// Makes the private repository and the sandbox for a run; `None` if it is not to be confined, or cannot be.
    ///
    /// # Errors
    /// `not-confined` if it cannot be and `chant.confine` is `require`.
    pub(crate) fn prepare(
        project: &Project,
        id: &SpecId,
        attempt: ObjectId,
        worktree: &Path,
        agent: &Agent,
    ) -> Result<Option<ConfinedRun>> {
        if project.config().confine()? == Confine::Off {
            return Ok(None);
        }
        if project.config().confine()? == Confine::Require && project.repo.has_linked_packs() {
            let what = format!("cannot confine the agent of '{}': {LINKED}", id.short());
            return Err(Error::negative(Kind::NotConfined, what).hint(OWN_PACKS));
        }
        let Some(tree) = worktree::find(&project.repo, worktree)? else { return Ok(None) };
        let private = Private::make(&project.repo, &attempt, project.branch_ref(id)?.as_ref())?.with_copy(&tree)?;
        let entered = ConfinedRun::enter(project, (id, attempt), tree, private.clone(), agent.writes())?;
        if entered.is_err() {
            // What works in the repository itself leaves nothing in a private one.
            private.discard()?;
        }
        unless_required(project, entered, &format!("the agent of '{}'", id.short()))
    }

    fn enter(
        project: &Project,
        (id, attempt): (&SpecId, ObjectId),
        tree: Worktree,
        private: Private,
        writes: &[&str],
    ) -> Result<Result<ConfinedRun, Unavailable>> {
        let branch = project.branch_ref(id)?;
        let entered = confine::enter(&sandbox(project, &tree, &private, writes)?)?;
        Ok(entered.map(|confinement| ConfinedRun { id: id.clone(), attempt, tree, branch, private, confinement }))
    }

    /// What confines the run.
    pub(crate) fn by(&self) -> Confined {
        self.confinement.by.clone()
    }

    /// What the run cannot change.
    pub(crate) fn protected(&self) -> &Protected {
        &self.confinement.protected
    }

    /// The words that confine a command as the run was.
    pub(crate) fn words(&self) -> &[OsString] {
        &self.confinement.prefix
    }

    /// The agent as it is run there.
    pub(crate) fn agent<'a>(&self, agent: &'a Agent) -> Cow<'a, Agent> {
        agent.within(&self.confinement)
    }

    /// A file that the run can write, for the names of the processes that it leaves.
    pub(crate) fn left_file(&self) -> PathBuf {
        self.private.git_dir.join("left-running")
    }

    /// What the run gets into its environment besides.
    pub(crate) fn env(&self) -> impl Iterator<Item = (OsString, Option<OsString>)> + '_ {
        self.confinement.env.iter().map(|(name, value)| (name.clone(), Some(value.clone())))
    }

    /// Brings what was made here into the repository, and moves the work branch there. Says why not, if it does not come in: everything is
    /// kept then.
    ///
    /// # Errors
    /// If git cannot be run.
    pub(crate) fn bring_in(&self, project: &Project, base: ObjectId) -> Result<Option<String>> {
        let came = self.private.bring_in(&project.repo, &self.tree, self.branch.as_ref(), base, self.words())?;
        let Err(refused) = came else { return Ok(None) };
        if let Refused::Unrelated(tip) = refused {
            project.store()?.keep_attempt(&self.id, self.attempt, tip)?;
        }
        // That a worktree stands elsewhere is found, and named, by all that judge it.
        let elsewhere = matches!(refused, Refused::Head(_));
        Ok((!elsewhere).then(|| refused.to_string()))
    }

    /// Keeps what the run stashed and left: its stash goes with the private repository. Gives the refs that hold it now.
    pub(crate) fn keep_stashes(&self, project: &Project) -> Result<Vec<String>> {
        let stashes = self.private.stashes(&project.repo).into_iter();
        stashes.map(|stash| project.store()?.keep_beside(&self.id, self.attempt, stash)).collect()
    }
}

/// Says once in a clone that its packs are hard links, where agents are confined.
///
/// # Errors
/// If it cannot be remembered.
pub(crate) fn tell_of_links(project: &Project, progress: &dyn Progress) -> Result<()> {
    let dir = project.repo.chant_dir();
    if project.config().confine()? == Confine::Auto && project.repo.has_linked_packs() && !dir.join(TOLD).exists() {
        progress.say(&Step::Warning(format!("a confined agent is not kept from all objects: {LINKED}")));
        progress.say(&Step::Hint(OWN_PACKS.to_owned()));
        local_file::replace(&dir, TOLD, b"")?;
    }
    Ok(())
}

/// The sandbox, or `None` where there is none and `chant.confine` does not require one. `what` is to be confined, in words.
///
/// # Errors
/// `not-confined` if it requires one.
fn unless_required<T>(project: &Project, entered: Result<T, Unavailable>, what: &str) -> Result<Option<T>> {
    match entered {
        Ok(inside) => Ok(Some(inside)),
        Err(_) if project.config().confine()? != Confine::Require => Ok(None),
        Err(why) => Err(Error::negative(Kind::NotConfined, format!("cannot confine {what}: {why}"))
            .hint("to go on without a sandbox: git config chant.confine auto")),
    }
}

/// What of a worktree git is about to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Runs {
    /// Filters alone: git runs without hooks.
    Filters,
    /// Hooks, too.
    Hooks,
}

/// The worktree of an attempt as git-chant's own git works there.
pub(crate) struct AttemptWorktree {
    /// The worktree, with the sandbox for git in it.
    pub tree: Worktree,
    /// Where that is confined: the sandbox, and the repository in which it writes.
    pub inside: Option<ConfinedRun>,
}

impl AttemptWorktree {
    /// Brings the tree of files `tree`, which git wrote here, into the repository.
    ///
    /// # Errors
    /// If git refuses it, or cannot be run.
    pub(crate) fn take(&self, project: &Project, tree: ObjectId, known: Option<ObjectId>) -> Result<()> {
        let Some(inside) = &self.inside else { return Ok(()) };
        let taken = inside.private.take_tree(&project.repo, &self.tree.path, tree, known, inside.words())?;
        taken.map_err(|refused| Error::negative(Kind::GitFailed, refused.to_string()))
    }
}

/// The worktree of an attempt for a git that may run code there which the last run of an agent wrote: confined as that run was. `by` is what
/// confined it, where that is known. Every git of ours that reads or writes files of such a worktree works in what this gives. There is no
/// sandbox where no code is run, or where a person works there.
///
/// # Errors
/// If the history of the spec cannot be read, or what the sandbox needs cannot be made; `not-confined` if there is no sandbox here and
/// `chant.confine` is `require`.
pub(crate) fn attempt_worktree(
    project: &Project,
    id: &SpecId,
    attempt: ObjectId,
    tree: &Worktree,
    by: Option<&Confined>,
    runs: Runs,
) -> Result<AttemptWorktree> {
    let runs_code = code::has_filters(&project.repo, tree) || (runs == Runs::Hooks && code::has_hooks(&project.repo));
    if !runs_code || !tree.path.is_dir() {
        return Ok(AttemptWorktree { tree: tree.clone(), inside: None });
    }
    let was_confined = match by {
        Some(by) => *by != Confined::None,
        None => was_confined(project, id, attempt)?,
    };
    if was_confined {
        confined_worktree(project, id, attempt, tree)
    } else {
        Ok(AttemptWorktree { tree: tree.clone(), inside: None })
    }
}

/// Whether a checkout of `commit` into a new worktree of an attempt may run code there that no person has. What is in a branch that a person
/// has checked out, git runs there anyway.
///
/// # Errors
/// If the repository cannot be read.
pub(crate) fn needs_confined_worktree(project: &Project, id: &SpecId, commit: ObjectId) -> Result<bool> {
    if !(code::names_filters(&project.repo) || code::has_hooks(&project.repo))
        || project.config().confine()? == Confine::Off
        || is_by_hand(project, id)?
    {
        return Ok(false);
    }
    let prefix = project.config().branch_prefix()?.to_string();
    for tree in worktree::list(&project.repo)? {
        let of_attempt = |name: &FullName| name.shorten().starts_with(prefix.as_bytes());
        let is_persons = tree.main || tree.head.as_ref().and_then(Head::branch).is_some_and(|name| !of_attempt(name));
        if is_persons
            && let Some(head) = tree.head.as_ref().and_then(Head::id)
            && project.is_ancestor(commit, head)?
        {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The worktree of an attempt with git confined as an agent's run is; without a sandbox, if there is none here.
///
/// # Errors
/// As [`attempt_worktree`].
pub(crate) fn confined_worktree(
    project: &Project,
    id: &SpecId,
    attempt: ObjectId,
    tree: &Worktree,
) -> Result<AttemptWorktree> {
    let mut private = Private::of(&project.repo, &attempt);
    let had_one = private.exists();
    // After a run that died, git-chant has not looked there yet.
    private.clear_special_files(tree);
    if !private.is_current(&project.repo, project.branch_ref(id)?.as_ref())? {
        private = Private::make(&project.repo, &attempt, project.branch_ref(id)?.as_ref())?;
    }
    private.reset_config(&project.repo)?;
    let entered = ConfinedRun::enter(project, (id, attempt), tree.clone(), private.clone(), &[])?;
    if entered.is_err() && !had_one {
        private.discard()?;
    }
    let inside = unless_required(project, entered, &format!("git in the worktree of '{}'", id.short()))?;
    let sandbox = inside.as_ref().map(|inside| inside.words().to_vec()).unwrap_or_default();
    Ok(AttemptWorktree { tree: Worktree { sandbox, ..tree.clone() }, inside })
}

/// Whether a person has the attempt at a spec.
pub(crate) fn is_by_hand(project: &Project, id: &SpecId) -> Result<bool> {
    let state = project.store()?.state(id)?;
    Ok(state.is_some_and(|state| state.facts.agent.as_deref() == Some(MANUAL)))
}

/// Whether an agent that was confined had the worktree of an attempt, and no person since. A run of which no event tells yet is known by its
/// repository, and so is what was fetched from another clone and checked out in a sandbox.
fn was_confined(project: &Project, id: &SpecId, attempt: ObjectId) -> Result<bool> {
    if is_by_hand(project, id)? {
        return Ok(false);
    }
    let has_run = Private::of(&project.repo, &attempt).exists();
    Ok(has_run || last_run(project, id, attempt)?.is_some_and(|by| by != Confined::None))
}

/// What confined the last run of an attempt in this clone, as its events say; `None` if there was none.
///
/// # Errors
/// If the history of the spec cannot be read.
pub(crate) fn last_run(project: &Project, id: &SpecId, attempt: ObjectId) -> Result<Option<Confined>> {
    let store = project.store()?;
    let here = |event: &Event| event.facts.clone.as_deref() == Some(project.clone_name());
    if !store.event(id, attempt)?.is_ok_and(|start| here(&start)) {
        return Ok(None);
    }
    let Some(tip) = store.tip(id)? else { return Ok(None) };
    let walk = store.walk(id, tip)?;
    let mut of_attempt = walk.history.events().iter().rev().filter(|event| event.attempt() == attempt);
    Ok(of_attempt.find_map(|event| event.facts.confined.clone()))
}

/// Brings in what a run made that died before it could. What does not come in stays in the private repository: then why.
///
/// # Errors
/// If the repository cannot be written.
pub(crate) fn recover(project: &Project, id: &SpecId, attempt: ObjectId, tree: &Worktree) -> Result<Option<String>> {
    let private = Private::of(&project.repo, &attempt).with_copy_of_the_dead();
    if !private.exists() {
        return Ok(None);
    }
    let Some(base) = project.attempt_at(id, attempt)?.base else { return Ok(None) };
    match ConfinedRun::enter(project, (id, attempt), tree.clone(), private, &[])? {
        Ok(inside) => {
            let refused = inside.bring_in(project, base)?;
            inside.keep_stashes(project)?;
            Ok(refused)
        }
        Err(why) => Ok(Some(why.to_string())),
    }
}

/// What a run in `tree` can write, and what it cannot; `writes` is what its agent needs below the home directory.
fn sandbox(project: &Project, tree: &Worktree, private: &Private, writes: &[&str]) -> Result<Sandbox> {
    let mut sandbox = closed(project, Some(tree), writes)?;
    sandbox.read_only.extend([tree.path.join(".git"), tree.git_dir.join("gitdir")]);
    sandbox.kept_files.push(tree.git_dir.join("config.worktree"));
    Ok(Sandbox {
        worktree: tree.path.clone(),
        run_dir: private.run_dir.clone(),
        own: vec![private.git_dir.clone(), tree.git_dir.clone(), tree.git_dir.join(MODULES)],
        copied: private.copy.iter().map(|copy| Mapped { content: copy.clone(), at: tree.git_dir.clone() }).collect(),
        mapped: vec![Mapped { content: private.commondir.clone(), at: tree.git_dir.join("commondir") }],
        ..sandbox
    })
}

/// The sandbox of a run that can write `open`, and neither `shut` nor the repository; `place` is a directory around both.
///
/// # Errors
/// If the files that it needs cannot be made.
pub(crate) fn reading(
    project: &Project,
    shut: &[&Path],
    open: &Path,
    place: &Path,
    agent: &Agent,
) -> Result<Result<Confinement, Unavailable>> {
    let mut sandbox = closed(project, None, agent.writes())?;
    sandbox.read_only.extend(shut.iter().map(|path| path.to_path_buf()));
    let (worktree, run_dir) = (open.to_owned(), place.to_owned());
    confine::enter(&Sandbox { worktree, run_dir, ..sandbox })
}

/// The [`reading`] sandbox of a run that can write `open` alone; `None` where `chant.confine` is `off`, or there is none and it is `auto`.
/// `what` is to be confined, in words.
///
/// # Errors
/// `not-confined` if there is none and it is `require`.
pub(crate) fn reading_for(
    project: &Project,
    open: &Path,
    place: &Path,
    agent: &Agent,
    what: &str,
) -> Result<Option<Confinement>> {
    if project.config().confine()? == Confine::Off {
        return Ok(None);
    }
    unless_required(project, reading(project, &[], open, place, agent)?, what)
}

/// What no run of an agent can write: the repository, its worktrees except the `own` one, what git goes by. `writes` is what the agent needs
/// below the home directory.
fn closed(project: &Project, own: Option<&Worktree>, writes: &[&str]) -> Result<Sandbox> {
    let (env, config) = (&project.env, project.config());
    let home = env.home();
    let mut read_only = vec![project.repo.common_dir().to_owned()];
    // A main worktree that is the home directory itself cannot be closed: the agent keeps its own things there.
    let is_home = |path: &Path| home.as_deref().is_some_and(|home| home.starts_with(path));
    let others = worktree::list(&project.repo)?.into_iter().map(|other| other.path);
    read_only.extend(others.filter(|path| own.is_none_or(|own| *path != own.path) && !is_home(path)));
    read_only.extend(project.repo.borrowed_objects()?);
    read_only.extend(local_remotes(project, own.map(|own| own.path.as_path())));
    read_only.extend(config.confine_readonly(home.clone())?);
    let config_dir = |home: &PathBuf| env.var("XDG_CONFIG_HOME").map_or_else(|| home.join(".config"), PathBuf::from);
    let kept_dirs: Vec<PathBuf> = home.iter().map(|home| config_dir(home).join("git")).collect();
    let obeyed = Obeyed::of(&project.repo);
    // What is in a directory that is closed needs no file in its place, and none is made in the worktree of the run.
    let closed = || read_only.iter().chain(&kept_dirs).chain(own.map(|own| &own.path));
    let is_closed = |path: &PathBuf| !path.is_symlink() && closed().any(|dir| path.starts_with(dir));
    let kept_files = obeyed.configuration.into_iter().filter(|path| !is_closed(path)).collect();
    read_only.extend([obeyed.named, obeyed.programs, obeyed.agents].into_iter().flatten());
    let mut writable = config.confine_writable(home.clone())?;
    let strict = config.confine_strictly()?;
    if strict {
        // What is not there cannot be opened, and the agent's session would be lost with the sandbox.
        if let (Some(home), Some(sessions)) = (&home, writes.first()) {
            let dir = home.join(sessions);
            fs::DirBuilder::new().recursive(true).mode(0o700).create(&dir).io("create", &dir)?;
        }
        writable.extend(home.iter().flat_map(|home| writes.iter().map(|path| home.join(path))));
    }
    Ok(Sandbox {
        read_only,
        kept_files,
        kept_dirs,
        hidden: confine::sockets(env),
        writable,
        strict,
        known: confine::known(env, &project.repo.chant_dir()),
        ..Sandbox::default()
    })
}

/// Remotes that are directories of this machine.
fn local_remotes(project: &Project, tree: Option<&Path>) -> Vec<PathBuf> {
    let snapshot = project.repo.gix().config_snapshot();
    let remotes = snapshot.plumbing().sections_by_name("remote").into_iter().flatten();
    let urls = remotes.flat_map(|remote| [remote.values("url"), remote.values("pushurl")].concat());
    let tops: Vec<&Path> = project.repo.work_dir().into_iter().chain(tree).collect();
    urls.flat_map(|url| local_paths(&url, &tops)).filter(|path| path.is_absolute()).collect()
}

/// The directories that the address of a remote names, if it is one of this machine; git reads a relative one from the top of the
/// worktree in which it runs.
fn local_paths(url: &BString, tops: &[&Path]) -> Vec<PathBuf> {
    let path = url.strip_prefix(b"file://").unwrap_or(url);
    let to_slash = path.split(|byte| *byte == b'/').next().unwrap_or_default();
    match path.to_path() {
        Ok(path) if path.is_absolute() => vec![path.to_owned()],
        Ok(path) if !to_slash.contains(&b':') => {
            tops.iter().filter_map(|top| fs::canonicalize(top.join(path)).ok()).collect()
        }
        _ => Vec::new(),
    }
}
