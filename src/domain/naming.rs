//! Whether a text names a file, and whether a file is code, by their words alone.

use super::test_path::{Role, role};

/// Endings of files that are no code.
const DATA: [&str; 18] = [
    ".adoc",
    ".cfg",
    ".csv",
    ".html",
    ".ini",
    ".json",
    ".lock",
    ".md",
    ".po",
    ".properties",
    ".rst",
    ".svg",
    ".toml",
    ".tsv",
    ".txt",
    ".xml",
    ".yaml",
    ".yml",
];

/// Whether the file at `path` is no code, by its ending; of one that has no ending, how its text begins tells.
pub(crate) fn is_data(path: &str, text: &str) -> bool {
    let name = last(path);
    if role(path) == Role::Configuration {
        return false;
    }
    DATA.iter().any(|end| name.ends_with(end)) || !is_code_by_name(path) && !text.starts_with("#!")
}

/// Whether a file has an ending, and not one of data.
pub(crate) fn is_code_by_name(path: &str) -> bool {
    let name = last(path);
    name.trim_start_matches('.').contains('.') && !DATA.iter().any(|end| name.ends_with(end))
}

/// Whether `text` has the name of the file at `path`, or that name without its ending as a word.
pub(crate) fn names(text: &str, path: &str) -> bool {
    let name = last(path);
    let stem = name.split('.').find(|part| !part.is_empty()).unwrap_or(name);
    // These are known by their directory.
    let stem = match (stem, path.rsplit_once('/')) {
        ("mod" | "index" | "__init__", Some((directory, _))) => last(directory),
        _ => stem,
    };
    let is_in_word = |c: char| c.is_alphanumeric() || c == '_';
    text.contains(name) && name.contains('.') || text.split(|c| !is_in_word(c)).any(|word| word == stem)
}

fn last(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// Words by which a test, or its helper, asks for something, and fails if it is not so. The last of them are words of other code, too.
const ASKS: [&str; 15] = [
    "assert",
    "Assertion",
    "expect",
    "exit 1",
    "exit(1)",
    "die",
    "fail",
    "Fatal",
    "Errorf",
    "should",
    "croak",
    "raise ",
    "throw",
    "panic",
    "return 1",
];

/// How many of these only tests have.
const OF_TESTS: usize = 11;

/// By these a line asks for what is always so.
const ALWAYS: [&str; 8] = [
    "assert True",
    "assert 1",
    "assert(true)",
    "assert(1)",
    "assert!(true)",
    "expect(true)",
    "assertTrue(True)",
    "assert.ok(true)",
];

/// Whether a change has a file ask for less: it has fewer words that do, or one more for what is always so. Of a file that is no test only
/// words count that other code does not have.
pub(crate) fn asks_for_less(before: &str, after: &str, is_test: bool) -> bool {
    let count = |text: &str, words: &[&str]| -> usize {
        let lines = text.lines().map(str::trim).filter(|line| !line.starts_with('#'));
        lines.map(|line| words.iter().map(|word| line.matches(word).count()).sum::<usize>()).sum()
    };
    let asks = if is_test { &ASKS[..] } else { &ASKS[..OF_TESTS] };
    count(after, asks) < count(before, asks) || count(after, &ALWAYS) > count(before, &ALWAYS)
}

/// Words by which a script runs tests.
const RUNS_TESTS: [&str; 18] = [
    "pytest",
    "unittest",
    "jest",
    "mocha",
    "vitest",
    "cargo test",
    "go test",
    "rspec",
    "phpunit",
    "prove",
    "bats",
    "ctest",
    "test_",
    "test/",
    "tests/",
    "spec/",
    "test*",
    "*test",
];

/// Whether a script with this text runs tests: it names one of `tests`, or how tests are named or run.
pub(crate) fn runs_tests_by_text(text: &str, tests: &[String]) -> bool {
    RUNS_TESTS.iter().any(|word| text.contains(word)) || tests.iter().any(|test| text.contains(last(test)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_is_told_from_code() {
        for (path, text) in [("README.md", ""), ("VERSION", "2\n"), ("locale/de.po", ""), (".marker", "")] {
            assert!(is_data(path, text), "{path}");
        }
        for (path, text) in
            [("calc.py", ""), ("bin/calc", "#!/bin/sh\n"), ("Makefile", "all:\n"), ("package.json", "{}")]
        {
            assert!(!is_data(path, text), "{path}");
        }
    }

    #[test]
    fn a_text_names_a_file_by_its_name_or_its_stem() {
        assert!(names("os.path.exists('FIXED')", "FIXED") && names("from calc.sums import add", "calc/sums.py"));
        assert!(names("mod common;", "tests/common/mod.rs") && names("open('testdata/cases')", "testdata"));
        assert!(!names("assert add(2, 3) == 5", "calc/ad.py") && !names("FIXED_ONE", "FIXED"));
    }

    #[test]
    fn a_helper_that_asks_for_less_is_known() {
        for (before, after) in [
            ("def check(x, y):\n    assert x == y\n", "def check(x, y):\n    pass\n"),
            ("die() { echo \"$1\"; exit 1; }\n", "die() { :; }\n"),
            ("assert x == y\n", "assert True\n"),
        ] {
            assert!(asks_for_less(before, after, false), "{after}");
        }
        for (before, after) in [
            ("assert calc.add(1, 1) == 2\n", "assert calc.plus(1, 1) == 2\n"),
            ("return a - b\n", "return a + b\n"),
            ("# assert\n", ""),
        ] {
            assert!(!asks_for_less(before, after, true), "{after}");
        }
    }

    #[test]
    fn a_script_of_tests_is_known_by_what_it_runs() {
        let tests = ["check.sh".to_owned()];
        assert!(runs_tests_by_text("sh check.sh\n", &tests) && runs_tests_by_text("for t in test_*; do\n", &[]));
        assert!(!runs_tests_by_text("echo $(($1 - $2))\n", &tests));
    }
}
