//! `why`: which spec a commit or a line came from.

use super::prelude::*;
use crate::domain::check_line::CheckLine;

pub(super) const ANSWERS: &[Kind] = &[of::<WhyAnswer>(&["why"])];

/// Why commits and lines are there.
#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct WhyAnswer {
    /// An answer for each commit and spec.
    pub why: Vec<WhyView>,
}

impl Answer for WhyAnswer {
    fn write(&self, out: &mut dyn Write, look: &Look) -> io::Result<()> {
        for (at, one) in self.why.iter().enumerate() {
            out.write_all(if at == 0 { b"" } else { b"\n" })?;
            one.write(out, look)?;
        }
        Ok(())
    }

    fn records(&self) -> Vec<&dyn Record> {
        self.why.iter().map(|one| one as _).collect()
    }
}

/// One answer: a commit, and the spec that it came from.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize)]
#[schemars(rename = "Why")]
pub(crate) struct WhyView {
    /// The commit; `None` for a line that is not committed yet.
    pub commit: Option<String>,
    /// Its subject.
    pub subject: Option<String>,
    /// How it is known: `recorded` (by an event), `patch` (by what it changes: the same as recorded commits, or most of their lines),
    /// `several` (of several specs, each with an answer of its own), `claimed` (only the commit says so, or a note), `unknown`.
    pub certainty: String,
    /// The certainty in words.
    pub how: String,
    /// The spec.
    pub spec: Option<SpecView>,
    /// What confined the run of its agent: `bubblewrap`, `seatbelt` or `none`.
    pub confined: Option<String>,
    /// What was checked when it was finished.
    pub checks: Vec<CheckLine>,
    /// What informed it, the nearest first.
    pub research: Vec<ResearchView>,
}

/// A spec that informed another.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize)]
#[schemars(rename = "Research")]
pub(crate) struct ResearchView {
    /// Its short id.
    pub short: String,
    /// Its title.
    pub title: Option<String>,
    /// The phase of its investigation.
    pub phase: Option<String>,
    /// The documents that it wrote.
    pub documents: Vec<String>,
    /// The recommendation in them, if there is one: of a document that was an input, as it was pinned.
    pub recommendation: Option<String>,
    /// The short id of the spec that supersedes it.
    pub superseded_by: Option<String>,
    /// Why that superseded it.
    pub superseded_because: Option<String>,
}

impl WhyView {
    /// Writes the commit, its spec and how that is known, the checks, then the inputs, the nearest first.
    fn write(&self, out: &mut dyn Write, look: &Look) -> io::Result<()> {
        if let Some(commit) = &self.commit {
            writeln!(out, "commit {} {}", clean::object_id(commit), clean::line(text(&self.subject)))?;
        }
        if let Some(spec) = &self.spec {
            let status = look.paint.with(Slot::from(spec.status), spec.status);
            let title = clean::line(text(&spec.title));
            writeln!(out, "spec   {} {status}: {title}", spec.painted_id(look))?;
        }
        writeln!(out, "       {}", clean::line(&self.how))?;
        match self.confined.as_deref() {
            None => {}
            Some("none") => writeln!(out, "       agent not confined")?,
            Some(by) => writeln!(out, "       agent confined by {}", clean::line(by))?,
        }
        if let Some(level) = self.spec.as_ref().and_then(|spec| spec.verified.as_deref()) {
            writeln!(out, "       verified: {}", clean::line(level))?;
        }
        if !self.checks.is_empty() {
            writeln!(out, "\nChecks:")?;
        }
        for check in &self.checks {
            writeln!(out, "    {}", check.line(look))?;
        }
        if !self.research.is_empty() {
            writeln!(out, "\nInformed by:")?;
        }
        self.research.iter().try_for_each(|research| research.write(out, look))
    }
}

impl ResearchView {
    fn write(&self, out: &mut dyn Write, look: &Look) -> io::Result<()> {
        let phase = self.phase.as_deref().map(|phase| format!(" ({})", clean::line(phase))).unwrap_or_default();
        let id = look.paint.with(Slot::Id, clean::line(&self.short));
        writeln!(out, "    {id}{phase}  {}", clean::line(text(&self.title)))?;
        if let Some(by) = &self.superseded_by {
            let why = self.superseded_because.as_deref().map(|why| format!(": {}", clean::line(why)));
            writeln!(out, "        superseded by {}{}", clean::line(by), why.unwrap_or_default())?;
        }
        for path in &self.documents {
            writeln!(out, "        {}", clean::line(path))?;
        }
        for line in text(&self.recommendation).lines() {
            writeln!(out, "{}", format!("        > {}", clean::line(line)).trim_end())?;
        }
        Ok(())
    }
}

impl Record for WhyView {
    /// The commit, id and certainty.
    fn porcelain(&self) -> Vec<u8> {
        joined(&[text(&self.commit), self.spec.as_ref().map_or("", |spec| spec.id.as_str()), &self.certainty])
    }
}
