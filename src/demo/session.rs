//! A person's session at a shell: a command is shown, run, and what it says is shown.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

use super::NOBODY;
use crate::{
    agent::process::{self, Ending, Run},
    env::Env,
    error::{Error, Exit, Result},
    git::process::scrubbed_env,
    project::progress::{Progress, Step},
};

/// The widest line in which a command is shown, in characters.
const WIDTH: usize = 100;

pub(super) struct Session<'a> {
    repo: &'a Path,
    executable: PathBuf,
    env: Vec<(OsString, Option<OsString>)>,
    progress: &'a dyn Progress,
}

impl<'a> Session<'a> {
    pub(super) fn new(env: &Env, repo: &'a Path, progress: &'a dyn Progress) -> Result<Session<'a>> {
        let executable = std::env::current_exe()
            .map_err(|cause| Error::fatal("demo", format!("cannot find this executable: {cause}")))?;
        let mut variables: Vec<(OsString, Option<OsString>)> =
            scrubbed_env(env).into_iter().map(|name| (name, None)).collect();
        variables.extend(env.names().filter(|name| is_ours(name)).map(|name| (name.to_owned(), None)));
        variables.extend(NOBODY.iter().map(|(name, value)| (name.into(), Some(value.into()))));
        Ok(Session { repo, executable, env: variables, progress })
    }

    pub(super) fn say(&self, text: &str) {
        self.progress.say(&Step::Note(text.to_owned()));
    }

    /// Adds a spec; returns its full id.
    pub(super) fn add(&self, arguments: &[String]) -> Result<String> {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let said = self.chant(&arguments, true)?;
        let id = said.iter().find_map(|line| line.strip_prefix("Created spec: "));
        id.map(str::to_owned).ok_or_else(|| Error::fatal("demo", "'git chant add' named no spec"))
    }

    /// Works a spec, which must succeed or, at the gate, be refused.
    pub(super) fn work(&self, short: &str, succeeds: bool) -> Result<()> {
        self.chant(&["work", short], succeeds).map(|_| ())
    }

    /// Runs `git chant <arguments>` and returns what it printed, line by line.
    pub(super) fn chant(&self, arguments: &[&str], succeeds: bool) -> Result<Vec<String>> {
        for (at, line) in shown(arguments).into_iter().enumerate() {
            self.progress.say(&if at == 0 { Step::Command(line) } else { Step::Note(line) });
        }
        let mut words = vec![self.executable.to_string_lossy().into_owned()];
        words.extend(arguments.iter().map(|word| (*word).to_owned()));
        let command = shell_words::join(&words);
        let mut said: Vec<String> = Vec::new();
        let mut sink = |line: &str| {
            self.progress.say(&Step::Note(line.to_owned()));
            said.push(line.to_owned());
        };
        let mut run = Run::new(&command, self.repo);
        run.env = self.env.clone();
        run.sink = Some(&mut sink);
        let finished = process::run(run)?;
        match finished.ending {
            Ending::Exited(0) if succeeds => Ok(said),
            Ending::Exited(1) if !succeeds => Ok(said),
            Ending::Interrupted(signal) => {
                Err(Error { exit: Exit::Signal(signal), ..Error::fatal("interrupted", "the demo was interrupted") })
            }
            ending => Err(Error::fatal("demo", format!("'git chant {}' {ending}", arguments.join(" ")))
                .hint(format!("the repository is kept in '{}'", self.repo.display()))),
        }
    }
}

/// Variables that say that an agent runs here: a demo inside an agent's work is nobody's work.
fn is_ours(name: &std::ffi::OsStr) -> bool {
    name.to_str().is_some_and(|name| name.starts_with("CHANT_"))
}

/// The command as a person would type it, broken where it is long.
fn shown(arguments: &[&str]) -> Vec<String> {
    let words: Vec<String> = arguments
        .iter()
        .map(|word| {
            let plain = shell_words::quote(word);
            if plain.starts_with('\'') && !word.contains(['"', '$', '`', '\\', '!']) {
                format!("\"{word}\"")
            } else {
                plain.into_owned()
            }
        })
        .collect();
    let mut lines = vec!["git chant".to_owned()];
    for (at, word) in words.iter().enumerate() {
        // An option and its value stay together.
        let pair =
            if word.starts_with("--") { words.get(at + 1).map_or(0, |value| value.chars().count() + 1) } else { 0 };
        let last = lines.last_mut().expect("there is one line from the start");
        if last.chars().count() + 1 + word.chars().count() + pair > WIDTH && word.starts_with("--") {
            last.push_str(" \\");
            lines.push(format!("    {word}"));
        } else {
            last.push(' ');
            last.push_str(word);
        }
    }
    lines
}
