//! Trust in commands that was written down during a run which nothing confined: the agent could have written it. It counts only where the
//! history of the spec has that text from a command of this person.

use std::{collections::BTreeSet, fs, os::unix::fs::MetadataExt as _, path::PathBuf};

use gix::ObjectId;
use serde::{Deserialize, Serialize};

use crate::{
    attempt::home::Since,
    domain::{event::Facts, id::SpecId, spec_file::front_matter_bytes},
    env::local_file,
    error::{Error, IoContext as _, Result},
    project::Project,
};

/// A moment as the file system of the repository has it: seconds since 1970 and nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Moment(i64, i64);

impl Moment {
    /// The present one.
    ///
    /// # Errors
    /// If no file can be made there.
    pub(super) fn now(project: &Project) -> Result<Moment> {
        let dir = project.repo.chant_dir();
        let file = tempfile::tempfile_in(&dir).and_then(|file| file.metadata()).io("create a file in", &dir)?;
        Ok(Moment::of(&file))
    }

    /// That time, to look for what changed in the home directory since.
    pub(super) fn since(self) -> Since {
        Since(self.0, self.1)
    }

    fn of(meta: &fs::Metadata) -> Moment {
        Moment(meta.ctime(), meta.ctime_nsec())
    }
}

/// Withdraws what was written down since `began` and nothing in the history explains, and says of what.
///
/// # Errors
/// If the history cannot be read, or a file not be removed.
pub(super) fn withdraw(project: &Project, began: Moment) -> Result<Vec<String>> {
    let mut withdrawn = Vec::new();
    for (path, subject, blob) in entries(project, began) {
        if !is_explained(project, &subject, &blob)? {
            local_file::remove("trust.write", &path)?;
            let what = "was added during the run by no recorded command; it is ignored";
            withdrawn.push(format!("trust in the commands of '{}' {what}", subject.escape_debug()));
        }
    }
    withdrawn.sort();
    Ok(withdrawn)
}

/// What was written down since then: the file, the subject and the blob.
fn entries(project: &Project, began: Moment) -> Vec<(PathBuf, String, String)> {
    let entries = fs::read_dir(project.trusted_dir()).into_iter().flatten().flatten();
    let new = entries.filter(|entry| entry.metadata().is_ok_and(|meta| Moment::of(&meta) >= began));
    let parts = |entry: fs::DirEntry| {
        let name = entry.file_name().to_string_lossy().into_owned();
        let (subject, blob) = name.rsplit_once('-')?;
        Some((entry.path(), subject.to_owned(), blob.to_owned()))
    };
    new.filter_map(parts).collect()
}

/// Whether an event of this clone, other than the proposal of an agent, has the text or one with the same front matter: finishing
/// another spec beside the run trusts its text with the ticks, which names the same commands.
fn is_explained(project: &Project, subject: &str, blob: &str) -> Result<bool> {
    let (Ok(id), Ok(blob)) = (SpecId::new(subject), blob.parse::<ObjectId>()) else { return Ok(false) };
    let store = project.store()?;
    let Some(tip) = store.tip(&id)? else { return Ok(false) };
    let walk = store.walk(&id, tip)?;
    let own = |facts: &Facts| facts.proposed_by.is_none() && facts.clone.as_deref() == Some(project.clone_name());
    let texts: BTreeSet<ObjectId> = walk
        .history
        .events()
        .iter()
        .filter(|event| own(&event.facts))
        .filter_map(|event| event.facts.spec_blob)
        .collect();
    if texts.contains(&blob) {
        return Ok(true);
    }
    let bytes =
        |id: ObjectId| Ok::<_, Error>(project.repo.gix().try_find_object(id)?.map(|object| object.data.clone()));
    let Some(found) = bytes(blob)? else { return Ok(false) };
    for text in texts {
        if bytes(text)?.is_some_and(|text| front_matter_bytes(&text) == front_matter_bytes(&found)) {
            return Ok(true);
        }
    }
    Ok(false)
}
