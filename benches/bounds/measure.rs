//! Running commands in turn, with the clock beside them.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Instant,
};

use wait4::Wait4 as _;

/// The first argument that makes this program run one command and print its peak memory.
pub const PEAK: &str = "--peak";

/// A command to measure.
pub struct Subject {
    pub name: &'static str,
    /// What it is held against, by name, and how many times as long it may take.
    pub floor: Option<(&'static str, f64)>,
    /// What is taken out of its time and its floor's, by name.
    pub without: Option<&'static str>,
    program: String,
    args: Vec<String>,
    before: Option<fn(&Place) -> Vec<String>>,
    undo: Option<fn(&Place, &str)>,
    variables: Vec<(&'static str, String)>,
    refused: bool,
    warm: bool,
}

/// Where commands are measured.
pub struct Place {
    pub top: PathBuf,
    pub binary: String,
}

impl Place {
    /// A command of this place.
    pub fn command(&self, program: &str, args: &[&str]) -> Command {
        let mut command = Command::new(program);
        environment(&mut command, &self.top);
        command.args(args);
        command
    }

    /// Runs it; it has to succeed. What it said.
    pub fn said(&self, program: &str, args: &[&str]) -> String {
        let output = self.command(program, args).output().expect("the program can be run");
        assert!(output.status.success(), "{program} {args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }
}

impl Subject {
    pub fn new(name: &'static str, program: &str, args: &[&str]) -> Subject {
        let args = args.iter().map(|arg| (*arg).to_owned()).collect();
        let (program, variables) = (program.to_owned(), Vec::new());
        let (before, undo) = (None, None);
        Subject {
            name,
            floor: None,
            without: None,
            program,
            args,
            before,
            undo,
            variables,
            refused: false,
            warm: false,
        }
    }

    /// It may take `most` times as long as `floor`.
    pub fn at_most(self, most: f64, floor: &'static str) -> Subject {
        Subject { floor: Some((floor, most)), ..self }
    }

    /// The time of another one is taken out of both.
    pub fn without(self, other: &'static str) -> Subject {
        Subject { without: Some(other), ..self }
    }

    /// With a variable in its environment.
    pub fn with(mut self, name: &'static str, value: &str) -> Subject {
        self.variables.push((name, value.to_owned()));
        self
    }

    /// Each command is run once before it is measured, since the commands between change what it keeps from one run to the next.
    pub fn warm(self) -> Subject {
        Subject { warm: true, ..self }
    }

    /// Its answer may be that something is wrong.
    pub fn refused(self) -> Subject {
        Subject { refused: true, ..self }
    }

    /// Before each run, outside the measured time, `before` makes ready and gives more arguments; after it `undo` gets what the command
    /// printed.
    pub fn between(self, before: Option<fn(&Place) -> Vec<String>>, undo: fn(&Place, &str)) -> Subject {
        Subject { before, undo: Some(undo), ..self }
    }

    /// Runs it once; the wall-clock time in milliseconds.
    fn run(&self, place: &Place) -> f64 {
        let more = self.before.map(|before| before(place)).unwrap_or_default();
        let mut command = place.command(&self.program, &[]);
        command.args(&self.args).args(more).envs(self.variables.iter().cloned());
        if self.undo.is_none() {
            command.stdout(Stdio::null());
        }
        if self.warm {
            command.status().expect("the program can be run");
        }
        let started = Instant::now();
        let output = command.output().expect("the program can be run");
        let took = started.elapsed().as_secs_f64() * 1e3;
        let said = String::from_utf8_lossy(&output.stderr);
        let fine = output.status.success() || (self.refused && output.status.code() == Some(1));
        assert!(fine, "{}: {}: {said}", self.name, output.status);
        if let Some(undo) = self.undo {
            undo(place, &String::from_utf8_lossy(&output.stdout));
        }
        took
    }

    /// Runs it once more as the only child of a small process, since the system counts the greatest of all children.
    fn peak_mb(&self, place: &Place) -> f64 {
        let more = self.before.map(|before| before(place)).unwrap_or_default();
        let own = std::env::current_exe().expect("this program has a path");
        let mut command = place.command(&own.to_string_lossy(), &[PEAK, &self.program]);
        command.args(&self.args).args(more).envs(self.variables.iter().cloned());
        let output = command.output().expect("this program can be run");
        let text = String::from_utf8_lossy(&output.stdout);
        let (said, peak) = text.trim_end().rsplit_once('\n').unwrap_or(("", text.trim_end()));
        if let Some(undo) = self.undo {
            undo(place, said);
        }
        peak.parse().unwrap_or_else(|_| panic!("{}: {}", self.name, String::from_utf8_lossy(&output.stderr)))
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
    // Where rustup has its compilers, which it looks for below HOME otherwise.
    for (name, below) in [("RUSTUP_HOME", ".rustup"), ("CARGO_HOME", ".cargo")] {
        let usual = || Some(PathBuf::from(std::env::var_os("HOME")?).join(below));
        if let Some(place) = std::env::var_os(name).map(PathBuf::from).or_else(usual) {
            command.env(name, place);
        }
    }
    if let Some(toolchain) = std::env::var_os("RUSTUP_TOOLCHAIN") {
        command.env("RUSTUP_TOOLCHAIN", toolchain);
    }
    for role in ["AUTHOR", "COMMITTER"] {
        command.env(format!("GIT_{role}_NAME"), "Ada").env(format!("GIT_{role}_EMAIL"), "ada@example.com");
    }
}

/// What was measured of a command, in milliseconds and megabytes.
pub struct Measured {
    times: Vec<f64>,
    pub peak_mb: f64,
}

impl Measured {
    pub fn median(&self) -> f64 {
        self.times[self.times.len() / 2]
    }
}

/// Every command once a round, in turn, so that whatever else the machine does meets all. A round before the first is not counted, and
/// memory is looked at in one after the last, when everything that is kept between runs is there.
pub fn rounds(subjects: &[Subject], place: &Place, rounds: usize) -> Vec<Measured> {
    for one in subjects {
        one.run(place);
    }
    let mut times = vec![Vec::with_capacity(rounds); subjects.len()];
    for _ in 0..rounds {
        for (times, subject) in times.iter_mut().zip(subjects) {
            times.push(subject.run(place));
        }
    }
    let measured = |(mut times, subject): (Vec<f64>, &Subject)| {
        times.sort_by(f64::total_cmp);
        Measured { times, peak_mb: subject.peak_mb(place) }
    };
    times.into_iter().zip(subjects).map(measured).collect()
}

/// Runs the command, prints what it prints, and then the peak of its memory in megabytes.
pub fn peak(args: &[String]) {
    let mut child = Command::new(&args[0]).args(&args[1..]).spawn().expect("the program can be run");
    let ended = child.wait4().expect("a child can be waited for");
    assert!(matches!(ended.status.code(), Some(0 | 1)), "{args:?}: {}", ended.status);
    println!("\n{:.1}", ended.rusage.maxrss as f64 / f64::from(1 << 20));
}
