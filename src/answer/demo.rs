//! `demo`: the repository that it left.

use super::prelude::*;

pub(super) const ANSWERS: &[Kind] = &[of::<DemoAnswer>(&["demo"])];

/// The repository that the demo left.
#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct DemoAnswer {
    /// The repository.
    pub path: PathText,
    /// What to look at.
    pub look: Vec<Suggestion>,
}

/// A command line worth typing.
#[derive(Debug, JsonSchema, Serialize)]
#[schemars(rename = "Look")]
pub(crate) struct Suggestion {
    /// The command line.
    pub command: String,
    /// What it shows.
    pub shows: String,
}

impl Answer for DemoAnswer {
    fn write(&self, out: &mut dyn Write, look: &Look) -> io::Result<()> {
        writeln!(out, "The repository is {}", self.path)?;
        for Suggestion { command, shows } in &self.look {
            let shows = look.paint.with(Slot::Faint, format_args!("# {}", clean::line(shows)));
            writeln!(out, "    {shows}\n    {}", clean::line(command))?;
        }
        Ok(())
    }

    /// The path.
    fn porcelain(&self) -> Vec<Vec<u8>> {
        vec![self.path.bytes().to_vec()]
    }
}
