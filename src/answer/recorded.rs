//! What commands answer that recorded an event: `approve`, `cancel`, `reset`, `archive` and others.

use super::prelude::*;

pub(super) const ANSWERS: &[Kind] = &[
    of::<Recorded>(&[
        "review", "approve", "reject", "merge", "accept", "pause", "fail", "note", "reset", "release", "choose",
        "cancel",
    ])
    .with::<SpecView>(),
    of::<AllRecorded>(&["archive"]).with::<SpecView>(),
    of::<Folded>(&["archive"]).with::<SpecView>(),
];

/// An event was recorded.
#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct Recorded {
    /// The spec after it.
    pub spec: SpecView,
    /// What was done: the event's `Chant-Op`.
    pub op: String,
    /// The event's sentence.
    pub sentence: String,
}

impl Answer for Recorded {
    fn write(&self, out: &mut dyn Write, look: &Look) -> io::Result<()> {
        write_line(out, &self.spec, &self.sentence, look)
    }

    fn records(&self) -> Vec<&dyn Record> {
        vec![&self.spec]
    }
}

/// An event of each of several specs was recorded.
#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct AllRecorded {
    /// The specs after it.
    pub specs: Vec<SpecView>,
    /// What was done: the events' `Chant-Op`.
    pub op: String,
    /// The sentence of each event.
    #[serde(skip)]
    pub sentences: Vec<String>,
}

impl Answer for AllRecorded {
    fn write(&self, out: &mut dyn Write, look: &Look) -> io::Result<()> {
        self.specs.iter().zip(&self.sentences).try_for_each(|(spec, sentence)| write_line(out, spec, sentence, look))
    }

    fn records(&self) -> Vec<&dyn Record> {
        self.specs.iter().map(|spec| spec as _).collect()
    }

    fn emptiness(&self) -> Option<&'static str> {
        self.specs.is_empty().then_some("no completed or cancelled specs")
    }
}

/// `Paused 010-v7b: on leave until May`; the title stands where the sentence has no more to say.
fn write_line(out: &mut dyn Write, spec: &SpecView, sentence: &str, look: &Look) -> io::Result<()> {
    let (verb, rest) = spec.in_sentence(sentence).unwrap_or(("Noted", sentence));
    let title = spec.titled();
    let rest = if rest.is_empty() { title.as_ref() } else { rest };
    writeln!(out, "{} {}: {}", clean::line(verb), spec.painted_id(look), clean::line(rest))
}

/// Specs were folded into archives.
#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct Folded {
    /// The specs whose ref went into an archive.
    pub folded: Vec<SpecId>,
}

impl Answer for Folded {
    fn write(&self, out: &mut dyn Write, _: &Look) -> io::Result<()> {
        match self.folded.len() {
            0 => Ok(()),
            1 => writeln!(out, "Folded 1 spec"),
            several => writeln!(out, "Folded {several} specs"),
        }
    }

    /// The ids.
    fn porcelain(&self) -> Vec<Vec<u8>> {
        self.folded.iter().map(|id| id.as_str().as_bytes().to_vec()).collect()
    }

    fn emptiness(&self) -> Option<&'static str> {
        self.folded.is_empty().then_some("nothing to fold")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::sample::{self, PIPE};

    #[test]
    fn verbs_say_what_they_recorded() {
        let spec = sample::spec("2026-02-08-010-v7b", "Add locking");
        let one = Recorded { op: "reset".into(), spec, sentence: "Reset 'Add locking': no luck".into() };
        assert_eq!(sample::text(&one, &PIPE), "Reset 010-v7b: no luck\n");
        let one = Recorded { sentence: "Reset '010-v7b'".into(), ..one };
        assert_eq!(sample::text(&one, &PIPE), "Reset 010-v7b: Add locking\n");
    }
}
