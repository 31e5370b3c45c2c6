//! Which options an installed agent has, by its own help, asked once for each version of it.

use std::{
    collections::BTreeMap,
    io::{Read as _, Seek as _},
    os::unix::process::CommandExt as _,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize};

use super::process::SHELL;
use crate::env::{awaited, local_file};

/// Where the answers are kept, below the directory of this clone. It is a cache: without it the agents are asked again.
const NAME: &str = "capabilities.json";

/// How long an agent may take to print its help, or its version.
const LIMIT: Duration = Duration::from_secs(10);

/// How much of what it prints is read, in bytes.
const MOST: u64 = 1 << 20;

/// What is known of one program.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Known {
    /// What it says its version is. Its file says nothing of that: the file of a version manager stays, whatever it starts.
    version: String,
    /// The options that were asked for, and whether it has them.
    options: BTreeMap<String, bool>,
}

/// Which of `options` the program has. What cannot be found out it has not, and is asked again the next time.
pub(crate) fn known<'a>(program: &Path, options: &[(&'a str, &str)], dir: &Path) -> Vec<&'a str> {
    let Some(version) = printed(program, "--version") else { return Vec::new() };
    let path = dir.join(NAME);
    let read = local_file::read(&path, MOST).ok().flatten().and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let mut all: BTreeMap<String, Known> = read.unwrap_or_default();
    let entry = all.entry(program.to_string_lossy().into_owned()).or_default();
    let is_new = entry.version != version || options.iter().any(|(option, _)| !entry.options.contains_key(*option));
    if is_new {
        let Some(help) = printed(program, "--help") else { return Vec::new() };
        let has =
            |option: &str| help.split(|c: char| c.is_whitespace() || matches!(c, ',' | '=')).any(|word| word == option);
        *entry =
            Known { version, options: options.iter().map(|(option, _)| ((*option).to_owned(), has(option))).collect() };
    }
    let has = |option: &&str| entry.options.get(*option).copied().unwrap_or_default();
    let known = options.iter().map(|(option, _)| *option).filter(has).collect();
    if is_new && let Ok(text) = serde_json::to_string(&all) {
        // Where it cannot be kept, the next run asks again.
        let _asks_again = local_file::replace(dir, NAME, text.as_bytes());
    }
    known
}

/// What the program prints about itself; `None` if it does not end by itself in time.
fn printed(program: &Path, option: &str) -> Option<String> {
    // A file, and no pipe: what the program leaves running may hold that open.
    let mut file = tempfile::tempfile().ok()?;
    let mut command = Command::new(SHELL);
    // Some print it on their standard error.
    command.args(["-c", "exec \"$0\" \"$1\" 2>&1"]).arg(program).arg(option);
    command.stdin(Stdio::null()).stdout(file.try_clone().ok()?).stderr(Stdio::null()).process_group(0);
    let wait = |child: &mut Child| {
        let begun = Instant::now();
        while matches!(child.try_wait(), Ok(None)) && begun.elapsed() < LIMIT {
            std::thread::sleep(Duration::from_millis(20));
        }
        // One that has gone by itself is gone.
        let _gone =
            rustix::process::kill_process_group(rustix::process::Pid::from_child(child), rustix::process::Signal::KILL);
        child.wait()
    };
    let status = awaited::wait(|| command.spawn(), wait).ok()?;
    let mut bytes = Vec::new();
    file.rewind().ok()?;
    file.take(MOST).read_to_end(&mut bytes).ok()?;
    status.success().then(|| String::from_utf8_lossy(&bytes).into_owned())
}
