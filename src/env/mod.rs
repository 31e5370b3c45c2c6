//! The one place that reads the process's state: environment, working directory, clock, randomness, terminal.

pub(crate) mod awaited;
pub(crate) mod fault;
pub(crate) mod file_lock;
pub(crate) mod local_file;
pub(crate) mod machine;
pub(crate) mod pager;
pub(crate) mod process_table;
pub(crate) mod remove_dir;
pub(crate) mod scratch;
mod terminal;
pub(crate) mod trace;
mod zone;

use std::{
    collections::HashMap,
    ffi::{OsStr, OsString},
    fmt, fs,
    io::IsTerminal,
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
};

use crate::error::{Error, Kind, Result};

/// The width that is assumed where it cannot be told.
const DEFAULT_WIDTH: usize = 80;

/// The height that is assumed where it cannot be told.
const DEFAULT_HEIGHT: usize = 24;

/// What the process was started with, read once in `main` and passed in from there.
///
/// Cloning is cheap. `Debug` shows no variables: they may hold secrets.
#[derive(Clone)]
pub(crate) struct Env {
    cwd: PathBuf,
    state: Arc<State>,
}

struct State {
    variables: HashMap<OsString, OsString>,
    stdin: bool,
    stdout: bool,
    stderr: bool,
    width: usize,
    zone: OnceLock<jiff::tz::TimeZone>,
}

impl Env {
    /// Reads the state of this process. Fails only if the working directory no longer exists.
    pub(crate) fn from_process() -> Result<Self> {
        let cwd = std::env::current_dir().map_err(|cause| {
            Error::fatal(Kind::NoWorkingDirectory, format!("unable to get current working directory: {cause}"))
        })?;
        let variables: HashMap<_, _> = std::env::vars_os().collect();
        if lost_temp_dir(variables.get(OsStr::new("TMPDIR"))) {
            // Another one is set only where that is done a second time.
            let _first = tempfile::env::override_temp_dir(Path::new("/tmp"));
        }
        let width = width(variables.get(OsStr::new("COLUMNS")));
        let state = State {
            stdin: std::io::stdin().is_terminal(),
            stdout: std::io::stdout().is_terminal(),
            stderr: std::io::stderr().is_terminal(),
            width,
            zone: OnceLock::new(),
            variables,
        };
        Ok(Env { cwd, state: Arc::new(state) })
    }

    /// The state of this process as if it had been started in `dir`, an absolute path.
    #[must_use]
    pub(crate) fn in_dir(&self, dir: impl Into<PathBuf>) -> Self {
        Env { cwd: dir.into(), state: Arc::clone(&self.state) }
    }

    /// The state of this process as if it had been started in `dir`, relative to where it is: `-C <dir>`. An empty one changes nothing, as
    /// with git.
    ///
    /// # Errors
    /// `no-directory` if there is no such directory.
    pub(crate) fn enter(&self, dir: &std::path::Path) -> Result<Self> {
        let to = self.cwd.join(dir);
        if !to.is_dir() {
            return Err(Error::fatal(
                Kind::NoDirectory,
                format!("cannot change to '{}': no such directory", dir.display()),
            ));
        }
        Ok(self.in_dir(std::fs::canonicalize(&to).unwrap_or(to)))
    }

    /// Whether the locale's encoding is UTF-8, by the variables that decide it.
    pub(crate) fn is_utf8(&self) -> bool {
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(|name| self.text(name)).unwrap_or_default();
        let locale = locale.to_ascii_lowercase();
        locale.contains("utf-8") || locale.contains("utf8")
    }

    /// The working directory at the start, absolute.
    pub(crate) fn cwd(&self) -> &Path {
        &self.cwd
    }

    /// An environment variable as it was at the start.
    pub(crate) fn var(&self, name: &str) -> Option<&OsStr> {
        self.state.variables.get(OsStr::new(name)).map(OsString::as_os_str)
    }

    /// An environment variable that is set to something, as text; what is not UTF-8 counts as unset.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.var(name).and_then(OsStr::to_str).filter(|text| !text.is_empty())
    }

    /// The names of all environment variables, in no order.
    pub(crate) fn names(&self) -> impl Iterator<Item = &OsStr> {
        self.state.variables.keys().map(OsString::as_os_str)
    }

    /// The person's home directory, if `HOME` is set.
    pub(crate) fn home(&self) -> Option<PathBuf> {
        self.var("HOME").filter(|home| !home.is_empty()).map(PathBuf::from)
    }

    /// Where caches go: `$XDG_CACHE_HOME` if absolute, otherwise `~/.cache`.
    pub(crate) fn cache_dir(&self) -> Option<PathBuf> {
        let xdg = self.var("XDG_CACHE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
        xdg.or_else(|| self.home().map(|home| home.join(".cache")))
    }

    /// Whether a command of that name is in `PATH`.
    pub(crate) fn finds_program(&self, name: &str) -> bool {
        self.program(name).is_some()
    }

    /// The file in `PATH` that the command `name` runs.
    pub(crate) fn program(&self, name: &str) -> Option<PathBuf> {
        let executable = |path: &PathBuf| {
            fs::metadata(path).is_ok_and(|meta| meta.is_file())
                && rustix::fs::access(path, rustix::fs::Access::EXEC_OK).is_ok()
        };
        let path = self.var("PATH").unwrap_or_default();
        std::env::split_paths(path).map(|dir| self.cwd.join(dir).join(name)).find(executable)
    }

    /// Whether a person can be asked: a terminal on both sides, at which is no agent, and `GIT_TERMINAL_PROMPT` does
    /// not forbid it.
    pub(crate) fn may_prompt(&self) -> bool {
        let forbidden = self
            .text("GIT_TERMINAL_PROMPT")
            .is_some_and(|value| matches!(value.to_ascii_lowercase().as_str(), "0" | "false" | "no" | "off"));
        !forbidden && self.state.stdin && self.state.stderr && !self.is_agent()
    }

    /// Whether the variables say that this process runs inside an agent that git-chant started.
    pub(crate) fn is_agent(&self) -> bool {
        self.var("CHANT_SPEC_ID").is_some_and(|id| !id.is_empty())
    }

    /// Where temporary files go: `TMPDIR`, otherwise, or where that is no directory, `/tmp`. Absolute.
    pub(crate) fn temp_dir(&self) -> PathBuf {
        self.cwd.join(scratch::temp_dir())
    }

    /// Whether `TMPDIR` is set and names no directory.
    pub(crate) fn has_lost_temp_dir(&self) -> bool {
        lost_temp_dir(self.state.variables.get(OsStr::new("TMPDIR")))
    }

    /// The file of this program.
    ///
    /// # Errors
    /// If the system does not say it.
    pub(crate) fn executable(&self) -> std::io::Result<PathBuf> {
        std::env::current_exe()
    }

    /// What tells the program that runs from another build of it, as far as the system says it.
    pub(crate) fn binary(&self) -> String {
        let file = self.executable().and_then(fs::metadata);
        let age = |file: &fs::Metadata| file.modified().ok()?.duration_since(std::time::UNIX_EPOCH).ok();
        file.map(|file| format!("{} {:?}", file.len(), age(&file))).unwrap_or_default()
    }

    /// The time now.
    pub(crate) fn now(&self) -> jiff::Timestamp {
        jiff::Timestamp::now()
    }

    /// The day now where the person is.
    pub(crate) fn today(&self) -> jiff::civil::Date {
        self.zone().to_datetime(self.now()).date()
    }

    /// When the present day began where the person is, in seconds since 1970 UTC.
    pub(crate) fn day_began(&self) -> i64 {
        let now = self.zone().to_datetime(self.now()).time();
        let since = i64::from(now.hour()) * 3600 + i64::from(now.minute()) * 60 + i64::from(now.second());
        self.now().as_second() - since
    }

    /// The local time zone.
    fn zone(&self) -> &jiff::tz::TimeZone {
        self.state.zone.get_or_init(|| zone::local(self.var("TZ")))
    }

    /// The time now as git writes it into a commit: whole seconds and the offset of the local time zone.
    pub(crate) fn git_time(&self) -> gix::date::Time {
        let now = self.now();
        let offset = self.zone().to_offset(now);
        gix::date::Time { seconds: now.as_second(), offset: offset.seconds() }
    }

    /// A random number.
    pub(crate) fn random_u32(&self) -> u32 {
        u32::from_le_bytes(random_bytes().expect(NO_RANDOMNESS))
    }

    /// `count` random bytes as lower-case hex, two digits a byte.
    pub(crate) fn random_hex(&self, count: usize) -> String {
        let mut bytes = vec![0; count];
        getrandom::fill(&mut bytes).expect(NO_RANDOMNESS);
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Whether stdout is a terminal.
    pub(crate) fn stdout_is_terminal(&self) -> bool {
        self.state.stdout
    }

    /// Whether stderr is a terminal.
    pub(crate) fn stderr_is_terminal(&self) -> bool {
        self.state.stderr
    }

    /// The width of the terminal in columns: `COLUMNS`, otherwise what the terminal says, otherwise 80.
    pub(crate) fn width(&self) -> usize {
        self.state.width
    }

    /// The size of the terminal now, in columns and rows; `None` if stdout is none.
    pub(crate) fn screen(&self) -> Option<(usize, usize)> {
        let size = rustix::termios::tcgetwinsize(std::io::stdout()).ok().filter(|_| self.stdout_is_terminal())?;
        let columns = Some(usize::from(size.ws_col)).filter(|columns| *columns > 0).unwrap_or(DEFAULT_WIDTH);
        let rows = Some(usize::from(size.ws_row)).filter(|rows| *rows > 0).unwrap_or(DEFAULT_HEIGHT);
        Some((columns, rows))
    }
}

impl fmt::Debug for Env {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Env").field("cwd", &self.cwd).finish_non_exhaustive()
    }
}

const NO_RANDOMNESS: &str = "a system without a source of randomness cannot run git either";

/// Random bytes, for what has no [`Env`] at hand.
pub(crate) fn random_bytes<const COUNT: usize>() -> Result<[u8; COUNT]> {
    let mut bytes = [0; COUNT];
    getrandom::fill(&mut bytes).map_err(|cause| Error::fatal(Kind::Random, format!("no random numbers: {cause}")))?;
    Ok(bytes)
}

fn width(columns: Option<&OsString>) -> usize {
    let told = columns.and_then(|text| text.to_str()?.parse().ok()).filter(|width| *width > 0);
    let asked = || {
        let size = rustix::termios::tcgetwinsize(std::io::stdout())
            .or_else(|_| rustix::termios::tcgetwinsize(std::io::stderr()))
            .ok()?;
        Some(usize::from(size.ws_col)).filter(|width| *width > 0)
    };
    told.or_else(asked).unwrap_or(DEFAULT_WIDTH)
}

fn lost_temp_dir(variable: Option<&OsString>) -> bool {
    variable.is_some_and(|dir| !dir.is_empty() && !Path::new(dir).is_dir())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_hex_has_two_digits_a_byte_and_differs() {
        let env = Env::from_process().unwrap();
        let (one, two) = (env.random_hex(16), env.random_hex(16));
        assert_eq!(one.len(), 32);
        assert!(one.bytes().all(|b| b.is_ascii_hexdigit() && !b.is_ascii_uppercase()));
        assert_ne!(one, two);
    }

    #[test]
    fn debug_shows_no_variables() {
        let env = Env::from_process().unwrap();
        let shown = format!("{env:?}");
        assert!(shown.contains("cwd") && !shown.contains("PATH"), "{shown}");
    }

    #[test]
    fn columns_win_over_the_terminal() {
        assert_eq!(width(Some(&OsString::from("41"))), 41);
        assert_eq!(width(Some(&OsString::from("0"))), width(None));
        assert_eq!(width(Some(&OsString::from("wide"))), width(None));
    }
}
