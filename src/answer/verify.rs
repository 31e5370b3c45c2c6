//! `verify`: the checks of specs.

use super::prelude::*;
use crate::domain::checks::CheckLine;

pub(super) const ANSWERS: &[Kind] =
    &[of::<Checked>(&["verify"]).with::<SpecView>(), of::<AllChecked>(&["verify"]).with::<SpecView>()];

/// The checks of a spec.
#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct Checked {
    /// The spec.
    pub spec: SpecView,
    /// Whether all of them passed.
    pub ok: bool,
    /// The checks, in the order in which they ran.
    pub checks: Vec<CheckLine>,
}

impl Answer for Checked {
    fn write(&self, out: &mut dyn Write, look: &Look) -> io::Result<()> {
        self.checks.iter().try_for_each(|check| writeln!(out, "{}", check.line(look)))
    }

    fn records(&self) -> Vec<&dyn Record> {
        vec![&self.spec]
    }

    /// Of each check `ok` or `failed`, the name and the detail.
    fn porcelain(&self) -> Vec<Vec<u8>> {
        self.checks.iter().map(|check| joined(&[check.verdict(), &check.name, text(&check.detail)])).collect()
    }

    fn emptiness(&self) -> Option<&'static str> {
        self.checks.is_empty().then_some("nothing to check")
    }

    fn is_negative(&self) -> bool {
        !self.ok
    }
}

/// The checks of several specs.
#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct AllChecked {
    /// Each spec with its checks.
    pub checked: Vec<CheckedSpec>,
    /// Specs whose commands were not run, because no person has approved them in this clone.
    pub not_run: Vec<NotRun>,
}

/// A spec whose commands were not run.
#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct NotRun {
    /// The spec.
    pub spec: SpecView,
    /// Why, in words.
    pub why: String,
}

impl AllChecked {
    /// `3 specs checked, 1 failed, 2 not run`.
    fn summary(&self) -> String {
        let count = self.checked.len();
        let mut text = format!("{count} {} checked", if count == 1 { "spec" } else { "specs" });
        let failed = self.checked.iter().filter(|one| !one.ok).count();
        for (count, what) in [(failed, "failed"), (self.not_run.len(), "not run")] {
            if count > 0 {
                text.push_str(&format!(", {count} {what}"));
            }
        }
        text
    }
}

/// One of several specs, with its checks.
#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct CheckedSpec {
    /// The spec.
    pub spec: SpecView,
    /// Whether all of them passed.
    pub ok: bool,
    /// The checks, in the order in which they ran.
    pub checks: Vec<CheckLine>,
}

impl Answer for AllChecked {
    fn write(&self, out: &mut dyn Write, look: &Look) -> io::Result<()> {
        for CheckedSpec { spec, checks, .. } in &self.checked {
            writeln!(out, "{}  {}", spec.painted_id(look), clean::line(text(&spec.title)))?;
            checks.iter().try_for_each(|check| writeln!(out, "    {}", check.line(look)))?;
        }
        for NotRun { spec, why } in &self.not_run {
            let verdict = look.paint.with(Slot::Bad, "NOT RUN");
            writeln!(out, "{}  {}", spec.painted_id(look), clean::line(text(&spec.title)))?;
            writeln!(out, "    {verdict}  {}", clean::line(why))?;
        }
        if self.checked.is_empty() && self.not_run.is_empty() { Ok(()) } else { writeln!(out, "{}", self.summary()) }
    }

    fn records(&self) -> Vec<&dyn Record> {
        self.checked.iter().map(|one| &one.spec as _).collect()
    }

    /// Of each check the id, `ok` or `failed`, the name and the detail; of a spec whose commands were not run the id, `not-run`, nothing
    /// and why.
    fn porcelain(&self) -> Vec<Vec<u8>> {
        let of = |one: &CheckedSpec| {
            let id = one.spec.id.clone();
            let line =
                move |check: &CheckLine| joined(&[id.as_str(), check.verdict(), &check.name, text(&check.detail)]);
            one.checks.iter().map(line).collect::<Vec<_>>()
        };
        let not_run = self.not_run.iter().map(|one| joined(&[one.spec.id.as_str(), "not-run", "", one.why.as_str()]));
        self.checked.iter().flat_map(of).chain(not_run).collect()
    }

    fn emptiness(&self) -> Option<&'static str> {
        (self.checked.is_empty() && self.not_run.is_empty()).then_some("nothing to check")
    }

    fn is_negative(&self) -> bool {
        !self.not_run.is_empty() || self.checked.iter().any(|one| !one.ok)
    }
}
