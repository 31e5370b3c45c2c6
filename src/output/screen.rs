//! An answer that is shown again and again: in its own place at a terminal, as blocks or lines elsewhere.

use super::{Printer, json};
use crate::{
    answer::outcome::{Answer, Screen},
    terminal::{Look, fit},
};

// Of ECMA-48, what every terminal knows. No mode is changed and the cursor stays as it is, so that there is nothing to put back
// whatever ends this process.
/// The cursor to the upper left corner.
const HOME: &str = "\x1b[H";
/// Clears from the cursor to the end of the line.
const CLEAR_LINE: &str = "\x1b[K";
/// Clears from the cursor to the end of the screen.
const CLEAR_BELOW: &str = "\x1b[J";

impl Screen for Printer {
    fn show(&self, answer: &dyn Answer, size: Option<(usize, usize)>) {
        if self.settings().json {
            // One object a line, at a terminal too: a reader of lines gets whole ones.
            return self.piece(Ok(json::text(answer, false)));
        }
        if self.is_of_records() {
            return self.piece(self.render(answer));
        }
        let Some((columns, rows)) = size else {
            let gap: &[u8] = if self.begun() { b"\n" } else { b"" };
            return self.piece(self.render(answer).map(|text| [gap, &text].concat()));
        };
        let look = Look { width: Some(columns), ..self.look_out() };
        // What stands on the screen moves up to where it can be scrolled back to.
        let first = if self.begun() { String::new() } else { "\n".repeat(rows) };
        let mut text = Vec::new();
        let written = answer.write(&mut text, &look);
        self.piece(written.map(|()| (first + &frame(&String::from_utf8_lossy(&text), rows, &look)).into_bytes()));
    }
}

/// One picture, written at once, so that it does not flicker. The last row stays free for the cursor.
fn frame(text: &str, rows: usize, look: &Look) -> String {
    let all = text.lines().count();
    let room = rows.saturating_sub(1).max(1);
    let shown = if all > room { room - 1 } else { all };
    let mut out = HOME.to_owned();
    for line in text.lines().take(shown) {
        out.extend([line, CLEAR_LINE, "\n"]);
    }
    if all > shown {
        out.extend([fit::cut(&format!("and {} more lines", all - shown), 0, look).as_str(), CLEAR_LINE, "\n"]);
    }
    out + CLEAR_BELOW
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terminal::color::Paint;

    #[test]
    fn a_picture_fits_the_screen() {
        let look = Look { paint: Paint::new(false), width: Some(80), screen: true, unicode: true };
        assert_eq!(frame("a\nb\n", 24, &look), "\x1b[Ha\x1b[K\nb\x1b[K\n\x1b[J");
        assert_eq!(frame("a\nb\nc\nd\n", 4, &look), "\x1b[Ha\x1b[K\nb\x1b[K\nand 2 more lines\x1b[K\n\x1b[J");
        assert_eq!(frame("a\nb\n", 0, &look), "\x1b[Hand 2 more lines\x1b[K\n\x1b[J");
    }
}
