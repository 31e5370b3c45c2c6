//! `bisect`: the commit that a bug came with.

use super::prelude::*;

pub(super) const ANSWERS: &[Kind] = &[of::<BisectAnswer>(&["bisect"]).with::<SpecView>()];

/// The commit that a bug came with.
#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct BisectAnswer {
    /// The reproduction whose test was run.
    pub spec: SpecView,
    /// The commit from which on the test fails; several where it cannot be told which of them, since the test cannot be run there; none after
    /// `--reset`.
    pub commits: Vec<String>,
    /// How many commits were tested between the good and the bad one.
    pub tested: usize,
    /// At how many of them the test could not be run.
    pub skipped: usize,
    /// The document with the result; none if another text has its place.
    pub document: Option<String>,
}

impl Answer for BisectAnswer {
    fn write(&self, out: &mut dyn Write, _: &Look) -> io::Result<()> {
        match self.commits.as_slice() {
            [] => return writeln!(out, "Forgot what was found so far"),
            [one] => writeln!(out, "The bug came with commit {one}")?,
            several => {
                writeln!(out, "The bug came with one of {} commits, at which the test cannot be run:", several.len())?;
                several.iter().try_for_each(|commit| writeln!(out, "    {commit}"))?;
            }
        }
        let tested = format!("{} commit{}", self.tested, if self.tested == 1 { "" } else { "s" });
        let skipped = match self.skipped {
            0 => String::new(),
            skipped => format!(", {skipped} of them could not be judged"),
        };
        match &self.document {
            Some(document) => writeln!(out, "Tested {tested}{skipped}; recorded in {}", clean::line(document)),
            None => writeln!(out, "Tested {tested}{skipped}; recorded in the history of {}", self.spec.short),
        }
    }

    fn records(&self) -> Vec<&dyn Record> {
        vec![&self.spec]
    }

    /// The commits.
    fn porcelain(&self) -> Vec<Vec<u8>> {
        self.commits.iter().map(|commit| commit.clone().into_bytes()).collect()
    }

    fn is_negative(&self) -> bool {
        self.commits.len() > 1
    }
}
