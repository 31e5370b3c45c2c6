//! What a change does to a file with tests besides adding some: tests that are gone, under other names, or skipped now. What follows from
//! that is not decided here.

use std::{
    collections::{HashMap, HashSet},
    ops::Range,
};

use super::{
    enumeration::enumerate,
    inline_tests::end_of_block,
    test_path::{Role, shows_test},
    test_text::role_by_text,
};

/// Words by which languages have a test skipped, expected to fail, or run alone so that the others do not.
const SKIPS: [&str; 36] = [
    "unittest.skip",
    "mark.skip",
    "mark.xfail",
    "pytest.skip(",
    "pytest.xfail(",
    ".skipTest(",
    "SkipTest",
    "expectedFailure",
    "@skip",
    "#[ignore",
    ".Skip(",
    ".Skipf(",
    ".SkipNow(",
    "it.skip",
    "test.skip",
    "describe.skip",
    "it.only",
    "test.only",
    "describe.only",
    "test.failing",
    "xit(",
    "xtest(",
    "xdescribe(",
    "fit(",
    "fdescribe(",
    ".todo(",
    "@Disabled",
    "@Ignore",
    "markTestSkipped",
    "markTestIncomplete",
    "skip: true",
    "skip_all",
    "GTEST_SKIP",
    "DISABLED_",
    "@tag :skip",
    "t.skip(",
];

/// What became of the tests of the file at `path`, one sentence each: `it deletes 'tests/a.py'`. `None` stands for a file that is not there.
pub(crate) fn altered(path: &str, before: Option<&str>, after: Option<&str>) -> Vec<String> {
    let Some(before) = before else { return Vec::new() };
    let had = names(before);
    let is_test = role_by_text(path, &[Some(before), after]) == Role::Test;
    let Some(after) = after else {
        return if is_test || !had.is_empty() { vec![format!("it deletes '{path}'")] } else { Vec::new() };
    };
    let has = names(after);
    let gone: Vec<String> = had.iter().filter(|name| !has.contains(name)).cloned().collect();
    let new = has.iter().filter(|name| !had.contains(name)).count();
    let mut said = Vec::new();
    let is_skipped = (is_test || !had.is_empty()) && skips(after) > skips(before);
    let changed = changed_tests(before, after);
    if !changed.is_empty() && !is_skipped {
        said.push(format!("it changes tests in '{path}': {}", enumerate(&changed)));
    }
    if !gone.is_empty() {
        let how = if new >= gone.len() { "renames or replaces" } else { "removes" };
        said.push(format!("it {how} tests in '{path}': {}", enumerate(&gone)));
    }
    if is_skipped {
        said.push(format!("it has tests in '{path}' skipped"));
    }
    said
}

/// Whether a change of the file at `path` changes it besides its tests, and does not only add to it: a helper, data, how tests are prepared.
pub(crate) fn changes_beside(path: &str, before: Option<&str>, after: Option<&str>) -> bool {
    let (Some(before), Some(after)) = (before, after) else { return false };
    if role_by_text(path, &[Some(before), Some(after)]) != Role::Test {
        return false;
    }
    let rest = |text: &str| -> Vec<String> {
        let own = tests_of(text).into_iter().flat_map(|(_, lines)| lines).collect::<HashSet<_>>();
        let rest = text.lines().enumerate().filter(|(number, _)| !own.contains(number)).map(|(_, line)| line);
        rest.filter(|line| !line.trim().is_empty()).map(str::to_owned).collect()
    };
    let (old, new) = (rest(before), rest(after));
    let mut added = new.iter();
    // What is loaded for a new test, or stands around it, is no change of others.
    let stays = old.iter().all(|line| added.any(|other| other == line));
    let loads = |line: &String| LOADS.iter().any(|word| line.trim_start().starts_with(word)) || closes(line);
    let known: HashSet<&String> = old.iter().collect();
    !stays || new.iter().any(|line| !known.contains(line) && !loads(line))
}

/// By these a line loads something, or says more of a test below it.
const LOADS: [&str; 12] =
    ["import ", "from ", "use ", "require", "const ", "#include", "#", "//", "@", "class ", "describe(", "\"\"\""];

fn closes(line: &str) -> bool {
    line.trim().chars().all(|c| "}])(;, ".contains(c))
}

/// The tests of a text with the numbers of their lines.
fn tests_of(text: &str) -> Vec<(String, Range<usize>)> {
    let lines: Vec<&str> = text.lines().collect();
    let end = |at: usize| end_of_block(&lines, at);
    names_at(text).into_iter().map(|(name, at)| (name, at..end(at))).collect()
}

/// The names of the tests that both texts have and that are not alike in them.
fn changed_tests(before: &str, after: &str) -> Vec<String> {
    let of = |text: &str| -> HashMap<String, HashSet<String>> {
        let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
        let tests = tests_of(text);
        // What holds others is not one of them.
        let holds =
            |at: &Range<usize>| tests.iter().any(|(_, other)| other.start > at.start && at.contains(&other.start));
        let mut found = HashMap::<String, HashSet<String>>::new();
        for (name, at) in tests.iter().filter(|(_, at)| !holds(at)) {
            found.entry(name.clone()).or_default().insert(lines[at.clone()].join("\n").trim_end().to_owned());
        }
        found
    };
    let new = of(after);
    // Several of one name may stand in one file, in classes of their own: one more changes none.
    let mut changed: Vec<String> = of(before)
        .into_iter()
        .filter(|(name, old)| new.get(name).is_some_and(|new| !old.is_subset(new)))
        .map(|(name, _)| name)
        .collect();
    changed.sort();
    changed
}

/// How many tests fewer a file has after a change, as far as their names tell.
pub(crate) fn fewer(before: Option<&str>, after: Option<&str>) -> usize {
    let count = |text: Option<&str>| text.map_or(0, |text| names(text).len());
    count(before).saturating_sub(count(after))
}

fn skips(text: &str) -> usize {
    // What bats and rspec call it stands alone.
    let alone = |line: &str| matches!(line.split_whitespace().next(), Some("skip" | "pending"));
    text.lines().map(str::trim).filter(|line| alone(line) || SKIPS.iter().any(|word| line.contains(word))).count()
}

/// The names of the tests in a text, as far as they are told by how languages write them.
fn names(text: &str) -> Vec<String> {
    names_at(text).into_iter().map(|(name, _)| name).collect()
}

/// As [`names`], each with the number of its line, from 0.
fn names_at(text: &str) -> Vec<(String, usize)> {
    let mut names = Vec::new();
    // An attribute or an annotation says that the next function is a test.
    let mut announced = false;
    for (number, line) in text.lines().map(str::trim).enumerate() {
        if line.starts_with("@Test") || line.starts_with("#[") && shows_test(line) {
            announced = true;
            continue;
        }
        let name = quoted(line).or_else(|| function(line, announced));
        announced &= name.is_none() && (line.is_empty() || line.starts_with(['@', '#', '/']));
        names.extend(name.map(|name| (name, number)));
    }
    names
}

/// The first quoted text of a line that begins a test with it.
fn quoted(line: &str) -> Option<String> {
    let begins =
        ["it(", "it.", "test(", "test.", "describe(", "describe.", "it ", "test ", "@test ", "specify ", "scenario "];
    if !begins.iter().any(|begin| line.starts_with(begin)) {
        return None;
    }
    let at = line.find(['"', '\'', '`'])?;
    let quote = line[at..].chars().next()?;
    let rest = &line[at + 1..];
    Some(rest[..rest.find(quote)?].to_owned())
}

/// The name of the function that a line begins, if it is that of a test.
fn function(line: &str, announced: bool) -> Option<String> {
    if ["TEST(", "TEST_F(", "TEST_P(", "TEST_CASE("].iter().any(|begin| line.starts_with(begin)) {
        return Some(line[..line.find(')')?].to_owned());
    }
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    // In Go a receiver in parentheses stands before the name.
    line.match_indices('(').find_map(|(at, _)| {
        let mut words = line[..at].split(|c: char| !is_word(c));
        let name = words.next_back().filter(|name| !name.is_empty())?;
        let is_function = words.any(|word| matches!(word, "def" | "fn" | "func" | "function" | "void"));
        let is_named = ["test", "Test", "Benchmark"].iter().any(|begin| name.starts_with(begin));
        (is_function && (announced || is_named)).then(|| name.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEFORE: &str = "import unittest\nclass T(unittest.TestCase):\n    def test_a(self):\n        pass\n    async def test_b(self):\n        pass\n";

    #[test]
    fn what_is_gone_is_named() {
        assert_eq!(altered("tests/a.py", Some(BEFORE), None), ["it deletes 'tests/a.py'"]);
        assert_eq!(altered("src/a.py", Some("def a(): pass\n"), None), [""; 0]);
        let fewer = BEFORE.replace("test_b", "helper");
        assert_eq!(altered("test_a.py", Some(BEFORE), Some(&fewer)), ["it removes tests in 'test_a.py': test_b"]);
        let renamed = BEFORE.replace("test_b", "test_c");
        assert_eq!(
            altered("test_a.py", Some(BEFORE), Some(&renamed)),
            ["it renames or replaces tests in 'test_a.py': test_b"]
        );
    }

    #[test]
    fn what_is_changed_is_named() {
        for (old, new) in [
            ("        pass\n    async", "        return\n        pass\n    async"),
            ("    def test_a(self):\n        pass\n", "    if False:\n        def test_a(self):\n            pass\n"),
        ] {
            let changed = BEFORE.replace(old, new);
            assert_eq!(altered("test_a.py", Some(BEFORE), Some(&changed)), ["it changes tests in 'test_a.py': test_a"]);
        }
        let helper = BEFORE.replace("class T", "check = print\nclass T");
        assert!(changes_beside("test_a.py", Some(BEFORE), Some(&helper)));
        assert!(changes_beside("tests/data.json", Some("{}"), Some("[]")));
        for (path, after) in [
            ("test_a.py", format!("import os\n{BEFORE}\n    def test_c(self):\n        pass\n")),
            ("calc.py", "x = 1\n".to_owned()),
        ] {
            assert!(!changes_beside(path, Some(BEFORE), Some(&after)), "{after}");
            assert_eq!(altered(path, Some("x = 2\n"), Some("x = 1\n")), [""; 0]);
        }
    }

    #[test]
    fn what_is_skipped_is_named() {
        for (path, before, after) in [
            ("test_a.py", BEFORE, BEFORE.replace("    async", "    @unittest.skip('later')\n    async")),
            ("src/a.rs", "#[test]\nfn adds() {}\n", "#[test]\n#[ignore]\nfn adds() {}\n".to_owned()),
            ("a_test.go", "func TestA(t *testing.T) {\n}\n", "func TestA(t *testing.T) {\n\tt.Skip()\n}\n".to_owned()),
            ("a.bats", "@test \"a\" {\n  run a\n}\n", "@test \"a\" {\n  skip\n}\n".to_owned()),
            (
                "a.test.ts",
                "it('a', () => {})\nit('b', () => {})\n",
                "it('a', () => {})\nit.only('b', () => {})\n".to_owned(),
            ),
        ] {
            assert_eq!(altered(path, Some(before), Some(&after)), [format!("it has tests in '{path}' skipped")]);
        }
    }

    #[test]
    fn what_only_grows_is_not_named() {
        let more = format!("{BEFORE}    def test_c(self):\n        pass\n");
        assert_eq!(altered("test_a.py", Some(BEFORE), Some(&more)), [""; 0]);
        assert_eq!(altered("test_a.py", None, Some(BEFORE)), [""; 0]);
        assert_eq!(altered("src/a.rs", Some("fn skip() {}\n"), Some("fn skip() { skip(); }\n")), [""; 0]);
    }

    #[test]
    fn tests_are_known_in_each_language() {
        for (text, name) in [
            ("#[tokio::test(flavor = \"x\")]\nasync fn adds() {", "adds"),
            ("@Test\n@Slow\npublic void adds() {", "adds"),
            ("func (s *Suite) TestAdds() {", "TestAdds"),
            ("public function testAdds(): void", "testAdds"),
            ("  it('adds', async () => {", "adds"),
            ("test \"adds\" do", "adds"),
            ("@test \"adds\" {", "adds"),
            ("TEST_F(Sum, Adds) {", "TEST_F(Sum, Adds"),
        ] {
            assert_eq!(names(text), [name], "{text}");
        }
        assert_eq!(names("fn adds() {}\nitems('a')\nlet x = test_a();\n"), [""; 0]);
    }
}
