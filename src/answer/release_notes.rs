//! `release-notes`: entries of a changelog.

use super::prelude::*;

pub(super) const ANSWERS: &[Kind] = &[of::<Notes>(&["changelog"])];

/// Entries of a changelog.
#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct Notes {
    /// The entries.
    pub notes: Vec<NoteView>,
}

impl Answer for Notes {
    /// Writes a changelog, as <https://keepachangelog.com/en/1.1.0/> has it.
    fn write(&self, out: &mut dyn Write, _: &Look) -> io::Result<()> {
        for (at, note) in self.notes.iter().enumerate() {
            if at == 0 || self.notes[at - 1].kind != note.kind {
                let gap = if at == 0 { "" } else { "\n" };
                writeln!(out, "{gap}### {}\n", clean::line(&note.kind))?;
            }
            writeln!(out, "- {}", clean::line(&note.text))?;
        }
        Ok(())
    }

    fn records(&self) -> Vec<&dyn Record> {
        self.notes.iter().map(|note| note as _).collect()
    }

    fn emptiness(&self) -> Option<&'static str> {
        self.notes.is_empty().then_some("no release notes")
    }
}

/// What one spec says about itself to users.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[schemars(rename = "Note")]
pub(crate) struct NoteView {
    /// `Added`, `Changed`, `Deprecated`, `Removed`, `Fixed` or `Security`.
    pub kind: String,
    /// What changes, one line of Markdown.
    pub text: String,
    /// The spec.
    pub spec: SpecId,
    /// Its short id.
    pub short: String,
}

impl Record for NoteView {
    /// The id, kind and text.
    fn porcelain(&self) -> Vec<u8> {
        joined(&[self.spec.as_str(), &self.kind, &self.text])
    }
}
