//! Code that could tell a test runner from a user, or end it as if all was well: words that a change adds to code that is no test. What follows
//! from that is not decided here.

use super::{
    enumeration::enumerate,
    held::{Role, role},
    inline_tests::test_lines,
};

/// What code that runs names to find out whether a test runs it, or to change what a test says.
const RUNNERS: [&str; 40] = [
    "unittest",
    "pytest",
    "PYTEST_CURRENT_TEST",
    "_pytest",
    "os._exit",
    "os.execv",
    "os.execl",
    "POSIX::_exit",
    "exit!(0)",
    "globalThis.expect",
    "global.expect",
    "globalThis.assert",
    "global.assert",
    "assert.equal =",
    "assert.strictEqual =",
    "sys._getframe",
    "inspect.stack",
    "sys.modules",
    "sys.settrace",
    "sys.argv[0]",
    "node:test",
    "NODE_TEST_CONTEXT",
    "JEST_WORKER_ID",
    "VITEST",
    "process.reallyExit",
    "testing.Testing(",
    "NEXTEST",
    "RUST_TEST",
    "cfg(not(test",
    "cfg!(test)",
    "RSpec",
    "Minitest",
    "PHPUnit",
    "\"-test.",
    "flag.Lookup(\"test",
    "Test::More",
    "Test::Builder",
    "gc.get_objects",
    "BATS_",
    "[() {",
];

/// By these code ends a program as if all was well. A runner that counts its tests tells that some did not end.
const EXITS: [&str; 6] = ["exit(0)", "Exit(0)", "exit(EXIT_SUCCESS)", "process.exit()", "sys.exit()", "exitProcess(0)"];

/// What a change adds to code that is no test and names a test runner, in words; `None` if nothing.
pub(crate) fn names_runner(path: &str, before: Option<&str>, after: Option<&str>) -> Option<String> {
    let found = added_words(path, before, after, &RUNNERS, loads_hidden);
    (!found.is_empty()).then(|| format!("code in '{path}' names what runs tests: {}", enumerate(&found)))
}

/// Where a change has code that is no test end the process with success, in words; `None` if nowhere.
pub(crate) fn ends_process(path: &str, before: Option<&str>, after: Option<&str>) -> Option<String> {
    let found = added_words(path, before, after, &EXITS, |_| false);
    (!found.is_empty()).then(|| format!("code in '{path}' ends the process with success: {}", enumerate(&found)))
}

/// Those of `words` that a change adds to code that is no test. A line that `loads_hidden` counts, too.
fn added_words<'w>(
    path: &str,
    before: Option<&str>,
    after: Option<&str>,
    words: &[&'w str],
    loads_hidden: impl Fn(&str) -> bool,
) -> Vec<&'w str> {
    let documents = [".md", ".txt", ".rst", ".adoc", ".json", ".toml", ".yml", ".yaml", ".lock", ".cfg", ".ini"];
    if role(path) != Role::Other || documents.iter().any(|end| path.ends_with(end)) {
        return Vec::new();
    }
    let (before, after) = (before.unwrap_or_default(), after.unwrap_or_default());
    let old: Vec<&str> = before.lines().map(str::trim).collect();
    let in_tests = test_lines(after);
    let marks = ["#", "//", "*", "/*", "--", ";"];
    let is_comment = |line: &str| !line.starts_with("#[") && marks.iter().any(|mark| line.starts_with(mark));
    let new = after.lines().zip(in_tests).filter(|(_, in_test)| !in_test).map(|(line, _)| line.trim());
    let mut named: Vec<&str> = Vec::new();
    for line in new.filter(|line| !is_comment(line) && !old.contains(line)) {
        named.extend(words.iter().filter(|word| line.contains(**word)));
        if loads_hidden(line) {
            named.push("a module by a name that is put together");
        }
    }
    named.sort_unstable();
    named.dedup();
    named
}

/// Whether a line loads a module whose name it puts together from pieces, so that no reader finds it.
fn loads_hidden(line: &str) -> bool {
    ["import_module(", "__import__(", "require(", "import("].iter().any(|load| {
        let argument = line.split_once(load).map(|(_, rest)| rest.split(')').next().unwrap_or_default());
        let pieces = argument.map(|argument| argument.split('+').map(str::trim).collect::<Vec<_>>());
        pieces.is_some_and(|pieces| pieces.len() > 1 && pieces.iter().all(|piece| piece.starts_with(['"', '\''])))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_that_looks_for_a_runner_is_named() {
        let evil = "import unittest\nunittest.TestCase.assertEqual = None\ndef add(a, b): return a\n";
        let named = "code in 'calc.py' names what runs tests: unittest";
        assert_eq!(names_runner("calc.py", Some("def add(a, b): return a\n"), Some(evil)).as_deref(), Some(named));
        for line in [
            "u = importlib.import_module(\"unit\" + \"test\")",
            "const a = require('ass' + 'ert');",
            "if strings.HasPrefix(a, \"-test.\") {",
            "[() { return 0; }",
            "package Test::More;",
            "#[cfg(not(test))]",
        ] {
            assert!(names_runner("calc.x", Some(""), Some(line)).is_some(), "{line}");
        }
        for line in ["m = import_module(name)", "require(dir + '/x')", "import_module('a.b')", "latest() {"] {
            assert_eq!(names_runner("calc.x", Some(""), Some(line)), None, "{line}");
        }
        for (path, before, after) in [
            ("test_calc.py", "", evil),
            ("calc.py", evil, evil),
            ("README.md", "", evil),
            ("calc.py", "", "# as unittest has it\ndef add(a, b): return a\n"),
            ("src/a.rs", "fn a() {}\n", "fn a() {}\n#[cfg(test)]\nmod tests {\n    use pytest::x;\n}\n"),
        ] {
            assert_eq!(names_runner(path, Some(before), Some(after)), None, "{path}: {after}");
        }
    }

    #[test]
    fn code_that_ends_the_process_with_success_is_named() {
        let named = |path: &str, after: &str| ends_process(path, Some("exit(0)\n"), Some(after));
        let said = "code in 'calc.go' ends the process with success: Exit(0)";
        assert_eq!(named("calc.go", "func init() {\n\tos.Exit(0)\n}\n").as_deref(), Some(said));
        for (path, after) in
            [("calc.c", "// exit(0)\nexit(1);\n"), ("calc_test.go", "os.Exit(0)\n"), ("calc.py", "exit(0)\n")]
        {
            assert_eq!(named(path, after), None, "{path}: {after}");
        }
    }
}
