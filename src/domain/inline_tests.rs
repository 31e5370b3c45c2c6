//! Where tests stand in a file that holds code, too. Nothing is parsed: the words that begin a test tell, and the indentation that formatters
//! leave tells where it ends.

use super::test_path::shows_test;

/// For each line of `text` whether it belongs to a test.
pub(crate) fn test_lines(text: &str) -> Vec<bool> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = vec![false; lines.len()];
    let mut at = 0;
    while at < lines.len() {
        let (start, end) = if is_example(lines[at]) {
            text_around(&lines, at)
        } else if shows_test(lines[at]) {
            (at, end_of_block(&lines, at))
        } else {
            (at, at)
        };
        found[start..end].fill(true);
        at = end.max(at + 1);
    }
    found
}

/// Whether a line is one of an example that is run: a prompt, or the fence of code in a comment that is documentation.
fn is_example(line: &str) -> bool {
    let line = line.trim_start();
    let documents = ["///", "//!"].iter().find_map(|mark| line.strip_prefix(mark));
    let text = without_comment(line);
    text.starts_with(">>> ") || documents.is_some_and(|text| text.trim_start().starts_with("```"))
}

/// The marks by which a line is a comment.
const COMMENTS: [&str; 5] = ["///", "//!", "//", "#", "*"];

fn without_comment(line: &str) -> &str {
    let line = line.trim_start();
    COMMENTS.iter().find_map(|mark| line.strip_prefix(mark)).unwrap_or(line).trim_start()
}

/// The lines of the comment, or of the string, that holds the example at `at`: its first, and the one after its last.
fn text_around(lines: &[&str], at: usize) -> (usize, usize) {
    let marked = COMMENTS.iter().find(|mark| lines[at].trim_start().starts_with(**mark));
    if let Some(mark) = marked {
        let above = lines[..at].iter().rev().take_while(|line| line.trim_start().starts_with(mark)).count();
        let below = lines[at..].iter().take_while(|line| line.trim_start().starts_with(mark)).count();
        return (at - above, at + below);
    }
    let quotes = |line: &&str| line.contains("\"\"\"") || line.contains("'''");
    let opens = lines[..at].iter().rposition(quotes).unwrap_or(at);
    let closes = lines[at..].iter().position(quotes).map_or(lines.len(), |below| at + below + 1);
    (opens, closes)
}

/// The line after a block that begins at `at`, with what is said about it there: what is indented further, and what closes it.
pub(super) fn end_of_block(lines: &[&str], at: usize) -> usize {
    // A test of bats begins as an annotation of others does.
    let is_about = |line: &str| {
        let line = line.trim();
        line.starts_with("#[") || line.starts_with('@') && !line.ends_with('{')
    };
    let head = at + lines[at..].iter().take_while(|line| is_about(line)).count();
    let Some(first) = lines.get(head) else { return lines.len() };
    let depth = indent(first);
    if first.trim_end().ends_with([';', '}']) {
        return head + 1;
    }
    let mut end = head + 1;
    for (number, line) in lines.iter().enumerate().skip(head + 1) {
        if line.trim().is_empty() {
            continue;
        }
        let closes = line.trim_start().starts_with(['}', ')', ']']) || line.trim() == "end";
        if indent(line) > depth || (indent(line) == depth && closes) {
            end = number + 1;
        }
        if indent(line) <= depth {
            break;
        }
    }
    end
}

pub(super) fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The lines of `text` that are those of tests, without their indentation.
    fn of(text: &str) -> Vec<&str> {
        let found = test_lines(text);
        text.lines().zip(found).filter(|(_, test)| *test).map(|(line, _)| line.trim()).collect()
    }

    #[test]
    fn a_module_of_tests_ends_with_its_brace() {
        let text = "fn add() {\n    1\n}\n\n#[cfg(test)]\nmod tests {\n    #[test]\n    fn sum() {\n        one();\n\n        two();\n    }\n}\n\nfn more() {}\n";
        assert_eq!(
            of(text),
            ["#[cfg(test)]", "mod tests {", "#[test]", "fn sum() {", "one();", "", "two();", "}", "}"]
        );
    }

    #[test]
    fn an_example_is_the_text_that_holds_it() {
        let text = "def add(a, b):\n    \"\"\"The sum.\n\n    >>> add(2, 3)\n    5\n    \"\"\"\n    return a - b\n";
        assert_eq!(of(text), ["\"\"\"The sum.", "", ">>> add(2, 3)", "5", "\"\"\""]);
        let text = "/// Adds.\n///\n/// ```\n/// assert_eq!(add(2, 3), 5);\n/// ```\nfn add() {\n    1\n}\n// Why.\nfn two() {}\n";
        assert_eq!(of(text), ["/// Adds.", "///", "/// ```", "/// assert_eq!(add(2, 3), 5);", "/// ```"]);
        assert_eq!(of(">>> 1\n1\n"), [">>> 1", "1"]);
    }

    #[test]
    fn blocks_of_other_languages_are_known() {
        assert_eq!(of("unittest {\n  one();\n}\nint add() {\n  return 1;\n}\n"), ["unittest {", "one();", "}"]);
        let js = "function add() {\n  return 1;\n}\ntest('adds', () => {\n  expect(add()).toBe(1);\n});\nmain();\n";
        assert_eq!(of(js), ["test('adds', () => {", "expect(add()).toBe(1);", "});"]);
        assert_eq!(
            of("def add():\n    return 1\n\ndef test_add():\n    assert add() == 1\n\nx = 1\n"),
            ["def test_add():", "assert add() == 1"]
        );
        assert_eq!(of("#[test]\nfn one() { two(); }\nfn three() {\n    4\n}\n"), ["#[test]", "fn one() { two(); }"]);
    }

    #[test]
    fn what_has_no_end_ends_with_the_file() {
        assert_eq!(of("#[cfg(test)]"), ["#[cfg(test)]"]);
        assert_eq!(of("#[test]\nfn open() {\n    x"), ["#[test]", "fn open() {", "x"]);
        assert!(test_lines("").is_empty());
    }
}
