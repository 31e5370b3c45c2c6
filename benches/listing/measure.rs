//! Running commands in turn, with the clock beside them.

use std::{
    path::Path,
    process::{Command, Stdio},
    time::Instant,
};

use crate::repository::git;

/// The first argument that makes this program run one command and print its peak memory.
pub const PEAK: &str = "--peak";

/// A command to measure.
pub struct Subject {
    pub name: &'static str,
    program: String,
    args: Vec<String>,
    undo: Option<fn(&Path, &str)>,
    variable: Option<(&'static str, &'static str)>,
    refused: bool,
}

impl Subject {
    pub fn new(name: &'static str, program: &str, args: &[&str]) -> Subject {
        let args = args.iter().map(|arg| (*arg).to_owned()).collect();
        Subject { name, program: program.to_owned(), args, undo: None, variable: None, refused: false }
    }

    /// With a variable in its environment.
    pub fn with(self, name: &'static str, value: &'static str) -> Subject {
        Subject { variable: Some((name, value)), ..self }
    }

    /// Its answer may be that something is wrong.
    pub fn refused(self) -> Subject {
        Subject { refused: true, ..self }
    }

    /// After each run, outside the measured time, `undo` gets the repository and what the command printed.
    pub fn undone(self, undo: fn(&Path, &str)) -> Subject {
        Subject { undo: Some(undo), ..self }
    }

    fn command(&self, top: &Path) -> Command {
        let mut command = Command::new(&self.program);
        environment(&mut command, top);
        command.args(&self.args).envs(self.variable);
        command
    }

    /// Runs it once; the wall-clock time in milliseconds.
    fn run(&self, top: &Path) -> f64 {
        let mut command = self.command(top);
        if self.undo.is_none() {
            command.stdout(Stdio::null());
        }
        let started = Instant::now();
        let output = command.output().expect("the program can be run");
        let took = started.elapsed().as_secs_f64() * 1e3;
        let said = String::from_utf8_lossy(&output.stderr);
        let fine = output.status.success() || (self.refused && output.status.code() == Some(1));
        assert!(fine, "{}: {}: {said}", self.name, output.status);
        if let Some(undo) = self.undo {
            undo(top, &String::from_utf8_lossy(&output.stdout));
        }
        took
    }

    /// Runs it once more as the only child of a small process, since the system counts the greatest of all children.
    fn peak_mb(&self, top: &Path) -> f64 {
        let mut command = Command::new(std::env::current_exe().expect("this program has a path"));
        environment(&mut command, top);
        command.arg(PEAK).arg(&self.program).args(&self.args).envs(self.variable);
        let output = command.output().expect("this program can be run");
        let text = String::from_utf8_lossy(&output.stdout);
        let (said, peak) = text.trim_end().rsplit_once('\n').unwrap_or(("", text.trim_end()));
        if let Some(undo) = self.undo {
            undo(top, said);
        }
        peak.parse().expect("the last line is a number")
    }
}

/// Nothing of the machine's own configuration, and no terminal.
fn environment(command: &mut Command, top: &Path) {
    command
        .current_dir(top)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", top)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("LC_ALL", "C.UTF-8")
        .env("TZ", "UTC")
        .stdin(Stdio::null());
    for role in ["AUTHOR", "COMMITTER"] {
        command.env(format!("GIT_{role}_NAME"), "Ada").env(format!("GIT_{role}_EMAIL"), "ada@example.com");
    }
}

/// What was measured of a command, in milliseconds and megabytes.
pub struct Measured {
    pub name: &'static str,
    times: Vec<f64>,
    pub peak_mb: f64,
}

impl Measured {
    pub fn median(&self) -> f64 {
        self.times[self.times.len() / 2]
    }

    pub fn least(&self) -> f64 {
        self.times[0]
    }
}

/// Every command once a round, in turn; a round before the first is not counted.
pub fn rounds(subjects: &[Subject], top: &Path, rounds: usize) -> Vec<Measured> {
    let warm = subjects.iter().map(|one| Measured { name: one.name, times: Vec::new(), peak_mb: one.peak_mb(top) });
    let mut measured: Vec<Measured> = warm.collect();
    for _ in 0..rounds {
        for (one, subject) in measured.iter_mut().zip(subjects) {
            one.times.push(subject.run(top));
        }
    }
    for one in &mut measured {
        one.times.sort_by(f64::total_cmp);
    }
    measured
}

/// Runs the command, prints what it prints, and then the peak of its memory in megabytes.
pub fn peak(args: &[String]) {
    let status = Command::new(&args[0]).args(&args[1..]).status().expect("the program can be run");
    assert!(matches!(status.code(), Some(0 | 1)), "{args:?}: {status}");
    let usage = nix::sys::resource::getrusage(nix::sys::resource::UsageWho::RUSAGE_CHILDREN);
    let usage = usage.expect("asking for one's own usage cannot fail");
    // Kilobytes on Linux, bytes on Apple's systems.
    let unit = if cfg!(target_vendor = "apple") { 1 << 20 } else { 1 << 10 };
    println!("\n{:.1}", usage.max_rss() as f64 / f64::from(unit));
}

/// Takes back what `add` did: the file, the chain, and the trust in its text.
pub fn unadd(top: &Path, said: &str) {
    let id = said.lines().find_map(|line| line.strip_prefix("Created spec: ")).expect("'add' says what it made").trim();
    let blob = Command::new("git").args(["hash-object", &format!(".chant/specs/{id}.md")]).current_dir(top).output();
    let blob = String::from_utf8(blob.expect("git can be run").stdout).expect("an id is text");
    std::fs::remove_file(top.join(".git/chant/trusted").join(blob.trim())).expect("the text is trusted");
    std::fs::remove_file(top.join(format!(".chant/specs/{id}.md"))).expect("the file is there");
    git(top, &["update-ref", "-d", &format!("refs/chant/specs/{id}")]);
}
