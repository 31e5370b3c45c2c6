//! One attempt at a spec: what was pinned at its start, where its branch and worktree are.

use std::path::PathBuf;

use gix::ObjectId;

use super::{Project, text::path_of};
use crate::{
    agent::lease::{self, Life},
    domain::{
        id::SpecId,
        spec::{self, Spec},
        state::State,
    },
    error::{Error, Result},
    git::worktree::{self, Worktree},
};

/// The name of the agent that is a person.
pub const MANUAL: &str = "manual";

/// One attempt, as its start event pinned it.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// The spec.
    pub id: SpecId,
    /// The start event.
    pub start: ObjectId,
    /// The commit that it started from; `None` where a person finished what nobody had started.
    pub base: Option<ObjectId>,
    /// The branch that it is for, a full ref name; `None` if `HEAD` was detached.
    pub target: Option<String>,
    /// The work branch, a full ref name, computed from the id.
    pub branch: String,
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
}

impl Attempt {
    /// The title, or the short id.
    pub fn title(&self) -> &str {
        self.spec.title.as_deref().unwrap_or_else(|| self.id.short())
    }

    /// The short name of the target branch.
    pub fn target_name(&self) -> Option<&str> {
        self.target.as_deref().map(|name| name.strip_prefix("refs/heads/").unwrap_or(name))
    }
}

impl Project {
    /// The attempt that decides `state`.
    ///
    /// # Errors
    /// `no-attempt` if the spec is pending.
    pub fn attempt(&self, id: &SpecId, state: &State) -> Result<Attempt> {
        let start = state
            .attempt
            .ok_or_else(|| Error::negative("no-attempt", format!("nobody has worked on '{}'", id.short())))?;
        let store = self.store()?;
        let lost = || Error::fatal("no-text", format!("the start of the attempt on '{}' holds no spec", id.short()));
        let bytes = store.evidence_of(start, "spec.md")?.ok_or_else(lost)?;
        let blob = store.blob_id(&bytes);
        let spec_path = path_of(id);
        let spec = spec::parse(&spec_path, &bytes).map_err(|diagnostics| {
            let mut error = Error::fatal("invalid-spec", format!("the pinned text of '{}' cannot be read", id.short()));
            error.diagnostics = diagnostics;
            error
        })?;
        Ok(Attempt {
            id: id.clone(),
            start,
            base: state.facts.base,
            target: state.facts.target.clone(),
            branch: format!("refs/heads/{}", self.branch(id)?),
            spec_path,
            bytes,
            blob,
            spec,
            agent: state.facts.agent.clone(),
        })
    }

    /// The worktree of a spec: the linked one whose `HEAD` is its branch, else the one at the place that is meant for it
    /// (an agent may have switched branches there).
    pub fn worktree_of(&self, id: &SpecId) -> Result<Option<PathBuf>> {
        self.worktree_among(&worktree::list(&self.repo)?, id)
    }

    /// The same among worktrees already listed.
    pub fn worktree_among(&self, all: &[Worktree], id: &SpecId) -> Result<Option<PathBuf>> {
        let branch = format!("refs/heads/{}", self.branch(id)?);
        let linked = all.iter().filter(|tree| !tree.is_main);
        let by_branch = linked.clone().find(|tree| tree.branch.as_deref() == Some(branch.as_str()));
        let found = match by_branch {
            Some(tree) => Some(tree),
            None => {
                let meant = self.meant_worktree(id)?;
                linked.into_iter().find(|tree| same_place(&tree.path, &meant))
            }
        };
        Ok(found.map(|tree| tree.path.clone()))
    }

    /// Where the worktree of a spec is made.
    pub fn meant_worktree(&self, id: &SpecId) -> Result<PathBuf> {
        worktree::default_path(&self.repo, id.short())
    }

    /// Where leases are.
    pub fn leases_dir(&self) -> PathBuf {
        self.repo.chant_dir().join("leases")
    }

    /// Whether the run of an attempt is alive, dead, or not known to this clone.
    pub fn life(&self, attempt: ObjectId) -> Result<Life> {
        Life::of(&self.leases_dir(), &attempt)
    }

    /// Forgets the lease of an attempt that is over.
    pub fn forget_lease(&self, attempt: ObjectId) -> Result<()> {
        lease::forget(&self.leases_dir(), &attempt).map(|_| ())
    }
}

fn same_place(one: &std::path::Path, other: &std::path::Path) -> bool {
    let real = |path: &std::path::Path| std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    real(one) == real(other)
}
