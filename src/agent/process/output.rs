//! The three places where the output of a command goes: the transcript, the live lines, the tail. Reading it from the pipe is not
//! done here.

use std::fs::File;
use std::io::Write;

use crate::terminal::sanitize::Sanitizer;

/// A line that is longer is given to the sink in pieces of about this many bytes.
const LONGEST_LINE: usize = 64 * 1024;

/// Understands output before people see it: bytes in, lines for people out.
pub(crate) trait OutputFilter {
    /// The next bytes; gives what can be shown by now.
    fn push(&mut self, bytes: &[u8]) -> Vec<u8>;

    /// Whether what was said shows that the command cannot succeed any more: it is ended then.
    fn is_hopeless(&self) -> bool {
        false
    }

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
}

impl<'a> Output<'a> {
    pub(super) fn new(
        transcript: Option<&'a File>,
        filter: Option<&'a mut dyn OutputFilter>,
        sink: Option<Sink<'a>>,
        keep: usize,
    ) -> Self {
        let lines = sink.map(|(sink, sanitizer)| Lines { sink, sanitizer, partial: String::new() });
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
            let text = lines.sanitizer.push(bytes);
            lines.take(&text);
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
            let text = lines.sanitizer.finish();
            lines.take(&text);
            if !lines.partial.is_empty() {
                (lines.sink)(&lines.partial);
            }
        }
        self.cut();
        (self.tail, self.transcript_error)
    }
}

impl Lines<'_> {
    fn take(&mut self, text: &str) {
        for piece in text.split_inclusive('\n') {
            self.partial.push_str(piece.strip_suffix('\n').unwrap_or(piece));
            if piece.ends_with('\n') || self.partial.len() >= LONGEST_LINE {
                (self.sink)(&self.partial);
                self.partial.clear();
            }
        }
    }
}
