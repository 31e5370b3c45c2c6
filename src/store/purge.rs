//! Deletes every ref of git-chant, for a clone that is to have none of them. Branches and worktrees are not removed here.

use gix::ObjectId;

use super::{NOTES_REF, Store, refs::Moved};
use crate::error::{Error, Kind, Result};

/// Our namespaces.
const OURS: [&str; 4] = ["refs/chant/", "refs/chant-remote/", "refs/chant-local/", "refs/notes/chant-remote/"];

impl Store<'_> {
    /// Every ref of ours by its full name, with its id; no id where it is symbolic or broken.
    pub fn everything(&self) -> Result<Vec<(String, Option<ObjectId>)>> {
        let mut all = Vec::new();
        for namespace in OURS {
            let listed = self.listed(namespace)?.into_iter();
            all.extend(listed.map(|(name, target)| (format!("{namespace}{name}"), target)));
        }
        if let Some(notes) = self.ref_target(NOTES_REF)? {
            all.push((NOTES_REF.to_owned(), Some(notes)));
        }
        Ok(all)
    }

    /// The names of the refs that begin with `prefix`, without it.
    pub fn names_below(&self, prefix: &str) -> Result<Vec<String>> {
        // A prefix need not end where a part of the name does.
        let (dir, rest) = prefix.rsplit_once('/').map_or(("", prefix), |(dir, rest)| (dir, rest));
        let listed = self.listed(&format!("{dir}/"))?;
        Ok(listed.into_iter().filter_map(|(name, _)| name.strip_prefix(rest).map(str::to_owned)).collect())
    }

    /// Deletes a ref of ours that holds `old`. One that is gone is fine.
    ///
    /// # Errors
    /// `not-ours` for any other ref; `busy` if it holds something else by now.
    pub fn purge(&self, name: &str, old: ObjectId) -> Result<()> {
        if name != NOTES_REF && !OURS.iter().any(|namespace| name.starts_with(namespace)) {
            return Err(Error::fatal(Kind::NotOurs, format!("'{name}' is no ref of git-chant")));
        }
        if self.ref_target(name)?.is_none() {
            return Ok(());
        }
        match self.remove(name, old)? {
            Moved::Yes => Ok(()),
            Moved::Busy if self.ref_target(name)?.is_none() => Ok(()),
            Moved::Busy => Err(self.busy(name)),
        }
    }
}
