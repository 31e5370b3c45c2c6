//! `verify`: the checks of specs.

use super::prelude::*;
use crate::domain::check_line::CheckLine;

pub(super) const ANSWERS: &[Kind] = &[
    of::<Checked>(&["verify"]).with::<SpecView>(),
    of::<AllChecked>(&["verify"]).with::<SpecView>(),
    of::<RangeChecked>(&["verify"]).with::<SpecView>(),
];

/// The checks of a spec.
#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct Checked {
    /// The spec.
    pub spec: SpecView,
    /// The commit that they are of.
    pub commit: String,
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

    /// Of each check `ok`, `waits`, `note` or `failed`, the name and the detail.
    fn porcelain(&self) -> Vec<Vec<u8>> {
        self.checks.iter().map(|check| joined(&[check.verdict(), &check.name, text(&check.detail)])).collect()
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
    /// Specs that were not checked, for example because no person has approved their commands in this clone.
    pub not_run: Vec<NotRun>,
}

/// A spec that was not checked.
#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct NotRun {
    /// The spec.
    pub spec: SpecView,
    /// The reason.
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
    /// The commit that they are of.
    pub commit: String,
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
        writeln!(out, "{}", self.summary())
    }

    fn records(&self) -> Vec<&dyn Record> {
        self.checked.iter().map(|one| &one.spec as _).collect()
    }

    /// Of each check the id, the verdict as for one spec, the name and the detail; of a spec whose commands were not run the id, `not-run`,
    /// nothing and why.
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

    fn is_negative(&self) -> bool {
        !self.not_run.is_empty() || self.checked.iter().any(|one| !one.ok)
    }
}

/// The specs behind a range of commits, checked.
#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct RangeChecked {
    /// The commit after which the range begins.
    pub since: String,
    /// The commit at which it ends, and on which the commands ran.
    pub at: String,
    /// Each spec with its checks; a spec that names no commands has none.
    pub checked: Vec<CheckedSpec>,
    /// Specs that were not checked, for example because no person has approved their commands in this clone.
    pub not_run: Vec<NotRun>,
    /// The commits that came from no spec, oldest first.
    pub loose: Vec<LooseCommit>,
    /// What fails the range when it is missing: `spec`, `proof`.
    pub required: Vec<String>,
}

/// A commit that came from no spec.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub(crate) struct LooseCommit {
    /// The commit.
    pub commit: String,
    /// Its subject.
    pub subject: Option<String>,
    /// How that is known, in words.
    pub how: String,
}

impl CheckedSpec {
    /// Whether its work counts as proved by what is recorded.
    fn is_proved(&self) -> bool {
        matches!(self.spec.verified.as_deref(), Some("proof" | "reviewed"))
    }

    /// Whether its kind of work can be proved: research and decisions are not.
    fn can_be_proved(&self) -> bool {
        matches!(self.spec.kind.as_str(), "code" | "task")
    }
}

impl RangeChecked {
    fn requires(&self, what: &str) -> bool {
        self.required.iter().any(|required| required == what)
    }

    /// The specs whose work could be proved and is not.
    fn unproved(&self) -> impl Iterator<Item = &CheckedSpec> {
        self.checked.iter().filter(|one| one.can_be_proved() && !one.is_proved())
    }

    /// What was found, as Markdown for a page that draws it. Text of the repository stands in code, where it cannot be a link, markup, or
    /// the name of a person to notify.
    pub(crate) fn markdown(&self) -> String {
        let short = |id: &str| clean::object_id(id);
        let mut out = format!(
            "## {}\n\n{} between `{}` and `{}`.\n",
            if self.is_negative() { "Not verified" } else { "Verified" },
            self.summary(),
            short(&self.since),
            short(&self.at)
        );
        if !self.checked.is_empty() {
            out.push_str("\n| spec | title | recorded | checked here |\n| --- | --- | --- | --- |\n");
        }
        for CheckedSpec { spec, ok, checks, .. } in &self.checked {
            let failed = checks.iter().filter(|check| !check.ok).count();
            // A note says something of the work, and judges nothing.
            let here = match (ok, checks.iter().filter(|check| !check.note).count()) {
                (true, 0) => "no commands".to_owned(),
                (true, count) => format!("{count} passed"),
                (false, count) => format!("**{failed} of {count} failed**"),
            };
            let title = code(text(&spec.title));
            out.push_str(&format!("| {} | {title} | {} | {here} |\n", code(&spec.short), code(text(&spec.verified))));
        }
        let part = |out: &mut String, heading: &str, lines: Vec<String>| {
            if !lines.is_empty() {
                out.push_str(&format!("\n### {heading}\n\n{}\n", lines.join("\n")));
            }
        };
        let failed = self.checked.iter().flat_map(|one| one.checks.iter().map(move |check| (one, check)));
        let failed = failed.filter(|(_, check)| !check.ok).map(|(one, check)| {
            let why = check.detail.as_deref().and_then(|detail| detail.lines().next()).unwrap_or_default();
            format!("- {}: {} {}", code(&one.spec.short), code(&check.name), code(why))
        });
        part(&mut out, "Failed", failed.collect());
        let not_run = self.not_run.iter().map(|one| format!("- {}: {}", code(&one.spec.short), code(&one.why)));
        part(&mut out, "Not run", not_run.collect());
        let unproved =
            self.unproved().map(|one| format!("- {}: {}", code(&one.spec.short), code(text(&one.spec.title))));
        part(&mut out, "Unproved", unproved.collect());
        let loose = self
            .loose
            .iter()
            .map(|one| format!("- {} {}: {}", code(&short(&one.commit)), code(text(&one.subject)), code(&one.how)));
        part(&mut out, "Commits without a spec", loose.collect());
        out
    }

    /// `2 specs checked, 1 failed, 1 unproved, 3 commits without a spec`.
    fn summary(&self) -> String {
        let plural = |count: usize, one: &str, more: &str| format!("{count} {}", if count == 1 { one } else { more });
        let mut text = format!("{} checked", plural(self.checked.len(), "spec", "specs"));
        let failed = self.checked.iter().filter(|one| !one.ok).count();
        for (count, what) in
            [(failed, "failed"), (self.not_run.len(), "not run"), (self.unproved().count(), "unproved")]
        {
            if count > 0 {
                text.push_str(&format!(", {count} {what}"));
            }
        }
        if !self.loose.is_empty() {
            text.push_str(&format!(", {} without a spec", plural(self.loose.len(), "commit", "commits")));
        }
        text
    }
}

/// A text as inline code of Markdown, in a table too; an empty one is a dash.
fn code(text: &str) -> String {
    let text = clean::line(text).replace('`', "'").replace('|', "\\|");
    if text.trim().is_empty() { "-".to_owned() } else { format!("`{}`", text.trim()) }
}

impl Answer for RangeChecked {
    fn write(&self, out: &mut dyn Write, look: &Look) -> io::Result<()> {
        for CheckedSpec { spec, checks, .. } in &self.checked {
            let level = text(&spec.verified);
            writeln!(out, "{}  {}  {}", spec.painted_id(look), clean::line(level), clean::line(text(&spec.title)))?;
            checks.iter().try_for_each(|check| writeln!(out, "    {}", check.line(look)))?;
        }
        for NotRun { spec, why } in &self.not_run {
            let verdict = look.paint.with(Slot::Bad, "NOT RUN");
            writeln!(out, "{}  {}", spec.painted_id(look), clean::line(text(&spec.title)))?;
            writeln!(out, "    {verdict}  {}", clean::line(why))?;
        }
        for LooseCommit { commit, subject, how } in &self.loose {
            let id = look.paint.with(Slot::Id, clean::object_id(commit));
            writeln!(out, "{id}  {}\n    {}", clean::line(text(subject)), clean::line(how))?;
        }
        writeln!(out, "{}", self.summary())
    }

    fn records(&self) -> Vec<&dyn Record> {
        self.checked.iter().map(|one| &one.spec as _).collect()
    }

    /// Of each spec the id, `ok` or `failed`, and how its work is recorded as verified; of one whose commands were not run the id,
    /// `not-run` and why; of each commit without a spec the commit, `no-spec` and its subject.
    fn porcelain(&self) -> Vec<Vec<u8>> {
        let verdict = |ok| if ok { "ok" } else { "failed" };
        let specs =
            self.checked.iter().map(|one| joined(&[one.spec.id.as_str(), verdict(one.ok), text(&one.spec.verified)]));
        let not_run = self.not_run.iter().map(|one| joined(&[one.spec.id.as_str(), "not-run", one.why.as_str()]));
        let loose = self.loose.iter().map(|one| joined(&[one.commit.as_str(), "no-spec", text(&one.subject)]));
        specs.chain(not_run).chain(loose).collect()
    }

    fn is_negative(&self) -> bool {
        !self.not_run.is_empty()
            || self.checked.iter().any(|one| !one.ok)
            || (self.requires("spec") && !self.loose.is_empty())
            || (self.requires("proof") && self.unproved().next().is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::code;

    #[test]
    fn a_text_in_code_stays_there() {
        assert_eq!(code("a `b` | @ada <img> [x](y)"), "`a 'b' \\| @ada <img> [x](y)`");
        assert_eq!(code(" \u{7} "), "-");
    }
}
