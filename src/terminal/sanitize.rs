//! Text for a terminal: nothing in it moves the cursor, sets a title, reaches the clipboard or reorders what is read.

use crate::domain::character::reorders;
use vte::{Params, Parser, Perform};

/// A string sequence (for example an inline picture) that is longer is shown: otherwise one that never ends would hide
/// everything after it.
const LONGEST_SEQUENCE: usize = 1 << 20;

/// Strips a stream of what a terminal would obey. Sequences and characters may be split across reads.
///
/// - ANSI and VT control sequences, 7-bit and 8-bit, go; so do lone control characters but newline and tab.
/// - A carriage return begins a new line, as does `\r\n`; several make one: each redraw of a progress bar is a line.
/// - Bidirectional overrides, embeddings and isolates are shown as `<U+202E>`.
/// - What is not UTF-8 becomes U+FFFD.
///
/// Its memory is bounded. A control string other than DCS ends at a newline at the latest.
#[derive(Default)]
pub(crate) struct Sanitizer {
    /// A parser without `std` keeps at most a kilobyte of a sequence.
    parser: Parser,
    screen: Screen,
    /// The beginning of a character whose end has not come yet, at most three bytes.
    cut: Vec<u8>,
    /// Bytes since the terminal last did something.
    swallowed: usize,
}

impl Sanitizer {
    /// At the beginning of a line, in no sequence.
    pub(crate) fn new() -> Self {
        Sanitizer::default()
    }

    /// A sanitizer that leaves colours (SGR sequences): for text that git-chant itself makes.
    pub(crate) fn with_colors() -> Self {
        Sanitizer { screen: Screen { colors: true, ..Screen::default() }, ..Sanitizer::default() }
    }

    /// The next bytes of the stream; gives the text that is certain by now.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> String {
        let joined;
        let mut rest = bytes;
        if !self.cut.is_empty() {
            let mut whole = std::mem::take(&mut self.cut);
            whole.extend_from_slice(bytes);
            joined = whole;
            rest = &joined;
        }
        while !rest.is_empty() {
            match std::str::from_utf8(rest) {
                Ok(text) => {
                    self.text(text);
                    break;
                }
                Err(error) => {
                    let (valid, invalid) = rest.split_at(error.valid_up_to());
                    self.text(&String::from_utf8_lossy(valid));
                    let Some(length) = error.error_len() else {
                        self.cut = invalid.to_vec();
                        break;
                    };
                    // The one raw C1 byte whose sequence ends by itself; the others would only hide text.
                    self.text(if invalid[0] == 0x9b { "\u{9b}" } else { "\u{fffd}" });
                    rest = &invalid[length..];
                }
            }
        }
        std::mem::take(&mut self.screen.text)
    }

    /// The stream is over: what was still held back.
    pub(crate) fn finish(&mut self) -> String {
        if !std::mem::take(&mut self.cut).is_empty() {
            self.text("\u{fffd}");
        }
        self.parser = Parser::new();
        std::mem::take(&mut self.screen.text)
    }

    fn text(&mut self, text: &str) {
        for piece in text.split_inclusive(is_break) {
            let Some(last) = piece.chars().next_back().filter(|last| is_break(*last)) else {
                self.advance(piece.as_bytes());
                continue;
            };
            self.advance(&piece.as_bytes()[..piece.len() - last.len_utf8()]);
            match last {
                '\n' => {
                    // A terminal would swallow everything after a string without an end, and people would see nothing.
                    if !self.advance(b"\n") {
                        self.parser = Parser::new();
                        self.screen.execute(b'\n');
                    }
                }
                // C1 controls are the two-character escapes in one; the parser knows those only.
                c1 => {
                    let last = u8::try_from(u32::from(c1) - 0x40).expect("C1 controls are U+0080 to U+009F");
                    self.advance(&[0x1b, last]);
                }
            }
        }
    }

    /// Whether the terminal did anything about `bytes`.
    fn advance(&mut self, bytes: &[u8]) -> bool {
        self.screen.acted = false;
        self.parser.advance(&mut self.screen, bytes);
        let acted = self.screen.acted || std::mem::take(&mut self.screen.string);
        self.swallowed = if self.screen.acted { 0 } else { self.swallowed.saturating_add(bytes.len()) };
        if self.swallowed > LONGEST_SEQUENCE {
            self.parser = Parser::new();
            self.swallowed = 0;
        }
        acted
    }
}

fn is_break(c: char) -> bool {
    c == '\n' || matches!(c, '\u{80}'..='\u{9f}')
}

/// A terminal that keeps nothing but text.
#[derive(Default)]
struct Screen {
    text: String,
    /// Something is on the current line.
    begun: bool,
    /// A carriage return came; whether a newline follows decides what it meant.
    returned: bool,
    /// The parser called for something other than the next byte of a string.
    acted: bool,
    /// The parser took a byte of a string whose bytes it passes on: a newline is part of it.
    string: bool,
    /// Colours stay.
    colors: bool,
}

impl Screen {
    fn newline(&mut self) {
        self.text.push('\n');
        self.begun = false;
        self.returned = false;
    }

    fn show(&mut self, c: char) {
        if std::mem::take(&mut self.returned) && self.begun {
            self.newline();
        }
        self.begun = true;
        match c {
            c if reorders(c) => {
                self.text.push_str(&format!("<U+{:04X}>", u32::from(c)));
            }
            c => self.text.push(c),
        }
    }
}

impl Perform for Screen {
    fn print(&mut self, c: char) {
        self.acted = true;
        // DEL is the one control character that the parser takes for text.
        if c != '\u{7f}' {
            self.show(c);
        }
    }

    fn execute(&mut self, byte: u8) {
        self.acted = true;
        match byte {
            b'\n' => self.newline(),
            b'\r' => self.returned = true,
            b'\t' => self.show('\t'),
            _ => {}
        }
    }

    fn hook(&mut self, _: &Params, _: &[u8], _: bool, _: char) {
        self.acted = true;
    }

    fn put(&mut self, _: u8) {
        self.string = true;
    }

    fn unhook(&mut self) {
        self.acted = true;
    }

    fn osc_dispatch(&mut self, _: &[&[u8]], _: bool) {
        self.acted = true;
    }

    fn csi_dispatch(&mut self, params: &Params, marks: &[u8], cut: bool, action: char) {
        self.acted = true;
        if self.colors && action == 'm' && marks.is_empty() && !cut {
            let part = |part: &[u16]| part.iter().map(u16::to_string).collect::<Vec<_>>().join(":");
            self.text.push_str(&format!("\x1b[{}m", params.iter().map(part).collect::<Vec<_>>().join(";")));
        }
    }

    fn esc_dispatch(&mut self, _: &[u8], _: bool, _: u8) {
        self.acted = true;
    }
}

/// A single value for one line of a terminal: as [`Sanitizer`] does, and with spaces for newlines and tabs.
pub(crate) fn line(value: impl AsRef<[u8]>) -> String {
    let mut sanitizer = Sanitizer::new();
    let mut text = sanitizer.push(value.as_ref());
    text.push_str(&sanitizer.finish());
    text.replace(['\n', '\t'], " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clean(bytes: &[u8]) -> String {
        let mut sanitizer = Sanitizer::new();
        sanitizer.push(bytes) + &sanitizer.finish()
    }

    #[test]
    fn colors_stay_where_asked_for_and_nothing_else() {
        let mut sanitizer = Sanitizer::with_colors();
        let text = sanitizer.push(b"\x1b[1;31mred\x1b[0m\x1b[m \x1b[38:5:1mx\x1b[2J\x1b[>4;1m\x1b]0;title\x07y");
        assert_eq!(text + &sanitizer.finish(), "\x1b[1;31mred\x1b[0m\x1b[0m \x1b[38:5:1mxy");
    }

    const CASES: [(&[u8], &str); 26] = [
        (b"plain\n\ttext\n", "plain\n\ttext\n"),
        (b"\x1b[1;31mred\x1b[0m \x1b[2J\x1b[Hx", "red x"),
        (b"\x1b]0;title\x07a\x1b]2;title\x1b\\b", "ab"),
        (b"\x1b]8;;https://evil.example\x1b\\link\x1b]8;;\x1b\\", "link"),
        (b"\x1b]52;c;ZXZpbA==\x07clip", "clip"),
        (b"\x1bP1$rq\n\nq\x1b\\dcs", "dcs"),
        (b"\x1b_apc\x1b\\\x1b^pm\x1b\\\x1bXsos\x1b\\x", "x"),
        (b"\x1bc\x1b(0\x1b7\x1b8x", "x"),
        ("\u{9b}31mred \u{9d}0;t\u{9c}t \u{90}q\u{9c}d\u{85}".as_bytes(), "red t d"),
        (b"\x9b31mred", "red"),
        (b"a\x9dlatin", "a\u{fffd}latin"),
        (b"a\x00\x07\x08\x0b\x0c\x0e\x7fb", "ab"),
        (b"10%\r20%\r30%\ndone\r\n", "10%\n20%\n30%\ndone\n"),
        (b"\r\rfoo\r\rbar\r\r\n\r\nx", "foo\nbar\n\nx"),
        (b"\x1b[K\rfoo\x1b[K\r", "foo"),
        ("user\u{202e}txt\u{2066}a\u{2069}".as_bytes(), "user<U+202E>txt<U+2066>a<U+2069>"),
        ("grün 日本 👩‍👩‍👧 שלום".as_bytes(), "grün 日本 👩‍👩‍👧 שלום"),
        (b"\xff\xfeab\xc3", "\u{fffd}\u{fffd}ab\u{fffd}"),
        (b"\xe2\x82", "\u{fffd}"),
        (b"\x1b]0;never ended\nshown", "\nshown"),
        (b"\x1b_never ended\nshown", "\nshown"),
        (b"\x1b[31\nm", "\n"),
        (b"\x1b", ""),
        (b"\x1b[", ""),
        (b"\x1b]0;title", ""),
        (b"", ""),
    ];

    #[test]
    fn nothing_that_a_terminal_obeys_is_left() {
        for (input, expected) in CASES {
            assert_eq!(clean(input), expected, "{}", input.escape_ascii());
        }
    }

    #[test]
    fn it_does_not_matter_where_reads_are_split() {
        for (input, expected) in CASES {
            let mut sanitizer = Sanitizer::new();
            let mut text: String = input.iter().map(|byte| sanitizer.push(&[*byte])).collect();
            text += &sanitizer.finish();
            assert_eq!(text, expected, "{}", input.escape_ascii());
        }
    }

    #[test]
    fn no_bytes_at_all_leave_a_control_character() {
        let mut state = 1u32;
        for _ in 0..300 {
            let bytes: Vec<u8> = (0..200)
                .map(|_| {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    let byte = (state >> 24) as u8;
                    if byte < 60 { b"\x1b[]PX^_\\\x9b\xc2\x90\x9d"[usize::from(byte) % 12] } else { byte }
                })
                .collect();
            let text = clean(&bytes);
            assert!(text.chars().all(|c| c == '\n' || c == '\t' || !c.is_control()), "{}", bytes.escape_ascii());
        }
    }

    #[test]
    fn a_sequence_without_an_end_neither_hides_the_rest_nor_fills_memory() {
        for start in [&b"\x1b]0;"[..], b"\x1bPq", b"\x1b_", b"\x1b[1;"] {
            let mut sanitizer = Sanitizer::new();
            let mut shown = sanitizer.push(start);
            for _ in 0..64 {
                shown += &sanitizer.push(&[b'1'; 32 * 1024]);
            }
            assert!(shown.len() > 100, "{}", start.escape_ascii());
        }
    }

    #[test]
    fn a_single_value_is_one_line() {
        assert_eq!(line("a\nb\tc\r\nd\x1b[2J"), "a b c d");
        assert_eq!(line(b"\xff"), "\u{fffd}");
    }
}
