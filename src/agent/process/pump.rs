//! Moves bytes while a command runs: its output to this process, the input to it, and signals to the caller. What becomes of the
//! output is not decided here.

use std::io::{ErrorKind, PipeReader, Read, Write};
use std::os::fd::AsFd;
use std::process::ChildStdin;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::output::Output;
use crate::agent::interrupt::Interrupts;
use crate::error::{Error, Kind, Result};

/// Silence after which output that a stray process still holds open is taken as over.
const QUIET: Duration = Duration::from_millis(500);

/// The longest that such output is listened to, however much comes.
const DRAIN_LIMIT: Duration = Duration::from_secs(2);

/// How much may wait to be read by a command that is talked to, in bytes: one that asks without end, and reads no answer, is not read until
/// it does.
const MOST_UNREAD: usize = 64 << 20;

/// The one loop in which everything is waited for: no thread that could be left behind, and nothing that can block but the
/// sink.
pub(super) struct Pump<'a> {
    pipe: Option<PipeReader>,
    input: Option<Input>,
    interrupts: Interrupts,
    output: Output<'a>,
    buffer: Vec<u8>,
}

/// What the command has yet to read.
struct Input {
    pipe: ChildStdin,
    bytes: Vec<u8>,
    written: usize,
    /// Whether more may come, from what listens to its output.
    open: bool,
}

impl<'a> Pump<'a> {
    pub(super) fn new(pipe: PipeReader, interrupts: Interrupts, output: Output<'a>) -> Result<Self> {
        nonblocking(&pipe)?;
        Ok(Pump { pipe: Some(pipe), input: None, interrupts, output, buffer: vec![0; 64 * 1024] })
    }

    /// Has `bytes` written to the command as it reads them.
    pub(super) fn feed(&mut self, pipe: ChildStdin, bytes: Vec<u8>) -> Result<()> {
        nonblocking(&pipe)?;
        self.input = (!bytes.is_empty()).then_some(Input { pipe, bytes, written: 0, open: false });
        Ok(())
    }

    /// Has what listens to the output write to the command, until it says that the conversation is over.
    pub(super) fn talk(&mut self, pipe: ChildStdin) -> Result<()> {
        nonblocking(&pipe)?;
        self.input = Some(Input { pipe, bytes: Vec::new(), written: 0, open: true });
        Ok(())
    }

    /// Waits for something to do, `wait` at the longest, and does it. Gives the number of bytes that were read.
    pub(super) fn turn(&mut self, wait: Duration) -> Result<usize> {
        self.more();
        self.poll(wait)?;
        self.interrupts.note();
        self.write();
        let count = self.read()?;
        if count > 0 {
            // An answer goes at once.
            self.more();
            self.write();
        }
        Ok(count)
    }

    fn poll(&self, wait: Duration) -> Result<()> {
        let mut fds: Vec<PollFd<'_>> =
            self.interrupts.sockets().map(|socket| PollFd::new(socket, PollFlags::IN)).collect();
        let pipe = self.pipe.as_ref().filter(|_| !self.is_choked());
        fds.extend(pipe.map(|pipe| PollFd::new(pipe, PollFlags::IN)));
        let pending = self.input.as_ref().filter(|input| input.written < input.bytes.len());
        fds.extend(pending.map(|input| PollFd::new(&input.pipe, PollFlags::OUT)));
        let wait = Timespec::try_from(wait).map_err(|_| Error::fatal(Kind::Poll, "a wait is too long"))?;
        match poll(&mut fds, Some(&wait)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
            Err(cause) => Err(Error::fatal(Kind::Poll, format!("cannot wait for the command: {cause}"))),
        }
    }

    /// Takes what is to be written next; closes the input of a conversation that is over.
    fn more(&mut self) {
        let Some(input) = self.input.as_mut().filter(|input| input.open) else { return };
        input.bytes.drain(..std::mem::take(&mut input.written));
        input.bytes.extend(self.output.input());
        if self.output.over().is_some() && input.bytes.is_empty() {
            self.input = None;
        }
    }

    fn write(&mut self) {
        let Some(input) = self.input.as_mut().filter(|input| input.written < input.bytes.len()) else { return };
        match input.pipe.write(&input.bytes[input.written..]) {
            Ok(count) => {
                input.written += count;
                if input.written == input.bytes.len() && !input.open {
                    self.input = None;
                }
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
            // It does not want to read: its right.
            Err(_) => self.input = None,
        }
    }

    /// Whether too much waits to be read by the command.
    fn is_choked(&self) -> bool {
        self.input.as_ref().is_some_and(|input| input.bytes.len() - input.written > MOST_UNREAD)
    }

    fn read(&mut self) -> Result<usize> {
        if self.is_choked() {
            return Ok(0);
        }
        let Some(pipe) = &mut self.pipe else { return Ok(0) };
        match pipe.read(&mut self.buffer) {
            Ok(0) => {
                self.pipe = None;
                Ok(0)
            }
            Ok(count) => {
                self.output.take(&self.buffer[..count]);
                Ok(count)
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => Ok(0),
            Err(error) => Err(Error::fatal(Kind::Io, format!("cannot read the output of the command: {error}"))),
        }
    }

    /// Reads what is left, to its end, or to a silence if a process that we don't know still holds it open.
    pub(super) fn drain(&mut self) -> Result<()> {
        self.input = None;
        let begun = Instant::now();
        let mut last = begun;
        while self.pipe.is_some() && last.elapsed() < QUIET && begun.elapsed() < DRAIN_LIMIT {
            if self.turn(QUIET.saturating_sub(last.elapsed()))? > 0 {
                last = Instant::now();
            }
        }
        Ok(())
    }

    /// Whether a signal came that ends the run.
    pub(super) fn interrupted(&self) -> bool {
        self.interrupts.first().is_some()
    }

    /// Whether its output shows that the command cannot succeed any more.
    pub(super) fn is_hopeless(&self) -> bool {
        self.output.is_hopeless()
    }

    /// The exit code with which the command counts, where the conversation with it is over.
    pub(super) fn over(&self) -> Option<i32> {
        self.output.over()
    }

    /// Whether the command is talked to.
    pub(super) fn is_talking(&self) -> bool {
        self.input.as_ref().is_some_and(|input| input.open)
    }

    /// Asks a command that is talked to to stop.
    pub(super) fn cancel(&mut self) {
        self.output.cancel();
    }

    /// How many such signals came.
    pub(super) fn signals(&self) -> usize {
        self.interrupts.count()
    }

    /// Whether a child of ours ended, stopped or went on since the last call.
    pub(super) fn child_changed(&mut self) -> bool {
        self.interrupts.take_child()
    }

    /// Closes everything: the signal that came, the end of the output, and what went wrong with the transcript.
    pub(super) fn finish(self) -> (Option<i32>, Vec<u8>, Option<std::io::Error>) {
        let (tail, transcript_error) = self.output.finish();
        (self.interrupts.stop(), tail, transcript_error)
    }
}

/// Our end only: the flag belongs to the open file, and the command has the other one.
fn nonblocking(pipe: &impl AsFd) -> Result<()> {
    let set = || {
        let flags = rustix::fs::fcntl_getfl(pipe)?;
        rustix::fs::fcntl_setfl(pipe, flags | rustix::fs::OFlags::NONBLOCK)
    };
    set().map_err(|cause: rustix::io::Errno| Error::fatal(Kind::Io, format!("cannot set up a pipe: {cause}")))
}
