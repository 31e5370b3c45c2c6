//! Where the front matter ends and the body begins.

use std::ops::Range;

use bstr::ByteSlice;

/// The parts of a spec file, as ranges of its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Parts {
    /// The front matter with its fences; empty if there is none.
    pub(super) fenced: Range<usize>,
    /// What lies between the fences.
    pub(super) inner: Range<usize>,
    /// Where the body begins: after the line of the closing fence, after the byte order mark if there is no front matter.
    pub(super) body: usize,
    /// Whether the front matter is closed, if there is one.
    pub(super) closed: bool,
}

/// Splits a spec file. A front matter that never closes reaches to the end of the file.
pub(super) fn split(bytes: &[u8]) -> Parts {
    let start = if bytes.starts_with("\u{feff}".as_bytes()) { 3 } else { 0 };
    let mut lines = bytes[start..].lines_with_terminator().scan(start, |at, line| {
        let from = *at;
        *at += line.len();
        Some((from, line))
    });
    let Some((_, first)) = lines.next().filter(|(_, line)| is_fence(line)) else {
        return Parts { fenced: 0..0, inner: start..start, body: start, closed: true };
    };
    let inner = start + first.len();
    match lines.find(|(_, line)| is_fence(line)) {
        Some((at, line)) => {
            Parts { fenced: start..at + line.len(), inner: inner..at, body: at + line.len(), closed: true }
        }
        None => Parts { fenced: start..bytes.len(), inner: inner..bytes.len(), body: bytes.len(), closed: false },
    }
}

/// A line that is `---`, with nothing but white space after it.
fn is_fence(line: &[u8]) -> bool {
    line.strip_prefix(b"---").is_some_and(|rest| rest.iter().all(|byte| b" \t\r\n".contains(byte)))
}

/// The line that is meant as the opening fence of a front matter and is none, since it is not the first line, is indented or has other
/// dashes: the first line that is not blank, where a line with one of these `keys` is the next. Nothing of that would count.
pub(super) fn misplaced(text: &str, keys: &[&str]) -> Option<Range<usize>> {
    let blank = |c: char| c.is_whitespace() || c == '\u{feff}';
    let mut lines = text.split_inclusive('\n').filter(|line| !line.trim_matches(blank).is_empty());
    let opening = lines.next()?.trim_matches(blank);
    if !opening.chars().all(|c| matches!(c, '-' | '\u{2013}' | '\u{2014}')) {
        return None;
    }
    let first = lines.map(str::trim).find(|line| !line.starts_with('#'))?;
    let name = first.split_once(':').map(|(name, _)| name.trim_matches(['"', '\'', ' ']))?;
    let start = text.find(opening)?;
    keys.contains(&name).then_some(start..start + opening.len())
}

#[cfg(test)]
mod tests {
    use super::misplaced;

    #[test]
    fn a_front_matter_that_would_not_count_is_seen() {
        let keys = ["type", "verify"];
        for (text, opening) in [
            ("\n---\nverify: x\n---\n# T\n", 1..4),
            (" ---\ntype: code\n---\n", 1..4),
            ("----\n\n# why\n  verify:\n  - x\n----\n", 0..4),
            ("\r\n \r\n---\r\n\"type\": code\r\n", 5..8),
            ("\u{2014}-\ntype: code\n", 0..4),
        ] {
            assert_eq!(misplaced(text, &keys), Some(opening), "{text}");
        }
        for text in
            ["", "\n---\n# T\n", "---\n\nA rule: above\n", "# T\n\n---\ntype: code\n", "\n- type: code\n", "-\n"]
        {
            assert_eq!(misplaced(text, &keys), None, "{text}");
        }
    }
}
