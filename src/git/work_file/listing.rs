//! The entries of a directory with their stamps. There may be tens of thousands, so that two threads can share the work.

use std::{
    cell::Cell,
    cmp::Ordering,
    sync::atomic::{self, AtomicUsize},
};

use bstr::{BStr, BString, ByteSlice};
use rustix::fs::DirEntry;

use super::{Directory, Refused, Stamp};

/// How many entries a thread looks at before it asks for more.
const RUN: usize = 128;

/// The entries of a directory with their stamps, by name.
#[derive(Debug, Default)]
pub(crate) struct Listing {
    names: Vec<BString>,
    /// What was found of each, in runs of the same length.
    runs: Vec<Run>,
    /// Which was asked for last: mostly the next one is asked for next.
    last: Cell<usize>,
}

/// The entries of a directory while they are looked at.
#[derive(Debug)]
pub(crate) struct DirectoryScan {
    directory: Directory,
    names: Vec<BString>,
    /// The first entry that no thread has taken yet.
    next: AtomicUsize,
}

/// What one thread found: runs of entries, each with the number of its first.
pub(crate) type Runs = Result<Vec<(usize, Run)>, Refused>;

/// What was found of some: nothing of one that went away since it was listed, and no stamp of one that is no regular file.
type Run = Vec<Option<Option<Stamp>>>;

impl DirectoryScan {
    /// Lists the names; nothing is looked at yet.
    pub(crate) fn begin(directory: Directory) -> Result<DirectoryScan, Refused> {
        let name = |entry: DirEntry| entry.file_name().to_bytes().as_bstr().to_owned();
        let mut names = directory.entries()?.map(|entry| entry.map(name)).collect::<Result<Vec<_>, _>>()?;
        names.sort_unstable();
        Ok(DirectoryScan { directory, names, next: AtomicUsize::new(0) })
    }

    /// Looks at entries until none is left.
    pub(crate) fn look(&self) -> Runs {
        let mut runs = Vec::new();
        loop {
            let begin = self.next.fetch_add(RUN, atomic::Ordering::Relaxed);
            let end = self.names.len().min(begin.saturating_add(RUN));
            if begin >= end {
                return Ok(runs);
            }
            let run = (begin..end).map(|at| self.directory.found(self.names[at].as_bstr()));
            runs.push((begin, run.collect::<Result<_, _>>()?));
        }
    }

    /// The entries with what was found of them. Every one of them was looked at.
    pub(crate) fn end(self, found: impl IntoIterator<Item = Runs>) -> Result<Listing, Refused> {
        let mut runs = Vec::new();
        for some in found {
            runs.append(&mut some?);
        }
        runs.sort_unstable_by_key(|(begin, _)| *begin);
        Ok(Listing { names: self.names, runs: runs.into_iter().map(|(_, run)| run).collect(), last: Cell::new(0) })
    }
}

impl Directory {
    /// The names of the first `most` entries, in no order.
    pub(crate) fn first_names(&self, most: usize) -> Result<Vec<BString>, Refused> {
        let name = |entry: DirEntry| entry.file_name().to_bytes().as_bstr().to_owned();
        self.entries()?.take(most).map(|entry| entry.map(name)).collect()
    }

    /// The names in which `part` is found, in no order.
    pub(crate) fn names_with(&self, part: &str) -> Result<Vec<BString>, Refused> {
        let mut found = Vec::new();
        for entry in self.entries()? {
            let entry = entry?;
            let name = entry.file_name().to_bytes().as_bstr();
            if name.contains_str(part) {
                found.push(name.to_owned());
            }
        }
        Ok(found)
    }
}

impl Listing {
    /// The entries of `directory`, all looked at by this thread.
    pub(crate) fn of(directory: Directory) -> Result<Listing, Refused> {
        let looking = DirectoryScan::begin(directory)?;
        let found = looking.look();
        looking.end([found])
    }

    /// How many there are, or were when they were listed.
    pub(crate) fn len(&self) -> usize {
        self.names.len()
    }

    /// The entries, each with its stamp if it is a regular file.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&BStr, Option<Stamp>)> {
        (0..self.len()).filter_map(|at| Some((self.names[at].as_bstr(), self.found(at)?)))
    }

    /// The names alone.
    pub(crate) fn names(&self) -> impl Iterator<Item = &BStr> {
        self.iter().map(|(name, _)| name)
    }

    /// The stamp of the regular file whose name is `stem` and then `ending`.
    pub(crate) fn stamp(&self, stem: &[u8], ending: &[u8]) -> Option<Stamp> {
        let compare = |name: &BString| {
            let (begin, end) = name.split_at(name.len().min(stem.len()));
            begin.cmp(stem).then_with(|| end.cmp(ending))
        };
        let (names, last) = (&self.names, self.last.get());
        let near = (last..names.len().min(last + 2)).find(|at| compare(&names[*at]) == Ordering::Equal);
        let at = near.or_else(|| names.binary_search_by(compare).ok())?;
        self.last.set(at);
        self.found(at).flatten()
    }

    fn found(&self, at: usize) -> Option<Option<Stamp>> {
        *self.runs.get(at / RUN)?.get(at % RUN)?
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::symlink};

    use super::*;

    #[test]
    fn every_entry_is_found_by_its_name_from_either_thread() {
        let dir = crate::support::scratch::scratch();
        let names: Vec<String> = (0..300).map(|number| format!("{number:03}.md")).collect();
        names.iter().for_each(|name| fs::write(dir.path().join(name), name).expect("a file"));
        symlink("000.md", dir.path().join("link.md")).expect("a link");
        let open = || Directory::open(dir.path(), "".into()).expect("it opens").expect("it is there");
        let looking = DirectoryScan::begin(open()).expect("it is listed");
        fs::remove_file(dir.path().join("299.md")).expect("it goes");
        let runs = std::thread::scope(|scope| {
            let other = scope.spawn(|| looking.look());
            [looking.look(), other.join().expect("it ends")]
        });
        let listing = looking.end(runs).expect("all were looked at");
        assert_eq!(open().names_with("08.").expect("it is listed").len(), 3, "008.md, 108.md, 208.md");
        assert_eq!(listing.names().count(), 300, "without what went away, with the link");
        for name in names[..299].iter().rev().chain(&names[..299]) {
            let now = open().stamp(name.as_str().into()).expect("it is looked at");
            assert!(now.is_some() && listing.stamp(&name.as_bytes()[..3], b".md") == now, "{name}");
        }
        for (stem, ending) in [("299", ".md"), ("link", ".md"), ("00", ".md"), ("001", ".m"), ("zzz", ""), ("", "")] {
            assert_eq!(listing.stamp(stem.as_bytes(), ending.as_bytes()), None, "{stem}{ending}");
        }
    }
}
