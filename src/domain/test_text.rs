//! Which files are tests, by their names and their texts: a name says where to look, and the text of code whether it tests anything.

use super::{
    naming::{is_code_by_name, names},
    test_path::{Named, Role, named, role},
};

/// Words by which a file of tests begins one, or has a runner take it for one. A test that stands among code begins otherwise.
const BEGINNINGS: [&str; 34] = [
    "#[test]",
    "#[rstest",
    "def test",
    "async def test",
    "describe(",
    "describe ",
    "RSpec.",
    "context(",
    "context ",
    "specify ",
    "scenario ",
    "feature ",
    "it(",
    "it ",
    "test(",
    "test.",
    "test \"",
    "test '",
    "Deno.test(",
    "@test ",
    "@Test",
    "@ParameterizedTest",
    "[Test",
    "[Fact",
    "[Theory",
    "TEST(",
    "TEST_",
    "BOOST_AUTO_TEST",
    "test_expect",
    "test_that(",
    "@testset",
    "(deftest",
    "use Test::",
    "plan tests",
];

/// Words that a line has by which a file is one of tests.
const WITHIN: [&str; 10] = [
    "func Test",
    "func test",
    "function test",
    "TestCase",
    "::test",
    "require 'minitest",
    "require \"minitest",
    "node:test",
    "extends AnyF",
    "unittest.main(",
];

/// By these a script asks for something where it begins no test: at the left margin code asks for nothing.
const ASKS: [&str; 6] = ["assert", "expect(", "test ", "[ ", "[[ ", "is("];

/// Whether a text is one of tests, and no code with tests in it.
pub(crate) fn shows_tests(text: &str) -> bool {
    // What stands among code is found by its lines.
    let is_among = text.lines().any(|line| line.trim_start().starts_with("#[cfg(test)]"));
    let shows = |line: &str| {
        let begins = line.trim_start();
        ASKS.iter().any(|word| line.starts_with(word))
            || BEGINNINGS.iter().any(|word| begins.starts_with(word)) && !begins.starts_with("it =")
            || WITHIN.iter().any(|word| line.contains(word))
    };
    !is_among && text.lines().any(shows) || asks_in_main(text)
}

/// Whether a program of C asks for something where it begins.
fn asks_in_main(text: &str) -> bool {
    let has = |word: &str| text.lines().any(|line| line.trim_start().starts_with(word));
    has("int main(") && (has("assert(") || text.contains("return 1;") && text.contains("!="))
}

/// What the file at `path` is, by its name and by each of its `texts`, before a change and after it. Code that has a name of tests by a word of
/// other files, too, is one of tests only if a text says so.
pub(crate) fn role_by_text(path: &str, texts: &[Option<&str>]) -> Role {
    match role(path) {
        Role::Test if is_code_by_name(path) && named(path) == Named::Perhaps && !any_shows(texts) => Role::Other,
        role => role,
    }
}

/// Whether the file at `path` may be code, by its name: no more than a word that code has in its name, too, says that it is one of tests.
pub(crate) fn may_be_code(path: &str) -> bool {
    role(path) != Role::Test || is_code_by_name(path) && named(path) == Named::Perhaps
}

/// Whether one of the texts is one of tests.
pub(crate) fn any_shows(texts: &[Option<&str>]) -> bool {
    texts.iter().flatten().any(|text| shows_tests(text))
}

/// Words by which a line of code loads another file.
const LOADS: [&str; 15] = [
    "import ",
    "from ",
    "use ",
    "pub use ",
    "mod ",
    "pub mod ",
    "pub(crate) mod ",
    "require",
    "#include",
    "load ",
    ". ",
    "source ",
    "export ",
    "using ",
    "\"",
];

/// Whether a line of code with this `text` loads the file at `path`. One that has its name of tests by its directory is meant where that is
/// named, too.
pub(crate) fn loads(text: &str, path: &str) -> bool {
    let directory = path.rsplit_once('/').map_or("", |(directory, _)| directory);
    let by_directory = !directory.is_empty() && named(path) > super::test_path::named_itself(path);
    let is_package = path.ends_with(".go") && !directory.is_empty();
    text.lines().map(str::trim).any(|line| {
        let begins = LOADS.iter().any(|word| line.starts_with(word));
        let calls =
            ["require(", "import(", "import_module(", " from '", " from \""].iter().any(|word| line.contains(word));
        let both = || names(line, path) && (!by_directory || names(line, directory));
        (begins || calls) && (both() || is_package && names(line, directory))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_of_tests_is_told_from_code() {
        for text in [
            "import unittest, calc\nclass T(unittest.TestCase):\n    def test_sum(self):\n        pass\n",
            "def test_sum():\n    assert add(2, 3) == 5\n",
            "describe('sum', () => {\n  it('adds', () => {})\n})\n",
            "RSpec.describe Calc do\nend\n",
            "#[test]\nfn adds() {}\n",
            ". ./calc.sh\ntest \"$(add 2 3)\" = 5 || exit 1\n",
            "import calc\nassert calc.add(2, 3) == 5\n",
            "#include <assert.h>\nint main(void) {\n  assert(add(2, 3) == 5);\n}\n",
            "package calc\n\nfunc TestSum(t *testing.T) {\n}\n",
        ] {
            assert!(shows_tests(text), "{text}");
        }
        for text in [
            "def add(a, b):\n    assert a is not None\n    return a - b\n",
            "pub fn add() {}\n#[cfg(test)]\nmod tests {\n    #[test]\n    fn adds() {}\n}\n",
            "class Spec\n  def items\n    it = 1\n  end\nend\n",
            "export function plural(n) {\n  return n > 1\n}\n",
            "def add(a, b):\n    \"\"\"\n    >>> add(2, 3)\n    5\n    \"\"\"\n",
            "",
        ] {
            assert!(!shows_tests(text), "{text}");
        }
    }

    #[test]
    fn code_with_a_name_of_tests_is_code() {
        let (code, test) = ("def add(a, b):\n    return a - b\n", "def test_sum():\n    assert add(2, 3) == 5\n");
        for path in ["specs/calc.py", "snapshots/store.py", "lib/pod_spec.py", "testing/run.py", "it/plural.py"] {
            assert_eq!(role_by_text(path, &[Some(code), Some(code)]), Role::Other, "{path}");
            assert_eq!(role_by_text(path, &[Some(test), Some(code)]), Role::Test, "{path}");
        }
        for path in ["tests/helpers.py", "specs/rates.json", "test_sum.py"] {
            assert_eq!(role_by_text(path, &[Some(code)]), Role::Test, "{path}");
        }
    }

    #[test]
    fn code_loads_code() {
        for (line, path) in [
            ("from specs.calc import add", "specs/calc.py"),
            ("import { run } from './test/run'", "src/commands/test/run.ts"),
            ("const run = require('../test/run')", "src/test/run.js"),
            ("\"example.com/x/specs\"", "specs/calc.go"),
            ("import test_runner", "ci/test_runner.py"),
        ] {
            assert!(loads(line, path), "{line}");
        }
        for (line, path) in [
            ("from utils import helpers", "tests/helpers.py"),
            ("# see specs/calc", "specs/calc.py"),
            ("return calc", "specs/calc.py"),
        ] {
            assert!(!loads(line, path), "{line}");
        }
    }
}
