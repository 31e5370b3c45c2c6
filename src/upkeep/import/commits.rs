//! Which branch has the commits that a spec names. What follows for its status is in [`chain`](super::chain).

use std::collections::{HashMap, HashSet};

use gix::ObjectId;

use crate::{
    error::Result,
    git::{file_history, history},
    project::{Project, target::full_name},
};

/// For how many specs the patches are compared if no branch has their commits: each time git compares all patches.
const MAX_COMPARED: usize = 100;

/// The commits that specs name, and the branches that may have them.
pub(super) struct CommitFinder<'p> {
    project: &'p Project,
    /// The commits by what specs write for them.
    named: HashMap<String, ObjectId>,
    /// Full names and tips, the likeliest first.
    branches: Vec<(String, ObjectId)>,
    reached: HashMap<ObjectId, HashSet<ObjectId>>,
    compared: usize,
}

/// Where the commits of a spec are.
#[derive(Debug, Default)]
pub(super) struct FoundCommits {
    /// The commits that are here.
    pub(super) here: Vec<ObjectId>,
    /// The commits that are not here, as they are written.
    pub(super) missing: Vec<String>,
    /// The commits that are here and that the target lacks.
    pub(super) outside: Vec<ObjectId>,
    /// The branch that has them, or is to have them; `None` if there is none to look at.
    pub(super) target: Option<String>,
    /// Whether the target has the changes.
    pub(super) landed: bool,
    /// Whether it has them in other commits than these.
    pub(super) rewritten: bool,
}

impl<'p> CommitFinder<'p> {
    /// `main_branch` is what chant's settings say.
    pub(super) fn new(project: &'p Project, main_branch: Option<String>) -> Result<CommitFinder<'p>> {
        let head = project.repo.head()?.branch().map(|name| name.as_bstr().to_string());
        let said = project.config().target()?.into_iter().chain(main_branch);
        let usual = ["main", "master"].map(|name| format!("refs/heads/{name}"));
        // The current branch comes last, so that every clone gets one answer.
        let names = said.filter_map(|name| full_name(&name).ok()).chain(usual).chain(head);
        let mut branches: Vec<(String, ObjectId)> = Vec::new();
        for name in names {
            if let Some(tip) = project.branch_tip(&name)?.filter(|_| branches.iter().all(|(known, _)| *known != name)) {
                branches.push((name, tip));
            }
        }
        Ok(CommitFinder { project, named: HashMap::new(), branches, reached: HashMap::new(), compared: 0 })
    }

    /// Learns which commits are meant by `names`, all that [`CommitFinder::find`] is asked for next: git is asked once for all of them.
    pub(super) fn look_up<'n>(&mut self, names: impl Iterator<Item = &'n String>) -> Result<()> {
        let mut names: Vec<String> = names.cloned().collect();
        names.sort_unstable();
        names.dedup();
        self.named = file_history::commits_named(&self.project.repo, &names)?;
        Ok(())
    }

    /// Looks for the commits that are written as `written`, oldest first.
    pub(super) fn find(&mut self, written: &[String]) -> Result<FoundCommits> {
        let mut found =
            FoundCommits { target: self.branches.first().map(|(name, _)| name.clone()), ..FoundCommits::default() };
        for name in written {
            match self.named.get(name) {
                Some(id) if !found.here.contains(id) => found.here.push(*id),
                Some(_) => {}
                None => found.missing.push(name.clone()),
            }
        }
        if found.here.is_empty() {
            return Ok(found);
        }
        let mut best = None;
        for (name, tip) in self.branches.clone() {
            let outside: Vec<ObjectId> = {
                let reached = self.reached(tip)?;
                found.here.iter().filter(|id| !reached.contains(*id)).copied().collect()
            };
            if outside.len() < best.as_ref().map_or(found.here.len(), |(_, least): &(String, Vec<_>)| least.len()) {
                best = Some((name, outside));
            }
        }
        match best {
            Some((name, outside)) => {
                found.target = Some(name);
                found.outside = outside;
                found.landed = true;
            }
            None => {
                found.outside = found.here.clone();
                found.rewritten = self.has_the_changes(&found.here)?;
                found.landed = found.rewritten;
            }
        }
        Ok(found)
    }

    fn reached(&mut self, tip: ObjectId) -> Result<&HashSet<ObjectId>> {
        if !self.reached.contains_key(&tip) {
            let all = history::commits_in(&self.project.repo, &tip.to_hex().to_string())?.unwrap_or_default();
            self.reached.insert(tip, all);
        }
        Ok(&self.reached[&tip])
    }

    /// Whether the likeliest branch makes the same changes in other commits: they were rebased.
    fn has_the_changes(&mut self, commits: &[ObjectId]) -> Result<bool> {
        let (Some((_, tip)), [first, .., last] | [first @ last]) = (self.branches.first(), commits) else {
            return Ok(false);
        };
        if self.compared >= MAX_COMPARED {
            return Ok(false);
        }
        self.compared += 1;
        let repo = &self.project.repo;
        let since = repo.gix().find_commit(*first)?.parent_ids().next().map(gix::Id::detach);
        // Without a parent everything would be compared.
        match since {
            Some(since) => Ok(history::holds_changes(repo, *tip, Some(since), *last)? == Some(true)),
            None => Ok(false),
        }
    }
}
