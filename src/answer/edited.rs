//! `edit`: the file of a spec was opened.

use super::prelude::*;

pub(super) const ANSWERS: &[Kind] = &[of::<Edited>(&["edit"]).with::<SpecView>()];

/// The file of a spec was opened.
#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct Edited {
    /// The spec after it.
    pub spec: SpecView,
    /// Whether its text changed.
    pub changed: bool,
}

impl Answer for Edited {
    fn write(&self, out: &mut dyn Write, _: &Look) -> io::Result<()> {
        writeln!(out, "{} spec: {}", if self.changed { "Edited" } else { "Unchanged" }, self.spec.id)
    }

    fn records(&self) -> Vec<&dyn Record> {
        vec![&self.spec]
    }
}
