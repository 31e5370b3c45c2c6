//! Boxes as people write them, right or nearly right. Which of them are tasks, Markdown decides.

use std::ops::Range;

/// What people put into a box.
const MARKS: &str = " xX~-/\\.*+_?!oO✓✔✗✘√×☑✅❌";

/// What people put into round brackets that are meant as a box.
const ROUND: &str = " xX✓✔";

/// Boxes of one character.
const DRAWN: &str = "☐☑☒□■✅⬜✔✓";

/// The bytes of the box with which a line begins, after its list marker if it has one: right (`- [ ] a`) or nearly right (`- [] a`, `-[ ] a`,
/// `- [~] a`, `* [x]a`, `[ ] a`, `- [x]: a`, `- ( ) a`, `- ☐ a`).
pub(super) fn find(line: &str) -> Option<Range<usize>> {
    let mut rest = line.trim_start_matches(|c: char| c.is_whitespace() || c == '>');
    let marked = after_marker(rest);
    rest = marked.unwrap_or(rest).trim_start();
    // An editor that takes brackets for text puts a backslash before each: `- \[ \] a`.
    if marked.is_some() && rest.starts_with("\\[") {
        rest = &rest[1..];
    }
    let start = line.len() - rest.len();
    let first = rest.chars().next()?;
    if DRAWN.contains(first) && marked.is_some() {
        return Some(start..start + first.len_utf8());
    }
    let (inside, end, marks) = match (rest.strip_prefix('['), rest.strip_prefix('(')) {
        (Some(inside), _) => (inside, ']', MARKS),
        (None, Some(inside)) if marked.is_some() => (inside, ')', ROUND),
        _ => return None,
    };
    let close = inside.find(end)?;
    let mark = &inside[..close];
    let is_box = mark.chars().count() <= 3 && mark.chars().all(|c| marks.contains(c) || c == '\u{a0}');
    // A link or, at the start of a line, the meaning of one.
    let after = &inside[close + 1..];
    let is_link = after.starts_with(['(', '[']) || (after.starts_with(':') && marked.is_none());
    let is_empty = mark.is_empty() && end == ')';
    (is_box && !is_link && !is_empty).then_some(start..start + close + 2)
}

/// What follows a list marker.
fn after_marker(line: &str) -> Option<&str> {
    if let Some(rest) = line.strip_prefix(['-', '*', '+', '•', '–', '—', '·']) {
        return Some(rest);
    }
    let rest = line.trim_start_matches(|c: char| c.is_ascii_digit());
    rest.strip_prefix(['.', ')']).filter(|_| rest.len() < line.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boxes_right_and_nearly_right_are_seen() {
        for (line, text) in [
            ("- [ ] right", "[ ]"),
            ("- [] empty", "[]"),
            (r"- \[ \] escaped", r"[ \]"),
            (r"- \[x\] escaped", r"[x\]"),
            ("-[ ] no blank", "[ ]"),
            ("- [~] a tilde", "[~]"),
            ("* [x]done", "[x]"),
            ("  1. [ x ] wide", "[ x ]"),
            ("[ ] no marker", "[ ]"),
            ("> + [✓] quoted", "[✓]"),
            ("- ☐ drawn", "☐"),
            ("• [X] a bullet", "[X]"),
            ("- [x]: a colon", "[x]"),
            ("- ( ) round", "( )"),
            ("* (x) round", "(x)"),
        ] {
            assert_eq!(find(line).map(|at| &line[at]), Some(text), "{line}");
        }
        for line in [
            "- a list",
            "- [a](b)",
            "- [x](b)",
            "[x]: y",
            "- see [ ]",
            "- [done] a",
            "",
            "-",
            "☐ text",
            "- [ ",
            "- () is called",
            "- (o) a",
            "(x) a",
            "- (see x) a",
            "1 [ ]",
        ] {
            assert_eq!(find(line), None, "{line}");
        }
    }
}
