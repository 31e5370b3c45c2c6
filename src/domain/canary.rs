//! Copies of tests that fail at their end, whatever the code under test does: a run of them that passes reports nothing about tests.
//!
//! Nothing is parsed: the words that begin a test tell, and the indentation that formatters leave tells where it ends.

use super::{
    expectation::otherwise,
    inline_tests::{end_of_block, indent},
};

/// How tests of one language begin, and what makes one of them fail.
struct Language {
    /// The endings of its files.
    endings: &'static [&'static str],
    /// How the line begins that begins a test.
    begins: &'static [&'static str],
    /// By these a line says that the function below it is a test.
    announces: &'static [&'static str],
    /// A statement that fails; `{}` stands for the parameter that the line of the test names first.
    fails: &'static str,
    /// Whether what a block came to is its last line.
    has_values: bool,
}

const MESSAGE: &str = "this copy of the test has to fail";

/// The languages.
const LANGUAGES: [Language; 10] = [
    Language {
        endings: &[".py"],
        begins: &["def test", "async def test"],
        announces: &[],
        fails: "assert 1 == 2, \"{m}\"",
        has_values: false,
    },
    Language {
        endings: &[".js", ".cjs", ".mjs", ".jsx", ".ts", ".tsx", ".mts", ".cts"],
        begins: &["it(", "test(", "specify(", "it.each", "test.each", "Deno.test("],
        announces: &[],
        fails: "throw new Error(\"{m}\");",
        has_values: false,
    },
    Language {
        endings: &[".rs"],
        begins: &[],
        announces: &["#[test]", "#[tokio::test", "#[async_std::test", "#[rstest"],
        fails: "panic!(\"{m}\");",
        has_values: true,
    },
    Language {
        endings: &["_test.go"],
        begins: &["func Test"],
        announces: &[],
        fails: "{}.Fatal(\"{m}\")",
        has_values: false,
    },
    Language {
        endings: &[".rb"],
        begins: &["it ", "it(", "specify ", "example ", "test ", "def test_"],
        announces: &[],
        fails: "raise \"{m}\"",
        has_values: false,
    },
    Language {
        endings: &[".php"],
        begins: &["public function test", "function test", "it(", "test("],
        announces: &["#[Test]"],
        fails: "throw new \\Exception(\"{m}\");",
        has_values: false,
    },
    Language {
        endings: &[".java"],
        begins: &[],
        announces: &["@Test"],
        fails: "throw new AssertionError(\"{m}\");",
        has_values: false,
    },
    Language {
        endings: &[".kt"],
        begins: &[],
        announces: &["@Test"],
        fails: "throw AssertionError(\"{m}\")",
        has_values: false,
    },
    Language { endings: &[".exs"], begins: &["test \""], announces: &[], fails: "flunk(\"{m}\")", has_values: false },
    Language { endings: &[".bats"], begins: &["@test "], announces: &[], fails: "false", has_values: false },
];

/// By these a test is expected to fail: one that does says nothing then.
const EXPECTED: [&str; 6] = ["should_panic", "xfail", "expectedFailure", ".failing(", "expectException", "# TODO"];

/// A copy of the file of tests at `path` in which each test fails at its end; `is_run` says that a command runs the file as a script. `None`
/// where no test is found, or where the end of one may not be reached.
pub(crate) fn failing(path: &str, text: &str, is_run: bool) -> Option<String> {
    if EXPECTED.iter().any(|word| text.contains(word)) {
        return None;
    }
    let language = LANGUAGES.iter().find(|language| language.endings.iter().any(|ending| path.ends_with(ending)));
    if let Some(copy) = language.and_then(|language| language.failing(path, text)) {
        return copy;
    }
    examples(path, text).or_else(|| program(path, text)).or_else(|| script(path, text, is_run))
}

/// A copy of the file of tests at `path` in which each test expects another value than the last that is written there; `None` where one has
/// none that is sure to be reached.
pub(crate) fn expecting_otherwise(path: &str, text: &str) -> Option<String> {
    if EXPECTED.iter().any(|word| text.contains(word)) {
        return None;
    }
    let lines: Vec<&str> = text.lines().collect();
    let language = LANGUAGES.iter().find(|language| language.endings.iter().any(|ending| path.ends_with(ending)));
    if let Some(language) = language.filter(|language| !language.tests(&lines).is_empty()) {
        return language.expecting_otherwise(&lines);
    }
    let all = match () {
        () if path.ends_with(".t") && text.contains("Test::") => 0..lines.len(),
        () if C_PROGRAMS.iter().any(|ending| path.ends_with(ending)) => {
            let main = lines.iter().position(|line| line.starts_with("int main("))?;
            main + 1..end_of_block(&lines, main)
        }
        () => return None,
    };
    let depth = lines[all.clone()].iter().find(|line| indent(line) > 0).map_or(0, |line| indent(line));
    let depth = if path.ends_with(".t") { 0 } else { depth };
    let mut top = all.clone().rev().filter(|line| indent(lines[*line]) == depth);
    let (line, other) = top.find_map(|line| Some((line, otherwise(lines[line], &lines[line + 1..all.end])?)))?;
    let mut out = lines.clone();
    out[line] = &other;
    Some(out.join("\n") + "\n")
}

impl Language {
    /// The copy; `None` where no test begins.
    fn failing(&self, path: &str, text: &str) -> Option<Option<String>> {
        let lines: Vec<&str> = text.lines().collect();
        let mut out: Vec<String> = lines.iter().map(ToString::to_string).collect();
        let tests = self.tests(&lines);
        if tests.is_empty() {
            return None;
        }
        let any: Vec<_> = tests.iter().filter_map(|(at, end)| self.insertion(path, text, &lines, *at, *end)).collect();
        // The one that a command runs may be one of the others.
        let is_whole = any.len() == tests.len();
        for (insertion, statement) in any.into_iter().rev() {
            match insertion {
                Insertion::Before(line) => out.insert(line, statement),
                Insertion::Within(line, column) => out[line].insert_str(column, &statement),
            }
        }
        Some(is_whole.then(|| out.join("\n") + "\n"))
    }

    /// A copy in which the last value that each test expects is another; `None` where one expects none.
    fn expecting_otherwise(&self, lines: &[&str]) -> Option<String> {
        let mut out: Vec<String> = lines.iter().map(ToString::to_string).collect();
        let tests = self.tests(lines);
        for (at, end) in &tests {
            let body = self.header(lines, *at) + 1..*end;
            let depth = body.clone().find(|line| !lines[*line].trim().is_empty()).map(|line| indent(lines[line]))?;
            // What is deeper may not be reached.
            let top = body.rev().filter(|line| indent(lines[*line]) == depth);
            let (line, other) =
                top.filter_map(|line| Some((line, otherwise(lines[line], &lines[line + 1..*end])?))).next()?;
            out[line] = other;
        }
        (!tests.is_empty()).then(|| out.join("\n") + "\n")
    }

    /// The first line of each test, and the one after its last.
    fn tests(&self, lines: &[&str]) -> Vec<(usize, usize)> {
        let (mut at, mut found, mut announced) = (0, Vec::new(), false);
        while at < lines.len() {
            let line = lines[at].trim_start();
            if line.starts_with(['#', '@']) || line.starts_with("//") {
                announced |= self.announces.iter().any(|word| line.starts_with(word));
            }
            let begins = self.begins.iter().any(|word| line.starts_with(word))
                || announced && ["fn ", "fun ", "void ", "function "].iter().any(|word| line.contains(word));
            if begins {
                let end = end_of_block(lines, self.header(lines, at));
                found.push((at, end));
                announced = false;
                at = end.max(at + 1);
                continue;
            }
            if !line.is_empty() && !line.starts_with(['#', '@', '/', '*', ')']) {
                announced = false;
            }
            at += 1;
        }
        found
    }

    /// The last line of what stands before the body of a test that begins at `at`.
    fn header(&self, lines: &[&str], at: usize) -> usize {
        let is_python = self.endings == [".py"];
        let ends = |line: &usize| without_comment(lines[*line]).ends_with(':');
        let opens = is_python && lines[at].trim_end().ends_with(['(', ',']);
        if opens { (at..lines.len()).find(ends).unwrap_or(at) } else { at }
    }

    /// Where in the test from line `at` to `end` a statement fails, and that statement.
    fn insertion(&self, path: &str, text: &str, lines: &[&str], at: usize, end: usize) -> Option<(Insertion, String)> {
        let statement = self.statement(text, lines[at])?;
        let is_python = path.ends_with(".py");
        // All of it may stand in one line.
        let Some(header) = (end > at + 1).then(|| self.header(lines, at)) else {
            return match lines[at].rfind('}') {
                Some(column) => Some((Insertion::Within(at, column), format!(" ; {statement} "))),
                None if is_python => {
                    Some((Insertion::Within(at, lines[at].trim_end().len()), format!("; {statement}")))
                }
                None => None,
            };
        };
        let body = (header + 1..end).filter(|line| !lines[*line].trim().is_empty());
        let depth = body.clone().map(|line| indent(lines[line])).next()?;
        let last = if is_python { end } else { end - 1 };
        if !is_python && indent(lines[last]) >= depth {
            return None;
        }
        // What comes after a value is not reached, or no statement.
        let top = body.filter(|line| *line < last && indent(lines[*line]) == depth).collect::<Vec<_>>();
        let returns = |line: &str| {
            let line = line.trim();
            ["return", "raise", "next ", "Ok("].iter().any(|word| line.starts_with(word)) || line == "next"
        };
        let is_value = |line: &str| self.has_values && !line.trim_end().ends_with([';', '}', ',', ')', ']']);
        let before = top.iter().copied().find(|line| returns(lines[*line]));
        let before = before.or_else(|| top.last().copied().filter(|line| is_value(lines[*line])));
        Some((
            Insertion::Before(before.unwrap_or(last)),
            format!("{}{statement}", &lines[top.first().copied()?][..depth]),
        ))
    }

    /// The statement that fails in the test that this line begins.
    fn statement(&self, text: &str, line: &str) -> Option<String> {
        let asks = self.endings == [".py"] && line.contains("(self") && text.contains("TestCase");
        let fails = if asks { "self.assertEqual(1, 2, \"{m}\")" } else { self.fails }.replace("{m}", MESSAGE);
        let parameter = line.split_once('(').map(|(_, rest)| rest);
        let parameter = parameter.and_then(|rest| rest.split(|c: char| !c.is_alphanumeric() && c != '_').next());
        match fails.contains("{}") {
            true => Some(fails.replace("{}", parameter.filter(|name| !name.is_empty() && *name != "_")?)),
            false => Some(fails),
        }
    }
}

/// Where a statement goes.
enum Insertion {
    /// On a line of its own before this one.
    Before(usize),
    /// Into a line, at a byte.
    Within(usize, usize),
}

fn without_comment(line: &str) -> &str {
    line.split(" #").next().unwrap_or(line).trim_end()
}

/// A copy with an example of Python that fails beside each that is there.
fn examples(path: &str, text: &str) -> Option<String> {
    let first = |line: &str| path.ends_with(".py") && line.trim_start().starts_with(">>> ");
    text.lines().any(first).then(|| {
        let mut out = String::new();
        let mut before = false;
        for line in text.lines() {
            if first(line) && !before {
                let margin = &line[..indent(line)];
                out.push_str(&format!("{margin}>>> 1  # {MESSAGE}\n{margin}2\n"));
            }
            before = !line.trim().is_empty();
            out.push_str(&format!("{line}\n"));
        }
        out
    })
}

/// The endings of programs of C.
const C_PROGRAMS: [&str; 4] = [".c", ".cc", ".cpp", ".cxx"];

/// A copy of a program of C that fails before it says how it ends, or of a test by the words of a library.
fn program(path: &str, text: &str) -> Option<String> {
    if !C_PROGRAMS.iter().any(|ending| path.ends_with(ending)) {
        return None;
    }
    let lines: Vec<&str> = text.lines().collect();
    let main = lines.iter().position(|line| line.starts_with("int main("))?;
    let end = end_of_block(&lines, main);
    let returns = (main..end).rev().find(|line| lines[*line].trim_start().starts_with("return "))?;
    let mut out = lines.clone();
    out.insert(returns, "return 1;");
    Some(out.join("\n") + "\n")
}

/// A copy of a script that fails at its end, where it gets there.
fn script(path: &str, text: &str, is_run: bool) -> Option<String> {
    let is = |endings: &[&str]| endings.iter().any(|ending| path.ends_with(ending));
    if is(&[".t"]) || is(&[".pl"]) && is_run {
        let ends = text.lines().any(|line| line.starts_with("exit") || line.starts_with("__END__"));
        let fails = format!("ok(0, \"{MESSAGE}\");\n");
        return match text.rfind("\ndone_testing") {
            _ if ends || !text.contains("Test::") => None,
            Some(at) => Some(format!("{}\n{fails}{}", &text[..at], &text[at + 1..])),
            None => Some(format!("{text}\n{fails}")),
        };
    }
    if !is_run {
        return None;
    }
    let ends_itself = |line: &str, words: &[&str]| words.iter().any(|word| line.contains(word));
    if is(&[".py"]) && !text.lines().any(|line| ends_itself(line, &["exit(", "exit\n", "SystemExit"])) {
        return Some(format!("{text}\nraise AssertionError(\"{MESSAGE}\")\n"));
    }
    if is(&[".js", ".mjs", ".cjs"]) && !text.contains("process.exit") {
        return Some(format!("{text}\nthrow new Error(\"{MESSAGE}\");\n"));
    }
    let is_shell = is(&[".sh"]) || !path.rsplit('/').next().is_some_and(|name| name.contains('.'));
    let is_shell =
        is_shell && (text.starts_with("#!/bin/sh") || text.starts_with("#!/bin/bash") || !text.starts_with("#!"));
    // An exit that depends on nothing, and a command in the place of the shell, end it before.
    let ends = |line: &str| {
        let line = line.trim_start();
        ["exit", "exec ", "return", "trap "].iter().any(|word| line.starts_with(word)) && line != "exit 1"
    };
    if !is_shell || text.lines().any(ends) || text.contains("<<") {
        return None;
    }
    let uses = |word: &str| {
        text.lines().any(|line| {
            line.split(['&', '|', ';']).any(|part| {
                let part = part.trim_start().trim_start_matches("if ").trim_start_matches("! ");
                part.starts_with(word)
            })
        })
    };
    let asks: Vec<&str> = [("test ", "test 1 = 2"), ("[ ", "[ 1 = 2 ]")]
        .into_iter()
        .filter(|(word, _)| uses(word))
        .map(|(_, ask)| ask)
        .collect();
    let asks = if asks.is_empty() { "false".to_owned() } else { asks.join(" || ") };
    Some(format!("{text}\n{asks} || exit 1\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn is(path: &str, text: &str, expected: &str) {
        let copy = failing(path, text, true).map(|copy| copy.replace(MESSAGE, "m"));
        assert_eq!(copy.as_deref(), Some(expected), "{path}: {text}");
    }

    #[test]
    fn each_test_fails_at_its_end() {
        is(
            "test_a.py",
            "import unittest, a\nclass T(unittest.TestCase):\n    def test_a(self):\n        x = 1\n\n        self.assertEqual(x, 1)\n\n    def test_b(self): pass\n",
            "import unittest, a\nclass T(unittest.TestCase):\n    def test_a(self):\n        x = 1\n\n        self.assertEqual(x, 1)\n        self.assertEqual(1, 2, \"m\")\n\n    def test_b(self): pass; self.assertEqual(1, 2, \"m\")\n",
        );
        is(
            "test_a.py",
            "def test_a(\n    tmp_path,\n):\n    if x:\n        return\n    assert a\n    return\n",
            "def test_a(\n    tmp_path,\n):\n    if x:\n        return\n    assert a\n    assert 1 == 2, \"m\"\n    return\n",
        );
        is(
            "a.test.js",
            "describe('a', () => {\n  it('b', () => {\n    f();\n  });\n});\ntest('c', () => { g(); });\n",
            "describe('a', () => {\n  it('b', () => {\n    f();\n    throw new Error(\"m\");\n  });\n});\ntest('c', () => { g();  ; throw new Error(\"m\"); });\n",
        );
        is(
            "src/a.rs",
            "fn a() {}\n#[cfg(test)]\nmod tests {\n    #[test]\n    fn b() -> Result<()> {\n        c()?;\n        Ok(())\n    }\n}\n",
            "fn a() {}\n#[cfg(test)]\nmod tests {\n    #[test]\n    fn b() -> Result<()> {\n        c()?;\n        panic!(\"m\");\n        Ok(())\n    }\n}\n",
        );
        is(
            "a_test.go",
            "func TestA(t *testing.T) {\n\tif A() != 1 {\n\t\tt.Fatal()\n\t}\n}\n",
            "func TestA(t *testing.T) {\n\tif A() != 1 {\n\t\tt.Fatal()\n\t}\n\tt.Fatal(\"m\")\n}\n",
        );
        is("a_spec.rb", "it \"a\" do\n  b\nend\n", "it \"a\" do\n  b\n  raise \"m\"\nend\n");
        is(
            "ATest.java",
            "@Test\nvoid a() {\n    b();\n}\n",
            "@Test\nvoid a() {\n    b();\n    throw new AssertionError(\"m\");\n}\n",
        );
        is("a.bats", "@test \"a\" {\n  run b\n}\n", "@test \"a\" {\n  run b\n  false\n}\n");
    }

    #[test]
    fn examples_programs_and_scripts_fail_too() {
        is(
            "a.py",
            "def a():\n    \"\"\"A.\n\n    >>> a()\n    1\n    \"\"\"\n",
            "def a():\n    \"\"\"A.\n\n    >>> 1  # m\n    2\n    >>> a()\n    1\n    \"\"\"\n",
        );
        is(
            "t.c",
            "int main(void) {\n  assert(a());\n  return 0;\n}\n",
            "int main(void) {\n  assert(a());\nreturn 1;\n  return 0;\n}\n",
        );
        is(
            "t/a.t",
            "use Test::More;\nok(a());\ndone_testing;\n",
            "use Test::More;\nok(a());\nok(0, \"m\");\ndone_testing;\n",
        );
        is(
            "t.sh",
            ". ./a.sh\ntest \"$(a)\" = 5 || exit 1\n",
            ". ./a.sh\ntest \"$(a)\" = 5 || exit 1\n\ntest 1 = 2 || exit 1\n",
        );
        is("check.py", "import a\nassert a.a()\n", "import a\nassert a.a()\n\nraise AssertionError(\"m\")\n");
    }

    #[test]
    fn each_test_expects_another_value() {
        for (path, text, expected) in [
            (
                "test_a.py",
                "def test_a():\n    assert a(1) == 1\n    assert a(2) == 5\n\ndef test_b():\n    for x in y:\n        assert x == 1\n    assert a(2) == 6\n",
                "def test_a():\n    assert a(1) == 1\n    assert a(2) == 75\n\ndef test_b():\n    for x in y:\n        assert x == 1\n    assert a(2) == 76\n",
            ),
            (
                "a_test.go",
                "func TestA(t *testing.T) {\n\tif A() != 1 {\n\t\tt.Fatal()\n\t}\n}\n",
                "func TestA(t *testing.T) {\n\tif A() != 71 {\n\t\tt.Fatal()\n\t}\n}\n",
            ),
            (
                "t.c",
                "int main(void) {\n    assert(a() == 1);\n    return 0;\n}\n",
                "int main(void) {\n    assert(a() == 71);\n    return 0;\n}\n",
            ),
            (
                "t/a.t",
                "use Test::More;\nis(a(), 1);\ndone_testing;\n",
                "use Test::More;\nis(a(), 71);\ndone_testing;\n",
            ),
        ] {
            assert_eq!(expecting_otherwise(path, text).as_deref(), Some(expected), "{path}: {text}");
        }
        for (path, text) in [
            ("test_a.py", "def test_a():\n    assert a(1) == 1\n\ndef test_b():\n    a(2)\n"),
            ("test_a.py", "def test_a():\n    if x:\n        assert a(1) == 1\n"),
            ("test_a.py", "@pytest.mark.xfail\ndef test_a():\n    assert a(1) == 1\n"),
            ("a.json", "{}"),
        ] {
            assert_eq!(expecting_otherwise(path, text), None, "{path}: {text}");
        }
    }

    #[test]
    fn what_may_not_be_reached_has_no_copy() {
        for (path, text) in [
            ("test_a.py", "@unittest.expectedFailure\ndef test_a():\n    assert False\n"),
            ("a.rs", "#[test]\n#[should_panic]\nfn a() {\n    b();\n}\n"),
            ("a.test.js", "test('a', () => expect(1).toBe(1))\n"),
            ("t.sh", "a || exit 1\nexit 0\n"),
            ("check.py", "import sys, a\nsys.exit(a.a())\n"),
            ("data.json", "{}"),
            ("a.rs", "fn main() {}\n"),
        ] {
            assert_eq!(failing(path, text, true), None, "{path}: {text}");
        }
    }
}
