//! The lines by which a runner reports, and what they add up to.

use std::collections::HashMap;

use regex_lite::{Captures, Regex};

use crate::domain::test_path::{Role, role};

/// A line of a runner, as a pattern.
pub(super) struct Sign {
    pub(super) means: Means,
    pub(super) pattern: &'static str,
}

/// What a line says.
#[derive(Clone, Copy, Debug)]
pub(super) enum Means {
    /// Numbers of tests, in named groups: those of one program of several.
    Counts,
    /// Numbers of tests, in named groups: those of the whole run, so that a later line takes the place of an earlier one.
    Total,
    /// A test passed.
    Passed,
    /// A test failed, or a program of tests did.
    Failed,
    /// A test was skipped.
    Skipped,
    /// One of the failures is none of a test: why.
    Spoiled(&'static str),
    /// As [`Means::Spoiled`], where the line above it that names a file of a program names one of tests.
    SpoiledInTest(&'static str),
    /// As [`Means::SpoiledInTest`], where the line says that data of tests is not there.
    LackingInTest(&'static str),
    /// As [`Means::Spoiled`], where the error of the failure, which the runner shows above it, is that data of tests is not there.
    SpoiledByLack(&'static str),
    /// As [`Means::Spoiled`], in the words of an interpreter: by itself it says nothing of the runner.
    Lacking(&'static str),
    /// No test decided how the run ended: why.
    Error(&'static str),
    /// As [`Means::Error`], in the words of an interpreter: by itself it says nothing of the runner.
    Unloadable(&'static str),
    /// A file that the runner counts as a test that passed, though no test in it ran.
    Hollow,
    /// No test ran.
    NoTest,
    /// A program was started that may hold tests, or ended well.
    Program,
    /// A program began its tests; it closes them by its counts.
    Opened,
    /// A test began; it ends by passing, failing or being skipped.
    Began,
    /// The runner reported, and says nothing by that.
    Spoke,
    /// What follows repeats what was said.
    Stop,
}

/// What the lines of a runner add up to.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// Whether it reported at all.
    pub(super) spoke: bool,
    /// Whether it said how tests ended.
    pub(super) concluded: bool,
    /// Numbers of tests by the names of their groups.
    numbers: HashMap<&'static str, u64>,
    pub(super) spoiled: u64,
    /// How many of those that passed are no tests.
    hollow: u64,
    /// Why failures are none of tests, if some are not.
    pub(super) spoiled_by: Option<&'static str>,
    /// Why no test decided how the run ended; a failure that is reported later takes it back.
    pub(super) error: Option<&'static str>,
    /// Whether failures were counted by the runner, not only named.
    pub(super) counted: bool,
    pub(super) programs: u64,
    pub(super) opened: u64,
    pub(super) closed: u64,
    /// How many tests began, and how many of them ended, where each is reported.
    began: u64,
    ended: u64,
}

impl Tally {
    /// Adds up the lines of `output` that `signs` know.
    pub(super) fn of(signs: &[Sign], output: &str, patterns: &mut Patterns) -> Tally {
        let mut tally = Tally::default();
        let opens = signs.iter().any(|sign| matches!(sign.means, Means::Opened));
        // Whether the last file that was named is one of tests, and whether the failure that is reported now is one of no test already.
        let (mut in_test, mut is_spoiled, mut is_lack) = (false, false, false);
        for line in output.lines() {
            let line = without_escapes(line);
            if let Some((path, _)) =
                line.trim_start().strip_prefix("File \"").and_then(|rest| rest.split_once("\", line "))
            {
                in_test = is_test(path);
            }
            if let Some(error) = line.strip_prefix("E   ") {
                is_lack = lacks(error.trim_start());
            }
            is_spoiled &= !line.starts_with("======");
            let means = signs.iter().find(|sign| patterns.find(sign.pattern, &line).is_some());
            let found = means.and_then(|sign| Some((sign.means, patterns.find(sign.pattern, &line)?)));
            match found {
                Some((Means::Stop, _)) => break,
                // What no program began is not its report.
                Some((Means::Counts, _)) if opens && tally.opened <= tally.closed => {}
                Some((Means::SpoiledInTest(_), _)) if !in_test || is_spoiled => {}
                Some((Means::LackingInTest(_), _)) if !in_test || is_spoiled || !lacks(&line) => {}
                Some((Means::SpoiledByLack(_), _)) if !is_lack => {}
                Some((means, numbers)) => {
                    is_spoiled |= matches!(
                        means,
                        Means::Spoiled(_) | Means::SpoiledInTest(_) | Means::LackingInTest(_) | Means::SpoiledByLack(_)
                    );
                    tally.add(means, &numbers);
                }
                None => {}
            }
        }
        tally
    }

    fn add(&mut self, means: Means, found: &SignMatch<'_>) {
        match means {
            Means::Counts | Means::Total => {
                for name in GROUPS {
                    let Some(number) = found.number(name) else { continue };
                    let so_far = self.numbers.entry(name).or_default();
                    *so_far = if matches!(means, Means::Total) { number } else { *so_far + number };
                }
                self.counted |= self.failed() > 0;
                self.closed += 1;
            }
            Means::Passed => self.count("passed"),
            Means::Failed => self.count("named"),
            Means::Skipped => self.count("skipped"),
            Means::Spoiled(why)
            | Means::SpoiledInTest(why)
            | Means::LackingInTest(why)
            | Means::SpoiledByLack(why)
            | Means::Lacking(why) => {
                self.spoiled += 1;
                self.spoiled_by = Some(why);
            }
            Means::Hollow => self.hollow += 1,
            Means::Error(why) | Means::Unloadable(why) => self.error = Some(why),
            Means::Opened => self.opened += 1,
            Means::Began => self.began += 1,
            Means::Program => self.programs += 1,
            Means::NoTest | Means::Spoke | Means::Stop => {}
        }
        self.ended += u64::from(matches!(means, Means::Passed | Means::Failed | Means::Skipped));
        let concludes = matches!(means, Means::Counts | Means::Total | Means::Passed | Means::Failed | Means::Skipped);
        self.concluded |= concludes;
        // A program that is started says nothing of tests yet, and other runners say, too, how many tests they begin.
        let of_interpreter = matches!(means, Means::Unloadable(_) | Means::Lacking(_));
        self.spoke |= !of_interpreter && !matches!(means, Means::Program | Means::Opened | Means::Began);
        // A failure that is reported later takes an error back: the line that looked like one was printed by a test.
        if concludes && self.failed() > 0 {
            self.error = None;
        }
    }

    fn count(&mut self, name: &'static str) {
        *self.numbers.entry(name).or_default() += 1;
    }

    fn number(&self, name: &str) -> u64 {
        self.numbers.get(name).copied().unwrap_or_default()
    }

    /// How many failures were reported, those of no test too.
    pub(super) fn failed(&self) -> u64 {
        (self.number("failed") + self.number("errors")).max(self.number("named"))
    }

    /// How many tests were skipped.
    pub(super) fn skipped(&self) -> u64 {
        self.number("skipped")
    }

    /// How many tests passed, as far as it was said.
    pub(super) fn passes(&self) -> u64 {
        let without_harness = if self.began > 0 { 0 } else { self.programs.saturating_sub(self.opened) };
        let rest = self.number("ran").saturating_sub(self.failed() + self.skipped());
        self.number("passed").max(rest).saturating_sub(self.hollow) + without_harness
    }

    /// How many tests ran, whatever became of them; `None` where that was not counted.
    pub(super) fn ran(&self) -> Option<u64> {
        (self.closed > 0 || self.began > 0).then(|| self.passes() + self.failed())
    }

    /// Whether some tests that began did not end.
    pub(super) fn is_cut_short(&self) -> bool {
        self.opened > self.closed || self.began > self.ended
    }

    /// How many failures are those of tests.
    pub(super) fn failures(&self) -> u64 {
        self.failed().saturating_sub(self.spoiled)
    }
}

/// Whether an error of Python is that there is no file in a directory of data for tests.
fn lacks(error: &str) -> bool {
    let missing = error.starts_with("FileNotFoundError: ").then(|| error.split('\'').nth(1)).flatten();
    missing.is_some_and(|path| {
        path.split('/').any(|part| ["data", "testdata", "test_data", "test-data", "fixtures"].contains(&part))
            && role(path.trim_start_matches('/')) == Role::Test
    })
}

/// Whether a frame in the file `path` is one of a test, by its name and that of its directory.
fn is_test(path: &str) -> bool {
    let at = path.rmatch_indices('/').nth(1).map_or(0, |(at, _)| at + 1);
    role(&path[at..]) == Role::Test
}

/// The groups of numbers that a pattern may have.
const GROUPS: [&str; 5] = ["ran", "passed", "failed", "errors", "skipped"];

/// Patterns that were compiled.
#[derive(Default)]
pub(super) struct Patterns(HashMap<&'static str, Option<Regex>>);

impl Patterns {
    fn find<'l>(&'l mut self, pattern: &'static str, line: &'l str) -> Option<SignMatch<'l>> {
        let regex = self.0.entry(pattern).or_insert_with(|| Regex::new(pattern).ok()).as_ref()?;
        Some(SignMatch { groups: regex.captures(line)?, regex })
    }

    /// Whether `pattern` matches a line.
    pub(super) fn matches(&mut self, pattern: &'static str, line: &str) -> bool {
        self.find(pattern, line).is_some()
    }

    /// What the group `name` of `pattern` has of a line; `None` if the line does not match.
    pub(super) fn group<'l>(&mut self, pattern: &'static str, name: &str, line: &'l str) -> Option<&'l str> {
        let regex = self.0.entry(pattern).or_insert_with(|| Regex::new(pattern).ok()).as_ref()?;
        regex.captures(line)?.name(name).map(|found| found.as_str())
    }
}

/// A line that a pattern matches.
struct SignMatch<'l> {
    groups: Captures<'l>,
    regex: &'l Regex,
}

impl SignMatch<'_> {
    /// The number in a group; `None` if the pattern has no such group.
    fn number(&self, name: &str) -> Option<u64> {
        let has = self.regex.capture_names().any(|group| group == Some(name));
        has.then(|| self.groups.name(name).and_then(|text| text.as_str().parse().ok()).unwrap_or_default())
    }
}

/// A line without the control sequences by which a terminal colours it and moves in it.
pub(super) fn without_escapes(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        match c {
            '\u{1b}' => {
                if chars.next() == Some('[') {
                    // The sequence ends with its first letter.
                    let _last = chars.find(|c| ('@'..='~').contains(c));
                }
            }
            '\r' => {}
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::runner::table::RUNNERS;

    #[test]
    fn every_pattern_is_one() {
        for runner in RUNNERS {
            for sign in runner.signs {
                assert!(Regex::new(sign.pattern).is_ok(), "{}: {}", runner.name, sign.pattern);
            }
        }
    }

    #[test]
    fn colours_are_no_part_of_a_line() {
        assert_eq!(without_escapes("\u{1b}[31;1m1 test\u{1b}[K, \u{1b}[1G1 failure\r"), "1 test, 1 failure");
        assert_eq!(without_escapes("\u{1b}"), "");
    }
}
