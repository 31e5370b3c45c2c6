//! `add`, `investigate` and `split`: specs that were created.

use std::io::{self, Write};

use schemars::JsonSchema;
use serde::Serialize;

use super::{
    SpecView,
    outcome::Answer,
    record::{Record, text},
};
use crate::terminal::{Look, clean};

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
