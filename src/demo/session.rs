//! A person's session at a shell: a command is shown, run, and what it says is shown.

use std::{
    ffi::{OsStr, OsString},
    path::{Path, PathBuf},
};

use crate::{
    agent::process::{self, Ending, GRACE, Run},
    answer::progress::{Progress, Step},
    domain::id::SpecId,
    env::Env,
    error::{Error, Exit, Kind, Result},
    git::process::{Git, secluded_env},
};

/// Lines are not wider than this, however wide the terminal is, in characters.
const WIDEST: usize = 100;

/// Nor narrower: there would be one word in each.
const NARROWEST: usize = 40;

/// Names this executable to the shell that starts it. Its path may be anything, UTF-8 or not.
const EXECUTABLE: &str = "CHANT_DEMO_EXECUTABLE";

pub(super) struct Session<'a> {
    env: &'a Env,
    repo: &'a Path,
    variables: Vec<(OsString, Option<OsString>)>,
    progress: &'a dyn Progress,
    width: usize,
}

impl<'a> Session<'a> {
    pub(super) fn new(env: &'a Env, repo: &'a Path, progress: &'a dyn Progress) -> Result<Session<'a>> {
        let executable: PathBuf = env
            .executable()
            .map_err(|cause| Error::fatal(Kind::Demo, format!("cannot find this executable: {cause}")))?;
        let mut variables = secluded_env(env);
        variables.extend(env.names().filter(|name| is_ours(name)).map(|name| (name.to_owned(), None)));
        // A relative one would be another directory in each worktree.
        variables.push(("TMPDIR".into(), Some(env.temp_dir().into())));
        variables.push((EXECUTABLE.into(), Some(executable.into())));
        Ok(Session { env, repo, variables, progress, width: env.width().clamp(NARROWEST, WIDEST) })
    }

    /// An empty line.
    pub(super) fn blank(&self) {
        self.progress.say(&Step::Note(String::new()));
    }

    /// A remark, in as many lines as it takes.
    pub(super) fn comment(&self, text: &str) {
        for line in wrapped(text, self.width - "# ".len()) {
            self.progress.say(&Step::Comment(&line));
        }
    }

    /// Shows where the session takes place.
    pub(super) fn enter(&self) {
        let place = self.repo.to_string_lossy();
        self.progress.say(&Step::Command(&format!("cd {}", shell_words::quote(&place))));
    }

    /// Adds a spec.
    pub(super) fn add(&self, arguments: &[String]) -> Result<SpecId> {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let said = self.chant(&arguments)?;
        let id = said.iter().find_map(|line| line.strip_prefix("Created spec: ")).and_then(|id| SpecId::new(id).ok());
        id.ok_or_else(|| Error::fatal(Kind::Demo, "'git chant add' named no spec"))
    }

    /// Runs `git chant <arguments>`, which must succeed; returns what it printed, line by line.
    pub(super) fn chant(&self, arguments: &[&str]) -> Result<Vec<String>> {
        self.run(arguments, 0)
    }

    /// Runs `git chant <arguments>`, which must be refused.
    pub(super) fn refused(&self, arguments: &[&str]) -> Result<Vec<String>> {
        self.run(arguments, 1)
    }

    fn run(&self, arguments: &[&str], expected: i32) -> Result<Vec<String>> {
        self.show("git chant", arguments);
        let colors = self.progress.colors();
        let color = if colors { "--color=always " } else { "" };
        let command =
            format!("demo=${EXECUTABLE}; unset {EXECUTABLE}; exec \"$demo\" {color}{}", shell_words::join(arguments));
        let mut said: Vec<String> = Vec::new();
        let mut sink = |line: &str| {
            self.progress.say(&Step::Printed(line));
            said.push(line.to_owned());
        };
        let mut run = Run::new(&command, self.repo);
        run.env.clone_from(&self.variables);
        run.sink = Some(&mut sink);
        run.colors = colors;
        // It ends its own agent first, with as much patience.
        run.grace = 2 * GRACE;
        match process::run(run)?.ending {
            Ending::Exited(code) if code == expected => Ok(said),
            Ending::Interrupted(signal) => {
                Err(Error { exit: Exit::Signal(signal), ..Error::fatal(Kind::Interrupted, "the demo was interrupted") })
            }
            ending => {
                // Where progress is not shown, the person has not seen it.
                let why =
                    said.iter().find(|line| ["error: ", "fatal: ", "Failed "].iter().any(|mark| line.contains(mark)));
                let why = why.map(|line| format!(": {line}")).unwrap_or_default();
                Err(Error::fatal(Kind::Demo, format!("'git chant {}' {ending}{why}", arguments.join(" "))))
            }
        }
    }

    /// Runs `git <arguments>` and shows what it prints.
    pub(super) fn git(&self, arguments: &[&str]) -> Result<()> {
        self.show("git", arguments);
        let color = if self.progress.colors() { "color.ui=always" } else { "color.ui=never" };
        let output = Git::in_dir(self.repo).secluded(self.env).config(color).args(arguments).check()?;
        for line in output.line().lines() {
            self.progress.say(&Step::Printed(line));
        }
        Ok(())
    }

    fn show(&self, program: &str, arguments: &[&str]) {
        self.progress.say(&Step::Command(&typed(program, arguments, self.width - "$ ".len())));
    }
}

/// Variables that say that an agent runs here: a demo inside an agent's work is not that work.
fn is_ours(name: &OsStr) -> bool {
    name.to_str().is_some_and(|name| name.starts_with("CHANT_"))
}

/// The command as a person would type it, broken before an option where it is wider than `width`.
fn typed(program: &str, arguments: &[&str], width: usize) -> String {
    let quoted = |word: &&str| {
        // `--name="some value"`, not `"--name=some value"`.
        let name = word.find('=').filter(|_| word.starts_with("--")).map_or(0, |at| at + 1);
        let (name, value) = word.split_at(name);
        let plain = shell_words::quote(value);
        if plain.starts_with('\'') && !value.contains(['"', '$', '`', '\\', '!']) {
            format!("{name}\"{value}\"")
        } else {
            format!("{name}{plain}")
        }
    };
    let words: Vec<String> = arguments.iter().map(quoted).collect();
    let (mut out, mut column) = (program.to_owned(), program.len());
    for (at, word) in words.iter().enumerate() {
        let length = word.chars().count();
        // An option and its value stay together, and leave room for the backslash.
        let value =
            words.get(at + 1).filter(|next| !next.starts_with("--")).map_or(0, |value| value.chars().count() + 1);
        if word.starts_with("--") && column + 1 + length + value + 2 > width {
            out.push_str(" \\\n    ");
            column = 4;
        } else {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += length;
    }
    out
}

/// The words of `text` in lines of at most `width` characters.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let line = lines.last_mut().expect("there is one line from the start");
        if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > width {
            lines.push(word.to_owned());
        } else {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_shown_so_that_a_shell_reads_the_same_words() {
        let words =
            ["add", "It's \"said\": $HOME", "two words", "--a-long-option", "value", "--flag", "--other=a b", "é $x"];
        for width in [10, 30, 45, 200] {
            let shown = typed("git chant", &words, width);
            let read = shell_words::split(&shown.replace("\\\n", " ")).expect("closed quotes");
            assert_eq!(read[2..], words, "{shown}");
        }
        assert_eq!(
            typed("git chant", &["add", "Two words", "--type", "task"], 28),
            "git chant add \"Two words\" \\\n    --type task"
        );
    }

    #[test]
    fn a_remark_is_wrapped_between_words() {
        assert_eq!(wrapped("one two three", 7), ["one two", "three"]);
        assert_eq!(wrapped("a-very-long-word x", 4), ["a-very-long-word", "x"]);
    }
}
