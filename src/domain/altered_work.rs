//! Which recorded work a commit has that upstream altered on its way: by a line more, a renamed file, or other work on the same lines.

use std::collections::BTreeMap;

use super::{
    changed_lines::{ChangedLines, LineHash},
    patches::PathPatch,
};

/// How many works on the same lines are looked at together.
const MOST: usize = 16;

/// A commit that may have work in it.
#[derive(Clone, Copy)]
pub(crate) struct Squash<'a> {
    /// What it changes, with all lines.
    pub changes: &'a [PathPatch],
    /// Whether its first parent lacks a path.
    pub is_absent: &'a dyn Fn(&str) -> bool,
    /// The path that a person asks about, as the commit has it.
    pub asked: Option<&'a str>,
}

/// How much of recorded work a commit has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Portion {
    /// The recorded lines that the commit brings or takes away, too.
    pub found: usize,
    /// All recorded lines.
    pub of: usize,
    /// Of these, the lines that it brings, and those that it takes away.
    new: usize,
    gone: usize,
    /// Of those that it brings, the ones in files that were there before.
    in_old_file: usize,
    /// Whether the work brings lines at all.
    brings: bool,
    /// The lines that the commit changes in these paths.
    of_commit: usize,
    /// Whether something else than lines speaks for the work.
    is_likely: bool,
}

/// Works that a commit has in one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Contained {
    /// Their places in what was asked about, each built on lines of those before it.
    pub works: Vec<usize>,
    /// How much of them it has.
    pub portion: Portion,
}

impl Portion {
    /// Whether this is no chance. `is_all`: these are all recorded changes, not those of one path.
    fn is_enough(self, is_all: bool) -> bool {
        let Portion { found, of, new, gone, in_old_file, brings, of_commit, is_likely } = self;
        if found == 0 || is_likely && 2 * found >= of {
            return found > 0;
        }
        if found == of {
            return of > 1 || is_all;
        }
        // A new file begins with lines of any such file. Two in one that was there, or one in the place of another, are of the work.
        let is_telling = in_old_file > 1 || in_old_file > 0 && gone > 0;
        let is_half = is_telling && 2 * found >= of && 2 * found >= of_commit;
        (new > 0 || !brings) && (is_half || found > 2 && (3 * found >= 2 * of || 4 * found >= 3 * of_commit))
    }

    /// Whether this is most of the work, so that what builds on it can be worked on.
    pub(crate) fn is_most(self) -> bool {
        3 * self.found > 2 * self.of || self.is_likely && 2 * self.found >= self.of
    }

    /// Whether more of it is found than of `other`.
    fn is_more_than(self, other: Portion) -> bool {
        self.found * other.of.max(1) > other.found * self.of.max(1)
    }
}

impl Squash<'_> {
    /// The works of `all` that the commit has, as far as they changed the path that is asked about. `is_likely` says of a work whether
    /// something else than its lines speaks for it.
    pub(crate) fn works(&self, all: &[&[PathPatch]], is_likely: &dyn Fn(usize) -> bool) -> Vec<Contained> {
        let mut found: Vec<Contained> = Vec::new();
        for last in 0..all.len() {
            let mut chain = Vec::new();
            follow(all, last, &mut chain, &mut Vec::new());
            let mut best: Option<Contained> = None;
            for first in (0..chain.len()).rev() {
                let works = &chain[first..];
                let one = self.portion(all, works, is_likely(last));
                if let Some(portion) = one
                    && best.as_ref().is_none_or(|best| portion.is_more_than(best.portion))
                {
                    best = Some(Contained { works: works.to_vec(), portion });
                }
            }
            found.extend(best);
        }
        let all_found = found.clone();
        let is_part = |one: &Contained, whole: &Contained| {
            whole.works.len() > one.works.len() && one.works.iter().all(|work| whole.works.contains(work))
        };
        found.retain(|one| !all_found.iter().any(|whole| is_part(one, whole)));
        found
    }

    /// How much of some works together is here, if it is enough: of all that they changed, otherwise of the path that is asked about.
    fn portion(&self, all: &[&[PathPatch]], works: &[usize], is_likely: bool) -> Option<Portion> {
        let mut together: BTreeMap<&str, (Option<ChangedLines>, bool)> = BTreeMap::new();
        for own in works.iter().flat_map(|work| all[*work]) {
            let is_same = works.len() == 1 && self.changes.iter().any(|change| change.is_same(own));
            let lines = match (together.get(own.path.as_str()), &own.lines) {
                (Some((Some(before), _)), Some(next)) => Some(before.followed_by(next)),
                (None, lines) => lines.clone(),
                _ => None,
            };
            together.insert(&own.path, (lines, is_same));
        }
        let none = Portion { is_likely, ..Portion::default() };
        let (mut whole, mut of_path, mut is_asked) = (none, none, self.asked.is_none());
        for (path, (lines, is_same)) in &together {
            let here = self.counterpart(path, lines.as_ref());
            let is_of_path = self.asked.is_some() && here.as_ref().map(|here| here.path) == self.asked;
            is_asked |= is_of_path;
            for (_, portion) in [(true, &mut whole), (is_of_path, &mut of_path)].into_iter().filter(|(is_in, _)| *is_in)
            {
                let (brought, gone) = counts(lines.as_ref(), here.as_ref().map(|here| &here.lines), *is_same);
                portion.found += brought.0 + gone.0;
                portion.of += brought.1 + gone.1;
                portion.new += brought.0;
                portion.gone += gone.0;
                portion.brings |= brought.1 > 0;
                portion.in_old_file += here.as_ref().filter(|here| here.was_there).map_or(0, |_| brought.0);
                portion.of_commit += here.as_ref().map_or(0, |here| here.lines.len());
            }
        }
        let is_all = whole.is_enough(true) && is_asked;
        is_all.then_some(whole).or_else(|| of_path.is_enough(false).then_some(of_path))
    }

    /// Whether the line that is asked about, of this hash, is one that a work brought.
    pub(crate) fn is_of(&self, work: &[PathPatch], line: LineHash) -> bool {
        let is_here = |own: &PathPatch| {
            own.lines.as_ref().is_some_and(|lines| lines.new.contains(&line))
                && self.counterpart(&own.path, own.lines.as_ref()).map(|here| here.path) == self.asked
        };
        work.iter().any(is_here)
    }

    /// The change of a recorded path, or of the path that the commit, or one before it, gave to the file.
    fn counterpart(&self, path: &str, own: Option<&ChangedLines>) -> Option<Counterpart<'_>> {
        let direct = self.changes.iter().find(|change| change.path == path);
        let of_direct = |change: &&'_ PathPatch| change.lines.clone().unwrap_or_default();
        if let Some(change) = direct.filter(|change| change.after.is_some()) {
            return Some(Counterpart {
                path: &change.path,
                lines: of_direct(&change),
                was_there: change.before.is_some(),
            });
        }
        let lost = direct.and_then(|change| change.lines.as_ref());
        if direct.is_none() && !(self.is_absent)(path) {
            return None;
        }
        let others = self.changes.iter().filter(|change| change.after.is_some());
        let renamed = others.filter(|change| lost.is_none() || change.before.is_none()).filter_map(|change| {
            let lines = lost.cloned().unwrap_or_default().followed_by(change.lines.as_ref()?);
            let shared = own.map_or(0, |own| own.shared(&lines));
            let was_there = lost.is_some() || change.before.is_some();
            (shared > 0).then_some((shared, Counterpart { path: &change.path, lines, was_there }))
        });
        let best = renamed.max_by_key(|(shared, _)| *shared).map(|(_, best)| best);
        best.or_else(|| {
            direct.map(|change| Counterpart { path: &change.path, lines: of_direct(&change), was_there: true })
        })
    }
}

/// What a commit changes in the file that a work changed.
struct Counterpart<'a> {
    /// Its path.
    path: &'a str,
    lines: ChangedLines,
    /// Whether there was a file before.
    was_there: bool,
}

/// Of the lines that a work brings, and of those that it takes away, how many are here and how many there are. What is no text counts as
/// one line.
fn counts(own: Option<&ChangedLines>, here: Option<&ChangedLines>, is_same: bool) -> ((usize, usize), (usize, usize)) {
    let Some(own) = own else { return ((usize::from(is_same), 1), (0, 0)) };
    let (new, gone) = (own.new.len(), own.gone.len());
    if is_same {
        return ((new, new), (gone, gone));
    }
    let Some(here) = here else { return ((0, new), (0, gone)) };
    ((own.new.intersection(&here.new).count(), new), (own.gone.intersection(&here.gone).count(), gone))
}

/// Whether `taken`, the changes of commits that came from a work, have most of it together: whatever number of commits it became.
pub(crate) fn is_mostly_in(work: &[PathPatch], taken: &[PathPatch]) -> bool {
    let mut all = ChangedLines::default();
    for lines in taken.iter().filter_map(|change| change.lines.as_ref()) {
        all.new.extend(&lines.new);
        all.gone.extend(&lines.gone);
    }
    let mut portion = Portion::default();
    for own in work {
        let (brought, gone) = counts(own.lines.as_ref(), Some(&all), taken.iter().any(|change| change.is_same(own)));
        portion.found += brought.0 + gone.0;
        portion.of += brought.1 + gone.1;
    }
    portion.is_most()
}

/// Adds `last` to `chain`, after the works on whose lines it builds.
fn follow(all: &[&[PathPatch]], last: usize, chain: &mut Vec<usize>, seen: &mut Vec<usize>) {
    if seen.contains(&last) || seen.len() >= MOST {
        return;
    }
    seen.push(last);
    for earlier in 0..all.len() {
        // Of two that take lines from each other, the later one is as it was recorded.
        if builds_on(all[last], all[earlier]) && (earlier < last || !builds_on(all[earlier], all[last])) {
            follow(all, earlier, chain, seen);
        }
    }
    chain.push(last);
}

/// Whether a work takes away lines that another brought to the same path.
fn builds_on(later: &[PathPatch], earlier: &[PathPatch]) -> bool {
    let pairs = later.iter().flat_map(|later| earlier.iter().map(move |earlier| (later, earlier)));
    let mut lines = pairs.filter(|(later, earlier)| later.path == earlier.path);
    lines.any(|(later, earlier)| match (&later.lines, &earlier.lines) {
        (Some(later), Some(earlier)) => !later.gone.is_disjoint(&earlier.new),
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The change of a path between two texts whose lines are words.
    fn change(path: &str, before: &str, after: &str) -> PathPatch {
        let bytes = |text: &str| text.replace(' ', "\n").into_bytes();
        let blob = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        PathPatch {
            path: path.to_owned(),
            before: blob(before),
            after: blob(after),
            patch: None,
            lines: ChangedLines::between(&bytes(before), &bytes(after)),
        }
    }

    fn found(works: &[&[PathPatch]], changes: &[PathPatch], asked: Option<&str>, absent: &[&str]) -> Vec<Vec<usize>> {
        let is_absent = |path: &str| absent.contains(&path);
        let squash = Squash { changes, is_absent: &is_absent, asked };
        squash.works(works, &|_| false).into_iter().map(|found| found.works).collect()
    }

    #[test]
    fn work_is_found_with_other_lines_beside_it_and_in_a_renamed_file() {
        let work = [change("a", "one two", "one TWO"), change("t", "", "test")];
        let more = [change("a", "one two", "zero one TWO"), change("t", "", "test more")];
        assert_eq!(found(&[&work], &more, None, &[]), [[0]]);
        assert_eq!(found(&[&work], &more, Some("a"), &[]), [[0]]);
        assert!(found(&[&work], &more, Some("b"), &[]).is_empty(), "it changed no such path");
        let renamed = [change("a", "one two", ""), change("b", "", "one TWO"), change("t2", "", "test")];
        assert_eq!(found(&[&work], &renamed, Some("b"), &["t"]), [[0]]);
        // Renamed before that commit.
        let earlier = [change("b", "one two", "one TWO x"), change("t", "", "test")];
        assert_eq!(found(&[&work], &earlier, Some("b"), &["a"]), [[0]]);
        assert!(found(&[&work], &earlier, Some("b"), &[]).is_empty(), "'a' is another file");
    }

    #[test]
    fn most_of_many_lines_are_enough_and_one_of_two_is_not() {
        let work = [change("a", "x", "x a b c d e")];
        assert_eq!(found(&[&work], &[change("a", "x", "x a b c d f")], Some("a"), &[]), [[0]]);
        assert_eq!(found(&[&work], &[change("a", "x", "x a b c y")], Some("a"), &[]), [[0]], "a part of it");
        assert!(found(&[&work], &[change("a", "x", "x a b y z")], Some("a"), &[]).is_empty());
        let four = [change("a", "x", "x a b c d")];
        assert_eq!(found(&[&four], &[change("a", "x", "x a b y")], Some("a"), &[]), [[0]], "half of it and one more");
        assert!(found(&[&four], &[change("a", "x", "x a y")], Some("a"), &[]).is_empty());
        assert!(found(&[&four], &[change("a", "x", "x a b p q r")], Some("a"), &[]).is_empty(), "more of other lines");
        let two = [change("a", "one two", "ONE TWO")];
        assert_eq!(found(&[&two], &[change("a", "one two", "ONE two x")], Some("a"), &[]), [[0]], "one of two lines");
        assert!(found(&[&two], &[change("a", "two", "ONE two x")], Some("a"), &[]).is_empty(), "of another text");
        let new = [change("a", "", "sh set a b")];
        assert!(found(&[&new], &[change("a", "", "sh set x")], Some("a"), &[]).is_empty(), "how any file begins");
        let small = [change("a", "one", "two")];
        assert!(found(&[&small], &[change("a", "one", "three")], Some("a"), &[]).is_empty());
        assert!(found(&[&small], &[change("a", "three", "two")], Some("a"), &[]).is_empty());
        let squash = Squash { changes: &[change("a", "one", "three")], is_absent: &|_| false, asked: None };
        assert_eq!(squash.works(&[&small], &|_| true).len(), 1, "something else speaks for it");
    }

    #[test]
    fn lines_that_are_moved_taken_back_or_of_any_program_are_no_work() {
        let work = [change("a", "x", "x a b")];
        assert!(found(&[&work], &[change("a", "x a b", "a b x y")], Some("a"), &[]).is_empty(), "moved");
        assert!(found(&[&work], &[change("a", "x a b", "x y")], Some("a"), &[]).is_empty(), "taken back");
        assert!(found(&[&work], &[change("b", "x", "x a b")], Some("b"), &[]).is_empty(), "in another file");
        let braces = [change("a", "x", "x { } else")];
        assert!(found(&[&braces], &[change("a", "x", "x { } else")], Some("a"), &[]).is_empty());
    }

    #[test]
    fn work_is_most_of_it_in_any_number_of_commits() {
        let work = [change("a", "one two", "ONE TWO"), change("b", "", "new lines here")];
        let rebased =
            [change("a", "one two", "ONE two"), change("a", "ONE two", "ONE TWO"), change("b", "", "new lines")];
        assert!(is_mostly_in(&work, &rebased));
        assert!(!is_mostly_in(&work, &rebased[..2]), "four of seven lines");
    }

    #[test]
    fn works_on_the_same_lines_are_found_together() {
        let first = [change("a", "one", "two")];
        let second = [change("a", "two", "three")];
        let third = [change("a", "three", "four"), change("b", "", "new")];
        let all: [&[PathPatch]; 3] = [&first, &second, &third];
        assert_eq!(found(&all, &[change("a", "one", "three")], Some("a"), &[]), [[0, 1]]);
        assert_eq!(found(&all, &[change("a", "one", "four"), change("b", "", "new")], Some("a"), &[]), [[0, 1, 2]]);
        assert_eq!(found(&all, &[change("a", "two", "four")], Some("a"), &[]), [[1, 2]]);
        let other = [change("a", "one x", "one y")];
        let both = [change("a", "one x", "two y")];
        assert_eq!(found(&[&first, &other], &both, Some("a"), &[]), [[0], [1]], "on other lines, each is found alone");
    }
}
