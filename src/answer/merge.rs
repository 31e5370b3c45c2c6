//! `merge`: where the work of a spec went. What an attempt came to that ended with a merge is in `work`.

use super::prelude::*;

pub(super) const ANSWERS: &[Kind] = &[of::<SpecMerged>(&["merge"]).with::<SpecView>()];

/// A merge.
#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct SpecMerged {
    /// The spec after it.
    pub spec: SpecView,
    /// Where its work went.
    pub merged: Merged,
}

impl Answer for SpecMerged {
    fn write(&self, out: &mut dyn Write, _: &Look) -> io::Result<()> {
        writeln!(out, "Merged {} {}", clean::line(&self.spec.short), self.merged.words())
    }

    fn records(&self) -> Vec<&dyn Record> {
        vec![&self.spec]
    }
}

/// Where the work of a spec went.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub(crate) struct Merged {
    /// The short name of the branch.
    pub target: String,
    /// The commit that it is at now.
    pub commit: String,
}

impl Merged {
    /// `into main (c0ffee00c0)`.
    pub(super) fn words(&self) -> String {
        format!("into {} ({})", clean::line(&self.target), clean::object_id(&self.commit))
    }
}
