//! Whether a run that passes reports what the held tests came to: with copies of them that fail at their end it has to fail, and with copies
//! that expect another value. Code that ends the process, prints what a runner prints, or changes what an assertion is passes with the first,
//! too, and code that gives a value which equals everything, or which it reads in the test, with the second.

use super::{doubt::quoted, held::Source, proof::Prover, room::Room, test_set::Tests};
use crate::{
    domain::{
        canary::{expecting_otherwise, failing},
        checks::Command,
        command_words::is_run,
        proof,
    },
    error::Result,
    git::overlay::{self, TreeEntry},
};

/// What no language takes for a program.
const GARBAGE: &[u8] = b"<<<<<<< ) ' this is no program\n";

impl Prover<'_> {
    /// Why the run that passes at `laid` says nothing of the tests, which the run `before` the fix shows to fail; `None` if it does, or that
    /// cannot be told.
    pub(super) fn passes_whatever(
        &self,
        room: &mut Room<'_>,
        source: &Source<'_>,
        tests: &Tests,
        before: &Command,
        laid: gix::ObjectId,
    ) -> Result<Option<String>> {
        // Where none is held, because the work changed none, those that were there.
        let paths = if tests.is_empty() { source.found_tests()? } else { tests.paths() };
        let count = paths.len();
        let copies =
            self.copies(source, laid, &paths, |path, text| failing(path, text, is_run(source.command, path)))?;
        let tried = Copies { laid, before, is_all: !tests.is_empty() && copies.len() == count };
        if self.pass(room, source, &tried, &copies)? {
            return Ok(Some(told(source, &copies, "is made to fail", "end the run, or report in its place")));
        }
        // These tests reach their end: then none but a value that equals everything, or is made from what the test says, is right twice.
        let paths: Vec<String> = copies.iter().map(|file| file.path.clone()).collect();
        let others = self.copies(source, laid, &paths, expecting_otherwise)?;
        if others.len() == copies.len() && self.pass(room, source, &tried, &others)? {
            let how = "give what equals everything, or read what the test expects";
            return Ok(Some(told(source, &others, "expects another value", how)));
        }
        Ok(None)
    }

    /// Of those of the files at `paths` of which `copy` makes one, these copies.
    fn copies(
        &self,
        source: &Source<'_>,
        laid: gix::ObjectId,
        paths: &[String],
        copy: impl Fn(&str, &str) -> Option<String>,
    ) -> Result<Vec<TreeEntry>> {
        let (repo, store) = (&self.project.repo, self.project.store()?);
        let mut copies = Vec::new();
        for path in paths {
            let Some(file) = overlay::file_in(repo, laid, path)? else { continue };
            let text = source.text(laid, path)?.unwrap_or_default();
            if let Some(copy) = copy(path, &text) {
                copies.push(TreeEntry { blob: store.write_blob(copy.as_bytes())?, ..file });
            }
        }
        Ok(copies)
    }

    /// Whether the command passes with these copies, which it has run.
    fn pass(&self, room: &mut Room<'_>, source: &Source<'_>, tried: &Copies<'_>, copies: &[TreeEntry]) -> Result<bool> {
        if copies.is_empty() {
            return Ok(false);
        }
        let (repo, store) = (&self.project.repo, self.project.store()?);
        let passes = |seen: &Command| proof::fix_fault_after(tried.before, seen).is_none();
        let copied = overlay::lay_over(repo, tried.laid, copies, &[])?;
        if !room.run_to_fail(copied, source.command)?.is_some_and(|seen| passes(&seen)) {
            return Ok(false);
        }
        // The test may be another file, and none of these run at all: unless they are all that is held, which the run has to depend on.
        if tried.is_all {
            return Ok(true);
        }
        let blob = store.write_blob(GARBAGE)?;
        let garbage: Vec<TreeEntry> = copies.iter().map(|file| TreeEntry { blob, ..file.clone() }).collect();
        let garbage = overlay::lay_over(repo, tried.laid, &garbage, &[])?;
        Ok(!passes(&room.run(garbage, source.command)?))
    }
}

/// What copies of tests are tried with.
struct Copies<'c> {
    /// The commit that has the tests themselves.
    laid: gix::ObjectId,
    /// The run that shows the bug.
    before: &'c Command,
    /// Whether there are copies of all that is held.
    is_all: bool,
}

/// What a person is told of a run that passes with such copies.
fn told(source: &Source<'_>, copies: &[TreeEntry], tests: &str, code: &str) -> String {
    let paths: Vec<String> = copies.iter().map(|file| file.path.clone()).collect();
    let what = format!("'{}' passes with the fix where each test in {} {tests}", source.command, quoted(&paths));
    format!("{what}: the code under test may {code}")
}
