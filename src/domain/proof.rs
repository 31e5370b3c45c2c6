//! What two runs of one command prove: that a test shows a bug, or that a fix mends it. Nothing is run here.

use super::{
    checks::Command,
    naming,
    phase::Phase,
    runner::{self, Outcome},
};

/// The greatest exit code that a program gives by itself; those above it are the shell's. Perl and PHP end with the last one where
/// nothing catches an error.
const GREATEST: i32 = 123;
const UNCAUGHT: i32 = 255;

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
/// `runs_new` code: a file that was not there; `with` them a test fails. `tests` are the paths of what came with them.
pub(crate) fn reproduction_fault(
    without: &Command,
    with: &Command,
    runs_new: bool,
    tests: &[String],
) -> Option<String> {
    match with.outcome() {
        Outcome::Failed if without.outcome() == Outcome::Failed => {
            Some("a test already fails without the new ones; let 'reproduces' run only the new test".to_owned())
        }
        Outcome::Failed => None,
        Outcome::Passed => Some(PASSES.to_owned()),
        Outcome::NoTest => Some("no test ran".to_owned()),
        Outcome::Error => Some(format!("it fails for another reason than a failing test; {DESCRIBE}")),
        Outcome::Unknown => exit_fault(with, PASSES).or_else(|| load_fault(with, tests)).or_else(|| {
            let alike = !runs_new && with.exit == without.exit && !misses(without, tests);
            alike.then(|| "it ends the same way without the new tests".to_owned())
        }),
    }
}

/// What helps where no test fails by itself.
const DESCRIBE: &str = "if the bug shows itself this way, give the spec 'fails_with', a pattern of this output";

/// Words by which programs say that a file is not there.
const MISSING: [&str; 8] = [
    "No such file",
    "not found",
    "annot open",
    "an't open",
    "annot find",
    "an't find",
    "ould not open",
    "does not exist",
];

/// Whether a run says that one of `tests`, or what runs them, is not there: it may end as if a test had failed.
fn misses(seen: &Command, tests: &[String]) -> bool {
    let says = |line: &str| {
        MISSING.iter().any(|words| line.contains(words)) && tests.iter().any(|test| naming::names(line, test))
    };
    seen.output.as_deref().is_some_and(|output| output.lines().any(says) || runner::lacks_target(output))
}

/// Takes a run that ended badly, and shows what `describes` the bug, for a failing test, whatever ended it: a crash, a time limit, a test
/// that cannot be loaded.
pub(crate) fn take_for_failure(seen: &mut Command, describes: impl Fn(&str) -> bool) {
    let ended_badly = seen.exit != Some(0) && matches!(seen.outcome(), Outcome::Error | Outcome::Unknown);
    if ended_badly && seen.shows(describes) {
        seen.outcome = Some(Outcome::Failed);
        seen.came_to = Some("it fails as 'fails_with' describes".to_owned());
    }
}

/// Takes a run for none of a test, whose command did not find what it is to run.
pub(crate) fn take_for_error(seen: &mut Command) {
    seen.outcome = Some(Outcome::Error);
    seen.came_to = Some("the command does not find what it is to run".to_owned());
}

/// What is said of a test that shows nothing.
const PASSES: &str = "no test fails there; the test may depend on its path, the time or the environment";

/// Why a run that no known runner reported shows no failing test, as far as its output tells.
fn load_fault(seen: &Command, tests: &[String]) -> Option<String> {
    let output = seen.output.as_deref()?;
    let is_error = runner::cannot_load(output, tests);
    is_error.then(|| format!("the test cannot be loaded, or names what is not there; {DESCRIBE}"))
}

/// Why a run that no known runner reported shows no failing test, as far as its exit code tells; `passes` is what is said of 0.
fn exit_fault(seen: &Command, passes: &str) -> Option<String> {
    match seen.exit {
        Some(0) => Some(passes.to_owned()),
        Some(code) if code > GREATEST && code != UNCAUGHT => {
            Some(format!("exit code {code} is not that of a failing test; {DESCRIBE}"))
        }
        _ => None,
    }
}

/// Why the run before a fix shows no bug; `None` if it does. `tests` are the paths of those that are held.
pub(crate) fn fix_fault_before(before: &Command, tests: &[String]) -> Option<String> {
    let passes = "the test passes without the fix";
    match before.outcome() {
        Outcome::Failed => None,
        Outcome::Passed => Some(passes.to_owned()),
        Outcome::NoTest => Some("no test ran without the fix".to_owned()),
        Outcome::Error => Some(format!("without the fix it fails for another reason than a failing test; {DESCRIBE}")),
        Outcome::Unknown => exit_fault(before, passes).or_else(|| load_fault(before, tests)),
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
const BY_PROGRAM: [&str; 4] = ["ctest", "nextest", "go", "prove"];

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
        Some(Phase::Reproduction) => fix_fault_before(seen, &[]).is_none(),
        _ => seen.has_passed() && matches!(seen.outcome(), Outcome::Passed | Outcome::Unknown),
    }
}

/// Why two runs in two fresh checkouts are no two runs of one test; `None` if they ended alike.
pub(crate) fn flaky(one: &Command, again: &Command) -> Option<String> {
    let alike = one.exit == again.exit && one.outcome() == again.outcome();
    // The exit code says nothing where the runner does: a program that ended before its tests did.
    let said = again.came_to.clone().filter(|_| one.exit == again.exit);
    let how = said.unwrap_or_else(|| again.ending());
    (!alike).then(|| format!("flaky: another run of the same commit ended differently ({how})"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fix_fault(before: &Command, after: &Command) -> Option<String> {
        fix_fault_before(before, &[]).or_else(|| fix_fault_after(before, after))
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
            assert_eq!(reproduction_fault(&without, &with, false, &[]), None, "{without:?} {with:?}");
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
            assert!(reproduction_fault(&without, &with, false, &[]).is_some(), "{without:?} {with:?}");
        }
        // A script that was not there fails with the code of a script that is missing.
        let printed = |output: &str| Command { output: Some(output.to_owned()), ..run(1, Unknown) };
        assert_eq!(reproduction_fault(&run(1, Unknown), &printed("2 and 3 are not 5\n"), true, &[]), None);
        let unloadable = printed("check.rb:1: syntax error, unexpected end\n");
        let tests = ["check.rb".to_owned()];
        assert!(reproduction_fault(&run(0, Unknown), &unloadable, false, &tests).is_some());
        assert!(fix_fault_before(&unloadable, &tests).is_some());
        // Make ends the same way where a test fails and where there is none.
        let (missing, failing) = (
            Command { output: Some("make: *** No rule to make target 'sum_test.o'\n".to_owned()), ..run(2, Unknown) },
            run(2, Unknown),
        );
        assert_eq!(reproduction_fault(&missing, &failing, false, &["sum_test.c".to_owned()]), None);
        let other = Command { output: Some("sh: 0: cannot open sum.sh: No such file\n".to_owned()), ..run(2, Unknown) };
        assert_eq!(reproduction_fault(&other, &failing, false, &["sum.sh".to_owned()]), None);
        assert!(reproduction_fault(&other, &failing, false, &["other.sh".to_owned()]).is_some());
        // The bug may be that the code cannot be loaded.
        let tests = ["spec.rb".to_owned()];
        assert_eq!(reproduction_fault(&run(0, Unknown), &unloadable, false, &tests), None);
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
