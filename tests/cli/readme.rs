//! The README and the tutorial: their commands run as they stand, one after the other, and print what is shown. The picture at its top is made here, too:
//! `CHANT_REGENERATE=1 cargo test --test cli readme` writes it anew.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
};

use anstyle_svg::Term;
use regex_lite::Regex;

use crate::support::{Sandbox, tools::need_that};

/// What takes too long here. `.ci/run` runs the first two; the third builds what these tests run.
const ELSEWHERE: [&str; 3] = ["cargo run --locked -- demo", "cargo test --locked", "cargo install --locked --path ."];

/// An agent with the name of a known one, which prints what that prints.
const AGENT: &str = r#"#!/bin/sh
cat >/dev/null
echo '{"type":"system","subtype":"init","session_id":"s","model":"opus"}'
echo '{"type":"assistant","message":{"content":[{"type":"text","text":"greet.sh ignores its argument. I use it, and keep the default."}]}}'
echo '{"type":"assistant","message":{"content":[{"type":"tool_use","name":"Edit","input":{"file_path":"greet.sh"}}]}}'
echo 'echo "Hello, ${1:-world}!"' >greet.sh
git commit -qam "Greet by name"
echo '{"type":"result","subtype":"success","is_error":false,"session_id":"s","total_cost_usd":0.02}'
"#;

/// A command, and the lines that are shown as printed.
struct Shown {
    typed: String,
    shown: Vec<String>,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The commands in the console blocks of a file of the project.
fn commands(file: &str) -> Vec<Shown> {
    let text = fs::read_to_string(root().join(file)).unwrap();
    let mut commands: Vec<Shown> = Vec::new();
    let mut inside = false;
    for line in text.lines() {
        match line.strip_prefix("$ ") {
            _ if line.starts_with("```") => inside = line == "```console",
            Some(typed) if inside => commands.push(Shown { typed: typed.to_owned(), shown: Vec::new() }),
            _ if inside => commands.last_mut().expect("a command comes first").shown.push(line.to_owned()),
            _ => {}
        }
    }
    commands
}

/// A person's shell: an empty home, the agent in `PATH`, and the directory that the last command was left in.
struct Shell {
    sandbox: Sandbox,
    at: PathBuf,
}

impl Shell {
    fn new() -> Shell {
        let sandbox = Sandbox::new();
        let bin = sandbox.dir().join("home/bin");
        fs::create_dir(&bin).unwrap();
        fs::write(bin.join("claude"), AGENT).unwrap();
        fs::set_permissions(bin.join("claude"), fs::Permissions::from_mode(0o755)).unwrap();
        let at = sandbox.dir().join("home").canonicalize().unwrap();
        Shell { sandbox, at }
    }

    /// Runs a command as it was typed, and returns what it printed.
    fn run(&mut self, typed: &str) -> String {
        let left = self.sandbox.dir().join("left");
        let line = format!("PATH=\"$HOME/bin:$PATH\"; {{ {typed}\n}} 2>&1; pwd >'{}'", left.display());
        let ran = self.sandbox.run(self.sandbox.command_in(&self.at, "sh").args(["-c", &line])).ok();
        self.at = fs::read_to_string(left).unwrap().trim_end().into();
        ran.out.replace(self.sandbox.dir().join("home").canonicalize().unwrap().to_str().unwrap(), "/home/ada")
    }
}

/// The text without what differs from run to run.
fn without_chance(text: &str) -> String {
    let rules = [
        (r"\b\d{4}-\d{2}-\d{2}-(\d{3})-[0-9a-z]{3}\b", "<day>-$1-xxx"),
        (r"\b(\d{3})-[0-9a-z]{3}\b", "$1-xxx"),
        (r"\b[0-9a-f]{10}\b", "<id>"),
        (r"\b\d+(ms|s|m)\b", "<time>"),
    ];
    rules
        .iter()
        .fold(text.to_owned(), |text, (rule, to)| Regex::new(rule).unwrap().replace_all(&text, *to).into_owned())
}

/// Whether the printed lines are the shown ones, in which `...` stands for any number of lines.
fn matches(shown: &[String], printed: &[&str]) -> bool {
    match shown {
        [] => printed.is_empty(),
        [dots, rest @ ..] if dots == "..." => (0..=printed.len()).any(|skipped| matches(rest, &printed[skipped..])),
        [line, rest @ ..] => printed.first() == Some(&line.as_str()) && matches(rest, &printed[1..]),
    }
}

#[test]
fn the_commands_of_the_readme_print_what_it_shows() {
    let shown = play("README.md");
    assert!(shown > 10, "{shown}");
}

#[test]
fn the_commands_of_the_tutorial_print_what_it_shows() {
    let shown = play("src/manual/guides/gitchant-tutorial.md");
    assert!(shown > 30, "{shown}");
}

/// Types the commands of a file, compares what each prints with what is shown, and returns how many there were.
fn play(file: &str) -> usize {
    let mut shell = Shell::new();
    let ci = fs::read_to_string(root().join(".ci/run")).unwrap();
    let commands = commands(file);
    for command in &commands {
        if ELSEWHERE.contains(&command.typed.as_str()) {
            assert!(command.typed.contains("install") || ci.contains(&command.typed), "{}", command.typed);
            continue;
        }
        let printed = without_chance(&shell.run(&command.typed));
        let shown: Vec<String> = command.shown.iter().map(|line| without_chance(line)).collect();
        let lines: Vec<&str> = printed.lines().collect();
        assert!(
            shown.is_empty() || matches(&shown, &lines),
            "$ {}\n{printed}\nis not\n{}",
            command.typed,
            shown.join("\n")
        );
    }
    commands.len()
}

/// The picture has colours for a light and a dark page, and ids, durations and object ids that do not change.
#[test]
fn the_picture_is_what_a_terminal_shows() {
    let works = Command::new("bwrap").args(["--unshare-user", "--unshare-pid", "--bind", "/", "/", "true"]).output();
    if !need_that(works.is_ok_and(|output| output.status.success()), "a bubblewrap that works") {
        return;
    }
    let mut shell = Shell::new();
    shell.run("git config --global chant.confine require");
    let mut session = String::new();
    for Shown { typed, .. } in
        commands("README.md").into_iter().filter(|command| !ELSEWHERE.contains(&command.typed.as_str()))
    {
        if typed.contains("investigate") {
            break;
        }
        let colour = typed.replace("git chant ", "git -c color.ui=always chant ");
        let printed = shell.run(&colour);
        if typed.starts_with("git chant ") {
            session += &format!("\u{1b}[1m$ {typed}\u{1b}[0m\n{printed}\n");
        }
    }
    let rules = [
        (r"\d{4}-\d{2}-\d{2}-(\d{3})-[0-9a-z]{3}\b", "2026-02-08-$1-k2m"),
        (r"(\d{3})-[0-9a-z]{3}\b", "$1-k2m"),
        (r"\(\d+(ms|s)\)", "(38ms)"),
        (r"in \d+(ms|s)\b", "in 41s"),
        (r"\b[0-9a-f]{10}\b", "8f5e01caa4"),
    ];
    let session =
        rules.iter().fold(session, |text, (rule, to)| Regex::new(rule).unwrap().replace_all(&text, *to).into_owned());
    let drawn = Term::new().min_width_px(720).render_svg(session.trim_end());
    let drawn = in_light_and_dark(&drawn);
    let path = root().join(".github/session.svg");
    if std::env::var_os("CHANT_REGENERATE").is_some() {
        fs::write(&path, &drawn).unwrap();
    }
    assert_eq!(fs::read_to_string(&path).unwrap_or_default(), drawn, "CHANT_REGENERATE=1 draws it anew");
}

/// Lets the page decide between colours for light and for dark, in place of those that the picture is drawn with.
fn in_light_and_dark(svg: &str) -> String {
    let palette = |name: &str| match name {
        "fg" => ("#1f2328", "#e6edf3"),
        "bg" => ("#f6f8fa", "#161b22"),
        "fg-green" => ("#116329", "#7ee787"),
        "fg-yellow" => ("#7d4e00", "#f2cc60"),
        "fg-red" => ("#a40e26", "#ff7b72"),
        "fg-cyan" => ("#1b5b7e", "#76e3ea"),
        other => panic!("no colour for {other}"),
    };
    let (mut light, mut dark, mut out) = (String::new(), String::new(), String::new());
    for line in svg.lines() {
        if let Some((name, _)) = line.trim().strip_prefix('.').and_then(|rule| rule.split_once(" { fill:")) {
            let (by_day, by_night) = palette(name);
            light += &format!("    .{name} {{ fill: {by_day} }}\n");
            dark += &format!("      .{name} {{ fill: {by_night} }}\n");
        } else if line.trim() == "</style>" {
            out += &format!("{light}    @media (prefers-color-scheme: dark) {{\n{dark}    }}\n{line}\n");
        } else {
            out += &format!("{line}\n");
        }
    }
    out
}
