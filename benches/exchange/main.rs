//! What a sync costs beside git's own fetch from the same remote: see benches/README.md.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "the table is what it is for")]

#[path = "../listing/measure.rs"]
#[expect(dead_code, reason = "the listing measures more")]
mod measure;
#[path = "../listing/repository.rs"]
#[expect(dead_code, reason = "the listing asks for more")]
mod repository;
#[path = "../listing/specs.rs"]
mod specs;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Instant,
};

use measure::Subject;

/// How many specs one `git chant archive` is given.
const CHUNK: usize = 500;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if args.first().is_some_and(|arg| arg == measure::PEAK) {
        return measure::peak(&args[1..]);
    }
    // `cargo test --all-targets` runs benchmarks too, without this flag: there it is enough that they build.
    if !args.iter().any(|arg| arg == "--bench") {
        return;
    }
    let value = |name: &str| args.iter().position(|arg| arg == name).and_then(|at| args.get(at + 1));
    let sizes = value("--sizes").map_or("100,1000,10000", String::as_str);
    let rounds = value("--rounds").map_or(9, |text| text.parse().expect("a number of rounds"));
    let home = Path::new(env!("CARGO_TARGET_TMPDIR"));
    println!("medians of {rounds} rounds, in milliseconds; most specs are archived\n");
    println!("{:>7}{:>7}{:>12}{:>12}{:>12}{:>8}", "specs", "refs", "first sync", "sync", "git fetch", "ratio");
    for size in sizes.split(',') {
        let count: usize = size.parse().expect("a number of specs");
        let top = prepare(home, count);
        let first = timed(&top, &["sync", "--quiet"]);
        let binary = env!("CARGO_BIN_EXE_git-chant");
        let subjects = [
            Subject::new("sync", binary, &["sync", "--quiet"]),
            Subject::new("git fetch", "git", &["fetch", "--quiet", "origin"]),
        ];
        let measured = measure::rounds(&subjects, &top, rounds);
        let (sync, fetch) = (measured[0].median(), measured[1].median());
        let refs = said(Command::new("git").current_dir(&top).args(["for-each-ref", "refs/chant"])).lines().count();
        println!("{count:>7}{refs:>7}{first:>12.1}{sync:>12.1}{fetch:>12.1}{:>8.2}", sync / fetch);
    }
}

/// A copy of the repository with `count` specs, those that are over archived, and an empty server that it has for a remote.
fn prepare(home: &Path, count: usize) -> PathBuf {
    let source = repository::prepare(&home.join("listing"), count, true).top;
    let dir = home.join(format!("exchange/{count}"));
    let (archived, top, server) = (dir.join("archived"), dir.join("top"), dir.join("server.git"));
    fs::create_dir_all(&dir).expect("the directory can be made");
    if !archived.exists() {
        eprintln!("archiving in {}", archived.display());
        let half = dir.join("half");
        let _earlier = fs::remove_dir_all(&half);
        copy(&source, &half);
        fs::remove_dir_all(half.join(".git/worktrees")).expect("the worktree of the other was copied");
        let ids = chant(&half, &["list", "--status", "completed", "--format=%(id)"]);
        let ids: Vec<&str> = ids.lines().collect();
        for chunk in ids.chunks(CHUNK) {
            chant(&half, &[&["archive", "--quiet"], chunk].concat());
        }
        repository::git(&half, &["gc", "-q"]);
        fs::rename(&half, &archived).expect("it can be renamed");
    }
    for old in [&top, &server] {
        let _earlier = fs::remove_dir_all(old);
    }
    copy(&archived, &top);
    repository::git(&top, &["init", "-q", "--bare", &server.to_string_lossy()]);
    repository::git(&top, &["remote", "add", "origin", &format!("file://{}", server.display())]);
    repository::git(&top, &["push", "-q", "origin", "main"]);
    top
}

fn copy(from: &Path, to: &Path) {
    let status = Command::new("cp").args(["-Rp".as_ref(), from.as_os_str(), to.as_os_str()]).status();
    assert!(status.is_ok_and(|status| status.success()), "{} can be copied", from.display());
}

fn chant(top: &Path, args: &[&str]) -> String {
    said(Command::new(env!("CARGO_BIN_EXE_git-chant")).current_dir(top).args(args))
}

fn said(command: &mut Command) -> String {
    let output = command.output().expect("the program can be run");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Runs it once; the wall-clock time in milliseconds.
fn timed(top: &Path, args: &[&str]) -> f64 {
    let started = Instant::now();
    chant(top, args);
    started.elapsed().as_secs_f64() * 1e3
}
