//! The entries of a directory and what the system says of each: there may be tens of thousands, and two threads may look at them.

use std::{
    cell::Cell,
    cmp::Ordering,
    sync::atomic::{self, AtomicUsize},
};

use bstr::{BStr, BString, ByteSlice};
use rustix::fs::Dir;

use super::{Directory, Refused, Stamp};

/// How many entries a thread looks at before it asks for more.
const RUN: usize = 128;

/// The entries of a directory with their stamps, by name.
#[derive(Debug, Default)]
pub(crate) struct Listing {
    names: Names,
    /// What was found of each, in runs of the same length.
    runs: Vec<Run>,
    /// Which was asked for last: mostly the next one is asked for next.
    last: Cell<usize>,
}

/// The entries of a directory while they are looked at.
#[derive(Debug)]
pub(crate) struct Looking {
    directory: Directory,
    names: Names,
    /// The first entry that no thread has taken yet.
    next: AtomicUsize,
}

/// What one thread found: runs of entries, each with the number of its first.
pub(crate) type Runs = Result<Vec<(usize, Run)>, Refused>;

/// What was found of some: nothing of one that went away since it was listed, and no stamp of one that is no regular file.
type Run = Vec<Option<Option<Stamp>>>;

/// Names, sorted, one after the other.
#[derive(Debug, Default)]
struct Names {
    text: Vec<u8>,
    /// Where each begins and how long it is.
    places: Vec<(usize, usize)>,
}

impl Names {
    fn push(&mut self, name: &[u8]) {
        self.places.push((self.text.len(), name.len()));
        self.text.extend_from_slice(name);
    }

    /// By the first bytes in which they are not all alike, as one number: names as spec files have them differ there, and to compare
    /// numbers takes a fraction of the time.
    fn sort(&mut self) {
        let name = |(begin, length): (usize, usize)| &self.text[begin..begin + length];
        let first = self.places.first().map_or(&[][..], |place| name(*place));
        let alike = |other: &[u8]| first.iter().zip(other).take_while(|(one, other)| one == other).count();
        let same = self.places.iter().map(|place| alike(name(*place))).min().unwrap_or_default();
        let key = |place: &(usize, usize)| {
            let mut bytes = [0; size_of::<u128>()];
            let rest = &name(*place)[same..];
            let length = rest.len().min(bytes.len());
            bytes[..length].copy_from_slice(&rest[..length]);
            u128::from_be_bytes(bytes)
        };
        let mut keyed: Vec<(u128, (usize, usize))> = self.places.iter().map(|place| (key(place), *place)).collect();
        keyed.sort_unstable_by(|(key, one), (other_key, other)| {
            key.cmp(other_key).then_with(|| name(*one).cmp(name(*other)))
        });
        self.places = keyed.into_iter().map(|(_, place)| place).collect();
    }

    fn at(&self, (begin, length): (usize, usize)) -> &BStr {
        self.text[begin..begin + length].as_bstr()
    }

    fn get(&self, number: usize) -> &BStr {
        self.at(self.places[number])
    }
}

impl Looking {
    /// Lists the names; nothing is looked at yet.
    pub(crate) fn begin(directory: Directory) -> Result<Looking, Refused> {
        let failed = |cause| Refused::io(directory.path.clone(), "list", cause);
        let mut names = Names::default();
        for entry in Dir::read_from(&directory.fd).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let name = entry.file_name().to_bytes();
            if !matches!(name, b"." | b"..") {
                names.push(name);
            }
        }
        names.sort();
        Ok(Looking { directory, names, next: AtomicUsize::new(0) })
    }

    /// Looks at entries until none is left.
    pub(crate) fn look(&self) -> Runs {
        let mut runs = Vec::new();
        loop {
            let begin = self.next.fetch_add(RUN, atomic::Ordering::Relaxed);
            let end = self.names.places.len().min(begin.saturating_add(RUN));
            if begin >= end {
                return Ok(runs);
            }
            let run = (begin..end).map(|at| self.directory.found(self.names.get(at)));
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
    /// The names in which `part` is found, in no order.
    pub(crate) fn names_with(&self, part: &str) -> Result<Vec<BString>, Refused> {
        let failed = |cause| Refused::io(self.path.clone(), "list", cause);
        let mut found = Vec::new();
        for entry in Dir::read_from(&self.fd).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let name = entry.file_name().to_bytes().as_bstr();
            if name.contains_str(part) && name != "." && name != ".." {
                found.push(name.to_owned());
            }
        }
        Ok(found)
    }
}

impl Listing {
    /// The entries of `directory`, all looked at by this thread.
    pub(crate) fn of(directory: Directory) -> Result<Listing, Refused> {
        let looking = Looking::begin(directory)?;
        let found = looking.look();
        looking.end([found])
    }

    /// How many there are, or were when they were listed.
    pub(crate) fn len(&self) -> usize {
        self.names.places.len()
    }

    /// The entries, each with its stamp if it is a regular file.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&BStr, Option<Stamp>)> {
        (0..self.len()).filter_map(|at| Some((self.names.get(at), self.found(at)?)))
    }

    /// The names alone.
    pub(crate) fn names(&self) -> impl Iterator<Item = &BStr> {
        self.iter().map(|(name, _)| name)
    }

    /// The stamp of the regular file whose name is `stem` and then `ending`.
    pub(crate) fn stamp(&self, stem: &[u8], ending: &[u8]) -> Option<Stamp> {
        let compare = |place: &(usize, usize)| {
            let name = self.names.at(*place);
            let (begin, end) = name.split_at(name.len().min(stem.len()));
            begin.cmp(stem).then_with(|| end.cmp(ending))
        };
        let (places, last) = (&self.names.places, self.last.get());
        let near = (last..places.len().min(last + 2)).find(|at| compare(&places[*at]) == Ordering::Equal);
        let at = near.or_else(|| places.binary_search_by(compare).ok())?;
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
    fn names_are_sorted_by_all_their_bytes() {
        let all =
            ["", "a", "a\u{0}", "ab", "abc-0123456789-0123456789-b", "abc-0123456789-0123456789-a", "abc", "b", "a."];
        for some in [&all[..], &all[1..], &all[3..7], &all[4..6], &all[..1], &[]] {
            let mut names = Names::default();
            some.iter().for_each(|name| names.push(name.as_bytes()));
            names.sort();
            let mut expected = some.to_vec();
            expected.sort_unstable();
            assert_eq!((0..some.len()).map(|at| names.get(at).to_string()).collect::<Vec<_>>(), expected);
        }
    }

    #[test]
    fn every_entry_is_found_by_its_name_whoever_looked_at_it() {
        let dir = tempfile::tempdir().expect("a directory");
        let names: Vec<String> = (0..300).map(|number| format!("{number:03}.md")).collect();
        names.iter().for_each(|name| fs::write(dir.path().join(name), name).expect("a file"));
        symlink("000.md", dir.path().join("link.md")).expect("a link");
        let open = || Directory::open(dir.path(), "".into()).expect("it opens").expect("it is there");
        let looking = Looking::begin(open()).expect("it is listed");
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
