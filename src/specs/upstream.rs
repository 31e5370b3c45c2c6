//! Whether the upstream project has the work that a gate waits for.

use gix::ObjectId;

use crate::project::Project;
use crate::specs::all::Specs;
use crate::{
    domain::{id::SpecId, spec_file::Spec, spec_type::SpecType},
    error::Result,
    git::remote,
};

/// The usual name of the remote of the upstream project.
pub(crate) const UPSTREAM: &str = "upstream";

/// The usual name of the remote that a clone was made from.
const ORIGIN: &str = "origin";

/// The usual names of a main branch.
const USUAL: [&str; 2] = ["main", "master"];

impl Project {
    /// The main branch of a remote: what its `HEAD` was when it was cloned, otherwise `main` or `master`, whichever was fetched of it; of a remote that
    /// nothing was fetched of, whichever is here. Before git 2.48 a remote that was added later has no `HEAD`. `None` where nothing tells.
    pub(crate) fn default_branch(&self, remote: &str) -> Result<Option<String>> {
        let head = format!("refs/remotes/{remote}/HEAD");
        let found = self.repo.gix().try_find_reference(head.as_str())?;
        let name = found.and_then(|found| found.target().try_name().map(|name| name.as_bstr().to_string()));
        let prefix = format!("refs/remotes/{remote}/");
        if let Some(name) = name.and_then(|name| name.strip_prefix(&prefix).map(str::to_owned)) {
            return Ok(Some(name));
        }
        for name in USUAL {
            if self.fetched_branch(remote, name)?.is_some() {
                return Ok(Some(name.to_owned()));
            }
        }
        if self.repo.gix().references()?.prefixed(prefix.as_str())?.next().is_some() {
            return Ok(None);
        }
        for name in USUAL {
            if self.branch_tip(&format!("refs/heads/{name}"))?.is_some() {
                return Ok(Some(name.to_owned()));
            }
        }
        Ok(None)
    }

    /// What the main branch of the upstream project held at the last fetch: of the remote `upstream`, otherwise of `origin`.
    pub(crate) fn upstream_main(&self) -> Result<Option<ObjectId>> {
        let remotes = remote::names(&self.repo);
        let remote = if remotes.iter().any(|name| name == UPSTREAM) { UPSTREAM } else { ORIGIN };
        let main = self.default_branch(remote)?;
        Ok(main.map(|main| self.fetched_branch(remote, &main)).transpose()?.flatten())
    }
}

impl Specs<'_> {
    /// Whether the gate of an investigation is passed: the work that it waits for is in the main branch of `upstream`, as it was last fetched. By ancestry,
    /// or as the same changes. Without a remote of that name `origin` is the project itself and no fork.
    pub(crate) fn is_upstream(&self, gate: &SpecId, spec: &Spec) -> Result<bool> {
        // What another gate waits for is a person's decision, wherever the work is.
        if spec.front.kind != SpecType::Gate || spec.front.topic.is_none() || spec.front.depends_on.is_empty() {
            return Ok(false);
        }
        let Some(tip) = self.project.upstream_main()? else { return Ok(false) };
        for written in &spec.front.depends_on {
            let found = self.project.candidates(&self.names, written)?;
            let [id] = found.as_slice() else { return Ok(false) };
            let id = self.successor(gate, id)?;
            let state = self.recorded(&id)?.state;
            if self.work_in_base(&id, state.as_deref(), Some(tip))? != Some(true) {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
