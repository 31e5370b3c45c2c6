//! Splits the output of an agent into lines, gives each to the reader of its preset, and gives out what people read. What a line
//! means is not known here.

use std::{
    cell::Cell,
    time::{Duration, Instant},
};

use serde_json::Value;

use super::{Dialogue, EventReader, ParsedOutput, Report, acp};
use crate::{
    agent::{process::OutputFilter, stop::Reported},
    domain::{
        activity::Activity,
        checks::Permission,
        stop::{StopKind, Stopped},
    },
    terminal::time,
};

/// A line that is longer is not read, in bytes: agents put whole files into one.
const LONGEST_LINE: usize = 8 << 20;

/// Turns the output of one agent into lines for people, and takes note of what it says of the run.
pub struct OutputParser {
    reader: Box<dyn EventReader>,
    parsed: ParsedOutput,
    /// The line whose end has not come yet.
    partial: Vec<u8>,
    /// The line is too long; what is left of it is passed over.
    skipping: bool,
    silence: Option<Silence>,
}

/// How long an agent may print nothing, and whether it did for longer.
struct Silence {
    limit: Duration,
    /// When it printed something last. `None` as long as it is not known to print what it does.
    since: Option<Instant>,
    broken: Cell<bool>,
}

impl OutputParser {
    pub(super) fn new(reader: Box<dyn EventReader>) -> Self {
        OutputParser { reader, parsed: ParsedOutput::default(), partial: Vec::new(), skipping: false, silence: None }
    }

    /// What the agent has said of the run so far.
    pub fn report(&self) -> &Report {
        &self.parsed.report
    }

    /// The last message of the agent.
    pub fn answer(&self) -> &str {
        self.parsed.answer()
    }

    /// What the output says of the end of the run.
    pub(crate) fn reported(&self) -> Reported {
        let reported = self.parsed.reported();
        match self.silence.as_ref().filter(|silence| silence.broken.get()) {
            Some(silence) => {
                let said = Some(format!("no output for {}", time::duration(silence.limit)));
                let stopped = Some(Stopped { kind: StopKind::Unresponsive, said });
                Reported { stopped, in_error: true, ..reported }
            }
            None => reported,
        }
    }

    /// Has the run end where the agent prints nothing for that long: from now on, or once it has printed an event if it may print
    /// its answer alone. A tool may take as long as it likes, where the agent says that one runs.
    #[must_use]
    pub(crate) fn with_silence(mut self, limit: Option<Duration>, from_now: bool) -> Self {
        let since = from_now.then(Instant::now);
        self.silence = limit.map(|limit| Silence { limit, since, broken: Cell::new(false) });
        self
    }

    /// Whether the agent has printed nothing for longer than it may. Once it has, what it prints later changes nothing.
    fn is_silent(&self) -> bool {
        let Some(Silence { limit, since, broken }) = &self.silence else { return false };
        let is_silent = !self.parsed.in_tool() && since.is_some_and(|since| since.elapsed() >= *limit);
        broken.set(broken.get() || is_silent);
        broken.get()
    }

    /// Talks to an agent that speaks the Agent Client Protocol.
    pub fn talking(dialogue: Dialogue) -> Self {
        OutputParser::new(Box::new(acp::Acp::new(dialogue)))
    }

    /// What the agent does now, if it said so.
    pub(crate) fn does(&self) -> Option<&Activity> {
        self.parsed.does()
    }

    /// The permissions that it asked for, and what it was told.
    pub(crate) fn permissions(&self) -> &[Permission] {
        self.reader.permissions()
    }

    /// What it said last. Of one that ended `well` that is its last message, otherwise a line of plain text at the end, or an error.
    pub(crate) fn last_words(&self, well: bool) -> Option<String> {
        self.parsed.last_words(well)
    }

    /// One line of output.
    fn line(&mut self) {
        let line = std::mem::take(&mut self.partial);
        if std::mem::take(&mut self.skipping) {
            self.parsed.say("(a line of more than 8 MiB was not read)");
            return;
        }
        let text = String::from_utf8_lossy(&line);
        let event = text.trim_start().starts_with('{').then(|| serde_json::from_str::<Value>(&text).ok()).flatten();
        if event.is_some_and(|event| self.reader.event(&event, &mut self.parsed)) {
            self.parsed.other_than_plain();
            self.silence.iter_mut().for_each(|silence| silence.since = Some(Instant::now()));
        } else if let Some(line) = self.reader.text(text.trim_end(), &mut self.parsed) {
            self.parsed.plain(&line);
        }
    }
}

impl OutputFilter for OutputParser {
    fn push(&mut self, bytes: &[u8]) -> Vec<u8> {
        if let Some(since) = self.silence.as_mut().and_then(|silence| silence.since.as_mut()) {
            *since = Instant::now();
        }
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            if !self.skipping {
                self.partial.extend_from_slice(piece);
            }
            if self.partial.len() > LONGEST_LINE {
                self.partial = Vec::new();
                self.skipping = true;
            }
            if piece.ends_with(b"\n") {
                self.line();
            }
        }
        self.parsed.take().into_bytes()
    }

    fn is_hopeless(&self) -> bool {
        self.parsed.is_hopeless() || self.is_silent()
    }

    fn input(&mut self) -> Vec<u8> {
        self.reader.input()
    }

    fn over(&self) -> Option<i32> {
        self.reader.over()
    }

    fn cancel(&mut self) {
        self.reader.cancel();
    }

    fn finish(&mut self) -> Vec<u8> {
        let is_event = |line: &[u8]| serde_json::from_slice::<Value>(line).is_ok();
        let is_cut = self.skipping || (self.partial.starts_with(b"{") && !is_event(&self.partial));
        if is_cut && self.parsed.in_turn() {
            self.partial.clear();
            self.parsed.cut_off();
        } else if !self.partial.is_empty() || self.skipping {
            self.line();
        }
        self.reader.end(&mut self.parsed);
        self.parsed.end_line();
        self.parsed.take().into_bytes()
    }
}

#[cfg(test)]
#[path = "tests/parser.rs"]
pub(super) mod tests;
