//! Text without control sequences: titles, reasons, paths and agents' lines come from repositories and people that are not
//! trusted.

use std::borrow::Cow;

use anstream::adapter::strip_str;

pub(crate) use crate::domain::character::is_harmful as harmful;

/// One line of plain text: escape sequences, control characters and reordering marks are taken out, line ends and tabs
/// become a space.
pub(crate) fn line(text: &str) -> Cow<'_, str> {
    let plain = |byte: &u8| matches!(byte, b' '..=b'~');
    if text.as_bytes().iter().all(plain) || !text.chars().any(harmful) {
        return text.into();
    }
    let text = flatten(text);
    strip(&text, |_| false).into()
}

/// The first ten digits of an object id: enough for a person, never for a machine.
pub(crate) fn object_id(id: &str) -> String {
    line(id).chars().take(10).collect()
}

/// One line as [`line()`] makes it, but colours (SGR sequences) stay.
pub(crate) fn colored(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("\x1b[") {
        let parameters =
            rest[at + 2..].bytes().take_while(|byte| byte.is_ascii_digit() || b";:".contains(byte)).count();
        let end = at + 2 + parameters;
        if rest[end..].starts_with('m') {
            out.push_str(&line(&rest[..at]));
            out.push_str(&rest[at..=end]);
            rest = &rest[end + 1..];
        } else {
            break;
        }
    }
    // Whatever else there is ends it: no sequence is put together from what was left of two.
    out + &line(rest)
}

/// Plain text of several lines: as [`line()`], but `\n` and tabs stay.
pub(crate) fn text(text: &str) -> Cow<'_, str> {
    let kept = |c: char| matches!(c, '\n' | '\t');
    if !text.chars().any(|c| harmful(c) && !kept(c)) {
        return text.into();
    }
    strip(text, kept).into()
}

/// A text of as many bytes, with everything harmful but line ends and tabs overwritten, so that byte offsets stay right.
pub(crate) fn inert(text: &str) -> String {
    text.chars()
        .flat_map(|c| match (harmful(c) && !matches!(c, '\n' | '\t'), c.len_utf8()) {
            (false, _) => std::iter::repeat_n(c, 1),
            (true, 3) => std::iter::repeat_n(char::REPLACEMENT_CHARACTER, 1),
            (true, length) => std::iter::repeat_n('?', length),
        })
        .collect()
}

/// Line ends of every kind and tabs as single spaces.
fn flatten(text: &str) -> String {
    text.replace("\r\n", " ").replace(['\n', '\r', '\t', '\u{b}', '\u{c}', '\u{85}', '\u{2028}', '\u{2029}'], " ")
}

fn strip(text: &str, kept: impl Fn(char) -> bool) -> String {
    strip_str(text).to_string().chars().filter(|c| kept(*c) || !harmful(*c)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colors_stay_and_nothing_else() {
        assert_eq!(colored("a \x1b[1;32mgreen\x1b[0m\tb"), "a \x1b[1;32mgreen\x1b[0m b");
        assert_eq!(colored("\x1b[32mx\x1b[2J\x1b[31my\x1b]0;t\x07z"), "\x1b[32mxyz");
        assert_eq!(colored("cut \x1b[3"), "cut ");
    }

    #[test]
    fn a_line_is_one_line_without_sequences() {
        for (hostile, plain) in [
            ("plain ä 日本 👩‍🚀", "plain ä 日本 👩‍🚀"),
            ("\u{1b}[31mred\u{1b}[0m", "red"),
            ("\u{1b}]0;owned\u{7}title", "title"),
            ("\u{1b}]8;;http://x\u{1b}\\link\u{1b}]8;;\u{1b}\\", "link"),
            ("\u{9b}2Jcleared", "2Jcleared"),
            ("two\nlines\r\nand\ttab\rand", "two lines and tab and"),
            ("bell\u{7}back\u{8}del\u{7f}nul\0", "bellbackdelnul"),
            ("rtl\u{202e}gpj.exe\u{202c}", "rtlgpj.exe"),
            ("hid\u{e0041}den\u{200b}\u{feff}", "hidden"),
        ] {
            assert_eq!(line(hostile), plain, "{hostile:?}");
        }
    }

    #[test]
    fn a_text_keeps_its_lines() {
        assert_eq!(text("a\r\n\tb\n\u{1b}[2Jc"), "a\n\tb\nc");
        assert!(matches!(text("a\n\tb"), Cow::Borrowed(_)));
    }

    #[test]
    fn an_inert_text_has_the_same_length_and_nothing_harmful() {
        let hostile = "a\u{1b}[31m\u{9b}b\u{202e}c\u{e0041}\r\n\td";
        let inert = inert(hostile);
        assert_eq!(inert.len(), hostile.len());
        assert!(!inert.chars().any(|c| harmful(c) && !matches!(c, '\n' | '\t')), "{inert:?}");
        assert!(inert.ends_with("\n\td"));
    }
}
