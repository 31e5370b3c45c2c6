//! The three places where the output of a command goes: the transcript, the live lines, the tail. Reading it from the pipe is not
//! done here.

use std::fs::File;
use std::io::Write;
use std::time::{Duration, Instant};

use crate::terminal::sanitize::Sanitizer;

/// A line that is longer is given to the sink in pieces of about this many bytes.
const LONGEST_LINE: usize = 64 * 1024;

/// What the sink gets within [`WINDOW`], in bytes, where a line counts [`A_LINE`] more: people read no faster, and a command that prints
/// without end would wait for its lines to be shown.
const MOST_SHOWN: usize = 1 << 20;

/// What a line costs besides its bytes.
const A_LINE: usize = 64;

/// The time that [`MOST_SHOWN`] is for.
const WINDOW: Duration = Duration::from_secs(1);

/// How much of the end is shown after a gap, in bytes.
const END: usize = 4 * 1024;

/// Understands output before people see it: bytes in, lines for people out.
pub(crate) trait OutputFilter {
    /// The next bytes; gives what can be shown by now.
    fn push(&mut self, bytes: &[u8]) -> Vec<u8>;

    /// Whether what was said shows that the command cannot succeed any more: it is ended then.
    fn is_hopeless(&self) -> bool {
        false
    }

    /// What is to be written to the command now, where it is talked to.
    fn input(&mut self) -> Vec<u8> {
        Vec::new()
    }

    /// The exit code with which the command counts from now on, where a conversation with it is over: it is ended if it stays.
    fn over(&self) -> Option<i32> {
        None
    }

    /// Asks the command to stop, where it is talked to.
    fn cancel(&mut self) {}

    /// The output is over; gives what is left to be shown.
    fn finish(&mut self) -> Vec<u8>;
}

/// Who gets the lines, and what takes from them what a terminal would obey.
pub(super) type Sink<'a> = (&'a mut dyn FnMut(&str), Sanitizer);

/// The three places where output goes. Its memory does not grow with the output.
pub(super) struct Output<'a> {
    transcript: Option<&'a File>,
    transcript_error: Option<std::io::Error>,
    filter: Option<&'a mut dyn OutputFilter>,
    lines: Option<Lines<'a>>,
    tail: Vec<u8>,
    keep: usize,
}

/// The sink, with the line that is not complete yet.
struct Lines<'a> {
    sink: &'a mut dyn FnMut(&str),
    sanitizer: Sanitizer,
    partial: String,
    /// When the present window began, and what was shown in it.
    window: (Instant, usize),
    /// How many bytes were passed over since the last line that was shown.
    gap: usize,
    /// Whether the last of them ended a line.
    gap_ends_line: bool,
}

impl<'a> Output<'a> {
    pub(super) fn new(
        transcript: Option<&'a File>,
        filter: Option<&'a mut dyn OutputFilter>,
        sink: Option<Sink<'a>>,
        keep: usize,
    ) -> Self {
        let lines = sink.map(|(sink, sanitizer)| Lines {
            sink,
            sanitizer,
            partial: String::new(),
            window: (Instant::now(), 0),
            gap: 0,
            gap_ends_line: false,
        });
        Output { transcript, transcript_error: None, filter, lines, tail: Vec::new(), keep }
    }

    pub(super) fn take(&mut self, bytes: &[u8]) {
        match self.filter.as_mut().map(|filter| filter.push(bytes)) {
            Some(filtered) => self.show(&filtered),
            None => self.show(bytes),
        }
    }

    /// To the transcript, the sink and the tail.
    fn show(&mut self, bytes: &[u8]) {
        if let Some(mut file) = self.transcript
            && let Err(error) = file.write_all(bytes)
        {
            self.transcript = None;
            self.transcript_error = Some(error);
        }
        if let Some(lines) = &mut self.lines {
            lines.push(bytes);
        }
        self.tail.extend_from_slice(bytes);
        // Cut only now and then, so that each byte is moved about once.
        if self.tail.len() > self.keep.saturating_mul(2).saturating_add(64 * 1024) {
            self.cut();
        }
    }

    /// Whether the command is to be ended because it cannot succeed any more.
    pub(super) fn is_hopeless(&self) -> bool {
        self.filter.as_ref().is_some_and(|filter| filter.is_hopeless())
    }

    /// What is to be written to the command now.
    pub(super) fn input(&mut self) -> Vec<u8> {
        self.filter.as_mut().map(|filter| filter.input()).unwrap_or_default()
    }

    /// The exit code with which the command counts, where the conversation with it is over.
    pub(super) fn over(&self) -> Option<i32> {
        self.filter.as_ref().and_then(|filter| filter.over())
    }

    /// Asks the command to stop.
    pub(super) fn cancel(&mut self) {
        if let Some(filter) = &mut self.filter {
            filter.cancel();
        }
    }

    fn cut(&mut self) {
        let surplus = self.tail.len().saturating_sub(self.keep);
        self.tail.drain(..surplus);
    }

    /// Gives the last, incomplete line to the sink; the tail, and what went wrong with the transcript.
    pub(super) fn finish(mut self) -> (Vec<u8>, Option<std::io::Error>) {
        if let Some(filtered) = self.filter.as_mut().map(|filter| filter.finish()) {
            self.show(&filtered);
        }
        if let Some(lines) = &mut self.lines {
            lines.finish(&self.tail);
        }
        self.cut();
        (self.tail, self.transcript_error)
    }
}

impl Lines<'_> {
    /// Shows the next bytes, or passes them over where too much came before them.
    fn push(&mut self, bytes: &[u8]) {
        if self.window.0.elapsed() >= WINDOW {
            self.window = (Instant::now(), 0);
        }
        if self.window.1 >= MOST_SHOWN {
            if self.gap == 0 {
                self.end_line();
            }
            self.pass_over(bytes);
            return;
        }
        let mut bytes = bytes;
        if self.gap > 0 {
            // What is shown again begins with a whole line.
            if !self.gap_ends_line {
                let begins = bytes.iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |at| at + 1);
                self.pass_over(&bytes[..begins]);
                bytes = &bytes[begins..];
            }
            if bytes.is_empty() {
                return;
            }
            self.tell_gap();
        }
        self.window.1 += bytes.len();
        let text = self.sanitizer.push(bytes);
        self.take(&text);
    }

    fn pass_over(&mut self, bytes: &[u8]) {
        self.gap = self.gap.saturating_add(bytes.len());
        self.gap_ends_line = bytes.last().map_or(self.gap_ends_line, |last| *last == b'\n');
    }

    fn take(&mut self, text: &str) {
        for piece in text.split_inclusive('\n') {
            self.partial.push_str(piece.strip_suffix('\n').unwrap_or(piece));
            if piece.ends_with('\n') || self.partial.len() >= LONGEST_LINE {
                (self.sink)(&self.partial);
                self.partial.clear();
                self.window.1 += A_LINE;
            }
        }
    }

    /// Shows what there is of the last line.
    fn end_line(&mut self) {
        let text = self.sanitizer.finish();
        self.take(&text);
        if !self.partial.is_empty() {
            (self.sink)(&self.partial);
            self.partial.clear();
        }
    }

    fn tell_gap(&mut self) {
        (self.sink)(&format!("[{} bytes not shown here]", self.gap));
        self.gap = 0;
    }

    /// The output is over; `tail` is its end.
    fn finish(&mut self, tail: &[u8]) {
        if self.gap > 0 {
            let end = &tail[tail.len().saturating_sub(END.min(self.gap))..];
            let begins = end.iter().position(|byte| *byte == b'\n').map_or(0, |at| at + 1);
            let end = &end[begins..];
            self.gap = self.gap.saturating_sub(end.len());
            self.tell_gap();
            let text = self.sanitizer.push(end);
            self.take(&text);
        }
        self.end_line();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_a_burst_whole_lines_are_shown_again_however_they_come() {
        for (lost, next, shown) in [("lost\n", "tick\n", "[5 bytes not shown here]"), ("lo", "st\ntick\n", "[5 bytes")]
        {
            let mut lines = Vec::new();
            let mut sink = |line: &str| lines.push(line.to_owned());
            let long_ago = Instant::now().checked_sub(WINDOW).expect("a second ago");
            let mut output = Lines {
                sink: &mut sink,
                sanitizer: Sanitizer::new(),
                partial: String::new(),
                window: (Instant::now(), MOST_SHOWN),
                gap: 0,
                gap_ends_line: false,
            };
            output.push(lost.as_bytes());
            output.window.0 = long_ago;
            output.push(next.as_bytes());
            assert_eq!((lines[0].starts_with(shown), lines[1].as_str()), (true, "tick"), "{lines:?}");
        }
    }
}
