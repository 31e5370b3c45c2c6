//! What two runs of one command prove: that a test shows a bug, or that a fix mends it. Nothing is run here.

use super::{
    checks::Command,
    phase::Phase,
    runner::{self, Outcome},
};

/// The greatest exit code that a program gives by itself; those above it are the shell's.
const GREATEST: i32 = 123;

/// Takes down what the run of `seen`, which printed `output`, came to.
pub(crate) fn note(seen: &mut Command, output: &str) {
    let verdict = runner::judge(&seen.command, seen.exit, output);
    seen.outcome = Some(verdict.outcome).filter(|outcome| *outcome != Outcome::Unknown);
    seen.runner = verdict.runner.map(str::to_owned);
    seen.counted = verdict.counted;
    seen.ran = verdict.ran;
    seen.came_to = verdict.runner.is_some().then_some(verdict.why);
}

/// Why the two runs show no bug; `None` if they do. `without` the new tests the command may end as it likes, but not alike, unless it
/// `runs_new` code: a file that was not there; `with` them a test fails.
pub(crate) fn reproduction_fault(without: &Command, with: &Command, runs_new: bool) -> Option<String> {
    let passes = "no test fails there; the test may depend on its path, the time or the environment";
    match with.outcome() {
        Outcome::Failed if without.outcome() == Outcome::Failed => {
            Some("a test already fails without the new ones; let 'reproduces' run only the new test".to_owned())
        }
        Outcome::Failed => None,
        Outcome::Passed => Some(passes.to_owned()),
        Outcome::NoTest => Some("no test ran".to_owned()),
        Outcome::Error => Some("it fails for another reason than a failing test".to_owned()),
        Outcome::Unknown if runs_new => exit_fault(with, passes).or_else(|| {
            let is_error = with.output.as_deref().is_some_and(runner::cannot_load);
            is_error.then(|| "the test cannot be loaded (a syntax or import error)".to_owned())
        }),
        Outcome::Unknown => exit_fault(with, passes)
            .or_else(|| (with.exit == without.exit).then(|| "it ends the same way without the new tests".to_owned())),
    }
}

/// Why a run that no known runner reported shows no failing test, as far as its exit code tells; `passes` is what is said of 0.
fn exit_fault(seen: &Command, passes: &str) -> Option<String> {
    match seen.exit {
        Some(0) => Some(passes.to_owned()),
        Some(code) if code > GREATEST => Some(format!("exit code {code} is not that of a failing test")),
        _ => None,
    }
}

/// Why the run before a fix shows no bug; `None` if it does.
pub(crate) fn fix_fault_before(before: &Command) -> Option<String> {
    let passes = "the test passes without the fix";
    match before.outcome() {
        Outcome::Failed => None,
        Outcome::Passed => Some(passes.to_owned()),
        Outcome::NoTest => Some("no test ran without the fix".to_owned()),
        Outcome::Error => Some("without the fix it fails for another reason than a failing test".to_owned()),
        Outcome::Unknown => exit_fault(before, passes),
    }
}

/// Why the run after a fix proves none, though the one `before` shows the bug; `None` if the very same test passes.
pub(crate) fn fix_fault_after(before: &Command, after: &Command) -> Option<String> {
    let runner = before.runner.as_deref().unwrap_or("its runner");
    match after.outcome() {
        _ if !after.has_passed() => Some(
            "with the fix, the test does not pass in a clean checkout with a neutral environment (no CHANT_SPEC_ID)"
                .to_owned(),
        ),
        Outcome::Passed => None,
        Outcome::NoTest => Some("no test ran with the fix".to_owned()),
        Outcome::Unknown if before.counted => {
            Some(format!("with the fix, {runner} reports no test; a file may shadow it"))
        }
        Outcome::Unknown => None,
        Outcome::Failed | Outcome::Error => Some("a test fails with the fix".to_owned()),
    }
}

/// Runners that know of each program, or package, how it ended, and not whether all of its tests did.
const BY_PROGRAM: [&str; 3] = ["ctest", "nextest", "go"];

/// Whether the runner of `seen` tells that code under test ended the process before its tests did.
pub(crate) fn tells_early_end(seen: &Command) -> bool {
    seen.ran.is_some() && !seen.runner.as_deref().is_some_and(|runner| BY_PROGRAM.contains(&runner))
}

/// Why the run after a fix is none of the same tests: fewer ran than `before`, though the change removed no more than `removed`.
pub(crate) fn fewer_ran(before: &Command, after: &Command, removed: u64) -> Option<String> {
    let (Some(before), Some(after)) = (before.ran, after.ran) else { return None };
    (after + removed < before).then(|| format!("only {after} of {before} tests ran with the fix"))
}

/// Whether a run at a merge is what the `phase` of the merged work has shown.
pub(crate) fn stands(phase: Option<Phase>, seen: &Command) -> bool {
    match phase {
        Some(Phase::Reproduction) => fix_fault_before(seen).is_none(),
        _ => seen.has_passed() && matches!(seen.outcome(), Outcome::Passed | Outcome::Unknown),
    }
}

/// Why two runs in two fresh checkouts are no two runs of one test; `None` if they ended alike.
pub(crate) fn flaky(one: &Command, again: &Command) -> Option<String> {
    let alike = one.exit == again.exit && one.outcome() == again.outcome();
    (!alike).then(|| format!("flaky: a second run ended differently ({})", again.ending()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fix_fault(before: &Command, after: &Command) -> Option<String> {
        fix_fault_before(before).or_else(|| fix_fault_after(before, after))
    }

    fn run(exit: i32, outcome: Outcome) -> Command {
        Command { exit: Some(exit), outcome: Some(outcome), counted: outcome == Outcome::Failed, ..Command::default() }
    }

    #[test]
    fn a_reproduction_is_a_failing_test_and_nothing_else() {
        use Outcome::{Error, Failed, NoTest, Passed, Unknown};
        for (without, with) in [
            (run(0, Passed), run(1, Failed)),
            (run(4, NoTest), run(1, Failed)),
            (run(101, Error), run(101, Failed)),
            (run(1, Unknown), run(1, Failed)),
            (run(0, Unknown), run(7, Unknown)),
            (run(4, Unknown), run(1, Unknown)),
        ] {
            assert_eq!(reproduction_fault(&without, &with, false), None, "{without:?} {with:?}");
        }
        for (without, with) in [
            (run(0, Passed), run(1, Error)),
            (run(0, Passed), run(0, Passed)),
            (run(0, Passed), run(5, NoTest)),
            (run(1, Failed), run(1, Failed)),
            (run(1, Unknown), run(1, Unknown)),
            (run(0, Unknown), run(0, Unknown)),
            (run(0, Unknown), run(124, Unknown)),
        ] {
            assert!(reproduction_fault(&without, &with, false).is_some(), "{without:?} {with:?}");
        }
        // A script that was not there fails with the code of a script that is missing.
        let printed = |output: &str| Command { output: Some(output.to_owned()), ..run(1, Unknown) };
        assert_eq!(reproduction_fault(&run(1, Unknown), &printed("2 and 3 are not 5\n"), true), None);
        for output in ["Error: Cannot find module './calk'\n", "check.rb:1: syntax error, unexpected end\n"] {
            assert!(reproduction_fault(&run(1, Unknown), &printed(output), true).is_some(), "{output}");
        }
    }

    #[test]
    fn a_fix_has_all_tests_run() {
        let ran = |ran| Command { ran, ..Command::default() };
        assert_eq!(fewer_ran(&ran(Some(3)), &ran(Some(3)), 0), None);
        assert_eq!(fewer_ran(&ran(Some(3)), &ran(Some(2)), 1), None);
        assert_eq!(fewer_ran(&ran(None), &ran(Some(2)), 0), None);
        let fault = fewer_ran(&ran(Some(3)), &ran(Some(1)), 1);
        assert_eq!(fault.as_deref(), Some("only 1 of 3 tests ran with the fix"));
    }

    #[test]
    fn a_fix_makes_the_very_test_pass() {
        use Outcome::{Error, Failed, NoTest, Passed, Unknown};
        for (before, after) in
            [(run(1, Failed), run(0, Passed)), (run(7, Unknown), run(0, Unknown)), (run(7, Unknown), run(0, Passed))]
        {
            assert_eq!(fix_fault(&before, &after), None, "{before:?} {after:?}");
        }
        for (before, after) in [
            (run(1, Failed), run(1, Failed)),
            (run(1, Failed), run(0, NoTest)),
            (run(1, Failed), run(0, Unknown)),
            (run(1, Error), run(0, Passed)),
            (run(4, NoTest), run(0, Passed)),
            (run(0, Passed), run(0, Passed)),
            (run(0, Unknown), run(0, Unknown)),
        ] {
            assert!(fix_fault(&before, &after).is_some(), "{before:?} {after:?}");
        }
    }
}
