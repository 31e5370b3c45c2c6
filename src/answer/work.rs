//! `work`, `finish` and `merge`: what attempts came to. A merge without an attempt is in `merge`.

use std::time::Duration;

use super::{merge::Merged, prelude::*};
use crate::domain::{check_line::CheckLine, status::Status};
use crate::terminal::fit::cut;

pub(super) const ANSWERS: &[Kind] = &[
    of::<Worked>(&["work", "finish", "merge"]).with::<SpecView>(),
    of::<AllWorked>(&["work", "merge"]).with::<SpecView>(),
];

/// What an attempt came to.
#[derive(Clone, Debug, JsonSchema, Serialize)]
pub(crate) struct Worked {
    /// The spec after it.
    pub spec: SpecView,
    /// The start event of the attempt.
    pub attempt: Option<String>,
    /// From the claim to the end, in milliseconds.
    pub duration_ms: u64,
    /// Where its work went; `null` if it waits for a merge or there was nothing to merge.
    pub merged: Option<Merged>,
    /// Why it failed, if it did.
    pub failed: Option<Failed>,
    /// Why it is paused, if it is.
    pub paused: Option<String>,
    /// Why it is finished and not merged, if it was to be.
    pub waits: Option<String>,
}

/// Why an attempt failed.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub(crate) struct Failed {
    /// The reason in words: lower case, no full stop.
    pub reason: String,
    /// The checks that ran, those that passed too.
    pub checks: Vec<CheckLine>,
}

impl Answer for Worked {
    fn write(&self, out: &mut dyn Write, look: &Look) -> io::Result<()> {
        let took = took(self.duration_ms);
        if let Some(failed) = &self.failed {
            let verdict = look.paint.with(Slot::Bad, "Failed");
            writeln!(out, "{verdict} after {took}: {}", clean::line(&failed.reason))?;
            return failed.checks.iter().try_for_each(|check| writeln!(out, "    {}", check.line(look)));
        }
        match self.spec.status {
            Status::Completed => writeln!(out, "{} in {took}", look.paint.with(Slot::Good, "Completed"))?,
            Status::Finished => writeln!(out, "{} in {took}, not merged yet", look.paint.with(Slot::Good, "Finished"))?,
            Status::Paused => {
                let why = self.paused.as_deref().map(|why| format!(": {}", clean::line(why))).unwrap_or_default();
                writeln!(out, "Paused after {took}{why}")?;
            }
            other => writeln!(out, "Ended after {took}: {other}")?,
        }
        match &self.merged {
            Some(merged) => writeln!(out, "Merged {}", merged.words()),
            None => Ok(()),
        }
    }

    fn records(&self) -> Vec<&dyn Record> {
        vec![&self.spec]
    }

    fn is_negative(&self) -> bool {
        self.failed.is_some()
    }
}

/// What several specs came to.
#[derive(Debug, Default, JsonSchema, Serialize)]
pub(crate) struct AllWorked {
    /// Each that was begun, in the order in which they ended.
    pub worked: Vec<WorkedSpec>,
    /// How many that are ready were not begun.
    pub left: usize,
    /// How many wait for others that were not completed.
    pub waiting: usize,
}

/// What one of several specs came to.
#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct WorkedSpec {
    /// The spec after it.
    pub spec: SpecView,
    /// `completed`, `finished`, `failed`, `paused`, `refused` (it could not begin) or `in_progress` (a person does it).
    pub outcome: WorkedAs,
    /// Why, unless it is done.
    pub why: Option<String>,
    /// From its claim to its end, in milliseconds.
    pub duration_ms: u64,
    /// Where its work went.
    pub merged: Option<Merged>,
    /// The checks that failed.
    pub failed: Vec<CheckLine>,
}

/// What working one of several specs came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[serde(into = "&'static str")]
#[schemars(with = "String")]
pub(crate) enum WorkedAs {
    /// It has this status now.
    Status(Status),
    /// It could not begin.
    Refused,
}

impl WorkedAs {
    /// In the order in which a summary counts them.
    const COUNTED: [WorkedAs; 6] = [
        WorkedAs::Status(Status::Completed),
        WorkedAs::Status(Status::Finished),
        WorkedAs::Status(Status::Failed),
        WorkedAs::Status(Status::Paused),
        WorkedAs::Refused,
        WorkedAs::Status(Status::InProgress),
    ];

    /// The name as it stands in JSON and output.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            WorkedAs::Status(status) => status.as_str(),
            WorkedAs::Refused => "refused",
        }
    }
}

impl From<WorkedAs> for &'static str {
    fn from(worked: WorkedAs) -> Self {
        worked.as_str()
    }
}

impl Answer for AllWorked {
    /// Writes a line for each spec, and how many came to what.
    fn write(&self, out: &mut dyn Write, look: &Look) -> io::Result<()> {
        if self.worked.is_empty() {
            return Ok(());
        }
        let widest = |width: &dyn Fn(&WorkedSpec) -> usize| self.worked.iter().map(width).max().unwrap_or_default();
        let ids = widest(&|one| one.spec.short.chars().count());
        let outcomes = widest(&|one| one.outcome.as_str().len());
        let tooks = widest(&|one| took(one.duration_ms).chars().count());
        for WorkedSpec { spec, outcome, why, duration_ms, failed, .. } in &self.worked {
            let id = look.paint.with(Slot::Id, format!("{:<ids$}", clean::line(&spec.short)));
            let slot = match outcome {
                WorkedAs::Status(Status::Failed) | WorkedAs::Refused => Slot::Bad,
                WorkedAs::Status(_) => Slot::from(spec.status),
            };
            let outcome = look.paint.with(slot, format!("{:<outcomes$}", outcome.as_str()));
            let title = cut(&spec.titled(), ids + outcomes + tooks + 6, look);
            writeln!(out, "{id}  {outcome}  {:<tooks$}  {title}", took(*duration_ms))?;
            if let Some(why) = why {
                writeln!(out, "    {}", clean::line(why))?;
            }
            // What else there is to know of them stands in the line above.
            for check in failed.iter().filter(|check| check.has_output()) {
                writeln!(out, "    {}", check.line(look))?;
            }
        }
        writeln!(out, "{}", self.summary())
    }

    fn records(&self) -> Vec<&dyn Record> {
        self.worked.iter().map(|one| &one.spec as _).collect()
    }

    /// The id, the outcome and the title.
    fn porcelain(&self) -> Vec<Vec<u8>> {
        self.worked.iter().map(|one| one.spec.porcelain_as(one.outcome.as_str())).collect()
    }

    fn emptiness(&self) -> Option<&'static str> {
        self.worked.is_empty().then_some("nothing to work")
    }
}

impl AllWorked {
    /// `3 completed, 1 failed; 2 not begun, 1 waits for others`.
    fn summary(&self) -> String {
        let count = |outcome| self.worked.iter().filter(|one| one.outcome == outcome).count();
        let ended = WorkedAs::COUNTED
            .map(|outcome| (count(outcome), outcome))
            .into_iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, outcome)| format!("{count} {}", outcome.as_str().replace('_', " ")));
        let mut rest = Vec::new();
        if self.left > 0 {
            rest.push(format!("{} not begun", self.left));
        }
        if self.waiting > 0 {
            rest.push(format!("{} {} for others", self.waiting, if self.waiting == 1 { "waits" } else { "wait" }));
        }
        let ended = ended.collect::<Vec<_>>().join(", ");
        if rest.is_empty() { ended } else { format!("{ended}; {}", rest.join(", ")) }
    }
}

/// `2m 30s`.
fn took(milliseconds: u64) -> String {
    time::duration(Duration::from_millis(milliseconds))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::sample::{self, PIPE};

    fn ended(status: Status) -> Worked {
        Worked {
            spec: SpecView { status, ..sample::spec("2026-02-08-010-v7b", "Add locking") },
            duration_ms: 150_400,
            attempt: None,
            merged: None,
            failed: None,
            paused: None,
            waits: None,
        }
    }

    #[test]
    fn the_lines_of_the_source_documents() {
        let mut done = ended(Status::Completed);
        assert_eq!(sample::text(&done, &PIPE), "Completed in 2m 30s\n");
        done.merged = Some(Merged { target: "main".into(), commit: "c0ffee00".repeat(5) });
        assert_eq!(sample::text(&done, &PIPE), "Completed in 2m 30s\nMerged into main (c0ffee00c0)\n");
        assert_eq!(sample::text(&ended(Status::Finished), &PIPE), "Finished in 2m 30s, not merged yet\n");
    }

    #[test]
    fn a_failure_names_its_checks() {
        let check = |name: &str, ok, detail: Option<&str>| CheckLine {
            name: name.into(),
            ok,
            detail: detail.map(str::to_owned),
            duration_ms: None,
            waits: false,
            note: false,
            shown: 12,
            reason: None,
        };
        let mut failed = ended(Status::Failed);
        failed.failed = Some(Failed {
            reason: "2 checks failed".into(),
            checks: vec![check("criteria", false, Some("'Docs say so' is not ticked")), check("scope", true, None)],
        });
        assert_eq!(
            sample::text(&failed, &PIPE),
            "Failed after 2m 30s: 2 checks failed\n    FAILED  criteria: 'Docs say so' is not ticked\n    ok      scope\n"
        );
    }
}
