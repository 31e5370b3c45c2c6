//! `next --claim`: a spec that is the caller's now.

use std::{
    io::{self, Write},
    path::PathBuf,
};

use schemars::JsonSchema;
use serde::Serialize;

use super::{
    SpecView,
    outcome::Answer,
    record::{Record, path_bytes, path_text},
};
use crate::terminal::{Look, clean};

/// A spec that is the caller's now.
#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct Claimed {
    /// The spec.
    pub spec: SpecView,
    /// Its worktree.
    #[serde(serialize_with = "path_text")]
    #[schemars(with = "String")]
    pub path: PathBuf,
    /// The file with everything that there is to know.
    #[serde(serialize_with = "path_text")]
    #[schemars(with = "String")]
    pub prompt_file: PathBuf,
}

impl Answer for Claimed {
    /// Writes the spec, where it is worked, and what to read there.
    fn write(&self, out: &mut dyn Write, look: &Look) -> io::Result<()> {
        let (path, prompt) = (self.path.to_string_lossy(), self.prompt_file.to_string_lossy());
        writeln!(out, "{}  {}", self.spec.painted_id(look), self.spec.titled())?;
        writeln!(out, "Worktree: {}\nPrompt:   {}", clean::line(&path), clean::line(&prompt))
    }

    fn records(&self) -> Vec<&dyn Record> {
        vec![&self.spec]
    }

    /// The id and the worktree.
    fn porcelain(&self) -> Vec<Vec<u8>> {
        vec![[self.spec.id.as_str().as_bytes(), b"\t", path_bytes(&self.path)].concat()]
    }
}
