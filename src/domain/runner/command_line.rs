//! Which runner a command line starts.

use super::table::{RUNNERS, Runner};
use crate::domain::command_words::{KEYWORDS, WRAPPERS, program, simple_commands};

/// A runner that a command line starts.
pub(super) struct Named {
    pub(super) runner: &'static Runner,
    /// Whether its exit code is that of the whole command line.
    pub(super) decides: bool,
}

/// The command line by which a runner names each test that it begins and that it ends, where it says neither otherwise: a program under test
/// that ends itself does not look like one whose tests passed, then.
pub(crate) fn in_full(command: &str) -> String {
    const GO: &str = "go test";
    let is_go = named(command).iter().any(|named| named.runner.commands.contains(&GO));
    if !is_go || command.contains(" -json") {
        return command.to_owned();
    }
    let is_word = |rest: &str| !rest.starts_with(|c: char| c.is_alphanumeric() || "_-./=".contains(c));
    let mut out = String::with_capacity(command.len() + 4);
    let mut pieces = command.split(GO).peekable();
    while let Some(piece) = pieces.next() {
        out.push_str(piece);
        if let Some(rest) = pieces.peek() {
            out.push_str(if is_word(rest) { "go test -v" } else { GO });
        }
    }
    out
}

/// The known runners that `command` starts, as a shell reads it. What `sh -c` and scripts start is not seen.
pub(super) fn named(command: &str) -> Vec<Named> {
    let mut found = Vec::new();
    let commands = simple_commands(command);
    let last = commands.len();
    for (at, words) in commands.iter().enumerate() {
        found.extend(runner_of(words).map(|runner| Named { runner, decides: at + 1 == last }));
    }
    found
}

/// Whether a command line, or the text of a script or a manifest, plainly starts a known runner: no program of the repository itself, as
/// `is_own` says of a path, and nothing that is only printed. In a manifest it may stand anywhere in a line.
pub(crate) fn starts_runner(text: &str, is_manifest: bool, is_own: impl Fn(&str) -> bool) -> bool {
    let is_wrapper = |word: &str| ["gradlew", "mvnw"].contains(&word.rsplit('/').next().unwrap_or(word));
    let starts = |words: &[String]| {
        let first = words.iter().find(|word| !word.contains('=')).map(|word| word.trim_start_matches("./"));
        let own = first.is_some_and(|word| is_own(word) && !is_wrapper(word));
        let last = if is_manifest { words.len() } else { words.len().min(1) };
        !own && (0..last).any(|at| runner_of(&words[at..]).is_some())
    };
    let python = ["$(PYTHON)", "${PYTHON}", "$PYTHON", "$(PY)", "{envpython}"];
    let text = python.iter().fold(text.to_owned(), |text, name| text.replace(name, "python"));
    text.lines().flat_map(|line| line.split([';', '&', '|', '"', '\'', '`', '[', ']', ','])).any(|piece| {
        let piece = piece.trim().trim_start_matches(['@', '-', '+']).trim_start();
        let words = piece.split_whitespace().skip_while(|word| KEYWORDS.contains(word));
        let words: Vec<String> = words.map(str::to_owned).collect();
        let prints = words.first().is_some_and(|word| ["echo", "printf", "#", "//", "cat"].contains(&word.as_str()));
        !prints && !piece.starts_with('#') && starts(&words)
    })
}

/// The runner that the words start, by themselves or through programs that run the rest of their arguments.
fn runner_of(words: &[String]) -> Option<&'static Runner> {
    for (at, word) in words.iter().enumerate() {
        let program = program(word);
        let starts = |command: &str| {
            let mut wanted = command.split(' ');
            wanted.next() == Some(program.as_str()) && follows(&words[at + 1..], wanted)
        };
        if let Some(runner) = RUNNERS.iter().find(|runner| runner.commands.iter().any(|command| starts(command))) {
            return Some(runner);
        }
        let passes_on = WRAPPERS.contains(&program.as_str())
            || word.starts_with('-')
            || word.contains('=')
            || word.starts_with(|c: char| c.is_ascii_digit());
        // `python -m coverage run -m pytest`: the module decides.
        let module = program == "python" && words[at + 1..].iter().any(|word| word == "coverage");
        if !passes_on && !module {
            return None;
        }
        if program == "coverage" {
            let mut rest = vec!["python".to_owned()];
            rest.extend(words.iter().skip(at + 2).cloned());
            return runner_of(&rest);
        }
    }
    None
}

/// Whether the words of `wanted` come next, with options in between.
fn follows<'w>(words: &[String], wanted: impl Iterator<Item = &'w str>) -> bool {
    let mut words = words.iter();
    let mut wanted = wanted;
    wanted.all(|wanted| {
        let is_option = |word: &str| word.starts_with(['-', '+']) && word != wanted;
        words.find(|word| !is_option(word)).is_some_and(|word| word == wanted)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(command: &str) -> Vec<(&'static str, bool)> {
        named(command).iter().map(|named| (named.runner.name, named.decides)).collect()
    }

    #[test]
    fn a_runner_is_named_by_its_program() {
        for (command, runner) in [
            ("cargo test --test sum", "cargo"),
            ("cargo +nightly -q test", "cargo"),
            ("cargo nextest run", "nextest"),
            ("python3 -B -m unittest -q", "unittest"),
            ("python3.11 -m pytest x", "pytest"),
            ("FOO=1 timeout 60 venv/bin/pytest -q", "pytest"),
            ("npx jest --ci", "jest"),
            ("node_modules/.bin/vitest run", "vitest"),
            ("poetry run pytest", "pytest"),
            ("python -m coverage run -m pytest", "pytest"),
            ("coverage run -m unittest", "unittest"),
            ("./gradlew test", "gradle"),
            ("bundle exec rspec", "rspec"),
            ("go test ./...", "go"),
            ("node --test test/", "node"),
            ("node --no-warnings --test", "node"),
        ] {
            assert_eq!(names(command), [(runner, true)], "{command}");
        }
    }

    #[test]
    fn a_runner_is_told_to_name_its_tests() {
        assert_eq!(in_full("cd x && go test -run Sum ./..."), "cd x && go test -v -run Sum ./...");
        assert_eq!(in_full("(cd x; go test) && go test"), "(cd x; go test -v) && go test -v");
        for as_it_is in ["go test -json ./...", "echo go test .", "cargo test --lib", "go vet ."] {
            assert_eq!(in_full(as_it_is), as_it_is);
        }
    }

    #[test]
    fn what_only_speaks_of_a_runner_is_none() {
        for command in
            ["echo pytest", "make test", "npm test", "sh -c 'cargo test'", "cat cargo test", "cargo build", ""]
        {
            assert_eq!(names(command), [], "{command}");
        }
    }

    #[test]
    fn a_text_that_starts_a_runner_is_told_from_one_that_prints() {
        for text in [
            "#!/bin/sh\nexec python3 -m unittest -q \"$@\"\n",
            "test:\n\t@$(PYTHON) -m pytest -q\n",
            "{\"scripts\": {\"test\": \"vitest run\"}}",
            "[testenv]\ncommands = pytest {posargs}\n",
            "./gradlew test",
            "cd x && cargo test",
        ] {
            let is_manifest = text.contains("test:") || text.contains("{") && !text.starts_with('#');
            assert!(starts_runner(text, is_manifest, |_| false), "{text}");
        }
        for text in
            ["echo \"12 passed in 0.1s\"\n", "# pytest\necho '# pass 12'\n", "bin/pytest", "true\n", "sh run.sh"]
        {
            assert!(!starts_runner(text, false, |path| path == "bin/pytest"), "{text}");
        }
    }

    #[test]
    fn only_the_last_command_decides_the_exit_code() {
        assert_eq!(names("cd x && pytest"), [("pytest", true)]);
        assert_eq!(names("pytest | tee log"), [("pytest", false)]);
        assert_eq!(names("pytest; true"), [("pytest", false)]);
        assert_eq!(names("cargo test && pytest"), [("cargo", false), ("pytest", true)]);
    }
}
