//! `add`, `investigate` and `split`: specs that were created.

use super::prelude::*;

pub(super) const ANSWERS: &[Kind] =
    &[of::<Added>(&["add"]).with::<SpecView>(), of::<AllAdded>(&["investigate", "split"]).with::<SpecView>()];

/// One spec.
#[derive(Debug, JsonSchema, Serialize)]
#[schemars(rename = "OneSpec")]
pub(crate) struct Added {
    /// The spec.
    pub spec: SpecView,
}

impl Answer for Added {
    fn write(&self, out: &mut dyn Write, _: &Look) -> io::Result<()> {
        writeln!(out, "Created spec: {}", self.spec.id)
    }

    fn records(&self) -> Vec<&dyn Record> {
        vec![&self.spec]
    }
}

/// Specs.
#[derive(Debug, JsonSchema, Serialize)]
#[schemars(rename = "Specs")]
pub(crate) struct AllAdded {
    /// The specs.
    pub specs: Vec<SpecView>,
}

impl Answer for AllAdded {
    fn write(&self, out: &mut dyn Write, _: &Look) -> io::Result<()> {
        let line = |spec: &SpecView| writeln!(out, "Created spec: {}  {}", spec.id, clean::line(text(&spec.title)));
        self.specs.iter().try_for_each(line)
    }

    fn records(&self) -> Vec<&dyn Record> {
        self.specs.iter().map(|spec| spec as _).collect()
    }
}
