//! Whether a run that passes reports what the held tests came to: with copies of them that fail at their end it has to fail. Code that ends
//! the process, prints what a runner prints, or changes what an assertion is passes with these, too.

use super::{doubt::quoted, held::Source, proof::Prover, room::Room, test_set::Tests};
use crate::{
    domain::{canary::failing, checks::Command, proof, test_path::is_run},
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
        let (repo, store) = (&self.project.repo, self.project.store()?);
        let mut copies: Vec<TreeEntry> = Vec::new();
        // Where none is held, because the work changed none, those that were there.
        let paths = if tests.is_empty() { source.found_tests()? } else { tests.paths() };
        let count = paths.len();
        for path in paths {
            let Some(file) = overlay::file_in(repo, laid, &path)? else { continue };
            let text = source.text(laid, &path)?.unwrap_or_default();
            if let Some(copy) = failing(&path, &text, is_run(source.command, &path)) {
                copies.push(TreeEntry { blob: store.write_blob(copy.as_bytes())?, ..file });
            }
        }
        if copies.is_empty() {
            return Ok(None);
        }
        let failing = overlay::lay_over(repo, laid, &copies, &[])?;
        let passes = |seen: &Command| proof::fix_fault_after(before, seen).is_none();
        if !room.run_to_fail(failing, source.command)?.is_some_and(|seen| passes(&seen)) {
            return Ok(None);
        }
        // The test may be another file, and none of these run at all: unless they are all that is held, which the run has to depend on.
        if tests.is_empty() || copies.len() < count {
            let blob = store.write_blob(GARBAGE)?;
            let garbage: Vec<TreeEntry> = copies.iter().map(|file| TreeEntry { blob, ..file.clone() }).collect();
            let garbage = overlay::lay_over(repo, laid, &garbage, &[])?;
            if passes(&room.run(garbage, source.command)?) {
                return Ok(None);
            }
        }
        let paths: Vec<String> = copies.into_iter().map(|file| file.path).collect();
        let what =
            format!("'{}' passes with the fix where each test in {} is made to fail", source.command, quoted(&paths));
        Ok(Some(format!("{what}: the code under test may end the run, or report in its place")))
    }
}
