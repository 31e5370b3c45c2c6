//! What was imported, and what was not, for people.

use std::fmt::Write as _;

use super::place;
use crate::terminal::Look;
use crate::{
    answer::{ImportView, ProblemView},
    domain::status::Status,
};

/// How many of which status, then what could not be carried over.
pub(super) fn imported(
    dry_run: bool,
    imported: &[ImportView],
    recorded: usize,
    left: &[ProblemView],
    look: &Look,
) -> String {
    let mut out = String::new();
    let verb = if dry_run { "Would import" } else { "Imported" };
    let counted = Status::ALL.iter().copied().filter_map(|status| {
        let count = imported.iter().filter(|one| one.status == status).count();
        (count > 0).then(|| format!("{count} {}", status.as_str().replace('_', " ")))
    });
    match imported {
        [] => {}
        all => {
            let counted = counted.collect::<Vec<_>>().join(", ");
            writeln!(out, "{verb} {}: {counted}", specs(all.len())).expect("writing to a string cannot fail");
        }
    }
    if recorded > 0 {
        let verb = if recorded == 1 { "was" } else { "were" };
        writeln!(out, "{} {verb} recorded already", specs(recorded)).expect("writing to a string cannot fail");
    }
    if !left.is_empty() {
        if !out.is_empty() {
            out.push('\n');
        }
        out.push_str("Not carried over:\n");
        out.push_str(&place::problems(left, look));
    }
    out
}

fn specs(count: usize) -> String {
    if count == 1 { "1 spec".to_owned() } else { format!("{count} specs") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{output::sample, terminal::color::Paint};

    #[test]
    fn statuses_are_counted_in_the_order_of_a_life() {
        let look = Look { paint: Paint::new(false), width: None, screen: false, unicode: false };
        let one = |status| ImportView {
            spec: sample::spec("2026-02-08-010-v7b", "").id,
            status,
            title: None,
            path: ".chant/specs/a.md".into(),
            commits: Vec::new(),
        };
        let some = [one(Status::Completed), one(Status::Pending), one(Status::Completed)];
        assert_eq!(imported(false, &some, 0, &[], &look), "Imported 3 specs: 1 pending, 2 completed\n");
        assert_eq!(
            imported(true, &some[..1], 1, &[], &look),
            "Would import 1 spec: 1 completed\n1 spec was recorded already\n"
        );
        assert_eq!(imported(true, &[], 0, &[], &look), "");
    }
}
