//! No test may hang: whoever looks at a run that does wants to know which test it is and what it waits for.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
    sync::{Mutex, Once},
    time::{Duration, Instant},
};

/// Far more than any test takes, on the slowest of machines.
const LIMIT: Duration = Duration::from_secs(300);

static RUNNING: Mutex<Vec<(PathBuf, Instant, String)>> = Mutex::new(Vec::new());

/// Says that a test works in a directory for as long as this lives.
pub struct Watched(PathBuf);

/// Watches a test that works in `dir`: if it does not end, it is named with the processes in `dir`, and the whole run ends.
pub fn watch(dir: &Path) -> Watched {
    static WATCH: Once = Once::new();
    WATCH.call_once(|| {
        std::thread::spawn(|| {
            loop {
                std::thread::sleep(Duration::from_secs(5));
                let running = RUNNING.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                let late: Vec<_> = running.iter().filter(|(_, since, _)| since.elapsed() > LIMIT).collect();
                if late.is_empty() {
                    continue;
                }
                for (dir, _, name) in late {
                    let said = format!("\ntest {name} does not end; in its directory run:\n{}", processes(dir));
                    // Not through the macros: what they print is kept for the end of the test.
                    let _closed = std::io::stderr().write_all(said.as_bytes());
                }
                std::process::exit(101);
            }
        });
    });
    let name = std::thread::current().name().unwrap_or("?").to_owned();
    RUNNING.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push((dir.to_owned(), Instant::now(), name));
    Watched(dir.to_owned())
}

impl Watched {
    /// Says that a long test has come one step further: it is given as much time again.
    pub fn goes_on(&self) {
        let mut running = RUNNING.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        running.iter_mut().filter(|(dir, ..)| *dir == self.0).for_each(|(_, since, _)| *since = Instant::now());
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        let mut running = RUNNING.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        running.retain(|(dir, ..)| *dir != self.0);
    }
}

/// The processes that work in `dir` or have it in their environment, with what they wait for in the kernel.
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
