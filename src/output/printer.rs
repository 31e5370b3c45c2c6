//! The printer: what goes to which stream in which form.

use std::{
    io::{self, Write},
    path::Path,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use super::{
    Look,
    bars::Bars,
    bidi, clean,
    color::{Paint, Palette, When},
    error,
    format::Format,
    human, json, progress,
    record::{self, Record},
};
use crate::{
    Error, Result,
    command::outcome::{Body, Outcome},
    error::IoContext,
    project::progress::{Progress, Step},
};

/// The exit code of a process whose reader has gone, as if SIGPIPE had ended it.
const BROKEN_PIPE: i32 = 128 + 13;

/// What the printer has to know of flags, configuration, environment and terminal; the caller has read them.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// `--json`.
    pub json: bool,
    /// `-z`.
    pub null: bool,
    /// `--format`.
    pub format: Option<String>,
    /// `--quiet`: no progress, notes and hints; warnings and errors stay.
    pub quiet: bool,
    /// `--color`.
    pub color: Option<When>,
    /// The value of `color.chant`.
    pub color_chant: Option<String>,
    /// The value of `color.ui`, which counts where `color.chant` is not set.
    pub color_ui: Option<String>,
    /// Whether `NO_COLOR` is set to something, or `TERM` is `dumb`.
    pub no_color: bool,
    /// The colours that somebody has chosen.
    pub palette: Palette,
    /// What the streams are.
    pub terminal: Terminal,
}

/// What the streams are.
#[derive(Clone, Copy, Debug, Default)]
pub struct Terminal {
    /// Whether a terminal shows stdout, through a pager too (`GIT_PAGER_IN_USE`).
    pub stdout: bool,
    /// Whether stderr is a terminal.
    pub stderr: bool,
    /// The width in columns, where it is known.
    pub width: Option<u16>,
    /// Whether it shows Unicode: the locale's encoding is UTF-8.
    pub unicode: bool,
}

/// The only printer. It may be shared between threads: a line is never torn.
pub struct Printer {
    settings: Settings,
    format: Option<Format>,
    out: Mutex<Box<dyn Write + Send>>,
    err: Mutex<Box<dyn Write + Send>>,
    /// Why a piece of the answer could not be written.
    lost: Mutex<Option<io::Error>>,
    /// A line for each of several specs that are worked at once, redrawn in place.
    bars: Mutex<Option<Bars>>,
    /// Whether something of the answer was written.
    begun: AtomicBool,
    /// Whether people want hints of this sort.
    advice: Advice,
}

/// Whether people want hints of a sort; it is asked where there is one.
pub type Advice = Box<dyn Fn(Hint) -> bool + Send + Sync>;

/// The sorts of hints, by which `advice.*` silences them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hint {
    /// What to do next, where a command did what it was asked.
    Next,
    /// The way out of an error.
    WayOut,
}

impl Hint {
    /// The setting that silences them if it is false.
    pub fn key(self) -> &'static str {
        match self {
            Hint::Next => "advice.chantNext",
            Hint::WayOut => "advice.chantWayOut",
        }
    }
}

impl Printer {
    /// A printer on the process's stdout and stderr.
    pub fn new(settings: Settings) -> Self {
        Printer::on(settings, Box::new(io::stdout()), Box::new(io::stderr()))
    }

    /// A printer on other streams.
    pub fn on(settings: Settings, out: Box<dyn Write + Send>, err: Box<dyn Write + Send>) -> Self {
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

    /// The same, which gives the hints that are wanted.
    #[must_use]
    pub fn advised_by(mut self, advice: Advice) -> Self {
        self.advice = advice;
        self
    }

    /// Checks the flags against what the command ends with (`None`: not with records), before it does anything.
    ///
    /// Two forms at once, a `--format` that the command cannot fill or one with unknown fields are usage errors.
    pub fn prepare(&mut self, record: Option<Record>) -> Result<()> {
        let Settings { json, null, format, .. } = &self.settings;
        let refused = match (json, null, format, record) {
            (true, true, ..) => "'--json' and '-z' cannot be used together",
            (true, _, Some(_), _) => "'--json' and '--format' cannot be used together",
            (_, _, Some(_), None) => "'--format' has nothing to say about this command",
            (_, _, Some(format), Some(record)) => {
                self.format = Some(Format::parse(format, record)?);
                return Ok(());
            }
            _ => return Ok(()),
        };
        Err(Error::usage("bad-flags", refused))
    }

    /// Prints how a command ended and returns the exit code of the process.
    ///
    /// A reader that has gone (`| head`) ends it quietly with 141, as SIGPIPE ends git; any other failure to write is fatal.
    pub fn finish(&self, ended: &Result<Outcome>) -> i32 {
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
    pub fn print(&self, outcome: &Outcome) -> io::Result<()> {
        if outcome.body != Body::Shown {
            self.answer(&self.render(&outcome.body))?;
        }
        let look = self.look_err();
        let mut aside = String::new();
        if self.talks() && self.settings.terminal.stdout && self.settings.terminal.stderr && !self.settings.null {
            aside.extend(
                human::emptiness(&outcome.body).filter(|_| self.format.is_none()).map(|note| format!("{note}\n")),
            );
        }
        aside.extend(outcome.warnings.iter().map(|warning| error::labelled("warning", warning, &look)));
        if self.talks() && !outcome.hints.is_empty() && (self.advice)(Hint::Next) {
            aside.extend(outcome.hints.iter().map(|hint| error::labelled("hint", hint, &look)));
        }
        self.aside(&aside);
        Ok(())
    }

    /// Prints an error: on stderr, or under `--json` as an object on stdout.
    pub fn print_error(&self, error: &Error) -> io::Result<()> {
        if self.settings.json {
            self.answer(&json::error(error, self.settings.terminal.stdout))
        } else {
            let hints = !error.hints.is_empty() && (self.advice)(Hint::WayOut);
            self.aside(&error::text(error, hints, &self.look_err()));
            Ok(())
        }
    }

    /// The answer in the form that was asked for.
    pub(super) fn render(&self, body: &Body) -> Vec<u8> {
        let screen = self.settings.terminal.stdout;
        if self.settings.json {
            return json::body(body, screen);
        }
        let records = match &self.format {
            Some(format) => record::objects(body).iter().map(|record| format.expand(record, screen)).collect(),
            None if self.settings.null => {
                record::porcelain(body).into_iter().map(|record| shown(record, screen)).collect()
            }
            None => {
                return isolated(human::body(body, &self.look_out()), self.settings.terminal.stdout, &self.settings);
            }
        };
        ended(records, if self.settings.null { 0 } else { b'\n' })
    }

    fn answer(&self, bytes: &[u8]) -> io::Result<()> {
        let mut out = locked(&self.out);
        self.begun.store(true, Ordering::Relaxed);
        out.write_all(bytes)?;
        out.flush()
    }

    /// Writes a piece of the answer. That it failed is said at the end, and [`Progress::closed`] tells whoever goes on.
    pub(super) fn piece(&self, bytes: &[u8]) {
        if let Some(cause) = self.answer(bytes).err() {
            locked(&self.lost).get_or_insert(cause);
        }
    }

    /// Writes to stderr. Where that fails there is nobody left to tell, and the work goes on.
    fn aside(&self, text: &str) {
        let text = isolated(text.as_bytes().to_vec(), self.settings.terminal.stderr, &self.settings);
        let write = || {
            let mut err = locked(&self.err);
            let _nobody_to_tell = err.write_all(&text).and_then(|()| err.flush());
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
        if bars.is_none() && !matches!(step, Step::Of { .. } | Step::Queue { .. }) {
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
                self.piece(self.look_out().text(text).as_bytes());
            }
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
mod tests {
    use std::io::Read;

    use super::*;
    use crate::output::sample;

    /// Runs `act` with a printer on two real pipes; what came out of stdout and stderr, and what `act` returned.
    fn captured<T>(settings: Settings, record: Option<Record>, act: impl FnOnce(&Printer) -> T) -> (String, String, T) {
        let (mut out, out_end) = io::pipe().expect("a pipe");
        let (mut err, err_end) = io::pipe().expect("a pipe");
        let mut printer = Printer::on(settings, Box::new(out_end), Box::new(err_end));
        printer.prepare(record).expect("good flags");
        let result = act(&printer);
        drop(printer);
        let (mut stdout, mut stderr) = (String::new(), String::new());
        out.read_to_string(&mut stdout).expect("UTF-8");
        err.read_to_string(&mut stderr).expect("UTF-8");
        (stdout, stderr, result)
    }

    fn two() -> Outcome {
        let specs = ["2026-02-08-010-v7b", "2026-02-08-011-abc"].map(|id| sample::spec(id, "A\u{1b}[31m title"));
        Outcome::new(Body::Specs(specs.to_vec())).warning("the index is old").hint("run it again").exit(1)
    }

    fn screen() -> Terminal {
        Terminal { stdout: true, stderr: true, width: Some(80), unicode: true }
    }

    #[test]
    fn data_goes_to_stdout_and_the_rest_to_stderr() {
        let (out, err, code) = captured(Settings::default(), Some(Record::Spec), |p| p.finish(&Ok(two())));
        assert_eq!(out, "010-v7b  pending  A title\n011-abc  pending  A title\n");
        assert_eq!((err.as_str(), code), ("warning: the index is old\nhint: run it again\n", 1));
        let quiet = Settings { quiet: true, ..Settings::default() };
        let (_, err, _) = captured(quiet, Some(Record::Spec), |p| p.finish(&Ok(two())));
        assert_eq!(err, "warning: the index is old\n");
    }

    #[test]
    fn records_end_with_nul_under_z() {
        let null = Settings { null: true, ..Settings::default() };
        let (out, ..) = captured(null.clone(), Some(Record::Spec), |p| p.finish(&Ok(two())));
        assert_eq!(
            out,
            "2026-02-08-010-v7b\tpending\tA\u{1b}[31m title\x002026-02-08-011-abc\tpending\tA\u{1b}[31m title\0"
        );
        let both = Settings { format: Some("%(short)".into()), ..null.clone() };
        let (out, ..) = captured(both, Some(Record::Spec), |p| p.finish(&Ok(two())));
        assert_eq!(out, "010-v7b\x00011-abc\0");
        let shown = Settings { terminal: screen(), ..null };
        let (out, ..) = captured(shown, Some(Record::Spec), |p| p.finish(&Ok(two())));
        assert!(!out.contains('\u{1b}'), "{out:?}");
    }

    #[test]
    fn a_format_gives_a_line_a_record() {
        let settings = Settings { format: Some("%(id) %(title)".into()), ..Settings::default() };
        let (out, ..) = captured(settings, Some(Record::Spec), |p| p.finish(&Ok(two())));
        assert_eq!(out, "2026-02-08-010-v7b A\u{1b}[31m title\n2026-02-08-011-abc A\u{1b}[31m title\n");
    }

    #[test]
    fn json_is_alone_on_stdout_and_silent_but_for_warnings() {
        let settings = Settings { json: true, ..Settings::default() };
        let (out, err, _) = captured(settings.clone(), None, |p| {
            p.say(&Step::Working { short: "010-v7b", title: "Add locking" });
            p.say(&Step::AgentLine("hello"));
            p.say(&Step::Warning("the lease is old".into()));
            p.finish(&Ok(Outcome::new(Body::Specs(Vec::new())).hint("none")))
        });
        assert_eq!((out.as_str(), err.as_str()), ("{\"format\":1,\"specs\":[]}\n", "warning: the lease is old\n"));
        let (out, err, code) = captured(settings, None, |p| p.finish(&Err(Error::fatal("x", "broken"))));
        assert_eq!(
            out,
            "{\"format\":1,\"error\":{\"code\":\"x\",\"message\":\"broken\",\"hints\":[],\"diagnostics\":[]}}\n"
        );
        assert_eq!((err.as_str(), code), ("", 128));
    }

    #[test]
    fn progress_reads_as_the_source_documents_show_it() {
        let (out, err, ()) = captured(Settings::default(), None, |p| {
            p.say(&Step::Command("git chant work 010-v7b"));
            p.say(&Step::Working { short: "010-v7b", title: "Fix\u{1b}[2J issue #1234" });
            p.say(&Step::AgentStarted { worktree: "/tmp/r.chant-010-v7b".as_ref() });
            p.say(&Step::AgentLine("reading\u{1b}]0;owned\u{7} store.rs"));
            p.say(&Step::Checking { what: "verify: cargo test" });
            p.say(&Step::Hint("look".into()));
        });
        assert_eq!(out, "");
        assert_eq!(
            err,
            "$ git chant work 010-v7b\nWorking 010-v7b: Fix issue #1234\n\
             > Agent working in worktree /tmp/r.chant-010-v7b\n  reading store.rs\n\
             > Checking verify: cargo test\nhint: look\n"
        );
    }

    #[test]
    fn an_answer_in_pieces_goes_to_stdout_as_it_comes() {
        let pieces = |p: &Printer| {
            p.say(&Step::Answer("one\n"));
            p.say(&Step::Answer("\u{1b}[1mtwo\n"));
            p.finish(&Ok(Outcome::new(Body::Nothing)))
        };
        let (out, err, code) = captured(Settings::default(), None, pieces);
        assert_eq!((out.as_str(), err.as_str(), code), ("one\n\u{1b}[1mtwo\n", "", 0));
        let (out, ..) = captured(Settings { terminal: screen(), ..Settings::default() }, None, pieces);
        assert_eq!(out, "one\ntwo\n");
    }

    #[test]
    fn an_empty_list_is_silent_in_a_pipe_and_explained_at_a_terminal() {
        let empty = || Ok(Outcome::new(Body::Specs(Vec::new())));
        let (out, err, code) = captured(Settings::default(), Some(Record::Spec), |p| p.finish(&empty()));
        assert_eq!((out.as_str(), err.as_str(), code), ("", "", 0));
        let terminal = Settings { terminal: screen(), ..Settings::default() };
        let (out, err, _) = captured(terminal, Some(Record::Spec), |p| p.finish(&empty()));
        assert_eq!((out.as_str(), err.as_str()), ("", "no specs\n"));
    }

    #[test]
    fn colour_only_where_it_is_wanted() {
        let colored = |settings: Settings| captured(settings, Some(Record::Spec), |p| p.finish(&Ok(two()))).0;
        assert!(!colored(Settings::default()).contains('\u{1b}'));
        assert!(colored(Settings { terminal: screen(), ..Settings::default() }).contains("\u{1b}[33m010-v7b"));
        let plain = Settings { terminal: screen(), no_color: true, ..Settings::default() };
        assert!(!colored(plain).contains('\u{1b}'));
        let always = Settings { color_ui: Some("always".into()), no_color: true, ..Settings::default() };
        assert!(colored(always.clone()).contains('\u{1b}'));
        assert!(!colored(Settings { color_chant: Some("never".into()), ..always }).contains('\u{1b}'));
    }

    #[test]
    fn a_reader_that_has_gone_ends_it_quietly() {
        let (out, out_end) = io::pipe().expect("a pipe");
        let (mut err, err_end) = io::pipe().expect("a pipe");
        drop(out);
        let printer = Printer::on(Settings::default(), Box::new(out_end), Box::new(err_end));
        assert_eq!(printer.finish(&Ok(two())), 141);
        printer.say(&Step::Answer("more"));
        assert!(printer.closed());
        drop(printer);
        let mut said = String::new();
        err.read_to_string(&mut said).expect("UTF-8");
        assert_eq!(said, "");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_is_no_success() {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("Linux has it");
        let (mut err, err_end) = io::pipe().expect("a pipe");
        let printer = Printer::on(Settings::default(), Box::new(full), Box::new(err_end));
        assert_eq!(printer.finish(&Ok(two())), 128);
        printer.say(&Step::Answer("in pieces"));
        assert_eq!(printer.finish(&Ok(Outcome::new(Body::Nothing))), 128);
        drop(printer);
        let mut said = String::new();
        err.read_to_string(&mut said).expect("UTF-8");
        assert_eq!(said, "fatal: cannot write to 'standard output': no space left on device\n".repeat(2));
    }

    #[test]
    fn flags_that_contradict_are_usage_errors() {
        let refused = |settings: Settings, record| {
            let error = Printer::new(settings).prepare(record).expect_err("refused");
            (error.exit.code(), error.message)
        };
        let json = Settings { json: true, ..Settings::default() };
        let format = Settings { format: Some("%(nope)".into()), ..Settings::default() };
        assert_eq!(
            refused(Settings { null: true, ..json.clone() }, None),
            (129, "'--json' and '-z' cannot be used together".into())
        );
        assert_eq!(refused(Settings { json: true, ..format.clone() }, Some(Record::Spec)).0, 129);
        assert_eq!(refused(format.clone(), None).1, "'--format' has nothing to say about this command");
        assert_eq!(refused(format, Some(Record::Event)).1, "unknown field 'nope' in the format");
    }
}
