//! The completion stubs, driven in the shells that they are for.

use std::process::Command;

use crate::{
    generated::{files, source},
    support::tools::need,
};

const BINARY: &str = env!("CARGO_BIN_EXE_git-chant");

/// Runs a shell that finds the binary under its name and reads no start-up files; returns what it printed.
fn run(shell: &str, arguments: &[&str]) -> String {
    let home = crate::support::scratch::scratch();
    let mut path = std::path::Path::new(BINARY).parent().expect("a file is in a directory").as_os_str().to_owned();
    path.push(":");
    path.push(std::env::var_os("PATH").unwrap_or_default());
    let told = Command::new(shell)
        .args(arguments)
        .env("PATH", path)
        .env("HOME", home.path())
        .env("XDG_CONFIG_HOME", home.path())
        .env("STUBS", source("completions"))
        .output()
        .unwrap_or_else(|cause| panic!("{shell}: {cause}"));
    assert!(told.status.success(), "{shell}: {}", String::from_utf8_lossy(&told.stderr));
    String::from_utf8(told.stdout).expect("UTF-8")
}

#[test]
fn there_is_a_stub_for_each_shell_and_nothing_else() {
    assert_eq!(files("completions"), ["_git-chant", "git-chant.bash", "git-chant.fish"]);
}

#[test]
fn no_shell_is_told_to_complete_git_itself() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let told = Command::new(BINARY).env("COMPLETE", shell).output().expect("the binary runs");
        assert_eq!(told.status.code(), Some(0), "{shell}");
        let script = String::from_utf8(told.stdout).expect("UTF-8").replace(BINARY, "");
        let rest = script.replace("git-chant", "").replace("git_chant", "");
        assert!(script.contains("git-chant") && !rest.contains("git"), "{shell}: {script}");
    }
}

#[test]
fn an_unknown_shell_gets_nothing_and_a_fatal_code() {
    let told = Command::new(BINARY).env("COMPLETE", "command.com").output().expect("the binary runs");
    assert_eq!((told.status.code(), told.stdout.as_slice()), (Some(128), &[][..]));
}

#[test]
fn completion_is_only_for_who_asks() {
    for value in ["", "0"] {
        let told = Command::new(BINARY).arg("--version").env("COMPLETE", value).output().expect("the binary runs");
        assert!(told.stdout.starts_with(b"git-chant version "), "COMPLETE={value}");
    }
}

#[test]
fn bash_completes_through_gits_own_completion() {
    let script = source("tests/cli/generated/complete.bash");
    if !need("bash") || !need("/usr/share/bash-completion/completions/git") {
        return;
    }
    let lines = [
        "git chant wo",
        "git -C . chant work 010 --o",
        "git chant list --status pa",
        "git chant list --status=pa",
        "git chant list --status=can",
        "git chant arc",
    ];
    let arguments: Vec<_> = ["--norc", script.to_str().expect("UTF-8")].into_iter().chain(lines).collect();
    let told = run("bash", &arguments);
    let words: Vec<_> = told.lines().collect();
    assert_eq!(words, ["work", "--onto", "paused", "paused", "cancelled", "archive"]);
}

#[test]
fn bash_without_git_or_the_binary_is_left_in_peace() {
    if !need("bash") {
        return;
    }
    let told = run("bash", &["--norc", "-c", ". \"$STUBS/git-chant.bash\" && complete -p"]);
    assert!(told.ends_with(" git-chant\n") && told.lines().count() == 1, "{told}");
    let told =
        run("bash", &["--norc", "-c", "PATH=/nonexistent; . \"$STUBS/git-chant.bash\"; _git_chant; complete -p"]);
    assert_eq!(told, "");
}

#[test]
fn zsh_completes_both_spellings() {
    if !need("zsh") {
        return;
    }
    let script = source("tests/cli/generated/complete.zsh");
    let pairs = [
        ["git chant wo", "git chant work "],
        ["git-chant wo", "git-chant work "],
        ["git -C . chant work --o", "git -C . chant work --onto "],
    ];
    let arguments: Vec<_> =
        ["-f", script.to_str().expect("UTF-8")].into_iter().chain(pairs.into_iter().flatten()).collect();
    run("zsh", &arguments);
}

#[test]
fn fish_completes_the_binary() {
    if !need("fish") {
        return;
    }
    // Of "git chant" nothing is asked: the fish that distributions have, 3.6.0, can't hand it on.
    let told = run("fish", &["-N", "-c", "source $STUBS/git-chant.fish; complete -C 'git-chant list --arc'"]);
    assert_eq!(told.trim_end(), "--archived\tList only archived specs");
}
