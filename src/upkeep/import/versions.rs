//! Git's history of the spec files: who wrote which version, and when. Front matter is read elsewhere.

use std::{cell::RefCell, collections::HashMap};

use gix::{ObjectId, actor::Signature, date::Time};

use super::directory::ChantDirectory;
use crate::{
    domain::{
        id::SpecId,
        spec_file::{Foreign, MAX_SPEC_LEN, foreign_of},
    },
    error::Result,
    git::{file_history, file_history::Version},
    project::{ARCHIVE_DIR, Project},
};

/// Versions of one file that are looked at, from the newest on.
const MAX_VERSIONS: usize = 1000;

/// The history of all spec files.
pub(super) struct FileHistory<'p> {
    project: &'p Project,
    /// Of each spec, oldest first; with whether the file lay in the archive.
    versions: HashMap<String, Vec<(Version, bool)>>,
    authors: RefCell<HashMap<ObjectId, Option<Signature>>>,
    /// The person who imports, now.
    person: Signature,
}

impl<'p> FileHistory<'p> {
    /// Reads the history behind the current commit.
    pub(super) fn read(project: &'p Project, home: &ChantDirectory) -> Result<FileHistory<'p>> {
        let folders = home.folders();
        let head = project.repo.head()?.id().filter(|_| home.here);
        let trail = match head {
            Some(head) => file_history::versions_below(&project.repo, head, &folders.each_ref().map(String::as_str))?,
            None => HashMap::new(),
        };
        let archive = ARCHIVE_DIR.rsplit('/').next().unwrap_or_default();
        let mut versions: HashMap<String, Vec<(Version, bool)>> = HashMap::new();
        for (path, list) in trail {
            let path = path.to_string();
            let Some(below) = path.strip_prefix(&home.chant).map(|below| below.trim_start_matches('/')) else {
                continue;
            };
            let Some(stem) = below.rsplit('/').next().and_then(|name| name.strip_suffix(".md")) else { continue };
            let archived = below.starts_with(archive);
            let all = versions.entry(stem.to_owned()).or_default();
            all.extend(list.into_iter().map(|version| (version, archived)));
        }
        Ok(FileHistory { project, versions, authors: RefCell::default(), person: project.repo.author()? })
    }

    /// The person who imports, now.
    pub(super) fn person(&self) -> Signature {
        self.person.clone()
    }

    fn of(&self, id: &SpecId) -> &[(Version, bool)] {
        self.versions.get(id.as_str()).map_or(&[], Vec::as_slice)
    }

    /// Who added the file of a spec first.
    pub(super) fn added(&self, id: &SpecId) -> Result<Option<Signature>> {
        // Versions of several paths are not in order among themselves: the oldest of them is what counts.
        let mut first: Option<Signature> = None;
        let mut seen = [false; 2];
        for (version, archived) in self.of(id) {
            if std::mem::replace(&mut seen[usize::from(*archived)], true) {
                continue;
            }
            if let Some(author) = self.author(version.commit)?
                && first.as_ref().is_none_or(|first| author.time.seconds < first.time.seconds)
            {
                first = Some(author);
            }
        }
        Ok(first)
    }

    /// Who moved the file into the archive.
    pub(super) fn archived(&self, id: &SpecId) -> Result<Option<Signature>> {
        let moved = self.of(id).iter().find(|(version, archived)| *archived && version.blob.is_some());
        moved.map_or(Ok(None), |(version, _)| self.author(version.commit))
    }

    /// The oldest version since which every version satisfies `has`: its author, and its blob. `now` is the blob of the file as it is,
    /// and whether that does.
    pub(super) fn since(
        &self,
        id: &SpecId,
        now: (ObjectId, bool),
        has: impl Fn(&Foreign) -> bool,
    ) -> Result<Option<(Option<Signature>, ObjectId)>> {
        let (archive, specs): (Vec<_>, Vec<_>) = self.of(id).iter().partition(|(_, archived)| *archived);
        let newest = archive.iter().rev().chain(specs.iter().rev());
        let mut found: Option<(ObjectId, ObjectId)> = None;
        let mut read = HashMap::from([now]);
        for (version, _) in newest.take(MAX_VERSIONS) {
            // A file that moved was deleted in one place and added in the other.
            let Some(blob) = version.blob else { continue };
            let known = match read.get(&blob) {
                Some(known) => *known,
                None => {
                    let known = self.text(blob)?.is_some_and(|bytes| has(&foreign_of(&bytes)));
                    read.insert(blob, known);
                    known
                }
            };
            if !known {
                break;
            }
            found = Some((version.commit, blob));
        }
        found.map(|(commit, blob)| Ok((self.author(commit)?, blob))).transpose()
    }

    /// An old version of a file; `None` if it is not here or too large.
    pub(super) fn text(&self, blob: ObjectId) -> Result<Option<Vec<u8>>> {
        let repo = self.project.repo.gix();
        match repo.try_find_header(blob)? {
            Some(header) if header.kind() == gix::objs::Kind::Blob && header.size() <= MAX_SPEC_LEN as u64 => {
                Ok(Some(repo.find_blob(blob)?.take_data()))
            }
            _ => Ok(None),
        }
    }

    /// The author of a commit, whose clock may have been wrong: nothing happened before 1970 or after now.
    fn author(&self, commit: ObjectId) -> Result<Option<Signature>> {
        if let Some(known) = self.authors.borrow().get(&commit) {
            return Ok(known.clone());
        }
        let mut author = file_history::author_of(&self.project.repo, commit)?;
        if let Some(author) = &mut author {
            author.time.seconds = author.time.seconds.clamp(0, self.person.time.seconds);
        }
        self.authors.borrow_mut().insert(commit, author.clone());
        Ok(author)
    }
}

/// A time as chant writes it, `2026-01-25T15:34:31Z`, with or without a zone, or a day alone; `None` if it is none.
pub(super) fn time(text: &str) -> Option<Time> {
    let text = text.trim();
    let civil = || text.parse::<jiff::civil::DateTime>().ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok();
    if let Ok(timestamp) = text.parse::<jiff::Timestamp>() {
        return Some(Time::new(timestamp.as_second(), 0));
    }
    civil().map(|zoned| Time::new(zoned.timestamp().as_second(), 0))
}

#[cfg(test)]
mod tests {
    use super::time;

    #[test]
    fn times_are_read_as_chant_writes_them() {
        let seconds = |text| time(text).map(|time| time.seconds);
        assert_eq!(seconds("2026-01-25T15:34:31Z"), Some(1_769_355_271));
        assert_eq!(seconds("2026-01-25T16:34:31+01:00"), Some(1_769_355_271));
        assert_eq!(seconds("2026-01-25T15:34:31"), Some(1_769_355_271));
        assert_eq!(seconds("2026-01-25"), Some(1_769_299_200));
        for none in ["", "yesterday", "2026-13-01", "9999999999999"] {
            assert_eq!(seconds(none), None, "{none}");
        }
    }
}
