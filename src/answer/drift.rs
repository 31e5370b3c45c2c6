//! `drift`: inputs that are not what they were.

use super::prelude::*;

pub(super) const ANSWERS: &[Kind] = &[of::<DriftAnswer>(&["drift"]).with::<DriftView>()];

/// Inputs that have changed.
#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct DriftAnswer {
    /// The inputs.
    pub drift: Vec<DriftView>,
}

/// One input of one spec that has changed since its attempt began.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[schemars(rename = "Drift")]
pub(crate) struct DriftView {
    /// The spec whose input it is.
    pub spec: SpecId,
    /// Its short id.
    pub short: String,
    /// Its title.
    pub title: Option<String>,
    /// `changed`, `added`, `gone`, `reworked` or `superseded`.
    pub kind: String,
    /// The path, or the id of the spec, that the input is.
    pub input: String,
    /// The object that it was.
    pub was: Option<String>,
    /// The object that it is now.
    pub now: Option<String>,
    /// The spec that took its place.
    pub by: Option<String>,
    /// What to type to see the difference.
    pub see: Option<String>,
    /// The short ids of everything that builds on the spec.
    pub downstream: Vec<String>,
}

impl Answer for DriftAnswer {
    /// Writes each spec with its changed inputs below it, then what builds on it.
    fn write(&self, out: &mut dyn Write, look: &Look) -> io::Result<()> {
        for (at, one) in self.drift.iter().enumerate() {
            if at == 0 || self.drift[at - 1].spec != one.spec {
                let id = look.paint.with(Slot::Id, clean::line(&one.short));
                writeln!(out, "{id}  {}", clean::line(text(&one.title)))?;
            }
            let kind = look.paint.with(Slot::Warning, clean::line(&one.kind));
            let input = clean::line(&one.input);
            match &one.by {
                Some(by) => writeln!(out, "    {kind}  {input}, by {}", clean::line(by))?,
                None => writeln!(out, "    {kind}  {input}")?,
            }
            if let Some(see) = &one.see {
                writeln!(out, "        {}", clean::line(see))?;
            }
            let last = self.drift.get(at + 1).is_none_or(|next| next.spec != one.spec);
            if last && !one.downstream.is_empty() {
                writeln!(out, "    built on by  {}", clean::line(&one.downstream.join(", ")))?;
            }
        }
        Ok(())
    }

    fn records(&self) -> Vec<&dyn Record> {
        self.drift.iter().map(|one| one as _).collect()
    }

    fn emptiness(&self) -> Option<&'static str> {
        self.drift.is_empty().then_some("no input has changed")
    }
}

impl Record for DriftView {
    /// The id, kind, input, the object that it was and the object that it is.
    fn porcelain(&self) -> Vec<u8> {
        joined(&[self.spec.as_str(), &self.kind, &self.input, text(&self.was), text(&self.now)])
    }
}
