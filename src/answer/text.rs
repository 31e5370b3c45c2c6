//! Answers without a form of their own: a text, a JSON schema, nothing.

use super::prelude::*;

pub(super) const ANSWERS: &[Kind] = &[
    of::<SchemaAnswer>(&["schema"]),
    of::<Text>(&["log", "pr", "instructions", "help"]),
    of::<Nothing>(&["log", "instructions"]),
];

/// There is nothing to say.
#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct Nothing {}

impl Answer for Nothing {
    fn write(&self, _: &mut dyn Write, _: &Look) -> io::Result<()> {
        Ok(())
    }
}

/// A text.
#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct Text {
    /// The text.
    pub text: String,
}

impl Answer for Text {
    /// Writes the text, with a line end if it has none.
    fn write(&self, out: &mut dyn Write, look: &Look) -> io::Result<()> {
        let text = look.text(&self.text);
        let end = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
        write!(out, "{text}{end}")
    }

    fn porcelain(&self) -> Vec<Vec<u8>> {
        vec![joined(&[&self.text])]
    }
}

/// A JSON schema.
#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct SchemaAnswer {
    /// The schema.
    pub schema: serde_json::Value,
}

impl Answer for SchemaAnswer {
    fn write(&self, out: &mut dyn Write, _: &Look) -> io::Result<()> {
        writeln!(out, "{:#}", self.schema)
    }

    fn porcelain(&self) -> Vec<Vec<u8>> {
        vec![joined(&[&self.schema.to_string()])]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::sample::{self, PIPE};

    #[test]
    fn a_text_ends_with_a_line_end() {
        assert_eq!(sample::text(&Text { text: "no end".into() }, &PIPE), "no end\n");
    }
}
