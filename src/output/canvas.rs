//! The terminal as lines are redrawn on it: a little narrower than it is, so that what a terminal itself shows of a key that is pressed, `^C`,
//! begins no other line. A line that is then taken away is gone.

use std::{
    io::{self, Write as _},
    sync::{Mutex, MutexGuard, PoisonError},
};

use indicatif::TermLike;
use rustix::termios::tcgetwinsize;

/// How many columns are left free: for `^C`, twice.
pub(super) const FREE: u16 = 4;

/// What a terminal has that does not say its size: columns and rows.
const USUAL: (u16, u16) = (80, 24);

/// The terminal on stderr. What is drawn is written at once.
///
/// indicatif gives each line, and then blanks to the end of the line, after which a terminal goes on in the next one. These blanks would
/// have the terminal go on there with `^C`, too: here the lines are separated by line ends, and their rest is cleared.
#[derive(Debug, Default)]
pub(super) struct Canvas {
    drawing: Mutex<Drawing>,
}

/// What is drawn and not written yet.
#[derive(Debug, Default)]
struct Drawing {
    bytes: Vec<u8>,
    /// How many lines it has.
    lines: usize,
    /// Whether the rest of the last line comes next.
    in_line: bool,
}

impl Canvas {
    fn drawing(&self) -> MutexGuard<'_, Drawing> {
        self.drawing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn draw(&self, text: std::fmt::Arguments<'_>) -> io::Result<()> {
        self.drawing().bytes.write_fmt(text)
    }

    /// Moves the cursor; by nothing is no movement, where a terminal would take it for one.
    fn moved(&self, by: usize, to: char) -> io::Result<()> {
        if by == 0 { Ok(()) } else { self.draw(format_args!("\x1b[{by}{to}")) }
    }
}

/// Columns and rows.
fn size() -> (u16, u16) {
    let size = tcgetwinsize(io::stderr()).ok().map(|size| (size.ws_col, size.ws_row));
    size.filter(|(columns, rows)| *columns > 0 && *rows > 0).unwrap_or(USUAL)
}

impl TermLike for Canvas {
    fn width(&self) -> u16 {
        size().0.saturating_sub(FREE).max(1)
    }

    fn height(&self) -> u16 {
        size().1
    }

    fn move_cursor_up(&self, n: usize) -> io::Result<()> {
        self.moved(n, 'A')
    }

    fn move_cursor_down(&self, n: usize) -> io::Result<()> {
        self.moved(n, 'B')
    }

    fn move_cursor_right(&self, n: usize) -> io::Result<()> {
        self.moved(n, 'C')
    }

    fn move_cursor_left(&self, n: usize) -> io::Result<()> {
        self.moved(n, 'D')
    }

    fn write_line(&self, text: &str) -> io::Result<()> {
        self.draw(format_args!("{text}\n"))
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        if text == "\r" {
            return self.draw(format_args!("\r"));
        }
        let mut drawing = self.drawing();
        if std::mem::take(&mut drawing.in_line) {
            return drawing.bytes.write_all(b"\x1b[K");
        }
        let end = if drawing.lines > 0 { "\r\n" } else { "" };
        (drawing.lines, drawing.in_line) = (drawing.lines + 1, true);
        write!(drawing.bytes, "{end}{text}")
    }

    fn clear_line(&self) -> io::Result<()> {
        self.draw(format_args!("\r\x1b[2K"))
    }

    fn flush(&self) -> io::Result<()> {
        let drawn = std::mem::take(&mut *self.drawing());
        let mut err = io::stderr().lock();
        err.write_all(&drawn.bytes)?;
        err.flush()
    }
}
