//! A terminal that a command runs at, for tests that need a person at one.

use std::{
    io::{Read as _, Write as _},
    process::{Child, Command, ExitStatus},
    sync::{
        Arc,
        mpsc::{Receiver, channel},
    },
    time::{Duration, Instant},
};

use pty_process::blocking::{Pty, open};

/// How long a text is waited for.
const PATIENCE: Duration = Duration::from_secs(60);

/// A pseudo-terminal and the command that runs at it, which ends with this value.
pub(crate) struct Terminal {
    pty: Arc<Pty>,
    child: Child,
    arriving: Receiver<Vec<u8>>,
    /// What arrived and was not expected yet.
    unread: Vec<u8>,
}

impl Terminal {
    /// Starts a command with this terminal as its stdin, stdout and stderr.
    pub(crate) fn start(command: Command) -> Terminal {
        let (pty, side) = open().unwrap();
        let child = pty_process::blocking::Command::from(command).spawn(side).unwrap();
        let pty = Arc::new(pty);
        let (arrived, arriving) = channel();
        let reader = Arc::clone(&pty);
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            // Linux ends with an error where the other side is closed, other systems with nothing.
            while let Ok(length @ 1..) = (&*reader).read(&mut bytes) {
                if arrived.send(bytes[..length].to_vec()).is_err() {
                    break;
                }
            }
        });
        Terminal { pty, child, arriving, unread: Vec::new() }
    }

    /// The command's process.
    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }

    /// Types a text.
    pub(crate) fn send(&mut self, text: &str) {
        (&*self.pty).write_all(text.as_bytes()).unwrap();
    }

    /// Types a line.
    pub(crate) fn send_line(&mut self, line: &str) {
        self.send(&format!("{line}\n"));
    }

    /// Waits for a text, and returns what was printed before it.
    #[track_caller]
    pub(crate) fn expect(&mut self, text: &str) -> String {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(at) = self.unread.windows(text.len()).position(|part| part == text.as_bytes()) {
                let before = self.unread.drain(..at + text.len()).take(at).collect();
                return String::from_utf8(before).unwrap();
            }
            let Ok(more) = self.arriving.recv_timeout(end.saturating_duration_since(Instant::now())) else {
                panic!("{text:?} did not come; what came: {:?}", String::from_utf8_lossy(&self.unread))
            };
            self.unread.extend(more);
        }
    }

    /// Waits for the end of the command, and returns what it printed and was not expected, and how it ended.
    #[track_caller]
    pub(crate) fn end(mut self) -> (String, ExitStatus) {
        let end = Instant::now() + PATIENCE;
        while let Ok(more) = self.arriving.recv_timeout(end.saturating_duration_since(Instant::now())) {
            self.unread.extend(more);
        }
        assert!(Instant::now() < end, "no end; what came: {:?}", String::from_utf8_lossy(&self.unread));
        (String::from_utf8(std::mem::take(&mut self.unread)).unwrap(), self.child.wait().unwrap())
    }
}

impl Drop for Terminal {
    /// Kills the command where it runs still.
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}
