//! Whether a remote and this clone have equal refs. Each ref is read once. Nothing is exchanged here.

use std::collections::BTreeSet;

use super::{
    NOTES_REF, Store,
    archive::{archive_of, is_archive},
    refs::RefList,
    tracking::REMOTES,
};
use crate::{domain::id::SpecId, error::Result};

/// Our namespace. What is tracked of a remote has the same names below its own.
const OURS: &str = "refs/chant/";

/// Where the notes are among what is tracked of a remote.
const NOTES: &str = "notes/chant";

/// A ref that takes part in an exchange.
enum Part {
    Chain(SpecId),
    Archive,
    Notes,
}

fn part(name: &str) -> Option<Part> {
    if name == NOTES {
        return Some(Part::Notes);
    }
    match name.split_once('/')? {
        ("specs", id) => SpecId::new(id).ok().map(Part::Chain),
        ("archive", month) => is_archive(month).then_some(Part::Archive),
        _ => None,
    }
}

impl Store<'_> {
    /// Everything that is tracked of `remote`: `specs/<id>`, `archive/<month>`, `notes/chant`, `heads/<id>`, `sync/<clone>`.
    pub fn all_tracked(&self, remote: &str) -> Result<RefList> {
        self.listed(&format!("{REMOTES}{remote}/"))
    }

    /// Whether an exchange of chains, archives and notes with a remote that had what is `tracked` changes nothing, work branches apart.
    /// Without `push` it does not matter what the remote lacks. Where it is hard to say it does not hold.
    pub fn is_up_to_date(&self, tracked: &RefList, push: bool) -> Result<bool> {
        let mut ours = self.listed(OURS)?;
        ours.extend(self.ref_target(NOTES_REF)?.map(|id| (NOTES.to_owned(), Some(id))));
        ours.retain(|(name, target)| target.is_some() && part(name).is_some());
        ours.sort_unstable();
        let mut theirs = 0;
        for entry in tracked.iter().filter(|(name, _)| !name.starts_with("heads/")) {
            // What is not ours by name and id is strange, new, or carried by a branch.
            let (Some(id), true) = (entry.1, ours.binary_search(entry).is_ok()) else { return Ok(false) };
            // A fetch would bring what was lost here.
            if !self.repo.has_object(id) {
                return Ok(false);
            }
            theirs += 1;
        }
        if push && theirs < ours.len() {
            return Ok(false);
        }
        let (mut chains, mut archives) = (Vec::new(), BTreeSet::new());
        for (name, target) in &ours {
            match part(name) {
                Some(Part::Chain(id)) => chains.extend(target.map(|target| (id, target))),
                Some(Part::Archive) => drop(archives.insert(name["archive/".len()..].to_owned())),
                Some(Part::Notes) | None => {}
            }
        }
        chains.retain(|(id, _)| archives.contains(archive_of(id)));
        let overlap = self.overlap(chains)?;
        Ok(overlap.contained.is_empty() && overlap.apart.is_empty())
    }
}
