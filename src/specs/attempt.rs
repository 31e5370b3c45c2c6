//! One attempt at a spec: what was pinned at its start, where its branch and worktree are.

use std::path::PathBuf;

use gix::{ObjectId, refs::FullName};

use super::text::{Text, path_of};
use crate::project::{Project, agent::MANUAL, target::short_name};
use crate::{
    agent::{lease::Life, preset::Report, process::Ending},
    answer::progress::{Progress, Step},
    domain::{
        checks::Permission, confined::Confined, event::Facts, failure::Said, id::SpecId, pattern::PathSet, spec_file,
        spec_file::Spec, state::State, stop::Stopped,
    },
    env::local_file,
    error::{Error, Kind, Result},
    git::{
        branch,
        repository::Head,
        setting::Setting,
        worktree::{self, Worktree},
    },
};

/// Where it is kept what was seen before runs: below the common git directory.
pub(crate) const SEEN_DIR: &str = "chant/seen";

/// Where it is kept what `chant.worktreeSetup` changed in the worktrees of attempts, one file for each spec: below the directory of ours.
pub(crate) const SET_UP_DIR: &str = "set-up";

/// How an agent's run ended: what the checks of the attempt need to know of it.
#[derive(Clone, Debug)]
pub(crate) struct RunEnd {
    /// The name of the agent.
    pub agent: String,
    /// How it ended.
    pub ending: Ending,
    /// What it said when it failed the attempt.
    pub said: Option<Said>,
    /// What it said of the run itself.
    pub report: Report,
    /// Why the agent stopped before its work was done, as far as it said so.
    pub stopped: Option<Stopped>,
    /// What the agent said last.
    pub last_words: Option<String>,
    /// The permissions that it asked for, and what it was told.
    pub permissions: Vec<Permission>,
    /// What is different in the repository since it began.
    pub changes: Changes,
    /// What confined the run.
    pub confined: Confined,
    /// Why the work of a confined run was not taken into the repository, if it was not.
    pub refused: Option<String>,
}

impl RunEnd {
    /// What the event that the run ended with records of it.
    pub(crate) fn facts(&self, attempt: &Attempt) -> Facts {
        Facts {
            run_agent: Some(&self.agent).filter(|name| attempt.agent.as_ref() != Some(name)).cloned(),
            model: self.report.model.clone(),
            cost: self.report.cost().cloned(),
            session: self.report.session.clone(),
            confined: Some(self.confined.clone()),
            exit: self.ending.exit_code(),
            ..Facts::default()
        }
    }
}

/// What is different in the repository, in words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Changes {
    /// What no event explains and a run may have done: it needs a person's acknowledgement before the merge.
    pub waits: Vec<String>,
    /// What no event explains and no run can have done.
    pub told: Vec<String>,
    /// What the run may have done and is undone: it is said and waits for nothing.
    pub undone: Vec<String>,
    /// What people do at any time: refs that moved, files of the main worktree.
    pub noted: Vec<String>,
    /// The names of these refs.
    pub refs_moved: Vec<String>,
    /// Settings under which git works as before a change that waits, as far as that can be said.
    pub muted: Vec<Setting>,
}

impl Changes {
    /// Says what an event does not record.
    pub(crate) fn say(&self, progress: &dyn Progress) {
        for what in self.undone.iter().chain(&self.told) {
            progress.say(&Step::Warning(what.clone()));
        }
        for what in &self.noted {
            progress.say(&Step::Note(what.clone()));
        }
    }
}

/// One attempt, as its start event pinned it.
#[derive(Clone, Debug)]
pub(crate) struct Attempt {
    /// The spec.
    pub id: SpecId,
    /// The start event.
    pub start: ObjectId,
    /// The commit that it started from; `None` where a person finished a spec that had not been started.
    pub base: Option<ObjectId>,
    /// The branch that it is for, a full ref name; `None` if `HEAD` was detached.
    pub target: Option<String>,
    /// The work branch, computed from the id.
    pub branch: FullName,
    /// The path of the spec file, computed from the id.
    pub spec_path: String,
    /// The spec as it was at the start: its bytes and blob.
    pub bytes: Vec<u8>,
    /// The blob of those bytes.
    pub blob: ObjectId,
    /// What they say.
    pub spec: Spec,
    /// The name of the agent.
    pub agent: Option<String>,
    /// The commits of its work, as they were recorded when it finished.
    pub recorded: Vec<ObjectId>,
}

impl Attempt {
    /// The attempt with the commands and settings of another text of its spec.
    #[must_use]
    pub(crate) fn with_text(self, text: &Text, spec: &Spec) -> Attempt {
        Attempt { bytes: text.bytes.clone(), blob: text.blob(), spec: spec.clone(), ..self }
    }

    /// The title, or the short id.
    pub(crate) fn title(&self) -> &str {
        self.spec.title.as_deref().unwrap_or_else(|| self.id.short())
    }

    /// The paths that the spec may change, as a set; empty where it names none.
    ///
    /// # Errors
    /// `bad-target` if an entry of `target_files` cannot be used.
    pub(crate) fn targets(&self) -> Result<PathSet> {
        PathSet::new(&self.spec.front.target_files)
            .map_err(|(at, why)| Error::negative(Kind::BadTarget, format!("target_files entry {}: {why}", at + 1)))
    }

    /// Whether `target_files` limit what the work may change.
    pub(crate) fn is_confined(&self) -> bool {
        self.spec.front.limits_changes()
    }

    /// The agent that made the work; `None` if a person did.
    pub(crate) fn made_by(&self) -> Option<&str> {
        self.agent.as_deref().filter(|agent| *agent != MANUAL)
    }

    /// The trailer that the project wants to have about the agent in commits, if any.
    ///
    /// # Errors
    /// If `chant.attribution` cannot be read.
    pub(crate) fn attribution(&self, project: &Project) -> Result<Option<String>> {
        let attribution = project.config().attribution()?;
        Ok(self.made_by().and_then(|agent| attribution.trailer(agent)))
    }

    /// The short name of the target branch.
    pub(crate) fn target_name(&self) -> Option<&str> {
        self.target.as_deref().map(short_name)
    }

    /// Whether the work branch is at another commit than the one that was checked, for example because a conflict was resolved in it.
    /// Then the work has to be checked again before it can be merged.
    pub(crate) fn has_moved(&self, project: &Project, state: &State) -> Result<bool> {
        let checked = state.facts.work_commits.last().copied().or(self.base);
        let now = branch::read(&project.repo, self.branch.as_ref())?;
        Ok(self.base.is_some() && now.is_some() && now != checked)
    }
}

impl Project {
    /// The attempt that decides `state`.
    ///
    /// # Errors
    /// `no-attempt` if the spec is pending.
    pub(crate) fn attempt(&self, id: &SpecId, state: &State) -> Result<Attempt> {
        let start = state
            .attempt
            .ok_or_else(|| Error::negative(Kind::NoAttempt, format!("'{}' has no attempt", id.short())))?;
        let store = self.store()?;
        let lost =
            || Error::fatal(Kind::NoText, format!("the start of the attempt at '{}' has no spec text", id.short()));
        let bytes = store.evidence_of(start, "spec.md")?.ok_or_else(lost)?;
        let blob = store.blob_id(&bytes);
        let spec_path = path_of(id);
        let spec = spec_file::parse(&spec_path, &bytes).map_err(|diagnostics| {
            let mut error = Error::fatal(Kind::InvalidSpec, format!("cannot read the pinned text of '{}'", id.short()));
            error.diagnostics = diagnostics;
            error
        })?;
        Ok(Attempt {
            id: id.clone(),
            start,
            base: state.facts.base,
            target: state.facts.target.clone(),
            branch: self.branch_ref(id)?,
            spec_path,
            bytes,
            blob,
            spec,
            agent: state.facts.agent.clone(),
            recorded: state.facts.work_commits.clone(),
        })
    }

    /// The attempt that the start event `start` began, whether or not it still decides anything.
    pub(crate) fn attempt_at(&self, id: &SpecId, start: ObjectId) -> Result<Attempt> {
        let event =
            self.store()?.event(id, start)?.map_err(|invalid| Error::fatal(Kind::BadEvent, invalid.to_string()))?;
        let mut state = State::from_tip(&event).ok_or_else(|| {
            Error::fatal(Kind::BadEvent, format!("the start of the attempt at '{}' has no state", id.short()))
        })?;
        state.attempt = Some(start);
        self.attempt(id, &state)
    }

    /// The worktree of a spec: the one at the place that is meant for it, whatever it stands on (an agent may have switched
    /// branches there and checked its branch out elsewhere); otherwise the linked one whose `HEAD` is its branch.
    pub(crate) fn worktree_of(&self, id: &SpecId) -> Result<Option<Worktree>> {
        Ok(self.worktree_among(&worktree::list(&self.repo)?, id)?.cloned())
    }

    /// The worktree of a spec among `all` worktrees, as [`Project::worktree_of`] finds it.
    pub(crate) fn worktree_among<'w>(&self, all: &'w [Worktree], id: &SpecId) -> Result<Option<&'w Worktree>> {
        let branch = self.branch_ref(id)?;
        let mut linked = all.iter().filter(|tree| !tree.main);
        let meant = self.meant_worktree(id)?;
        // Two specs of different days may have one short id, and so one place.
        let prefix = self.config().branch_prefix()?.to_string();
        let namesakes = |tree: &Worktree| {
            let on = tree.head.as_ref().and_then(Head::branch).map(|name| name.shorten().to_string());
            let other = on.as_deref().and_then(|on| on.strip_prefix(&prefix)).and_then(|id| SpecId::new(id).ok());
            other.is_some_and(|other| other != *id && other.short() == id.short())
        };
        if let Some(tree) = linked.clone().find(|tree| same_place(&tree.path, &meant) && !namesakes(tree)) {
            return Ok(Some(tree));
        }
        Ok(linked.find(|tree| tree.is_on(branch.as_ref())))
    }

    /// Whether an attempt can be resumed in this worktree: its directory exists and its `HEAD` is the work branch.
    pub(crate) fn can_go_on(&self, id: &SpecId, tree: &Worktree) -> Result<bool> {
        Ok(tree.path.is_dir() && tree.is_on(self.branch_ref(id)?.as_ref()))
    }

    /// Where the worktree of a spec is made.
    pub(crate) fn meant_worktree(&self, id: &SpecId) -> Result<PathBuf> {
        worktree::path::default_path(&self.repo, id.short())
    }

    /// Where leases are.
    pub(crate) fn leases_dir(&self) -> PathBuf {
        self.repo.chant_dir().join("leases")
    }

    /// The file that asks the process which talks to the agent of an attempt to have the agent stop.
    pub(crate) fn stop_file(&self, attempt: ObjectId) -> PathBuf {
        self.leases_dir().join(stop_name(attempt))
    }

    /// Asks for that.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub(crate) fn ask_to_stop(&self, attempt: ObjectId) -> Result<()> {
        local_file::replace(&self.leases_dir(), &stop_name(attempt), b"")
    }

    /// Takes that back.
    pub(crate) fn forget_stop(&self, attempt: ObjectId) {
        // There may be none.
        let _gone = std::fs::remove_file(self.stop_file(attempt));
    }

    /// Where the slots of agents are that may run only so many times at once.
    pub(crate) fn slots_dir(&self) -> PathBuf {
        self.repo.chant_dir().join("slots")
    }

    /// The file that keeps what was seen of the repository before a run of the spec.
    pub(crate) fn seen_file(&self, id: &SpecId) -> PathBuf {
        self.repo.common_dir().join(SEEN_DIR).join(id.as_str())
    }

    /// The file that keeps what `chant.worktreeSetup` changed in the worktree of the spec.
    pub(crate) fn set_up_file(&self, id: &SpecId) -> PathBuf {
        self.repo.chant_dir().join(SET_UP_DIR).join(id.as_str())
    }

    /// Whether the run of an attempt is alive, dead, or not known to this clone.
    pub(crate) fn life(&self, attempt: ObjectId) -> Result<Life> {
        Life::of(&self.clone_dir().join("leases"), &attempt)
    }
}

/// Whether `tree` is the place `meant`. Most specs have no worktree: of what does not exist nothing is resolved.
fn same_place(tree: &std::path::Path, meant: &std::path::Path) -> bool {
    let real = |path: &std::path::Path| std::fs::canonicalize(path).ok();
    tree == meant || (meant.exists() && real(tree).is_some_and(|tree| Some(tree) == real(meant)))
}

/// The name of the file by which an agent is asked to stop: it is no lease.
fn stop_name(attempt: ObjectId) -> String {
    format!(".stop-{attempt}")
}
