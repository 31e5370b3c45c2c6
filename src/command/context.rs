//! The context of every command: the process's state, and where to report progress. It also opens the project and finds the spec that
//! a person means.

use std::sync::{Mutex, PoisonError};

use crate::answer::outcome::Screen;
use crate::domain::spec_file::Spec;
use crate::git::{self, repository::Repository};
use crate::{
    answer::{
        AllAdded, Recorded, SpecView,
        outcome::Outcome,
        progress::{Progress, Step},
    },
    attempt::{
        recover, seen,
        work::{Approve, Assignment},
    },
    domain::{event::Op, id::SpecId},
    env::Env,
    error::{Error, Kind, Result},
    project::{
        Project,
        inside::EnclosingRun,
        trust::{self, CustomPrompt, Untrusted},
    },
    specs::all::Specs,
};
use gix::ObjectId;

/// The state of the process that every command uses, and where commands report progress.
pub(crate) struct Context<'a> {
    /// The state of the process.
    pub env: Env,
    /// The repository, if it was opened for the configuration; the first use takes it.
    pub opened: &'a Mutex<Option<Repository>>,
    /// Where to report progress.
    pub progress: &'a dyn Progress,
    /// Where to show an answer that changes while the command runs.
    pub screen: &'a dyn Screen,
    /// Whether only the answer is wanted: `--quiet`.
    pub quiet: bool,
    /// Whether the answer is for a person, who sees a line of each spec: no format for machines.
    pub brief: bool,
    /// Whether a person can be asked: a terminal on both sides, and no machine format.
    pub interactive: bool,
}

/// Whether a person approved the commands of the repository beforehand, by `--trust` of the command `verb`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Grant {
    /// Whether they did.
    pub granted: bool,
    /// The command.
    pub verb: &'static str,
}

impl Context<'_> {
    /// Opens the project.
    pub(crate) fn project(&self) -> Result<Project> {
        match self.opened.lock().unwrap_or_else(PoisonError::into_inner).take() {
            Some(repo) => Project::of(&self.env, repo),
            None => Project::open(&self.env),
        }
    }

    /// The run of an agent that this process is inside; `None` for a person.
    pub(crate) fn inside(&self) -> Result<Option<EnclosingRun>> {
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        if opened.is_none() {
            *opened = Repository::discover(&self.env).ok();
        }
        match opened.as_ref() {
            Some(repo) => EnclosingRun::of(&self.env, repo),
            // Outside of a repository only the environment tells.
            None => Ok(self.env.is_agent().then(EnclosingRun::default)),
        }
    }

    /// Starts git's maintenance in the background, if it is due.
    pub(crate) fn maintain(&self) {
        if let Ok(repo) = Repository::discover(&self.env) {
            git::maintenance::start_when_due(&repo);
        }
    }

    /// The spec that a person means; at a terminal an ambiguous name offers the list.
    pub(crate) fn pick(&self, project: &Project, query: &str) -> Result<SpecId> {
        let names = project.spec_names();
        let candidates = project.candidates(&names, query)?;
        if candidates.len() < 2 || !self.interactive {
            return project.single_candidate(&names, query, candidates);
        }
        let specs = Specs::new(project)?;
        let mut items = Vec::new();
        for id in &candidates {
            let entry = specs.entry(id)?;
            items.push(crate::terminal::sanitize::line(format!("{}  {}  {}", id.short(), entry.status, entry.title())));
        }
        let chosen = self.env.choose(&format!("'{query}' matches several specs"), &items)?;
        chosen
            .map(|at| candidates[at].clone())
            .ok_or_else(|| Error::negative(Kind::AmbiguousSpec, "no spec chosen; aborted"))
    }

    /// Opens the project for a command that changes the spec that `query` means.
    pub(crate) fn open_to_change(&self, query: &str) -> Result<(Project, SpecId)> {
        let project = self.project()?;
        let id = self.pick_to_change(&project, query)?;
        Ok((project, id))
    }

    /// The spec that `query` means, for a command that changes it: what a dead process left half done is settled first.
    pub(crate) fn pick_to_change(&self, project: &Project, query: &str) -> Result<SpecId> {
        let id = self.pick(project, query)?;
        self.settle(project, &id)?;
        Ok(id)
    }

    /// Finishes or undoes what a dead process left half done for a spec.
    pub(crate) fn settle(&self, project: &Project, id: &SpecId) -> Result<()> {
        recover::settle(project, id, self.progress)
    }

    /// Asks for approval of the repository's commands that this person has not approved yet, unless that was granted.
    pub(crate) fn ask_trust(
        &self,
        project: &Project,
        id: &SpecId,
        blob: ObjectId,
        spec: &Spec,
        prompt: Option<&CustomPrompt>,
        Grant { granted, verb }: Grant,
    ) -> Result<()> {
        let Some(Untrusted { texts, what }) =
            project.untrusted(id, blob, spec, prompt, || seen::trust_is_doubted(project))?
        else {
            return Ok(());
        };
        if !granted {
            if !self.interactive {
                return Err(trust::refused(id.short(), &what, verb));
            }
            self.progress.say(&Step::Note(format!("'{}' would run these commands of the repository:", id.short())));
            for line in &what {
                self.progress.say(&Step::Note(format!("  {}", line.escape_debug())));
            }
            if !self.env.confirm("Run them, now and in later attempts?")? {
                return Err(Error::negative(Kind::Untrusted, "no command run; aborted"));
            }
        }
        texts.iter().try_for_each(|(of, blob)| project.trust(of, *blob))
    }

    /// The spec `id`, worked as most are: for its own target, merged if the work passed, by a claim that this clone alone decides.
    pub(crate) fn assignment<'a>(
        &'a self,
        project: &'a Project,
        id: &'a SpecId,
        approve: &'a Approve<'a>,
    ) -> Assignment<'a> {
        let progress = self.progress;
        Assignment { project, id, onto: None, merge: true, may_be_empty: false, remote: None, approve, progress }
    }

    /// How an [`Assignment`] asks for approval.
    pub(crate) fn approval<'a>(
        &'a self,
        project: &'a Project,
        grant: Grant,
    ) -> impl Fn(&SpecId, ObjectId, &Spec, Option<&CustomPrompt>) -> Result<()> + 'a {
        move |id, blob, spec, prompt| self.ask_trust(project, id, blob, spec, prompt, grant)
    }

    /// The spec as it is now.
    pub(crate) fn view(&self, project: &Project, id: &SpecId) -> Result<SpecView> {
        let specs = Specs::new(project)?;
        let entry = specs.entry(id)?;
        specs.view(&entry)
    }

    /// The answer to a command that recorded an event of a spec: the spec as it is now, and the event's sentence.
    pub(crate) fn recorded(&self, project: &Project, id: &SpecId, op: &Op, sentence: String) -> Result<Outcome> {
        let spec = self.view(project, id)?;
        Ok(Outcome::new(Recorded { spec, op: op.as_str().to_owned(), sentence }))
    }

    /// The answer to a command that added these specs.
    pub(crate) fn added(&self, project: &Project, ids: &[SpecId]) -> Result<Outcome> {
        let specs = ids.iter().map(|id| self.view(project, id)).collect::<Result<_>>()?;
        Ok(Outcome::new(AllAdded { specs }))
    }
}
