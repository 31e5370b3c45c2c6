//! `next --claim`: a spec that is the caller's now.

use super::prelude::*;

pub(super) const ANSWERS: &[Kind] = &[of::<Claimed>(&["next"]).with::<SpecView>()];

/// A spec that is the caller's now.
#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct Claimed {
    /// The spec.
    pub spec: SpecView,
    /// Its worktree.
    pub path: PathText,
    /// The file with everything that there is to know.
    pub prompt_file: PathText,
}

impl Answer for Claimed {
    /// Writes the spec, where it is worked, and what to read there.
    fn write(&self, out: &mut dyn Write, look: &Look) -> io::Result<()> {
        writeln!(out, "{}  {}", self.spec.painted_id(look), self.spec.titled())?;
        writeln!(out, "Worktree: {}\nPrompt:   {}", self.path, self.prompt_file)
    }

    fn records(&self) -> Vec<&dyn Record> {
        vec![&self.spec]
    }

    /// The id and the worktree.
    fn porcelain(&self) -> Vec<Vec<u8>> {
        vec![[self.spec.id.as_str().as_bytes(), b"\t", self.path.bytes()].concat()]
    }
}
