//! Completion in the shells themselves, typed at a terminal: specs that the command does something with, labels, topics, agents.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use crate::support::{Sandbox, terminal::Terminal, tools::need};

/// A shell at a terminal, with the completions of this source tree and of git.
struct Shell {
    terminal: Terminal,
}

impl Shell {
    /// Starts it; `None` where it is missing.
    fn start(sandbox: &Sandbox, name: &str, args: &[&str], setup: &str) -> Option<Shell> {
        if !need(name) || (name == "bash" && !need("/usr/share/bash-completion/completions/git")) {
            return None;
        }
        let mut command: Command = sandbox.command_in(&sandbox.repo, name);
        command.args(args).env("STUBS", stubs()).env("TERM", "dumb");
        let mut terminal = Terminal::start(command);
        // The quotes keep the echo of the line from being taken for what it prints.
        terminal.send_line(&format!("{setup}; echo rea''dy"));
        terminal.expect("ready");
        terminal.expect("> ");
        Some(Shell { terminal })
    }

    /// Runs a line.
    fn runs(&mut self, line: &str) {
        self.terminal.send_line(&format!("{line}; echo do''ne"));
        self.terminal.expect("done");
        self.terminal.expect("> ");
    }

    /// Types `line` and a tab, and waits until `expected` is there; then takes the line back.
    #[track_caller]
    fn types(&mut self, line: &str, expected: &str) {
        self.terminal.send(line);
        self.terminal.send("\t");
        self.terminal.expect(expected);
        self.terminal.send("\u{15}");
    }
}

/// The directory of the stubs.
fn stubs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("completions")
}

/// Two specs, of which one waits for the other: short ids of the one that can be worked and of the one that cannot.
fn specs(sandbox: &Sandbox) -> (String, String) {
    let open = sandbox.add(&["Make it two", "--label", "storage", "--topic", "issue-12"]);
    let waits = sandbox.add(&["Make it three", "--depends-on", &open]);
    (open[11..].to_owned(), waits[11..].to_owned())
}

/// What the binary offers for the last of `words`, as a shell asks it.
fn offered(sandbox: &Sandbox, dir: &Path, words: &[&str]) -> Vec<String> {
    let mut ask = sandbox.command_in(dir, env!("CARGO_BIN_EXE_git-chant"));
    ask.args(["--", "git-chant"]).args(words);
    ask.env("COMPLETE", "zsh").env("_CLAP_IFS", "\n").env("_CLAP_COMPLETE_INDEX", words.len().to_string());
    // Where there is nothing else, there are options still.
    let told = sandbox.run(&mut ask).ok().out;
    told.lines().filter(|line| !line.starts_with('-')).map(str::to_owned).collect()
}

#[test]
fn what_is_offered_is_what_the_command_is_for() {
    let sandbox = Sandbox::new();
    let (open, waits) = specs(&sandbox);
    let ask = |words: &[&str]| offered(&sandbox, &sandbox.repo, words);
    assert_eq!(ask(&["work", ""]), [format!("{open}:Make it two")]);
    assert_eq!(ask(&["show", "00"]), [format!("{open}:Make it two"), format!("{waits}:Make it three")]);
    assert_eq!(ask(&["show", &open[4..]]), [format!("{}:Make it two", &open[4..])], "by the last part");
    assert_eq!(ask(&["show", "20"]).len(), 2, "by the full id");
    assert!(ask(&["merge", ""]).is_empty() && ask(&["archive", "--restore", ""]).is_empty());
    assert_eq!(ask(&["list", "--label", ""]), ["storage"]);
    assert_eq!(ask(&["list", "--topic", "iss"]), ["issue-12"]);
    sandbox.git(&["config", "chant.agent.mine.cmd", "true"]);
    assert_eq!(ask(&["work", "--agent", "m"]), ["manual", "mine"]);
    sandbox.git(&["branch", "topic/one"]);
    assert_eq!(ask(&["work", "--onto", "t"]), ["topic/one"]);
    assert_eq!(offered(&sandbox, sandbox.dir(), &["-C", "repo", "work", "00"]), [format!("{open}:Make it two")]);
    // As bash and zsh give it: as it was typed.
    std::os::unix::fs::symlink(&sandbox.repo, sandbox.dir().join("home/a b")).unwrap();
    for dir in ["~/a\\ b", "'home/a b'", "home/a b"] {
        assert_eq!(offered(&sandbox, sandbox.dir(), &["-C", dir, "work", "00"]).len(), 1, "{dir}");
    }
    assert!(offered(&sandbox, &sandbox.repo, &["-C", "gone", "work", ""]).is_empty());
    let commands = |words: &[&str]| ask(words).iter().filter(|offer| offer.starts_with("work:")).count();
    assert_eq!(
        (commands(&["-C", ".", ""]), commands(&["--color", "always", "wo"]), commands(&["list", ""])),
        (1, 1, 0)
    );
    // Outside of a repository nothing is offered, and nothing fails.
    assert!(offered(&sandbox, sandbox.dir(), &["work", ""]).is_empty());

    // What has happened since is known: from events, files and branches.
    sandbox.agent("tick; echo two >file");
    sandbox.chant(&["work", &open, "--no-merge"]).ok();
    assert_eq!(ask(&["merge", ""]), [format!("{open}:Make it two")]);
    assert!(ask(&["work", ""]).is_empty());
    sandbox.chant(&["merge", &open]).ok();
    assert_eq!(ask(&["work", ""]), [format!("{waits}:Make it three")]);
    sandbox.chant(&["archive", &open]).ok();
    assert_eq!(ask(&["archive", "--restore", ""]), [format!("{open}:Make it two")]);
    assert_eq!(ask(&["show", ""]), [format!("{waits}:Make it three")]);
    sandbox.chant(&["fsck"]).ok();
}

#[test]
fn what_a_title_has_to_say_to_a_terminal_is_not_passed_on() {
    let sandbox = Sandbox::new();
    sandbox.write(".chant/specs/2026-02-08-010-v7b.md", "# A\u{1b}]0;owned\u{7} `$(touch ran)` title\n");
    assert_eq!(offered(&sandbox, &sandbox.repo, &["show", ""]), ["010-v7b:A]0;owned $(touch ran) title"]);
}

#[test]
fn bash_completes_specs_through_git() {
    let sandbox = Sandbox::new();
    let (open, waits) = specs(&sandbox);
    let setup = "PS1='> '; . /usr/share/bash-completion/bash_completion; . /usr/share/bash-completion/completions/git; \
                 . \"$STUBS/git-chant.bash\"";
    let Some(mut bash) = Shell::start(&sandbox, "bash", &["--norc", "--noprofile", "-i"], setup) else { return };
    bash.types("git chant tak", "git chant takeover ");
    bash.types("git chant work 00", &format!("git chant work {open} "));
    bash.types("git -C ../repo chant show 002", &format!("chant show {waits} "));
    bash.runs("cd ..; ln -s ../repo ~/'a b'");
    bash.types("git -C repo chant work ", &format!("chant work {open} "));
    bash.types("git -C repo chant list --label st", "--label storage ");
    bash.types("git -c a.b=c --git-dir=repo/.git chant show 002", &format!("chant show {waits} "));
    bash.types("git -C ~/a\\ b --git-dir .git chant show 002", &format!("chant show {waits} "));
    bash.types("git-chant -C repo list --topic is", "--topic issue-12 ");
}

#[test]
fn zsh_completes_specs_through_git_and_says_what_they_are() {
    let sandbox = Sandbox::new();
    let (open, waits) = specs(&sandbox);
    let setup = "PS1='> '; fpath=($STUBS $fpath); autoload -Uz compinit; compinit -u -D; unsetopt prompt_cr prompt_sp; \
                 setopt interactivecomments";
    let Some(mut zsh) = Shell::start(&sandbox, "zsh", &["-f", "-i"], setup) else { return };
    zsh.types("git chant work 00", &format!("git chant work {open} "));
    zsh.types("git -C ../repo chant show 002", &format!("chant show {waits} "));
    zsh.runs("cd ..; ln -s ../repo ~/'a b'");
    zsh.types("git -C repo chant work ", &format!("chant work {open} "));
    zsh.types("git -C repo chant show 00", "Make it three");
    zsh.types("git -c a.b=c --git-dir=repo/.git chant show 002", &format!("chant show {waits} "));
    zsh.types("git -C ~/a\\ b --git-dir=.git chant show 002", &format!("chant show {waits} "));
    zsh.types("git -C repo chant work --agent ai", "--agent aider ");
}

#[test]
fn fish_completes_specs_and_says_what_they_are() {
    let sandbox = Sandbox::new();
    let (open, waits) = specs(&sandbox);
    let setup = format!("function fish_prompt; echo '> '; end; {FISH}; true");
    let Some(mut fish) = Shell::start(&sandbox, "fish", &["-N", "-i"], &setup) else { return };
    fish.types("git-chant work 00", &open[3..]);
    fish.types("git-chant show 002", &waits[3..]);
    fish.types("git chant show 002", &waits[3..]);
    let told = format!("{FISH}; for line in $argv; complete -C $line; end");
    let asked = |dir: &Path, lines: &[&str]| {
        let mut asked = sandbox.command_in(dir, "fish");
        asked.args(["-N", "-c", &told]).args(lines).env("STUBS", stubs());
        sandbox.run(&mut asked).ok().out
    };
    let offer = format!("{waits}\tMake it three\n");
    assert_eq!(
        asked(&sandbox.repo, &["git-chant show 002", "git chant show 002", "git -p chant show 002"]),
        offer.repeat(3)
    );
    // The options before "chant" are git's, and say which repository is meant.
    std::fs::create_dir(sandbox.dir().join("other")).unwrap();
    let other = sandbox.dir().join("other");
    std::os::unix::fs::symlink(&sandbox.repo, sandbox.dir().join("home/a b")).unwrap();
    let lines = [
        "git -C .. -C repo chant show 002",
        "git -C ~/'a b' chant show 002",
        "git -c a.b=c --git-dir=../repo/.git chant show 002",
        "git -C ../repo --git-dir .git --work-tree . chant show 002",
        "git-chant -C ../repo show 002",
    ];
    for line in lines {
        assert_eq!(asked(&other, &[line]), offer, "{line}");
    }
    assert_eq!(asked(&other, &["git chant show 002", "git -C .. chant show 002"]), "");
}

/// Loads the stub and fish's completion of git, and mends the fish that distributions have: 3.6.0 looks for "git git-chant" where
/// "git chant" is typed.
const FISH: &str = "source $STUBS/git-chant.fish; complete -C 'git ' >/dev/null; functions -q __fish_git_using_command; \
                    or source $__fish_data_dir/completions/git.fish; string match -q 3.6.0 $version; \
                    and complete -c git -f -n '__fish_git_using_command chant' -a '(__fish_git_complete_custom_command chant)'";
