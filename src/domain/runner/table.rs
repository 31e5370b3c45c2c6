//! The known test runners: how a command line starts each, the lines by which it reports, and the exit codes of a failing test.
//!
//! Each row has samples in `tests/runners`, which `tests/runners/record` makes by running the real thing. Where no machine of ours
//! has it, the sample says which documentation it is from.

use super::sign::{Means, Sign};

/// One runner.
pub(super) struct Runner {
    /// Its name, as evidence gives it.
    pub(super) name: &'static str,
    /// The words that start it: the program, then words that follow it, with options in between.
    pub(super) commands: &'static [&'static str],
    /// Its exit codes where a test failed.
    pub(super) fails: &'static [i32],
    /// Whether it prints nothing where every test passes.
    pub(super) silent: bool,
    /// Its lines, as patterns. Of each line the first pattern that matches counts.
    ///
    /// Named groups are numbers of tests: `ran`, `passed`, `failed`, `errors`, `skipped`. An empty group stands for none.
    pub(super) signs: &'static [Sign],
}

const fn sign(means: Means, pattern: &'static str) -> Sign {
    Sign { means, pattern }
}

const fn runner(
    name: &'static str,
    commands: &'static [&'static str],
    fails: &'static [i32],
    signs: &'static [Sign],
) -> Runner {
    Runner { name, commands, fails, silent: false, signs }
}

const COMPILE: Means = Means::Error("the code does not compile");
const IMPORT: Means = Means::Error("a test file cannot be loaded (a syntax or import error)");
const UNLOADABLE: Means = Means::Unloadable("a test file cannot be loaded (a syntax or import error)");
const NOT_LOADED: Means = Means::Spoiled("a test file cannot be loaded (a syntax or import error)");
const LACKING: Means = Means::Lacking("the test names something that is not there");
const NOT_THERE: Means = Means::SpoiledInTest("the test names something that is not there");
const CRASH: &str = "a signal or a time limit ended a test";

// A runner that gives each test a process of its own outlives a test that crashes, and names it: that test failed. It shows the bug of code
// that crashes. What ends the runner itself, or comes from outside (a kill, a time limit), is an error.

/// Every known runner. Where a command line names none, the first whose lines are in the output counts.
pub(super) const RUNNERS: &[Runner] = &[
    runner(
        "nextest",
        &["cargo nextest"],
        &[100],
        &[
            sign(
                Means::Total,
                r"^\s*Summary \[[^\]]*\]\s+(?P<ran>\d+)(?:/\d+)? tests? run: (?:(?P<passed>\d+) passed)?(?: \(.*?\))?(?:, (?P<failed>\d+) failed)?",
            ),
            sign(Means::Spoke, r"^\s*\(test aborted with signal \d+: SIG(?:ABRT|SEGV|BUS|FPE|ILL)\)$"),
            sign(Means::Spoiled(CRASH), r"^\s*\(test aborted with signal "),
            sign(COMPILE, r"^error: could not compile "),
            sign(COMPILE, r"^error: command `.*` exited with code "),
            sign(Means::NoTest, r"^error: no tests to run"),
        ],
    ),
    runner(
        "cargo",
        &["cargo test", "cargo t"],
        &[101],
        &[
            sign(
                Means::Counts,
                r"^test result: (?:ok|FAILED)\. (?P<passed>\d+) passed; (?P<failed>\d+) failed; (?P<skipped>\d+) ignored; \d+ measured; ",
            ),
            sign(Means::Opened, r"^running \d+ tests?$"),
            sign(Means::Program, r"^\s+Running (?:unittests )?\S+ \("),
            sign(Means::Spoiled("a documentation test does not compile"), r"^Couldn't compile the test\.$"),
            sign(COMPILE, r"^error: could not compile "),
            sign(Means::NoTest, r"^error: no (?:test|example|bin|bench|library) targets? "),
            sign(Means::Error(CRASH), r"^\s+process didn't exit successfully: .* \(signal: "),
            sign(Means::Failed, r"^error: (?:\d+ targets? failed|test failed, to rerun pass )"),
        ],
    ),
    runner(
        "pytest",
        &["pytest", "py.test", "python -m pytest", "python -m py.test"],
        &[1],
        &[
            sign(Means::Total, r"^(?:=+ )?(?P<failed>\d+) failed(?:, (?P<passed>\d+) passed)?(?:, .*)? in \d[\d.]*s"),
            sign(
                Means::Error("an error outside of the tests: a fixture, or a test file that cannot be loaded"),
                r"^(?:=+ )?(?:.*, )?\d+ errors?(?:, .*)? in \d[\d.]*s",
            ),
            sign(
                Means::Total,
                r"^(?:=+ )?(?P<failed>)(?P<passed>\d+) passed(?:, (?P<skipped>\d+) skipped)?(?:, .*)? in \d[\d.]*s",
            ),
            sign(Means::NoTest, r"^(?:=+ )?(?:no tests ran|\d+ (?:skipped|deselected)).* in \d[\d.]*s"),
            sign(IMPORT, r"^!+ .*\d+ errors? during collection.* !+$"),
            sign(Means::NoTest, r"^ERROR: (?:file or directory )?not found: "),
            sign(Means::Failed, r"^FAILED \S+::"),
            // What is left of a report where '-q' is given twice.
            sign(Means::Passed, r"^[.sxX]*\.[.sxX]*\s+\[\s*\d+%\]$"),
            sign(
                Means::Spoiled("the test names something that is not there"),
                r"^(?:\S*/)?(?:test_[^/\s]*|[^/\s]*_test)\.py:\d+: (?:ModuleNotFoundError|ImportError|NameError|UnboundLocalError)$",
            ),
            sign(
                Means::SpoiledByLack("data of the test is not there"),
                r"^(?:\S*/)?(?:test_[^/\s]*|[^/\s]*_test)\.py:\d+: FileNotFoundError$",
            ),
        ],
    ),
    runner(
        "unittest",
        &["python -m unittest"],
        &[1],
        &[
            sign(Means::Total, r"^Ran (?P<ran>\d+) tests? in [\d.]+s$"),
            sign(
                Means::Total,
                r"^FAILED \((?:failures=(?P<failed>\d+))?(?:, )?(?:errors=(?P<errors>\d+))?(?:(?:, )?(?:expected failures|skipped|unexpected successes)=\d+)*\)$",
            ),
            sign(
                Means::Total,
                r"^OK(?P<failed>)(?P<errors>)(?: \((?:skipped=(?P<skipped>\d+))?(?:, )?(?:expected failures=\d+)?\))?$",
            ),
            sign(Means::NoTest, r"^NO TESTS RAN"),
            sign(NOT_LOADED, r"^ERROR: .*unittest\.loader\._FailedTest"),
            sign(NOT_LOADED, r"^ERROR: setUpModule "),
            sign(NOT_THERE, r"^(?:ModuleNotFoundError|ImportError|NameError|UnboundLocalError): "),
            sign(Means::LackingInTest("data of the test is not there"), r"^FileNotFoundError: "),
        ],
    ),
    Runner {
        name: "doctest",
        commands: &["python -m doctest"],
        fails: &[1],
        silent: true,
        signs: &[
            sign(Means::Total, r"^\*\*\*Test Failed\*\*\* (?P<failed>\d+) failures?"),
            sign(Means::Total, r"^(?P<passed>\d+) (?:passed|items? passed|tests? in \d+ items?)"),
            sign(UNLOADABLE, r"^(?:\w+\.)*(?:Syntax|Import|ModuleNotFound|Indentation)Error: "),
        ],
    },
    runner(
        "go",
        &["go test", "gotestsum"],
        &[1],
        &[
            sign(Means::Began, r"^=== RUN   "),
            // What a test prints may stand before it.
            sign(Means::Passed, r"--- PASS: \S+ \(\d[\d.]*s\)$"),
            sign(Means::Skipped, r"--- SKIP: \S+ \(\d[\d.]*s\)$"),
            sign(Means::Failed, r"--- FAIL: \S+ \(\d[\d.]*s\)$"),
            sign(COMPILE, r"^FAIL\t\S+ \[(?:build|setup) failed\]"),
            sign(Means::Error(CRASH), r"^panic: test timed out after "),
            sign(Means::NoTest, r"^ok\s+\t?\S+\t.*\[no tests to run\]"),
            sign(Means::NoTest, r"^\?\s+\t?\S+\t\[no test files\]"),
            sign(Means::Program, r"^ok\s+\t?\S+\t(?:[\d.]+s|\(cached\))"),
        ],
    ),
    runner(
        "jest",
        &["jest"],
        &[1],
        &[
            sign(
                Means::Total,
                r"^Tests:\s+(?:(?P<failed>\d+) failed, )?(?:(?P<skipped>\d+) skipped, )?(?:\d+ todo, )?(?:(?P<passed>\d+) passed, )?(?P<ran>\d+) total",
            ),
            sign(IMPORT, r"^\s*● Test suite failed to run$"),
            sign(Means::NoTest, r"^No tests found"),
        ],
    ),
    runner(
        "vitest",
        &["vitest"],
        &[1],
        &[
            sign(
                Means::Total,
                r"^\s*Tests  (?:(?P<failed>\d+) failed)?(?: \| )?(?:(?P<passed>\d+) passed)?(?: \| )?(?:(?P<skipped>\d+) skipped)?(?: \| )?(?:\d+ todo)? \(\d+\)",
            ),
            sign(IMPORT, r"Failed Suites \d+"),
            sign(Means::NoTest, r"^No test files found"),
            sign(Means::NoTest, r"^\s*Tests  no tests$"),
        ],
    ),
    runner(
        "mocha",
        &["mocha", "_mocha"],
        &[1, 2, 3, 4, 5, 6, 7, 8, 9],
        &[
            sign(Means::Total, r"^\s+(?P<failed>)(?P<passed>\d+) passing \("),
            sign(Means::Total, r"^\s+(?P<failed>\d+) failing$"),
            sign(Means::Total, r"^\s+(?P<skipped>\d+) pending$"),
            sign(IMPORT, r"^\s*Exception during run: "),
            sign(Means::NoTest, r"^Error: No test files found"),
        ],
    ),
    runner(
        "node",
        &["node --test"],
        &[1],
        &[
            sign(Means::Stop, r"^✖ failing tests:$"),
            sign(Means::Total, r"^(?:#|ℹ) pass (?P<passed>\d+)$"),
            sign(Means::Total, r"^(?:#|ℹ) fail (?P<failed>\d+)$"),
            sign(Means::Total, r"^(?:#|ℹ) skipped (?P<skipped>\d+)$"),
            sign(Means::Hollow, r"^ok \d+ - \S*/\S+\.[cm]?[jt]sx?$"),
            sign(Means::Hollow, r"^✔ \S*/\S+\.[cm]?[jt]sx? \([\d.]+ms\)$"),
            sign(NOT_LOADED, r"^\s+exitCode: [1-9]"),
            sign(NOT_LOADED, r"^\s+'test failed'$"),
            sign(Means::NoTest, r"^Could not find '"),
        ],
    ),
    runner(
        "ctest",
        &["ctest"],
        &[8],
        &[
            sign(Means::Total, r"^\d+% tests passed, (?P<failed>\d+) tests? failed out of (?P<ran>\d+)"),
            // A program of tests that crashes has failed: 'assert' ends it that way.
            sign(Means::Spoke, r"^\s+\d+ - .* \((?:SEGFAULT|ILLEGAL|(?i:numerical)|(?:Subprocess|Child) aborted)\)"),
            sign(
                Means::Spoiled("a test could not be run, or a signal or a time limit ended it"),
                r"^\s+\d+ - .* \((?:Not Run|BAD_COMMAND|Timeout|INTERRUPT|OTHER_FAULT|Subprocess .*|Child .*|.*[Ee]xception.*)\)",
            ),
            sign(Means::NoTest, r"^No tests were found!!!"),
        ],
    ),
    runner(
        "rspec",
        &["rspec"],
        &[1],
        &[
            sign(IMPORT, r"^\d+ examples?, .*errors? occurred outside of examples"),
            sign(Means::Total, r"^(?P<ran>\d+) examples?, (?P<failed>\d+) failures?(?:, (?P<skipped>\d+) pending)?"),
        ],
    ),
    runner(
        "minitest",
        &["rails test", "rake test"],
        &[1],
        &[sign(
            Means::Total,
            r"^(?P<ran>\d+) (?:runs|tests), \d+ assertions, (?P<failed>\d+) failures, (?P<errors>\d+) errors, (?P<skipped>\d+) (?:skips|pendings)",
        )],
    ),
    runner(
        "phpunit",
        &["phpunit"],
        &[1, 2],
        &[
            sign(Means::Total, r"^OK (?P<failed>)(?P<errors>)\((?P<passed>\d+) tests?, "),
            sign(
                Means::Total,
                r"^Tests: (?P<ran>\d+), Assertions: \d+(?:, Errors: (?P<errors>\d+))?(?:, Failures: (?P<failed>\d+))?(?:, Warnings: \d+)?(?:, (?:PHPUnit )?\w+ ?\w*: \d+)*?(?:, Skipped: (?P<skipped>\d+))?[.,]",
            ),
            sign(Means::NoTest, r"^No tests executed!|^Cannot open file |^Test file .* not found"),
            sign(UNLOADABLE, r"^(?:PHP )?(?:Parse|Fatal) error: "),
        ],
    ),
    runner(
        "maven",
        &["mvn", "mvnw"],
        &[1],
        &[
            sign(
                Means::Counts,
                r"Tests run: (?P<ran>\d+), Failures: (?P<failed>\d+), Errors: (?P<errors>\d+), Skipped: (?P<skipped>\d+)",
            ),
            sign(COMPILE, r"COMPILATION ERROR"),
            sign(Means::NoTest, r"No tests were executed|No tests to run\.|No tests matching pattern"),
        ],
    ),
    runner(
        "gradle",
        &["gradle", "gradlew"],
        &[1],
        &[
            sign(
                Means::Counts,
                r"^(?P<ran>\d+) tests? completed, (?P<failed>\d+) failed(?:, (?P<skipped>\d+) skipped)?$",
            ),
            sign(COMPILE, r"^> Compilation (?:failed|error)|^Execution failed for task '.*:compile"),
            sign(Means::NoTest, r"No tests found for given includes|^> Task :\S*[tT]est NO-SOURCE"),
            sign(Means::Passed, r"^> Task :\S*[tT]est$"),
        ],
    ),
    runner(
        "junit",
        &[],
        &[1],
        &[
            sign(Means::Total, r"^\[\s*(?P<passed>\d+) tests successful\s*\]$"),
            sign(Means::Total, r"^\[\s*(?P<failed>\d+) tests failed\s*\]$"),
            sign(Means::Total, r"^Tests run: (?P<ran>\d+),  Failures: (?P<failed>\d+)$"),
            sign(Means::Total, r"^OK \((?P<passed>\d+) tests?\)$"),
        ],
    ),
    runner(
        "prove",
        &["prove"],
        &[1],
        &[
            sign(Means::Counts, r"^Files=\d+, Tests=(?P<ran>\d+), "),
            // A test that dies takes the rest of its file with it. One that cannot be loaded has run none, and 1 is no code of one that died.
            sign(Means::Failed, r"\(exited (?:[2-9]|[1-9]\d+)\) Tests: [1-9]\d* Failed: 0\)$"),
            sign(Means::Counts, r"Tests: \d+ Failed: (?P<failed>\d+)\)$"),
            sign(LACKING, r"^(?:Can't locate \S+ in @INC|Undefined subroutine &main::)"),
            sign(Means::NoTest, r"^Result: NOTESTS$"),
            sign(Means::Spoke, r"^Result: (?:PASS|FAIL)$"),
        ],
    ),
    runner(
        "tap",
        &[],
        &[],
        &[
            sign(IMPORT, r"^not ok \d+ (?:setup_file failed|bats-gather-tests)"),
            sign(Means::Error("the test program bailed out"), r"^Bail out!"),
            sign(Means::NoTest, r"^1\.\.0\b"),
            sign(Means::Skipped, r"(?i)^(?:not )?ok\b.*# *(?:skip|todo)"),
            sign(Means::Failed, r"^not ok\b"),
            sign(Means::Passed, r"^ok \d+\b"),
        ],
    ),
    runner(
        "bats",
        &["bats"],
        &[1],
        &[
            sign(IMPORT, r"^not ok \d+ (?:setup_file failed|bats-gather-tests)"),
            sign(Means::Total, r"^(?P<ran>\d+) tests?, (?P<failed>\d+) failures?(?:, (?P<skipped>\d+) skipped)?$"),
            sign(Means::NoTest, r"^1\.\.0$"),
            sign(Means::Failed, r"^not ok \d+ "),
            sign(Means::Skipped, r"^ok \d+ .*# skip"),
            sign(Means::Passed, r"^ok \d+ "),
        ],
    ),
];
