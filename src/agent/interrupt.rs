//! SIGINT, SIGTERM and SIGHUP: this process notes them while a command runs. At any other time they end it as usual: each is heard by a
//! listener, or ends the process. Ending the command that runs is not done here.

use std::io::Read;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGTERM};
use signal_hook::{SigId, flag, low_level};

use crate::error::{Error, Kind, Result};

/// The number of listeners: while there is none, signals do what they did before.
static LISTENERS: Mutex<usize> = Mutex::new(0);

/// What is set up once a process, because a handler cannot be taken away again.
struct Handlers {
    /// True while there is no listener: then a signal ends the process as usual.
    idle: Arc<AtomicBool>,
    /// The signal that came last since there are listeners; 0 if none did.
    heard: Arc<AtomicUsize>,
    /// The signals that were not ignored when we came: `nohup` keeps its meaning.
    signals: Vec<i32>,
}

/// The signals that arrive from [`Interrupts::listen`] to [`Interrupts::stop`]; SIGCHLD among them, as a wake-up.
pub(crate) struct Interrupts {
    /// Whether this one is among the listeners.
    listening: bool,
    sources: Vec<Source>,
    first: Option<i32>,
    count: usize,
    child: bool,
}

/// One signal, with the socket that its handler writes a byte to.
struct Source {
    signal: i32,
    id: SigId,
    socket: UnixStream,
}

impl Interrupts {
    /// Begins to listen. A signal that another listener has heard, and goes on listening, came to this one, too: what several do
    /// together ends as a whole, whatever each of them was about to begin.
    pub(crate) fn listen() -> Result<Self> {
        let mut interrupts = Self::listen_anew()?;
        let heard = handlers().heard.load(Ordering::SeqCst);
        interrupts.first = interrupts.first.or(i32::try_from(heard).ok().filter(|signal| *signal != 0));
        Ok(interrupts)
    }

    /// Begins to listen to what comes from now on.
    pub(crate) fn listen_anew() -> Result<Self> {
        let handlers = handlers();
        let mut interrupts = Interrupts { listening: false, sources: Vec::new(), first: None, count: 0, child: false };
        let mut listeners = LISTENERS.lock().unwrap_or_else(PoisonError::into_inner);
        if *listeners == 0 {
            handlers.heard.store(0, Ordering::SeqCst);
        }
        for signal in handlers.signals.iter().copied().chain([SIGCHLD]) {
            interrupts.sources.push(
                Source::new(signal).map_err(|cause| {
                    Error::fatal(Kind::Signal, format!("cannot listen for signal {signal}: {cause}"))
                })?,
            );
        }
        // Only now: a signal that came before every source was there would neither be heard nor end the process.
        *listeners += 1;
        handlers.idle.store(false, Ordering::SeqCst);
        drop(listeners);
        interrupts.listening = true;
        Ok(interrupts)
    }

    /// The sockets to poll: readable when a signal came.
    pub(crate) fn sockets(&self) -> impl Iterator<Item = &UnixStream> {
        self.sources.iter().map(|source| &source.socket)
    }

    /// Waits for as long as `pause` lasts, or until one of them comes: then which. A child that changes its state wakes it too.
    pub(crate) fn wait(&mut self, pause: Duration) -> Result<Option<i32>> {
        let failed = |cause: std::io::Error| Error::fatal(Kind::Signal, format!("cannot wait for a signal: {cause}"));
        let most = Timespec::try_from(pause).ok();
        let mut ends: Vec<PollFd<'_>> =
            self.sources.iter().map(|source| PollFd::new(&source.socket, PollFlags::IN)).collect();
        match poll(&mut ends, most.as_ref()) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(failed(error.into())),
        }
        self.note();
        Ok(self.first)
    }

    /// Takes note of what has arrived.
    pub(crate) fn note(&mut self) {
        for source in &mut self.sources {
            let mut bytes = [0; 64];
            while let Ok(arrived @ 1..) = source.socket.read(&mut bytes) {
                if source.signal == SIGCHLD {
                    self.child = true;
                } else {
                    self.first.get_or_insert(source.signal);
                    self.count += arrived;
                }
            }
        }
    }

    /// The first signal, if one came.
    pub(crate) fn first(&self) -> Option<i32> {
        self.first
    }

    /// How many came.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// Whether a child has changed its state since the last call.
    pub(crate) fn take_child(&mut self) -> bool {
        std::mem::take(&mut self.child)
    }

    /// Stops listening, and gives the first signal that came, to the very last moment.
    pub(crate) fn stop(mut self) -> Option<i32> {
        self.unlisten();
        self.note();
        self.first
    }

    /// Stops listening. A signal that came does now what it would have done then, unless there is another listener, who has heard it.
    pub(crate) fn release(self) {
        if let Some(signal) = self.stop()
            && *LISTENERS.lock().unwrap_or_else(PoisonError::into_inner) == 0
        {
            let _ended = low_level::raise(signal);
        }
    }

    /// Lets signals do what they did before, unless there is another listener.
    fn unlisten(&mut self) {
        if !std::mem::take(&mut self.listening) {
            return;
        }
        let mut listeners = LISTENERS.lock().unwrap_or_else(PoisonError::into_inner);
        *listeners = listeners.saturating_sub(1);
        if *listeners == 0 {
            handlers().idle.store(true, Ordering::SeqCst);
        }
    }
}

impl Drop for Interrupts {
    fn drop(&mut self) {
        self.unlisten();
    }
}

impl Drop for Source {
    fn drop(&mut self) {
        low_level::unregister(self.id);
    }
}

impl Source {
    fn new(signal: i32) -> std::io::Result<Self> {
        let (socket, theirs) = UnixStream::pair()?;
        socket.set_nonblocking(true)?;
        Ok(Source { signal, id: low_level::pipe::register(signal, theirs)?, socket })
    }
}

/// The name of a signal: `SIGINT`.
pub(crate) fn signal_name(signal: i32) -> String {
    low_level::signal_name(signal).map_or_else(|| format!("signal {signal}"), str::to_owned)
}

/// Installs the handlers, once.
fn handlers() -> &'static Handlers {
    static HANDLERS: OnceLock<Handlers> = OnceLock::new();
    HANDLERS.get_or_init(|| {
        let ignored = ignored();
        let (idle, heard) = (Arc::new(AtomicBool::new(true)), Arc::new(AtomicUsize::new(0)));
        let mut signals = vec![SIGINT, SIGTERM, SIGHUP];
        signals.retain(|signal| ignored & (1 << (signal - 1)) == 0);
        // Without the default behind it, a signal would be lost between two runs; then it is better not to take it.
        signals.retain(|signal| {
            flag::register_usize(*signal, heard.clone(), signal.unsigned_abs() as usize).is_ok()
                && flag::register_conditional_default(*signal, idle.clone()).is_ok()
        });
        Handlers { idle, heard, signals }
    })
}

/// The signals that this process ignores, bit `n - 1` for signal `n`: `SigIgn` of proc_pid_status(5). None where there is
/// no `/proc`.
fn ignored() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
}
