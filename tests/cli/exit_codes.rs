//! The command line as a process: through git, with its exit codes, and with a closed stdout.

use std::process::{Command, Output, Stdio};

const BINARY: &str = env!("CARGO_BIN_EXE_git-chant");

/// `git chant <arguments>`, by git's own search for its subcommands.
fn git_chant(arguments: &[&str]) -> Output {
    let mut path = std::path::Path::new(BINARY).parent().expect("a file is in a directory").as_os_str().to_owned();
    path.push(":");
    path.push(std::env::var_os("PATH").unwrap_or_default());
    Command::new("git").arg("chant").args(arguments).env("PATH", path).output().expect("git runs")
}

#[test]
fn git_passes_our_exit_codes_on() {
    for (arguments, code, on_stdout) in [
        (&["-h"][..], 0, true),
        (&["--version"], 0, true),
        (&["work", "--help"], 0, true),
        (&[], 1, false),
        (&["wrok"], 129, false),
        (&["show"], 129, false),
        (&["show", "--json"], 129, true),
    ] {
        let told = git_chant(arguments);
        assert_eq!(told.status.code(), Some(code), "{arguments:?}");
        assert_eq!((!told.stdout.is_empty(), !told.stderr.is_empty()), (on_stdout, !on_stdout), "{arguments:?}");
        assert!(!told.stdout.contains(&0x1b) && !told.stderr.contains(&0x1b), "no colour in a pipe: {arguments:?}");
    }
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let mut child = Command::new(BINARY).arg("-h").stdout(Stdio::piped()).spawn().expect("the binary runs");
    drop(child.stdout.take());
    let status = child.wait().expect("it ends");
    assert_eq!(status.code(), Some(0));
}

#[cfg(target_os = "linux")]
#[test]
fn output_that_cannot_be_written_is_fatal() {
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("Linux has it");
    let told = Command::new(BINARY).arg("-h").stdout(full).output().expect("the binary runs");
    assert_eq!(told.status.code(), Some(128));
    assert!(String::from_utf8_lossy(&told.stderr).starts_with("fatal: cannot write"), "{told:?}");
}
