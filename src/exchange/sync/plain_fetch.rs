//! What a plain `git fetch` or `git pull` brought of remotes: tracking refs that are not those which were joined last. They are compared
//! with each other, and no times: each worktree has a `FETCH_HEAD` of its own, and a file server has its own clock.

use super::{Exchange, pick, spec_of};
use crate::{
    domain::id::SpecId,
    env::local_file,
    error::{IoContext as _, Result},
    git::{self, lookup, promised, repository::Repository},
    project::Project,
    store::{
        refs::{self, RefList},
        tracking::REMOTES,
    },
};

/// The file of the fingerprint of what was joined last.
const JOINED: &str = "joined";

/// The tracking refs of all remotes, at one moment.
pub(crate) struct PlainFetch {
    /// Below [`REMOTES`].
    refs: RefList,
}

impl PlainFetch {
    /// What was fetched since the last join.
    ///
    /// # Errors
    /// If the refs, or what was joined, cannot be read.
    pub(crate) fn unjoined(repo: &Repository) -> Result<Option<PlainFetch>> {
        let refs = lookup::below(repo.gix(), REMOTES)?;
        // A partial clone may have histories of its own without their files.
        if refs.is_empty() && !promised::is_partial(repo) {
            return Ok(None);
        }
        let file = repo.chant_dir().join(JOINED);
        let joined = local_file::read(&file, 128).io("read", &file)?;
        let is_new = joined.as_deref() != Some(refs::fingerprint(&refs).as_bytes());
        Ok(is_new.then_some(PlainFetch { refs }))
    }

    /// Joins it with what is here, and notes that. Gives the specs that it changed.
    ///
    /// # Errors
    /// If a ref cannot be read or written.
    pub(crate) fn join(&self, project: &Project) -> Result<Vec<SpecId>> {
        let mut specs = std::collections::BTreeSet::new();
        for name in git::remote::names(&project.repo) {
            let remote = pick(project, Some(&name))?;
            let below = format!("{name}/");
            let own = self.refs.iter().filter_map(|(name, id)| Some((name.strip_prefix(&below)?.to_owned(), *id)));
            let mut exchange = Exchange::new(project, &remote)?;
            exchange.join_tracked(own.collect())?;
            specs.extend(exchange.report.into_entries().iter().filter_map(|entry| spec_of(&entry.name)));
        }
        local_file::replace(&project.repo.chant_dir(), JOINED, refs::fingerprint(&self.refs).as_bytes())?;
        Ok(specs.into_iter().collect())
    }
}
