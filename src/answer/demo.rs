//! `demo`: the repository that it left.

use std::{
    io::{self, Write},
    path::PathBuf,
};

use schemars::JsonSchema;
use serde::Serialize;

use super::{
    outcome::Answer,
    record::{path_bytes, path_text},
};
use crate::terminal::{self, clean, color::Slot};

/// The repository that the demo left.
#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct Demonstrated {
    /// The repository.
    #[serde(serialize_with = "path_text")]
    #[schemars(with = "String")]
    pub path: PathBuf,
    /// What to look at.
    pub look: Vec<Look>,
}

/// A command line worth typing.
#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct Look {
    /// The command line.
    pub command: String,
    /// What it shows.
    pub shows: String,
}

impl Answer for Demonstrated {
    fn write(&self, out: &mut dyn Write, look: &terminal::Look) -> io::Result<()> {
        writeln!(out, "The repository is {}", clean::line(&self.path.to_string_lossy()))?;
        for Look { command, shows } in &self.look {
            let shows = look.paint.with(Slot::Faint, format_args!("# {}", clean::line(shows)));
            writeln!(out, "    {shows}\n    {}", clean::line(command))?;
        }
        Ok(())
    }

    /// The path.
    fn porcelain(&self) -> Vec<Vec<u8>> {
        vec![path_bytes(&self.path).to_vec()]
    }
}
