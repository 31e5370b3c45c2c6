//! Where the time goes: `CHANT_TRACE` has a line written for each git that was run and for each piece of work, as `GIT_TRACE2` does.
//!
//! Its value says where to, as git's own: `1` or `true` is stderr, a digit from 2 to 9 an open file descriptor, an absolute path a file
//! that is appended to.

use std::{
    fmt::Write as _,
    fs::{File, OpenOptions},
    io::{self, Write as _},
    path::Path,
    sync::{Mutex, OnceLock, PoisonError},
    time::Instant,
};

/// The variable.
pub(crate) const VARIABLE: &str = "CHANT_TRACE";

enum Sink {
    Stderr,
    File(Mutex<File>),
}

static SINK: OnceLock<Option<Sink>> = OnceLock::new();

fn sink() -> Option<&'static Sink> {
    SINK.get_or_init(|| {
        let asked = std::env::var(VARIABLE).ok()?;
        let open = |path: &Path| OpenOptions::new().create(true).append(true).open(path);
        match asked.as_str() {
            "" | "0" | "false" | "no" | "off" => None,
            "1" | "true" | "yes" | "on" | "2" => Some(Sink::Stderr),
            digit if digit.len() == 1 && ("3"..="9").contains(&digit) => {
                let file = open(&Path::new("/dev/fd").join(digit)).ok()?;
                Some(Sink::File(Mutex::new(file)))
            }
            path if path.starts_with('/') => Some(Sink::File(Mutex::new(open(Path::new(path)).ok()?))),
            _ => None,
        }
    })
    .as_ref()
}

/// A piece of work, timed from here until it is dropped.
#[must_use = "it is timed for as long as this lives"]
pub(crate) struct Region(Option<(Instant, String)>);

/// Begins a piece of work; `name` is called only if tracing is on.
pub(crate) fn region(name: impl FnOnce() -> String) -> Region {
    Region(sink().map(|_| (Instant::now(), name())))
}

impl Drop for Region {
    fn drop(&mut self) {
        if let Some((begun, name)) = self.0.take() {
            write(begun, &name);
        }
    }
}

/// One line, at once: time, process, milliseconds, what it was. Whatever a terminal would interpret is written out.
fn write(begun: Instant, name: &str) {
    let mut line = format!(
        "{} git-chant[{}] {:>9.3} ms  ",
        jiff::Zoned::now().strftime("%H:%M:%S%.6f"),
        std::process::id(),
        begun.elapsed().as_secs_f64() * 1000.0
    );
    for c in name.chars() {
        if c.is_control() {
            line.extend(c.escape_debug());
        } else {
            line.push(c);
        }
    }
    // A String takes everything.
    let _written = line.write_char('\n');
    let written = match sink() {
        Some(Sink::Stderr) => io::stderr().write_all(line.as_bytes()),
        Some(Sink::File(file)) => file.lock().unwrap_or_else(PoisonError::into_inner).write_all(line.as_bytes()),
        None => Ok(()),
    };
    // There is no place left to report it, and nothing depends on it.
    let _untold = written;
}
