//! Whether a change of a file changes how tests are run: settings among those of a build, hooks of a runner among tests. Nothing is parsed:
//! the changed lines tell, by words that runners know.

use std::collections::HashSet;

use super::test_path::{Role, role, runs_tests};

/// Words of settings that decide which tests run, by what, and what counts as failing.
const WORDS: [&str; 52] = [
    "pytest",
    "addopts",
    "testpaths",
    "python_files",
    "python_functions",
    "python_classes",
    "collect_ignore",
    "norecursedirs",
    "unittest",
    "\"jest\"",
    "\"mocha\"",
    "\"vitest\"",
    "\"ava\"",
    "\"tap\"",
    "\"test",
    "\"pretest",
    "\"posttest",
    "testMatch",
    "testRegex",
    "testPathIgnore",
    "testEnvironment",
    "testRunner",
    "setupFiles",
    "moduleNameMapper",
    "globalSetup",
    "[[test]]",
    "harness",
    "autotests",
    "test =",
    "test=",
    "profile.test",
    "debug-assertions",
    "NDEBUG",
    "WILL_FAIL",
    "DISABLED",
    "PASS_REGULAR",
    "FAIL_REGULAR",
    "SKIP_REGULAR",
    "SKIP_RETURN",
    "surefire",
    "failsafe",
    "skipTests",
    "testFailureIgnore",
    "ignoreFailures",
    "useJUnit",
    "test {",
    "TestTask",
    "test_files",
    "phpunit",
    "rspec",
    "prove",
    "bats",
];

/// By these a file of tests takes over how all tests are run.
const HOOKS: [&str; 3] = ["func TestMain(", "pytest_plugins", "#![test_runner"];

/// By these a file beside tests ends the run of all of them, or puts another in its place.
const ENDS: [&str; 6] = [
    "os._exit",
    "pytest_cmdline_main",
    "pytest_runtestloop",
    "pytest_runtest_protocol",
    "pytest_terminal_summary",
    "process.exit",
];

/// Whether a file that runs tests has another run in the place of theirs, by its text.
pub(crate) fn takes_over(text: &str) -> bool {
    ENDS.iter().any(|word| text.contains(word))
}

/// By these a makefile has every recipe run otherwise, its failures ignored, or asserts left out.
const MAKE: [&str; 5] = [".IGNORE", "MAKEFLAGS", "SHELL", ".ONESHELL", "NDEBUG"];

/// Whether the change of the file at `path` changes how the tests run that `command` starts. `None` stands for a file that is not there. Files
/// that say nothing else ([`runs_tests`]) are not meant.
pub(crate) fn changes_how_tests_run(path: &str, command: &str, before: Option<&str>, after: Option<&str>) -> bool {
    let (before, after) = (before.unwrap_or_default(), after.unwrap_or_default());
    let name = path.rsplit('/').next().unwrap_or(path);
    let has = |words: &[&str]| changed(before, after).any(|line| words.iter().any(|word| has_word(line, word)));
    match role(path) {
        Role::Test => has(&HOOKS),
        Role::Configuration if runs_tests(path) => false,
        // They say nothing of what is built.
        Role::Configuration if matches!(name, ".npmrc" | ".yarnrc.yml" | "bunfig.toml") => true,
        Role::Configuration if path.contains(".cargo/") => has(&["runner", "env", "rustflags", "wrapper", "alias"]),
        Role::Configuration if is_of_make(name) => {
            has(&MAKE)
                || targets(command).iter().any(|target| {
                    let (old, new) = (recipe(before, target), recipe(after, target));
                    old != new || lists(&old).any(|list| definition(before, list) != definition(after, list))
                })
        }
        Role::Configuration if pins(name) => false,
        Role::Configuration => has(&WORDS),
        Role::Other => false,
    }
}

fn is_of_make(name: &str) -> bool {
    matches!(name, "Makefile" | "GNUmakefile" | "makefile" | "justfile") || name.ends_with(".mk")
}

/// The rules of the targets that a command line has `make` or `just` build, as far as the text of a makefile has them.
pub(crate) fn recipes_of(text: &str, command: &str) -> String {
    let targets = targets(command);
    targets.iter().flat_map(|target| recipe(text, target)).collect::<Vec<_>>().join("\n")
}

/// Whether a file of that name only says which versions of others there are.
fn pins(name: &str) -> bool {
    name.ends_with(".lock") || name.ends_with("-lock.json") || matches!(name, "pnpm-lock.yaml" | "go.sum")
}

/// Whether a line has `word`, and not within another: "prove" is none of "improved". Words in capitals have something before them: `-DNDEBUG`.
fn has_word(line: &str, word: &str) -> bool {
    let begins = |at: usize| !line[..at].ends_with(|c: char| c.is_alphanumeric());
    let anywhere = !word.starts_with(|c: char| c.is_ascii_lowercase());
    line.match_indices(word).any(|(at, _)| anywhere || begins(at))
}

/// The lines that only one of two texts has, but comments.
fn changed<'t>(before: &'t str, after: &'t str) -> impl Iterator<Item = &'t str> {
    let lines = |text: &'t str| text.lines().map(str::trim).collect::<HashSet<_>>();
    let (old, new) = (lines(before), lines(after));
    let only = |text: &'t str, others: HashSet<&'t str>| {
        text.lines().map(str::trim).filter(move |line| !others.contains(line) && !line.starts_with('#'))
    };
    only(before, new).chain(only(after, old))
}

/// The targets that a command line has `make` or `just` build.
pub(crate) fn targets(command: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for simple in command.split([';', '&', '|']) {
        let mut words = simple.split_whitespace();
        if words.any(|word| matches!(word.rsplit('/').next(), Some("make" | "gmake" | "just"))) {
            found.extend(words.filter(|word| !word.starts_with('-') && !word.contains('=')));
        }
    }
    found
}

/// The rule of a target: its line and what is indented below it.
fn recipe<'t>(text: &'t str, target: &str) -> Vec<&'t str> {
    let begins = |line: &str| line.strip_prefix(target).is_some_and(|rest| rest.trim_start().starts_with(':'));
    let mut lines = text.lines().skip_while(|line| !begins(line));
    let first = lines.next();
    first.into_iter().chain(lines.take_while(|line| line.starts_with([' ', '\t']))).collect()
}

/// The variables of a rule that list tests, by their names.
fn lists<'t>(rule: &[&'t str]) -> impl Iterator<Item = &'t str> {
    let used = rule.iter().flat_map(|line| line.split('$').skip(1)).filter_map(|rest| rest.strip_prefix(['(', '{']));
    let names = used.filter_map(|rest| rest.split(|c: char| !c.is_alphanumeric() && c != '_' && c != '-').next());
    names.filter(|name| ["TEST", "CHECK", "SPEC"].iter().any(|word| name.to_uppercase().contains(word)))
}

/// The lines that define a variable, with those that continue them.
fn definition<'t>(text: &'t str, name: &str) -> Vec<&'t str> {
    let begins = |line: &str| {
        let rest = line.trim_start().strip_prefix(name).map(str::trim_start);
        rest.is_some_and(|rest| rest.trim_start_matches([':', '?', '+', '!']).starts_with('='))
    };
    let mut found = Vec::new();
    let mut continues = false;
    for line in text.lines() {
        if continues || begins(line) {
            found.push(line);
            continues = line.ends_with('\\');
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_of_tests_are_told_from_those_of_builds() {
        let changes = |path: &str, command: &str, before: &str, after: &str| {
            changes_how_tests_run(path, command, Some(before), Some(after))
        };
        for (path, before, after) in [
            ("pyproject.toml", "[project]\n", "[project]\n[tool.pytest.ini_options]\n"),
            ("package.json", "{}", "{\"jest\": {\"testPathIgnorePatterns\": [\"sum\"]}}"),
            ("package.json", "{\n\"test\": \"jest\"\n}", "{\n\"test\": \"true\"\n}"),
            ("Cargo.toml", "", "[[test]]\nname = \"sum\"\n"),
            (".cargo/config.toml", "", "[target.x]\nrunner = \"true\"\n"),
            ("CMakeLists.txt", "add_test(NAME sum)\n", "add_test(NAME sum)\nadd_definitions(-DNDEBUG)\n"),
            ("Makefile", "check:\n\tpytest\n", "check:\n\ttrue\n"),
            ("Makefile", "check:\n\tpytest\n", ".IGNORE:\ncheck:\n\tpytest\n"),
            ("Makefile", "CFLAGS = -O1\n", "CFLAGS = -O1 -DNDEBUG\n"),
            ("config.mk", "", "SHELL = /bin/true\n"),
            ("Makefile", "TESTS = a \\\n\tb\ncheck:\n\trun $(TESTS)\n", "TESTS = a \\\n\tc\ncheck:\n\trun $(TESTS)\n"),
            (".npmrc", "", "node-options=--require ./x.js\n"),
            ("main_test.go", "", "func TestMain(m *testing.M) { os.Exit(0) }\n"),
        ] {
            assert!(changes(path, "make -s check", before, after), "{path}: {after}");
        }
        for (path, before, after) in [
            ("pyproject.toml", "[project]\n", "[project]\ndependencies = [\"attrs\"]\n"),
            ("package.json", "{}", "{\n\"dependencies\": {\n\"left-pad\": \"1\"\n}\n}"),
            ("Cargo.toml", "[[test]]\n", "[[test]]\n[dependencies]\nserde = \"1\"\n"),
            ("Cargo.lock", "", "name = \"pytest\"\n"),
            ("pnpm-lock.yaml", "", "  pytest: 1\n"),
            ("pyproject.toml", "[project]\n", "[project]\ndescription = \"Improved for acrobats\"\n"),
            ("Cargo.toml", "[dependencies]\n", "[dependencies]\nlatest = \"1\"\n"),
            ("CMakeLists.txt", "add_library(c a.c)\n", "add_library(c a.c b.c)\n"),
            ("Makefile", "check: a\n\tpytest\n", "a: b.c\n\tcc b.c\ncheck: a\n\tpytest\n"),
            ("Makefile", "SRC = a.c\ncheck:\n\trun $(SRC)\n", "SRC = a.c b.c\ncheck:\n\trun $(SRC)\n"),
            ("sum_test.go", "", "func TestSum(t *testing.T) {}\n"),
            ("src/pytest_like.rs", "", "harness"),
        ] {
            assert!(!changes(path, "make -s check", before, after), "{path}: {after}");
        }
    }
}
