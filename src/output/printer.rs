//! The printer: what goes to which stream in which form.

use std::{
    io::{self, Write},
    path::Path,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use super::{bars::Bars, error, format::Format, json, progress};
use crate::{
    Error, Result,
    answer::{
        Failure,
        outcome::{Answer, Outcome},
        progress::{Progress, Step},
        record::Fields,
    },
    error::{IoContext, Kind},
    terminal::{
        Look, bidi, clean,
        color::{Paint, When},
        settings::{Advice, Hint, Settings},
    },
};

/// The exit code of a process whose reader has gone, as if SIGPIPE had ended it.
const BROKEN_PIPE: i32 = 128 + 13;

/// The only printer. It may be shared between threads: a line is never torn.
pub(crate) struct Printer {
    settings: Settings,
    format: Option<Format>,
    out: Mutex<Box<dyn Write + Send>>,
    err: Mutex<Box<dyn Write + Send>>,
    /// Why a piece of the answer could not be written.
    lost: Mutex<Option<io::Error>>,
    /// What is redrawn in place.
    bars: Mutex<Option<Bars>>,
    /// Whether something of the answer was written.
    begun: AtomicBool,
    /// Whether people want hints of this sort.
    advice: Advice,
}

impl Printer {
    /// A printer on the process's stdout and stderr.
    pub(crate) fn new(settings: Settings) -> Self {
        Printer::on(settings, Box::new(io::stdout()), Box::new(io::stderr()))
    }

    /// A printer on other streams.
    pub(crate) fn on(settings: Settings, out: Box<dyn Write + Send>, err: Box<dyn Write + Send>) -> Self {
        Printer {
            settings,
            format: None,
            out: Mutex::new(out),
            err: Mutex::new(err),
            lost: Mutex::new(None),
            bars: Mutex::new(None),
            begun: AtomicBool::new(false),
            advice: Box::new(|_| true),
        }
    }

    /// This printer, limited to the hints that are wanted.
    #[must_use]
    pub(crate) fn advised_by(mut self, advice: Advice) -> Self {
        self.advice = advice;
        self
    }

    /// Checks the flags against what `--format` can name of the command's answer (`None`: nothing), before it does anything.
    ///
    /// Two forms at once, a `--format` that the command cannot fill or one with unknown fields are usage errors.
    pub(crate) fn prepare(&mut self, fields: Option<Fields>) -> Result<()> {
        let Settings { json, null, format, .. } = &self.settings;
        let refused = match (json, null, format, fields) {
            (true, true, ..) => "'--json' and '-z' cannot be used together",
            (true, _, Some(_), _) => "'--json' and '--format' cannot be used together",
            (_, _, Some(_), None) => "this command does not support '--format'",
            (_, _, Some(format), Some(fields)) => {
                self.format = Some(Format::parse(format, &fields())?);
                return Ok(());
            }
            _ => return Ok(()),
        };
        Err(Error::usage(Kind::BadFlags, refused))
    }

    /// Prints how a command ended and returns the exit code of the process.
    ///
    /// A reader that has gone (`| head`) ends it quietly with 141, as SIGPIPE ends git; any other failure to write is fatal.
    pub(crate) fn finish(&self, ended: &Result<Outcome>) -> i32 {
        if let Some(bars) = locked(&self.bars).take() {
            bars.clear();
        }
        let (printed, code) = match ended {
            Ok(outcome) => (self.print(outcome), outcome.exit),
            Err(error) => (self.print_error(error), error.exit.code()),
        };
        let earlier = locked(&self.lost).take().map_or(Ok(()), Err);
        let Err(cause) = earlier.and(printed) else { return code };
        if cause.kind() == io::ErrorKind::BrokenPipe {
            return BROKEN_PIPE;
        }
        let Err(fatal) = Err::<(), _>(cause).io("write to", Path::new("standard output")) else { return code };
        self.aside(&error::text(&fatal, true, &self.look_err()));
        fatal.exit.code()
    }

    /// Prints an outcome: the answer on stdout, warnings and hints on stderr.
    pub(crate) fn print(&self, outcome: &Outcome) -> io::Result<()> {
        if let Some(answer) = &outcome.answer {
            self.answer(&self.render(answer.as_ref())?)?;
        }
        let look = self.look_err();
        let mut aside = String::new();
        if self.talks() && self.settings.terminal.stdout && self.settings.terminal.stderr && !self.settings.null {
            let note = outcome.answer.as_ref().and_then(|answer| answer.emptiness());
            aside.extend(note.filter(|_| self.format.is_none()).map(|note| format!("{note}\n")));
        }
        aside.extend(outcome.warnings.iter().map(|warning| error::labelled("warning", warning, &look)));
        if self.talks() && !outcome.hints.is_empty() && (self.advice)(Hint::Next) {
            aside.extend(outcome.hints.iter().map(|hint| error::labelled("hint", hint, &look)));
        }
        self.aside(&aside);
        Ok(())
    }

    /// Prints an error: on stderr, or under `--json` as an object on stdout.
    pub(crate) fn print_error(&self, error: &Error) -> io::Result<()> {
        if self.settings.json {
            self.answer(&json::text(&Failure::from(error), self.settings.terminal.stdout))
        } else {
            let hints = !error.hints.is_empty() && (self.advice)(Hint::WayOut);
            self.aside(&error::text(error, hints, &self.look_err()));
            Ok(())
        }
    }

    /// The answer in the form that was asked for.
    pub(super) fn render(&self, answer: &dyn Answer) -> io::Result<Vec<u8>> {
        let screen = self.settings.terminal.stdout;
        if self.settings.json {
            return Ok(json::text(answer, screen));
        }
        let records: Vec<Vec<u8>> = match &self.format {
            Some(format) => answer.records().iter().map(|record| format.expand(&record.value(), screen)).collect(),
            None if self.settings.null => answer.porcelain().into_iter().map(|record| shown(record, screen)).collect(),
            None => {
                let mut text = Vec::new();
                answer.write(&mut text, &self.look_out())?;
                return Ok(isolated(text, screen, &self.settings));
            }
        };
        Ok(ended(records, if self.settings.null { 0 } else { b'\n' }))
    }

    fn answer(&self, bytes: &[u8]) -> io::Result<()> {
        let mut out = locked(&self.out);
        self.begun.store(true, Ordering::Relaxed);
        out.write_all(bytes)?;
        out.flush()
    }

    /// Writes a piece of the answer. A failure is reported at the end; until then [`Progress::closed`] reports it.
    pub(super) fn piece(&self, bytes: io::Result<Vec<u8>>) {
        if let Some(cause) = bytes.and_then(|bytes| self.answer(&bytes)).err() {
            locked(&self.lost).get_or_insert(cause);
        }
    }

    /// Writes to stderr. The work continues where that fails: there is no other place to report it.
    fn aside(&self, text: &str) {
        let text = isolated(text.as_bytes().to_vec(), self.settings.terminal.stderr, &self.settings);
        let write = || {
            let mut err = locked(&self.err);
            let _unreported = err.write_all(&text).and_then(|()| err.flush());
        };
        match locked(&self.bars).as_ref() {
            Some(bars) if !text.is_empty() => bars.above(write),
            Some(_) => {}
            None => write(),
        }
    }

    /// Shows a step in the line of its spec, where lines can be redrawn. Returns whether it did.
    fn drawn(&self, step: &Step<'_>) -> bool {
        if !self.settings.terminal.stderr {
            return false;
        }
        let mut bars = locked(&self.bars);
        if bars.is_none()
            && !matches!(
                step,
                Step::Of { .. }
                    | Step::Queue { .. }
                    | Step::Checking { .. }
                    | Step::Running { .. }
                    | Step::Doing { .. }
            )
        {
            return false;
        }
        bars.get_or_insert_with(Bars::new).show(step, &self.look_err())
    }

    /// Whether people want more than warnings.
    fn talks(&self) -> bool {
        !self.settings.json && !self.settings.quiet
    }

    pub(super) fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Whether the answer is made of records.
    pub(super) fn is_of_records(&self) -> bool {
        self.settings.null || self.format.is_some()
    }

    /// Whether something of the answer was written.
    pub(super) fn begun(&self) -> bool {
        self.begun.load(Ordering::Relaxed)
    }

    pub(super) fn look_out(&self) -> Look {
        self.look(self.settings.terminal.stdout)
    }

    fn look_err(&self) -> Look {
        self.look(self.settings.terminal.stderr)
    }

    fn look(&self, screen: bool) -> Look {
        let Settings { color, color_chant, color_ui, no_color, palette, terminal, .. } = &self.settings;
        let config = color_chant.as_deref().or(color_ui.as_deref()).and_then(When::from_config);
        Look {
            paint: Paint::with_palette(When::decide(*color, config, *no_color, screen), *palette),
            width: terminal.width.filter(|_| screen).map(usize::from),
            screen,
            unicode: screen && terminal.unicode,
        }
    }
}

impl Progress for Printer {
    fn say(&self, step: &Step<'_>) {
        match step {
            // Two things on stdout would not be JSON any more.
            Step::Answer(_) if self.settings.json => {}
            Step::Answer(text) => {
                self.piece(Ok(self.look_out().text(text).into_owned().into_bytes()));
            }
            // Only where a line can be redrawn.
            Step::Running { .. } | Step::Ran | Step::Doing { .. } if !self.settings.terminal.stderr => {}
            // Whatever is drawn is drawn over again; a warning and the end of a spec stay on the screen.
            _ if self.talks() && self.drawn(step) => {}
            Step::Warning(_) => self.aside(&progress::line(step, &self.look_err())),
            Step::Hint(_) | Step::Of { step: Step::Hint(_), .. } if !(self.advice)(Hint::Next) => {}
            Step::Of { step: Step::Warning(_), .. } => self.aside(&progress::line(step, &self.look_err())),
            _ if self.talks() => self.aside(&progress::line(step, &self.look_err())),
            _ => {}
        }
    }

    fn colors(&self) -> bool {
        self.look_err().paint.on
    }

    fn closed(&self) -> bool {
        locked(&self.lost).is_some()
    }
}

/// A thread that panicked while it printed has left half a line at worst.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The text so that what is written from right to left does not turn around what stands beside it at a terminal.
fn isolated(text: Vec<u8>, screen: bool, settings: &Settings) -> Vec<u8> {
    if !screen || !settings.terminal.unicode || text.is_ascii() {
        return text;
    }
    match String::from_utf8(text) {
        Ok(text) => bidi::isolated(&text).into_owned().into_bytes(),
        Err(other) => other.into_bytes(),
    }
}

/// A record as it is, or without what a terminal would interpret.
fn shown(record: Vec<u8>, screen: bool) -> Vec<u8> {
    if screen { clean::text(&String::from_utf8_lossy(&record)).into_owned().into_bytes() } else { record }
}

fn ended(records: Vec<Vec<u8>>, end: u8) -> Vec<u8> {
    let mut out = Vec::with_capacity(records.iter().map(|record| record.len() + 1).sum());
    for record in records {
        out.extend_from_slice(&record);
        out.push(end);
    }
    out
}

#[cfg(test)]
mod tests;
