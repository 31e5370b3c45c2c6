//! Text that is written from right to left, kept from turning around what stands beside it: a terminal that orders text by the Unicode
//! rules would put the number after a Hebrew title before it.

use std::borrow::Cow;

/// Begins a piece that is ordered on its own, by its first letter.
const ISOLATE: char = '\u{2068}';

/// Ends it.
const END: char = '\u{2069}';

/// The text with each piece that goes from right to left isolated. A piece ends where two spaces, a line end or an escape sequence
/// stand, which are between columns and not in titles; words of other letters in it belong to it.
pub(crate) fn isolated(text: &str) -> Cow<'_, str> {
    if !text.chars().any(from_right) {
        return text.into();
    }
    let mut out = String::with_capacity(text.len() + 16);
    let mut rest = text;
    while let Some(first) = rest.find(from_right) {
        out.push_str(&rest[..first]);
        rest = &rest[first..];
        let limit = ["\n", "\x1b", "  "].iter().filter_map(|end| rest.find(end)).min().unwrap_or(rest.len());
        let (piece, after) = rest.split_at(limit);
        let end =
            piece.char_indices().rev().find(|(_, c)| from_right(*c)).map_or(piece.len(), |(at, c)| at + c.len_utf8());
        out.push(ISOLATE);
        out.push_str(&piece[..end]);
        out.push(END);
        out.push_str(&piece[end..]);
        rest = after;
    }
    out.push_str(rest);
    out.into()
}

/// Whether it is of the blocks whose letters go from right to left unless Unicode says otherwise (DerivedBidiClass, R and AL).
fn from_right(c: char) -> bool {
    matches!(c,
        '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdcf}' | '\u{fdf0}'..='\u{fdff}' | '\u{fe70}'..='\u{fefe}'
        | '\u{10800}'..='\u{10fff}' | '\u{1e800}'..='\u{1efff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_piece_is_isolated_and_nothing_else() {
        for (text, isolated) in [
            ("010  Fix issue 5", "010  Fix issue 5"),
            ("010  תיקון 5  7m", "010  <תיקון> 5  7m"),
            ("Working 010: תיקון of תיקון (5)\nשלום\n", "Working 010: <תיקון of תיקון> (5)\n<שלום>\n"),
            ("\x1b[1mמרחב\x1b[0m 5", "\x1b[1m<מרחב>\x1b[0m 5"),
            ("日本 5", "日本 5"),
        ] {
            let marked = super::isolated(text).replace(ISOLATE, "<").replace(END, ">");
            assert_eq!(marked, isolated, "{text:?}");
        }
    }
}
