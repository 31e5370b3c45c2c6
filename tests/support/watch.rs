//! The watch against hanging: it names a test that does not end, with the processes in its directory, and ends the run.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, Once, PoisonError},
    time::{Duration, Instant},
};

/// Far more than any test takes, on the slowest of machines.
const LIMIT: Duration = Duration::from_secs(300);

/// The tests that run: the directory of each, since when it runs, and its name.
static RUNNING: Mutex<Vec<(PathBuf, Instant, String)>> = Mutex::new(Vec::new());

fn running() -> MutexGuard<'static, Vec<(PathBuf, Instant, String)>> {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A test that is watched for as long as this lives.
pub(crate) struct Watch(PathBuf);

impl Watch {
    /// Watches the test of this thread, which works in `dir`.
    pub(crate) fn new(dir: &Path) -> Watch {
        static START: Once = Once::new();
        START.call_once(|| drop(std::thread::spawn(watch)));
        let name = std::thread::current().name().unwrap_or("?").to_owned();
        running().push((dir.to_owned(), Instant::now(), name));
        Watch(dir.to_owned())
    }

    /// Gives a long test the whole time again: one more of its steps is done.
    pub(crate) fn renew(&self) {
        running().iter_mut().filter(|(dir, ..)| *dir == self.0).for_each(|(_, since, _)| *since = Instant::now());
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        running().retain(|(dir, ..)| *dir != self.0);
    }
}

/// Ends the process once a test has taken too long.
fn watch() {
    loop {
        std::thread::sleep(Duration::from_secs(5));
        let running = running();
        let late: Vec<_> = running.iter().filter(|(_, since, _)| since.elapsed() > LIMIT).collect();
        if late.is_empty() {
            continue;
        }
        for (dir, _, name) in late {
            let report = format!("\ntest {name} does not end; in its directory run:\n{}", processes(dir));
            // Not through the macros: what they print is kept for the end of the test.
            let _closed = std::io::stderr().write_all(report.as_bytes());
        }
        std::process::exit(101);
    }
}

/// Waits until `condition` holds. Only the watch ends a test that waits in vain.
pub(crate) fn until(mut condition: impl FnMut() -> bool) {
    while !condition() {
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// The processes that work in `dir` or have it in their environment, with the kernel function that each waits in.
fn processes(dir: &Path) -> String {
    let mut found = String::new();
    for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
        let proc = entry.path();
        let text =
            |name: &str| String::from_utf8_lossy(&std::fs::read(proc.join(name)).unwrap_or_default()).into_owned();
        let inside = std::fs::read_link(proc.join("cwd")).is_ok_and(|cwd| cwd.starts_with(dir));
        if inside || text("environ").contains(&*dir.to_string_lossy()) {
            let pid = entry.file_name().to_string_lossy().into_owned();
            found += &format!("{pid} [{}] {}\n", text("wchan"), text("cmdline").replace('\0', " "));
        }
    }
    found
}
