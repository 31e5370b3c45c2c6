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
