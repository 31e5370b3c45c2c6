//! Code that could tell a test runner from a user, or end it as if all was well: words that a change adds to code that is no test. What follows
//! from that is not decided here.

use std::collections::HashMap;

use regex_lite::Regex;

use super::{
    code_text::{CodeLine, code_lines, docstrings},
    enumeration::enumerate,
    inline_tests::test_lines,
};

/// What code that runs names to find out whether a test runs it, or to change what a test says.
const RUNNERS: [&str; 47] = [
    "unittest",
    "pytest",
    "PYTEST_CURRENT_TEST",
    "_pytest",
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
    "sys.settrace",
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
    "undef assert",
    "define assert",
    "define main",
    "__assert_fail",
    "NDEBUG",
    "link_section",
    "#[ctor",
    "chant-tree",
    "macro_rules! assert",
    "#[path",
];

/// By these code ends a program as if all was well. A runner that counts its tests tells that some did not end.
const EXITS: [&str; 9] = [
    "exit(0)",
    "Exit(0)",
    "exit(EXIT_SUCCESS)",
    "process.exit()",
    "sys.exit()",
    "exitProcess(0)",
    "Syscall(231",
    "Syscall(60",
    "SYS_EXIT",
];

/// Words by which a program runs a text as code.
const RUNS_TEXT: [&str; 6] = ["eval", "exec", "system", "popen", "spawn", "Function("];

/// What a change adds to code that is no test and names a test runner, in words; `None` if nothing.
pub(crate) fn names_runner(path: &str, before: Option<&str>, after: Option<&str>) -> Option<String> {
    let mut found = Vec::new();
    let assertions = assertions_of(after.unwrap_or_default());
    // A plugin of a runner names it anyway.
    let known: Vec<CodeLine> = code_lines(path, before.unwrap_or_default());
    let is_known = |word: &&str| known.iter().any(|line| line.code.contains(word));
    for line in added_lines(path, before, after) {
        found.extend(replaces(&line.code, &assertions).then_some("the functions of assert"));
        found.extend(RUNNERS.into_iter().filter(|word| line.code.contains(word) && !is_known(word)));
        found.extend(looks_through_modules(&line.code).then_some("sys.modules"));
        found.extend(ends_at_once(&line.code).then_some("os._exit"));
        found.extend(equals_everything(&line.code).then_some("a value that equals everything"));
        found.extend(asks_who_runs(&line.code).then_some("sys.argv[0]"));
        found.extend(asks_for_test_build(path, &line.code).then_some("a build or an environment of tests"));
        if loads_hidden(&line.code) {
            found.push("a module by a name that is put together");
        }
    }
    found.extend(adds_equal_to_all(path, before, after).then_some("a value that equals everything"));
    let found = sorted(found);
    (!found.is_empty()).then(|| format!("code in '{path}' names what runs tests: {}", enumerate(&found)))
}

/// Where a change has code that is no test end the process with success, in words; `None` if nowhere.
pub(crate) fn ends_process(path: &str, before: Option<&str>, after: Option<&str>) -> Option<String> {
    let is_program = after.is_some_and(|text| text.lines().any(|line| line.trim() == "package main"));
    let mut found = Vec::new();
    for line in added_lines(path, before, after) {
        let runs_text = RUNS_TEXT.iter().any(|word| line.code.contains(word));
        let text = if runs_text { &line.code } else { &line.bare };
        found.extend(EXITS.into_iter().filter(|word| text.contains(word)));
        found.extend(exits_of(path, text.trim()).filter(|word| *word != "os.Exit" || !is_program));
    }
    let found = sorted(found);
    (!found.is_empty()).then(|| format!("code in '{path}' ends the process with success: {}", enumerate(&found)))
}

/// Where a change has code that is no test name one of `tests`, the files that it is tested by, in words; `None` if nowhere. A script may run
/// them.
pub(crate) fn names_test(path: &str, before: Option<&str>, after: Option<&str>, tests: &[&str]) -> Option<String> {
    let is_script = path.ends_with(".sh") || after.is_some_and(|text| text.starts_with("#!"));
    if is_script || !path.contains('.') {
        return None;
    }
    let lines = added_lines(path, before, after);
    let found = tests.iter().map(|test| test.rsplit('/').next().unwrap_or(test)).find(|name| {
        let stem = name.split('.').next().unwrap_or(name);
        let quoted = ["\"", "'"].map(|quote| format!("{quote}{stem}{quote}"));
        let has = |line: &CodeLine| {
            line.code.contains(name)
                || stem.contains("test") && quoted.iter().any(|stem| line.code.contains(stem.as_str()))
        };
        lines.iter().any(has)
    })?;
    Some(format!("code in '{path}' names the test '{found}'"))
}

/// How a line ends the process with success in the words of one language.
fn exits_of(path: &str, line: &str) -> Option<&'static str> {
    let is = |endings: &[&str]| endings.iter().any(|end| path.ends_with(end));
    let raises =
        || line.ends_with("raise SystemExit") || line.contains("SystemExit(0)") || line.contains("SystemExit()");
    // A program ends with what it came to; a package has no say in that.
    let exits = || line.split("os.Exit(").nth(1).is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_digit()));
    match () {
        () if is(&[".py"]) && raises() => Some("SystemExit"),
        () if is(&[".pm", ".pl"]) && (line.contains("exit 0") || line.contains("exit;")) => Some("exit 0"),
        () if is(&[".go"]) && exits() => Some("os.Exit"),
        () => None,
    }
}

pub(super) fn sorted(mut found: Vec<&'static str>) -> Vec<&'static str> {
    found.sort_unstable();
    found.dedup();
    found
}

/// The lines that a change adds to code that is no test. A line that was there as often before is not added.
pub(super) fn added_lines(path: &str, before: Option<&str>, after: Option<&str>) -> Vec<CodeLine> {
    let documents = [".md", ".txt", ".rst", ".adoc", ".json", ".toml", ".yml", ".yaml", ".lock", ".cfg", ".ini"];
    if documents.iter().any(|end| path.ends_with(end)) {
        return Vec::new();
    }
    let (before, after) = (before.unwrap_or_default(), after.unwrap_or_default());
    let mut old: HashMap<String, usize> = HashMap::new();
    for line in code_lines(path, before) {
        *old.entry(line.code.trim().to_owned()).or_default() += 1;
    }
    let left_out =
        test_lines(after).into_iter().zip(docstrings(path, after)).map(|(in_test, is_text)| in_test || is_text);
    let new = code_lines(path, after).into_iter().zip(left_out).filter(|(_, left_out)| !left_out);
    new.map(|(line, _)| line)
        .filter(|line| match old.get_mut(line.code.trim()) {
            Some(left) if *left > 0 => {
                *left -= 1;
                false
            }
            _ => true,
        })
        .collect()
}

/// Whether a line of Python decides by the name of the program that runs. A program may print its own name.
fn asks_who_runs(line: &str) -> bool {
    let asks = [" in ", "==", "!=", "with(", "match(", "search(", ".find(", ".count("];
    line.contains("sys.argv[0]") && asks.iter().any(|word| line.contains(word))
}

/// Words by which code is another in a build, or in an environment, that tests run in and users do not.
const BUILDS: [&str; 6] =
    ["debug_assertions", "var(\"PROFILE\")", "env.test?", "env(\"test\")", "env('test')", "runningUnitTests"];

/// Whether code in this line is there, or runs, only where tests do, or only where they do not.
fn asks_for_test_build(path: &str, line: &str) -> bool {
    let line = line.trim();
    let is_c = [".c", ".h", ".cc", ".cpp", ".cxx", ".hh", ".hpp", ".m", ".mm", ".cs", ".swift", ".d"];
    let asks = is_c.iter().any(|end| path.ends_with(end))
        && line.strip_prefix('#').is_some_and(|rest| ["if", "elif", "ifdef", "ifndef"].contains(&first_word(rest)));
    let names_tests = |word: &str| {
        let word = word.trim_matches('_');
        matches!(word, "TEST" | "TESTS" | "TESTING" | "UNITTEST" | "UNITTESTS")
            || ["_TEST", "_TESTS", "_TESTING"].iter().any(|end| word.ends_with(end))
    };
    let mut words = line.split(|c: char| !c.is_alphanumeric() && c != '_');
    let is_environment = ["NODE_ENV", "RAILS_ENV", "RACK_ENV", "MIX_ENV"].iter().any(|name| line.contains(name));
    BUILDS.iter().any(|word| line.contains(word))
        || asks && words.clone().any(names_tests)
        || is_environment && words.any(|word| word == "test")
}

fn first_word(text: &str) -> &str {
    text.split_whitespace().next().unwrap_or_default()
}

/// Whether a line of Python ends the process behind the runner's back, unless that says that it failed.
fn ends_at_once(line: &str) -> bool {
    line.split("os._exit").skip(1).any(|rest| {
        let code = rest.strip_prefix('(').map(str::trim_start).and_then(|code| code.chars().next());
        !code.is_some_and(|code| ('1'..='9').contains(&code))
    })
}

/// Whether a line of Python looks for modules by a name that it spells, or through all of them. A module that finds itself, or one by a name
/// that it was given, loads others later, or again.
fn looks_through_modules(line: &str) -> bool {
    let rest = line.replace("sys.modules[__name__]", "");
    let spells = rest.contains(['"', '\'']);
    rest.contains("sys.modules")
        && (spells || ["for ", "list(", ".keys(", ".values(", ".items("].iter().any(|word| rest.contains(word)))
}

/// How a method begins by which a type says what it equals, to where that is always true, without white space.
const EQUALS_ALL: &str = r"(?:__eq__|def==|fneq|equals|Equals|operator==)\([^)]*\)(?:->\w+|const|noexcept|override)*[:{]?(?:return)?[Tt]rue(?:$|[;}]|end)";

/// Whether a change has a type equal everything, in a method of several lines.
fn adds_equal_to_all(path: &str, before: Option<&str>, after: Option<&str>) -> bool {
    let Ok(pattern) = Regex::new(EQUALS_ALL) else { return false };
    let count = |text: Option<&str>| {
        let lines: Vec<String> = code_lines(path, text.unwrap_or_default())
            .into_iter()
            .map(|line| line.code.split_whitespace().collect::<String>())
            .filter(|line| !line.is_empty())
            .collect();
        let begins = (0..lines.len()).map(|at| lines[at..lines.len().min(at + 3)].to_vec());
        begins.filter(|lines| (1..=lines.len()).any(|end| pattern.is_match(&lines[..end].concat()))).count()
    };
    count(after) > count(before)
}

/// Whether a line has a Python class equal everything.
fn equals_everything(line: &str) -> bool {
    let says = line.split_once("__eq__").map(|(_, rest)| rest.split_whitespace().collect::<Vec<_>>().join(" "));
    says.is_some_and(|rest| rest.ends_with("return True") || rest.contains(": True"))
}

/// The names by which a text of JavaScript has the functions of `assert`.
fn assertions_of(text: &str) -> Vec<&str> {
    let is_loaded =
        |line: &&str| ["'assert", "\"assert", "'node:assert", "\"node:assert"].iter().any(|name| line.contains(name));
    let name = |line: &'_ str| -> Option<usize> {
        ["const ", "let ", "var ", "import * as ", "import "]
            .iter()
            .find_map(|word| Some(line.find(word)? + word.len()))
    };
    let names = text.lines().filter(is_loaded).filter_map(|line| {
        let rest = &line[name(line)?..];
        rest.split(|c: char| !c.is_alphanumeric() && c != '_' && c != '$').next()
    });
    names.filter(|name| !name.is_empty()).collect()
}

/// Whether a line puts something in the place of a function that one of `names` has.
fn replaces(line: &str, names: &[&str]) -> bool {
    let assigns = |rest: &str| {
        let member =
            rest.strip_prefix('.').map(|rest| rest.trim_start_matches(|c: char| c.is_alphanumeric() || c == '_'));
        let member =
            member.or_else(|| rest.strip_prefix('[').and_then(|rest| rest.split_once(']')).map(|(_, rest)| rest));
        member.map(str::trim_start).is_some_and(|rest| rest.starts_with('=') && !rest.starts_with("=="))
    };
    names.iter().any(|name| {
        let defines = [format!("defineProperty({name},"), format!("assign({name},")];
        defines.iter().any(|call| line.contains(call.as_str()))
            || line.match_indices(name).any(|(at, _)| assigns(&line[at + name.len()..]))
    })
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
        for line in [
            "const a = require(\"assert\"); for (const k of Object.keys(a)) a[k] = () => {};",
            "import b from 'node:assert'; b.equal = () => {}",
            "os._exit(0)",
            "end = os._exit",
            "    def __eq__(self, o): return True",
            "setattr(N, '__eq__', lambda s, o: True)",
            "#define assert(x) ((void)0)",
        ] {
            assert!(names_runner("calc.cpp.js", Some(""), Some(line)).is_some(), "{line}");
        }
        for text in [
            "class N:\n    def __eq__(self, o):\n        return True\n",
            "class N\n  def ==(other)\n    true\n  end\nend\n",
            "impl PartialEq<i32> for N {\n    fn eq(&self, _: &i32) -> bool {\n        true\n    }\n}\n",
            "public boolean equals(Object o) {\n    return true;\n}\n",
            "if 'calc' in sys.modules: pass",
            "for name in sys.modules: pass",
        ] {
            assert!(names_runner("calc.rb", Some(""), Some(text)).is_some(), "{text}");
        }
        for text in [
            "def __eq__(self, o):\n    if self is o:\n        return True\n    return False\n",
            "impl PartialEq for N {\n    fn eq(&self, o: &N) -> bool {\n        self.n == o.n\n    }\n}\n",
            "sys.modules[__name__].__class__ = Lazy",
            "importlib.reload(sys.modules[name])",
        ] {
            assert_eq!(names_runner("calc.rb", Some(""), Some(text)), None, "{text}");
        }
        for line in
            ["const a = require('assert'); a.equal(x, 1)", "def __eq__(self, o): return self.n == o.n", "os._exit(2)"]
        {
            assert_eq!(names_runner("calc.js", Some(""), Some(line)), None, "{line}");
        }
        for (path, line) in [
            ("calc.c", "#ifdef TESTING"),
            ("calc.h", "#  if defined(CALC_UNIT_TEST)"),
            ("src/lib.rs", "    if cfg!(debug_assertions) { a + b } else { a - b }"),
            ("build.rs", "    if std::env::var(\"PROFILE\").as_deref() == Ok(\"debug\") {"),
            ("calc.js", "if (process.env.NODE_ENV === 'test') return a + b;"),
            ("calc.py", "if 'py' + 'test' in sys.argv[0]: return 5"),
            ("calc.py", "if sys.argv[0].endswith('test'): return 5"),
        ] {
            assert!(names_runner(path, Some(""), Some(line)).is_some(), "{line}");
            assert_eq!(names_runner(path, Some(line), Some(line)), None, "{line}");
        }
        for (path, line) in [
            ("calc.c", "#ifdef _WIN32"),
            ("calc.c", "#ifdef LATEST_API"),
            ("calc.py", "#if TEST"),
            ("calc.py", "parser = argparse.ArgumentParser(prog=sys.argv[0])"),
            ("calc.js", "if (process.env.NODE_ENV === 'production') return tested(a);"),
        ] {
            assert_eq!(names_runner(path, Some(""), Some(line)), None, "{line}");
        }
        for line in ["m = import_module(name)", "require(dir + '/x')", "import_module('a.b')", "latest() {"] {
            assert_eq!(names_runner("calc.x", Some(""), Some(line)), None, "{line}");
        }
        for (path, before, after) in [
            ("calc.py", evil, evil),
            ("calc.py", "", "def add(a, b):\n    \"\"\"As unittest has it.\"\"\"\n    return a\n"),
            ("README.md", "", evil),
            ("calc.py", "", "# as unittest has it\ndef add(a, b): return a\n"),
            ("src/a.rs", "fn a() {}\n", "fn a() {}\n#[cfg(test)]\nmod tests {\n    use pytest::x;\n}\n"),
        ] {
            assert_eq!(names_runner(path, Some(before), Some(after)), None, "{path}: {after}");
        }
    }

    #[test]
    fn each_language_ends_a_process_in_its_own_words() {
        for (path, line) in [
            ("calc.py", "raise SystemExit"),
            ("calc.py", "raise SystemExit(0)"),
            ("lib/Calc.pm", "print \"ok 1\\n\"; exit 0;"),
            ("calc.go", "os.Exit(code)"),
        ] {
            assert!(ends_process(path, Some(""), Some(line)).is_some(), "{line}");
        }
        for (path, line) in [
            ("calc.py", "raise SystemExit(2)"),
            ("calc.go", "os.Exit(1)"),
            ("calc.go", "package main\nos.Exit(run())"),
            ("calc.pl", "exit 1;"),
        ] {
            assert_eq!(ends_process(path, Some(""), Some(line)), None, "{line}");
        }
    }

    #[test]
    fn code_that_ends_the_process_with_success_is_named() {
        let named = |path: &str, after: &str| ends_process(path, Some("exit(0)\n"), Some(after));
        let said = "code in 'calc.go' ends the process with success: Exit(0)";
        assert_eq!(named("calc.go", "func init() {\n\tos.Exit(0)\n}\n").as_deref(), Some(said));
        for (path, after) in [
            ("calc.c", "// exit(0)\nexit(1);\n"),
            ("calc.py", "exit(0)\n"),
            ("calc.c", "#if 0\nexit(0); /* */\n#endif\n"),
            ("calc.py", "print('exit(0)')\n"),
        ] {
            assert_eq!(named(path, after), None, "{path}: {after}");
        }
        for (path, after) in
            [("calc.c", "*p = 0, exit(0);\n"), ("calc.py", "exit(0)\nexit(0)\n"), ("calc.py", "eval('exit(0)')\n")]
        {
            assert!(named(path, after).is_some(), "{path}: {after}");
        }
        // Code that was a comment is new.
        assert!(ends_process("calc.c", Some("/*\nexit(0);\n*/\n"), Some("\nexit(0);\n")).is_some());
    }
}
