//! `import`: what was imported, and what could not be carried over.

use super::{ProblemView, prelude::*};

pub(super) const ANSWERS: &[Kind] = &[of::<Imported>(&["import"]).with::<ImportView>()];

/// What was imported.
#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct Imported {
    /// Whether nothing was done yet.
    pub dry_run: bool,
    /// The specs.
    pub imported: Vec<ImportView>,
    /// How many had events before.
    pub recorded: usize,
    /// What could not be carried over.
    pub left: Vec<ProblemView>,
}

impl Answer for Imported {
    /// Writes how many have which status, then what could not be carried over.
    fn write(&self, out: &mut dyn Write, look: &Look) -> io::Result<()> {
        if !self.imported.is_empty() {
            let counted = Status::ALL.iter().copied().filter_map(|status| {
                let count = self.imported.iter().filter(|one| one.status == status).count();
                (count > 0).then(|| format!("{count} {}", status.as_str().replace('_', " ")))
            });
            let verb = if self.dry_run { "Would import" } else { "Imported" };
            writeln!(out, "{verb} {}: {}", specs(self.imported.len()), counted.collect::<Vec<_>>().join(", "))?;
        }
        if self.recorded > 0 {
            let verb = if self.recorded == 1 { "was" } else { "were" };
            writeln!(out, "{} {verb} already recorded", specs(self.recorded))?;
        }
        if !self.left.is_empty() {
            let gap = if self.imported.is_empty() && self.recorded == 0 { "" } else { "\n" };
            writeln!(out, "{gap}Not imported:")?;
        }
        self.left.iter().try_for_each(|problem| write!(out, "{}", problem.text(look)))
    }

    fn records(&self) -> Vec<&dyn Record> {
        self.imported.iter().map(|one| one as _).collect()
    }

    fn emptiness(&self) -> Option<&'static str> {
        let empty = self.imported.is_empty() && self.recorded == 0 && self.left.is_empty();
        empty.then_some("nothing to import")
    }
}

/// A spec that `import` began the chain of.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[schemars(rename = "Import")]
pub(crate) struct ImportView {
    /// The spec.
    pub spec: SpecId,
    /// Its status now.
    pub status: Status,
    /// Its title.
    pub title: Option<String>,
    /// The file that it was read from.
    pub path: String,
    /// The commits that its work made, as far as they are here.
    pub commits: Vec<String>,
}

impl Record for ImportView {
    /// The id, status, file and title.
    fn porcelain(&self) -> Vec<u8> {
        joined(&[self.spec.as_str(), self.status.as_str(), &self.path, text(&self.title)])
    }
}

fn specs(count: usize) -> String {
    if count == 1 { "1 spec".to_owned() } else { format!("{count} specs") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::sample::{self, PIPE};

    #[test]
    fn statuses_are_counted_in_the_order_of_a_life() {
        let one = |status| ImportView {
            spec: sample::spec("2026-02-08-010-v7b", "").id,
            status,
            title: None,
            path: ".chant/specs/a.md".into(),
            commits: Vec::new(),
        };
        let answer = |dry_run, imported: &[ImportView], recorded| {
            sample::text(&Imported { dry_run, imported: imported.to_vec(), recorded, left: Vec::new() }, &PIPE)
        };
        let some = [one(Status::Completed), one(Status::Pending), one(Status::Completed)];
        assert_eq!(answer(false, &some, 0), "Imported 3 specs: 1 pending, 2 completed\n");
        assert_eq!(answer(true, &some[..1], 1), "Would import 1 spec: 1 completed\n1 spec was already recorded\n");
        assert_eq!(answer(true, &[], 0), "");
    }
}
