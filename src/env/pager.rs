//! The pager, started with the first byte that there is to read.

use std::{
    io::{self, Write},
    process::{Child, ChildStdin, Command, Stdio},
    sync::{Arc, Mutex, MutexGuard, PoisonError, atomic::AtomicBool},
};

use super::Env;

/// What git sets for pagers where nothing is set.
const OPTIONS: [(&str, &str); 2] = [("LESS", "FRX"), ("LV", "-c")];

/// What makes a command line one for a shell, as git sees it.
const SHELL: &str = "|&;<>()$`\\\"' \t\n*?[#~=%";

/// A pager, which the first byte starts. Clones share one pager.
#[derive(Clone)]
pub(crate) struct Pager {
    env: Env,
    command: String,
    state: Arc<Mutex<State>>,
}

enum State {
    /// Nothing was written so far.
    Waiting,
    /// The pager runs.
    Running(Child, Option<ChildStdin>),
    /// The pager cannot be run: answers go to the terminal.
    Absent,
}

/// Which stream of this process is read in the pager.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stream {
    Out,
    Err,
}

/// A stream that goes into the pager.
struct Paged {
    pager: Pager,
    stream: Stream,
}

impl Pager {
    /// The pager that the command line `command` starts.
    pub(crate) fn new(env: &Env, command: String) -> Pager {
        Pager { env: env.clone(), command, state: Arc::new(Mutex::new(State::Waiting)) }
    }

    /// The stream for the answer.
    pub(crate) fn out(&self) -> Box<dyn Write + Send> {
        Box::new(Paged { pager: self.clone(), stream: Stream::Out })
    }

    /// The stream for everything else: what is said while the answer is being read stands behind it. Elsewhere than at a terminal it
    /// stays where it is.
    pub(crate) fn err(&self) -> Box<dyn Write + Send> {
        if self.env.stderr_is_terminal() {
            Box::new(Paged { pager: self.clone(), stream: Stream::Err })
        } else {
            Box::new(io::stderr())
        }
    }

    /// Says that there is no more, and waits until it was read.
    pub(crate) fn end(&self) {
        if let State::Running(mut child, pipe) = std::mem::replace(&mut *self.state(), State::Waiting) {
            drop(pipe);
            // How it ended says nothing about the answer.
            let _read = child.wait();
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn start(&self) -> io::Result<State> {
        // A shell would start, and the answer be lost.
        let plain = !self.command.contains(|c: char| c == '/' || SHELL.contains(c));
        if plain && !self.env.finds_program(&self.command) {
            return Ok(State::Absent);
        }
        let mut command = Command::new("sh");
        command.arg("-c").arg(&self.command).current_dir(self.env.cwd()).stdin(Stdio::piped());
        for (name, value) in OPTIONS {
            if self.env.var(name).is_none() {
                command.env(name, value);
            }
        }
        let mut child = command.spawn()?;
        let pipe = child.stdin.take();
        // It is the pager that a person interrupts: were this process to go first, two programs would read the terminal.
        let interrupted = Arc::new(AtomicBool::new(false));
        signal_hook::flag::register(signal_hook::consts::SIGINT, interrupted)?;
        Ok(State::Running(child, pipe))
    }
}

impl Write for Paged {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut state = self.pager.state();
        if matches!(*state, State::Waiting) && self.stream == Stream::Out {
            *state = self.pager.start().unwrap_or(State::Absent);
        }
        match (&mut *state, self.stream) {
            (State::Running(_, Some(pipe)), _) => pipe.write(bytes),
            (_, Stream::Out) => io::stdout().write(bytes),
            (_, Stream::Err) => io::stderr().write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match (&mut *self.pager.state(), self.stream) {
            (State::Running(_, Some(pipe)), _) => pipe.flush(),
            (_, Stream::Out) => io::stdout().flush(),
            (_, Stream::Err) => io::stderr().flush(),
        }
    }
}
