//! Branches of the project, and what they reach; the remote that is meant where none is named.

use gix::{
    ObjectId,
    refs::{FullName, Target},
    remote::Direction,
};

use super::{Project, target::short_name};
use crate::{
    error::Result,
    git::{lookup, remote},
};

/// What the names of remote-tracking branches begin with.
const REMOTES: &str = "refs/remotes/";

/// What the last fetch brought of a branch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FetchedBranch {
    /// The name that a person types, for example `origin/main`.
    pub name: String,
    /// What it held.
    pub tip: ObjectId,
}

impl Project {
    /// What a branch holds, by its full name; `None` if it does not exist or the name is no branch.
    pub(crate) fn branch_tip(&self, full: &str) -> Result<Option<ObjectId>> {
        let Some(name) = full.starts_with("refs/heads/").then(|| FullName::try_from(full).ok()).flatten() else {
            return Ok(None);
        };
        match lookup::target(self.repo.gix(), name.as_ref())? {
            None => Ok(None),
            Some(Target::Object(id)) => Ok(Some(id)),
            // A branch that stands for another.
            Some(Target::Symbolic(_)) => match self.repo.gix().try_find_reference(full)? {
                Some(mut found) => Ok(Some(found.peel_to_id()?.detach())),
                None => Ok(None),
            },
        }
    }

    /// What work for a branch begins with: what the branch holds, or what was fetched of it where that is ahead; without the branch, its
    /// upstream. `None` if it is new.
    pub(crate) fn branch_start(&self, full: &str) -> Result<Option<ObjectId>> {
        match self.branch_tip(full)? {
            Some(tip) => Ok(Some(self.fetched_ahead(full, tip)?.map_or(tip, |fetched| fetched.tip))),
            None => self.upstream_tip(full),
        }
    }

    /// What the last fetch brought of a branch, where that contains `tip` and more: the branch would move forward to it.
    pub(crate) fn fetched_ahead(&self, full: &str, tip: ObjectId) -> Result<Option<FetchedBranch>> {
        Ok(match self.fetched(full)? {
            Some(fetched) if fetched.tip != tip && self.is_ancestor(tip, fetched.tip)? => Some(fetched),
            _ => None,
        })
    }

    /// What the last fetch brought of a branch, where it and `tip` each have commits that the other lacks.
    pub(crate) fn diverged(&self, full: &str, tip: ObjectId) -> Result<Option<FetchedBranch>> {
        Ok(match self.fetched(full)? {
            Some(fetched) if !self.is_ancestor(tip, fetched.tip)? && !self.is_ancestor(fetched.tip, tip)? => {
                Some(fetched)
            }
            _ => None,
        })
    }

    /// What the last fetch brought of a branch under its own name: of its upstream, otherwise of the usual remote. A branch that tracks one
    /// of another name was made from that, and is not the same branch.
    pub(crate) fn fetched(&self, full: &str) -> Result<Option<FetchedBranch>> {
        let short = short_name(full);
        let of = |remote: &str| format!("{REMOTES}{remote}/{short}");
        let upstream = self.upstream_name(full)?;
        let upstream = upstream.filter(|name| name.starts_with(REMOTES) && name.ends_with(&format!("/{short}")));
        let name = upstream.or_else(|| usual_remote(&remote::names(&self.repo)).map(of));
        let Some(name) = name else { return Ok(None) };
        let Some(mut found) = self.repo.gix().try_find_reference(name.as_str())? else { return Ok(None) };
        let tip = found.peel_to_id()?.detach();
        Ok(Some(FetchedBranch { name: name[REMOTES.len()..].to_owned(), tip }))
    }

    /// What a branch of a remote held at the last fetch.
    pub(crate) fn fetched_branch(&self, remote: &str, branch: &str) -> Result<Option<ObjectId>> {
        match self.repo.gix().try_find_reference(format!("refs/remotes/{remote}/{branch}").as_str())? {
            Some(mut found) => Ok(Some(found.peel_to_id()?.detach())),
            None => Ok(None),
        }
    }

    /// What the upstream of a branch held at the last fetch; without one, what the remote that specs are exchanged with had of it.
    pub(crate) fn upstream_tip(&self, full: &str) -> Result<Option<ObjectId>> {
        let Some(upstream) = self.upstream_name(full)? else { return Ok(None) };
        match self.repo.gix().try_find_reference(upstream.as_str())? {
            Some(mut found) => Ok(Some(found.peel_to_id()?.detach())),
            None => Ok(None),
        }
    }

    /// The full name of the ref that tracks the upstream of a branch; without an upstream, of the one that tracks the branch at the remote
    /// that specs are exchanged with. It may not be there.
    pub(crate) fn upstream_name(&self, full: &str) -> Result<Option<String>> {
        let Ok(name) = FullName::try_from(full) else { return Ok(None) };
        if let Some(Ok(upstream)) = self.repo.gix().branch_remote_tracking_ref_name(name.as_ref(), Direction::Fetch) {
            return Ok(Some(upstream.as_bstr().to_string()));
        }
        let remote = self.exchanged_with()?;
        Ok(remote.map(|remote| format!("refs/remotes/{remote}/{}", short_name(full))))
    }

    /// The remote that specs are exchanged with where no person names one: `chant.remote`, else, outside silent mode, the usual one.
    ///
    /// # Errors
    /// If `chant.remote` cannot be read.
    pub(crate) fn exchanged_with(&self) -> Result<Option<String>> {
        let names = remote::names(&self.repo);
        Ok(match self.config().remote()? {
            Some(configured) => Some(configured).filter(|name| names.contains(name)),
            None if self.silent => None,
            None => usual_remote(&names).map(str::to_owned),
        })
    }

    /// Whether `descendant` reaches `ancestor`. An object that is not here is no ancestor.
    pub(crate) fn is_ancestor(&self, ancestor: ObjectId, descendant: ObjectId) -> Result<bool> {
        if ancestor == descendant {
            return Ok(true);
        }
        let repo = self.repo.gix();
        if repo.try_find_header(ancestor)?.is_none() {
            return Ok(false);
        }
        Ok(repo.merge_base(ancestor, descendant).is_ok_and(|base| base.is_some_and(|base| base == ancestor)))
    }
}

/// How a person joins a branch with what was fetched of it, where both have commits of their own.
pub(crate) fn join_hint(branch: &str, fetched: &str) -> String {
    let (branch, fetched) = (shell_words::quote(branch), shell_words::quote(fetched));
    format!("to join them: git switch {branch} && git merge {fetched}")
}

/// The remote among `names` that is meant without a word of configuration: the only one, or `origin`.
pub(crate) fn usual_remote(names: &[String]) -> Option<&str> {
    match names {
        [only] => Some(only),
        names => names.iter().map(String::as_str).find(|name| *name == "origin"),
    }
}
