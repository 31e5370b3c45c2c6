//! What a run of tests came to: which runner it was, and whether a test failed, all passed, none ran, or something else went wrong.
//!
//! A failing exit code alone says little: a test that does not compile has one too. Running commands is not done here.

mod command_line;
mod load;
mod sign;
mod table;

#[cfg(test)]
mod tests;

pub(crate) use command_line::{in_full, starts_runner};
pub(crate) use load::{cannot_load, lacking_files, lacks_target};

use command_line::Named;
use sign::{Patterns, Tally};
use table::{RUNNERS, Runner};

/// What a run of tests came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Outcome {
    /// At least one test ran, and all passed.
    Passed,
    /// At least one test ran and failed.
    Failed,
    /// No test ran.
    NoTest,
    /// Something other than a test decided the exit code: what does not compile or cannot be loaded, a signal, a time limit.
    Error,
    /// No known runner reported: only the exit code is known.
    Unknown,
}

/// A run of tests, judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Verdict {
    /// The runner that reported, if a known one did.
    pub(crate) runner: Option<&'static str>,
    /// What it came to.
    pub(crate) outcome: Outcome,
    /// In words: lower case, no full stop.
    pub(crate) why: String,
    /// Whether the runner counted the tests that failed, so that it counts those that pass, too.
    pub(crate) counted: bool,
    /// How many tests ran, if the runner counts them.
    pub(crate) ran: Option<u64>,
}

/// Judges a run of `command` that ended with `exit` (`None`: by a signal or a time limit) and printed `output`.
///
/// The runner's own words decide, the exit code has to agree: what the code under test prints turns no error into a failing test.
pub(crate) fn judge(command: &str, exit: Option<i32>, output: &str) -> Verdict {
    let Some(code) = exit.filter(|code| !matches!(code, 126..=254)) else {
        let why = match exit {
            Some(127) => "a command was not found".to_owned(),
            Some(126) => "a command is not executable".to_owned(),
            Some(code) => format!("exit code {code} is that of a signal, not of a failing test"),
            None => "a signal or a time limit ended it".to_owned(),
        };
        return Verdict { runner: None, outcome: Outcome::Error, why, counted: false, ran: None };
    };
    let named = command_line::named(command);
    let mut patterns = Patterns::default();
    let mut tally = |runner: &'static Runner, output: &str| (runner, Tally::of(runner.signs, output, &mut patterns));
    let is_named = |runner: &&Runner| named.iter().any(|named| std::ptr::eq(named.runner, *runner));
    let reports = |(_, tally): &(&Runner, Tally)| tally.spoke || tally.programs > 0;
    // Of several in a row, the one that failed ended it.
    let said = |found: &(&Runner, Tally)| reports(found) || found.1.error.is_some();
    let mut in_a_row: Vec<_> = named.iter().map(|named| tally(named.runner, output)).filter(said).collect();
    let failed = in_a_row.iter().position(|(_, tally)| tally.failed() > 0 || tally.error.is_some());
    let first = (!in_a_row.is_empty()).then(|| in_a_row.swap_remove(failed.unwrap_or(0)));
    let spoke = first.or_else(|| {
        // A named runner may report by another's words: mocha has a reporter for TAP.
        let end = end_of(output, GUESSED);
        let others = RUNNERS.iter().filter(|runner| !is_named(runner));
        let mut others: Vec<_> = others.map(|runner| tally(runner, end)).collect();
        others.retain(reports);
        // Compilers speak alike in all runners: the one that says how tests ended goes before.
        others.sort_by_key(|(_, tally)| !tally.concluded);
        others.into_iter().next()
    });
    match (spoke, named.first()) {
        (Some((runner, tally)), _) => reported(runner, &tally, code, &named),
        (None, Some(Named { runner, .. })) => silent(runner, code),
        (None, None) => {
            let why = format!("exit code {code}, and no known test runner reported");
            Verdict { runner: None, outcome: Outcome::Unknown, why, counted: false, ran: None }
        }
    }
}

/// How much of the end of an output is looked through for the words of all runners, in bytes.
const GUESSED: usize = 64 * 1024;

/// At most the last `most` bytes of a text.
fn end_of(text: &str, most: usize) -> &str {
    let surplus = text.len().saturating_sub(most);
    (surplus..text.len()).find_map(|at| text.get(at..)).unwrap_or(text)
}

/// The greatest exit code of a runner; a script that dies has a greater one.
const GREATEST: i32 = 125;

fn silent(runner: &Runner, code: i32) -> Verdict {
    let name = runner.name;
    let (outcome, why) = match code {
        0 if runner.silent => (Outcome::Passed, format!("{name}: no test failed")),
        0 => (Outcome::Unknown, format!("{name} reported no test")),
        _ => (Outcome::Error, format!("{name} ended with exit code {code} and reported no test")),
    };
    Verdict { runner: Some(name), outcome, why, counted: false, ran: None }
}

fn reported(runner: &Runner, tally: &Tally, code: i32, named: &[Named]) -> Verdict {
    let name = runner.name;
    // An exit code of 0 that denies a failure is the shell's, or that of code that ends the process behind the runner's back.
    let is_denied = tally.failed() > 0 || tally.is_cut_short();
    let (outcome, why) = if code == 0 && !is_denied {
        match (tally.passes(), tally.skipped()) {
            (0, 0) => (Outcome::NoTest, format!("{name}: no test ran")),
            (0, skipped) => (Outcome::NoTest, format!("{name}: no test ran, {skipped} skipped")),
            (passed, _) => (Outcome::Passed, format!("{name}: {passed} passed")),
        }
    } else if let Some(why) = tally.error {
        (Outcome::Error, format!("{name}: {why}"))
    } else if tally.opened > tally.closed || code == 0 && tally.is_cut_short() {
        (Outcome::Error, format!("{name}: a test program ended before its tests did"))
    } else if code > GREATEST {
        (Outcome::Error, format!("{name}: exit code {code} is not that of a failing test"))
    } else if tally.failures() > 0 {
        match named.iter().find(|named| named.decides).filter(|named| !named.runner.fails.contains(&code)) {
            Some(Named { runner, .. }) => {
                let name = runner.name;
                (Outcome::Error, format!("{name}: exit code {code} is not that of a failing test"))
            }
            None => (Outcome::Failed, format!("{name}: {} failed", tally.failures())),
        }
    } else if let Some(why) = tally.spoiled_by {
        (Outcome::Error, format!("{name}: {why}"))
    } else if tally.passes() > 0 && named.is_empty() {
        // A script that runs other tests, too, has an exit code of its own.
        (Outcome::Unknown, format!("{name}: no test failed, and the command ended with exit code {code}"))
    } else if tally.passes() > 0 {
        (Outcome::Error, format!("{name}: no test failed, and it ended with exit code {code}"))
    } else {
        (Outcome::NoTest, format!("{name}: no test ran, exit code {code}"))
    };
    Verdict { runner: Some(name), outcome, why, counted: tally.counted, ran: tally.ran() }
}
