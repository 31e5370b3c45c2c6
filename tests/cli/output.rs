//! What a user of git expects of every command: streams, colour, pager, hints, prompts, traces.

use std::process::Command;

use crate::support::{Sandbox, terminal::Terminal};

/// A command at a terminal that is 60 columns wide.
fn terminal(mut command: Command) -> Terminal {
    command.env("TERM", "xterm").env("COLUMNS", "60");
    Terminal::start(command)
}

/// Everything that a command prints at a terminal.
fn seen(command: Command) -> String {
    terminal(command).end().0
}

fn git(sandbox: &Sandbox, args: &[&str]) -> Command {
    let mut command = sandbox.command_in(&sandbox.repo, "git");
    command.args(args);
    command
}

/// With a pager that says that it was there.
fn paged(sandbox: &Sandbox) -> Sandboxed<'_> {
    sandbox.git(&["config", "core.pager", "sed 's/^/paged: /'"]);
    Sandboxed(sandbox)
}

struct Sandboxed<'s>(&'s Sandbox);

impl Sandboxed<'_> {
    fn seen(&self, args: &[&str]) -> String {
        seen(git(self.0, args))
    }
}

#[test]
fn colours_are_those_that_were_chosen() {
    let sandbox = Sandbox::new();
    sandbox.git(&["config", "core.pager", "cat"]);
    sandbox.add(&["Make it two"]);
    let list = || seen(git(&sandbox, &["chant", "list"]));
    assert!(list().contains("\u{1b}[33m001-"), "{}", list());
    sandbox.git(&["config", "color.chant.id", "bold #ff8000"]);
    sandbox.git(&["config", "color.chant.pending", "reverse blue"]);
    sandbox.git(&["config", "color.chant.header", "no such colour"]);
    let shown = list();
    assert!(shown.contains("\u{1b}[1m\u{1b}[38;2;255;128;0m001-"), "{shown:?}");
    assert!(shown.contains("\u{1b}[7m\u{1b}[34mpending"), "{shown:?}");
    let mut plain = git(&sandbox, &["chant", "list"]);
    plain.env("NO_COLOR", "1");
    assert!(!seen(plain).contains('\u{1b}'));
    assert!(!seen(git(&sandbox, &["-c", "color.ui=false", "chant", "list"])).contains('\u{1b}'));
    // Elsewhere than at a terminal only where it is asked for.
    assert!(!sandbox.chant(&["list"]).ok().out.contains('\u{1b}'));
    let always = sandbox.run(&mut git(&sandbox, &["-c", "color.chant=always", "chant", "list"])).ok();
    assert!(always.out.contains("\u{1b}[38;2;255;128;0m"), "{always:?}");
}

#[test]
fn long_answers_are_paged_as_git_pages_them() {
    let sandbox = Sandbox::new();
    let id = sandbox.add(&["Make it two"]);
    let at = paged(&sandbox);
    for args in [&["chant", "list"][..], &["chant", "log", &id], &["chant", "show", &id], &["-p", "chant", "lint"]] {
        assert!(at.seen(args).starts_with("paged: "), "{args:?}: {}", at.seen(args));
    }
    for args in [
        &["--no-pager", "chant", "list"][..],
        &["-c", "pager.chant=false", "chant", "list"],
        &["-c", "core.pager=cat", "chant", "list"],
        &["chant", "lint"],
        &["chant", "add", "Another"],
    ] {
        assert!(!at.seen(args).contains("paged"), "{args:?}: {}", at.seen(args));
    }
    assert!(at.seen(&["-c", "pager.chant=sed s/^/mine:/", "chant", "list"]).starts_with("mine:"));
    // The binary on its own goes by the same settings.
    sandbox.git(&["config", "pager.chant", "sed s/^/mine:/"]);
    assert!(seen(sandbox.binary(&["list"])).starts_with("mine:"));
    sandbox.git(&["config", "pager.chant", "false"]);
    assert!(!seen(sandbox.binary(&["list"])).contains("paged"));
    // What is not for people at a terminal is not paged; a pager that there is not is no failure.
    sandbox.git(&["config", "--unset", "pager.chant"]);
    assert!(!sandbox.chant(&["list"]).ok().out.contains("paged"));
    assert!(at.seen(&["-c", "core.pager=no-such-pager", "chant", "list"]).contains("Make it two"));
    assert!(!at.seen(&["-c", "core.pager=exit 3", "chant", "list"]).contains("fatal"));
    // Hints are read in the pager, too, and in their place.
    sandbox.git(&["config", "core.pager", "sed 's/^/paged: /'"]);
    sandbox.chant(&["cancel", &id]).ok();
    sandbox.write(".chant/specs/2026-02-08-001-abc.md", "---\ntype: gate\n---\n# Gate\n");
    let ready = at.seen(&["chant", "list", "--ready", "--explain"]);
    assert!(ready.lines().all(|line| line.starts_with("paged: ")), "{ready}");
}

#[test]
fn a_reader_of_the_pager_who_leaves_is_no_failure() {
    let sandbox = Sandbox::new();
    for at in 1..=400 {
        sandbox
            .write(&format!(".chant/specs/2026-02-08-{at:03}-abc.md"), "# A long line of a title, to fill the pipe\n");
    }
    let mut list = sandbox.binary(&["list"]);
    list.env("GIT_PAGER", "head -n 1");
    let shown = seen(list);
    assert!(shown.contains("001-abc") && !shown.contains("fatal"), "{shown}");
    let piped = format!("'{}' list | head -n 1", env!("CARGO_BIN_EXE_git-chant"));
    let ran = sandbox.run(sandbox.command_in(&sandbox.repo, "sh").args(["-c", &piped])).ok();
    assert_eq!((ran.out.lines().count(), ran.err.as_str()), (1, ""));
}

#[test]
fn hints_are_silenced_by_their_sort() {
    let sandbox = Sandbox::new();
    let hinted = |args: &[&str], config: &[&str]| {
        let ran = sandbox.run(git(&sandbox, &[config, &["chant"], args].concat()).stdin(std::process::Stdio::null()));
        ran.err.contains("hint: ")
    };
    let (next, out): (&[&str], &[&str]) = (&["init"], &["work", "001"]);
    sandbox.write(".chant/specs/2026-02-08-001-abc.md", "# One\n");
    for (args, own, other) in [
        (next, "advice.chantNext=false", "advice.chantWayOut=false"),
        (out, "advice.chantWayOut=false", "advice.chantNext=false"),
    ] {
        assert!(hinted(args, &[]), "{args:?}");
        assert!(!hinted(args, &["-c", own]), "{args:?}");
        assert!(hinted(args, &["-c", other]), "{args:?}");
        let mut silent = git(&sandbox, &[&["chant"], args].concat());
        assert!(!sandbox.run(silent.env("GIT_ADVICE", "0")).err.contains("hint: "), "{args:?}");
    }
}

#[test]
fn no_question_is_asked_where_prompts_are_forbidden() {
    let sandbox = Sandbox::new();
    sandbox.git(&["config", "core.pager", "cat"]);
    sandbox.write(".chant/specs/2026-02-08-010-aaa.md", "# First\n");
    sandbox.write(".chant/specs/2026-02-09-010-bbb.md", "# Second\n");
    let mut show = git(&sandbox, &["chant", "show", "010"]);
    show.env("GIT_TERMINAL_PROMPT", "0");
    let said = seen(show);
    assert!(said.contains("fatal:") && said.contains("'010' matches 2 specs"), "{said}");
}

#[test]
fn titles_from_right_to_left_turn_nothing_around() {
    let sandbox = Sandbox::new();
    sandbox.git(&["config", "core.pager", "cat"]);
    sandbox.add(&["תיקון of תיקון"]);
    let shown = seen(git(&sandbox, &["chant", "list"]));
    assert!(shown.contains("  \u{2068}תיקון of תיקון\u{2069}"), "{shown:?}");
    // What a script reads has nothing in it that was not written.
    assert!(sandbox.chant(&["list"]).ok().out.contains("  תיקון of תיקון\n"));
    let mut ascii = git(&sandbox, &["chant", "list"]);
    ascii.env("LC_ALL", "C");
    assert!(!seen(ascii).contains('\u{2068}'));
}

#[test]
fn lines_fit_terminals_that_are_narrow() {
    let sandbox = Sandbox::new();
    sandbox.git(&["config", "core.pager", "cat"]);
    sandbox.add(&["日本語のとても長いタイトルで、端末の幅より広いもの、日本語のとても長いタイトル"]);
    sandbox.add(&["A title that is quite a bit longer than a narrow terminal has columns for, and longer"]);
    for columns in [20usize, 60] {
        let mut list = git(&sandbox, &["-c", "color.ui=false", "chant", "list"]);
        list.env("COLUMNS", columns.to_string());
        let (shown, _) = Terminal::start(list).end();
        for line in shown.lines() {
            let wide: usize = line.chars().map(|c| if c.is_ascii() || c == '…' { 1 } else { 2 }).sum();
            assert!(wide <= columns.max(25), "{columns}: {line}");
        }
        // The last line counts.
        assert_eq!(shown.lines().count(), 3, "{shown}");
    }
}

#[test]
fn a_trace_tells_where_the_time_went() {
    let sandbox = Sandbox::new();
    sandbox.agent("tick; echo two >file");
    let id = sandbox.add(&["Make it two", "--verify", "true"]);
    let path = sandbox.dir().join("trace");
    let mut work = sandbox.binary(&["work", &id]);
    let ran = sandbox.run(work.env("CHANT_TRACE", &path)).ok();
    assert!(!ran.err.contains(" ms "), "{}", ran.err);
    let trace = std::fs::read_to_string(&path).unwrap();
    for part in [
        &format!(" ms  git chant work {id}\n"),
        " ms  git worktree add ",
        " commit --quiet ",
        " ms  open the repository\n",
        " ms  sh -c true\n",
    ] {
        assert!(trace.contains(part), "{part:?} is not in\n{trace}");
    }
    let timed = |line: &str| line.split_whitespace().nth(2).is_some_and(|ms| ms.parse::<f64>().is_ok());
    assert!(trace.lines().all(timed), "{trace}");
    let mut list = sandbox.binary(&["list"]);
    let ran = sandbox.run(list.env("CHANT_TRACE", "1")).ok();
    assert!(ran.err.ends_with(" ms  git chant list\n") && !ran.out.contains(" ms "), "{ran:?}");
    for nothing in ["0", "", "relative"] {
        let mut list = sandbox.binary(&["list"]);
        assert_eq!(sandbox.run(list.env("CHANT_TRACE", nothing)).ok().err, "");
    }
}

#[test]
fn another_directory_an_editor_and_records_are_those_of_git() {
    let sandbox = Sandbox::new();
    let id = sandbox.add(&["Make it two"]);
    let elsewhere = |args: &[&str]| sandbox.run(sandbox.command_in(sandbox.dir(), "git").args(args));
    for args in [&["-C", "repo", "chant", "list", "-z"][..], &["chant", "-C", ".", "-C", "repo", "list", "-z"]] {
        assert_eq!(elsewhere(args).ok().out, format!("{id}\tpending\tMake it two\0"));
    }
    elsewhere(&["chant", "-C", "nowhere", "list"]).fails(128, &["cannot change to 'nowhere'"]);
    elsewhere(&["chant", "list"]).fails(128, &["not a git repository"]);
    let mut edit = sandbox.binary(&["edit", &id]);
    edit.env("GIT_EDITOR", "sed -i s/two/three/").env("VISUAL", "false");
    sandbox.run(&mut edit).ok();
    assert_eq!(sandbox.chant(&["list", "--format=%(title)%00%%"]).ok().out, "Make it three\0%\n");
    // A negative answer is 1, a mistake 129, a failure 128, and each says so on stderr alone.
    for (args, code) in [(&["lint", "absent"][..], 128), (&["list", "--nonsense"], 129), (&["why", "HEAD"], 1)] {
        let ran = sandbox.chant(args);
        assert_eq!(ran.code, code, "{args:?}: {ran:?}");
    }
}
