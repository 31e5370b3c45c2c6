//! The words of a command line, as a shell reads them, and which files it plainly runs. What scripts do is not seen.

/// Programs that run the rest of their arguments.
pub(super) const WRAPPERS: [&str; 29] = [
    "env", "exec", "time", "timeout", "nice", "ionice", "nohup", "stdbuf", "xvfb-run", "command", "npx", "bunx",
    "pnpm", "pnpx", "yarn", "bun", "bundle", "poetry", "pipenv", "uv", "uvx", "hatch", "pdm", "rye", "run", "x", "dlx",
    "coverage", "sudo",
];

/// Words of shells before a command.
pub(super) const KEYWORDS: [&str; 8] = ["if", "then", "else", "do", "while", "until", "!", "{"];

/// Shells, which run the file that is their first argument, and with `-c` a text.
const SHELLS: [&str; 5] = ["sh", "bash", "dash", "zsh", "ksh"];

/// Other programs that run the file that is their first argument.
const INTERPRETERS: [&str; 14] = [
    "python", "node", "ruby", "perl", "php", "lua", "tclsh", "Rscript", "julia", "bun", "deno", "tsx", "ts-node", "go",
];

/// Options of these after which no file is run: a text is, or a module.
const OF_TEXT: [&str; 7] = ["-c", "-e", "-E", "-m", "-p", "--eval", "--print"];

/// The simple commands of a command line. What is quoted is not taken apart.
pub(super) fn simple_commands(command: &str) -> Vec<Vec<String>> {
    let mut commands = vec![String::new()];
    let mut quote = None;
    for c in command.chars() {
        match (quote, c) {
            (None, '\'' | '"') => quote = Some(c),
            (Some(open), c) if c == open => quote = None,
            (None, ';' | '&' | '|' | '\n' | '(' | ')') => {
                commands.push(String::new());
                continue;
            }
            _ => {}
        }
        commands.last_mut().expect("there is one").push(c);
    }
    commands.iter().map(|text| words(text)).filter(|words| !words.is_empty()).collect()
}

fn words(text: &str) -> Vec<String> {
    shell_words::split(text).unwrap_or_else(|_| text.split_whitespace().map(str::to_owned).collect())
}

/// The name of a program: the last part of its path, python of any version as `python`.
pub(super) fn program(word: &str) -> String {
    let name = word.rsplit('/').next().unwrap_or(word);
    let versioned = |name: &str| name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.').to_owned();
    match versioned(name).as_str() {
        "python" | "pypy" => "python".to_owned(),
        _ => name.to_owned(),
    }
}

/// Whether a command line runs the file `path`, by itself or by an interpreter, through programs that run the rest of their arguments or in a
/// directory that it changes to. A file that it only names may be what is tested.
pub(crate) fn is_run(command: &str, path: &str) -> bool {
    let mut directory = String::new();
    simple_commands(command).iter().any(|words| {
        if words.iter().flat_map(|word| substituted(word)).any(|text| is_run(text, path)) {
            return true;
        }
        let own = &words[words.iter().take_while(|word| passes_on(word)).count()..];
        match own {
            [change, to, ..] if change == "cd" => {
                directory = within(&directory, to);
                false
            }
            _ => {
                let is_path = |word: &String| plain(word) == path || within(&directory, word) == path;
                own.first().is_some_and(is_path) || interpreted(words, path, &is_path)
            }
        }
    })
}

/// The command lines whose output stands in a word.
fn substituted(word: &str) -> impl Iterator<Item = &str> {
    let by_dollar = word.split("$(").skip(1).map(|rest| rest.rsplit_once(')').map_or(rest, |(text, _)| text));
    by_dollar.chain(word.split('`').skip(1).step_by(2))
}

/// Whether one of the words is an interpreter, and it runs the file at `path`, as `is_path` says of a word.
fn interpreted(words: &[String], path: &str, is_path: &dyn Fn(&String) -> bool) -> bool {
    let Some(at) = words.iter().position(|word| is_interpreter(word)) else { return false };
    let is_shell = SHELLS.contains(&program(&words[at]).as_str());
    let rest = &words[at + 1..];
    if is_shell && let Some(text) = rest.iter().position(|word| is_text_option(word)) {
        return rest.get(text + 1).is_some_and(|text| is_run(text, path));
    }
    let mut after_option = false;
    for word in rest {
        if is_path(word) {
            return true;
        }
        let is_option = word.starts_with(['-', '+']);
        if !is_shell && OF_TEXT.contains(&word.as_str()) || !is_option && !after_option && word != "run" {
            return false;
        }
        after_option = is_option && !word.contains('=');
    }
    false
}

/// Whether an option of a shell says that the next word is a text to run: `-c`, `-ec`.
fn is_text_option(word: &str) -> bool {
    word.starts_with('-') && !word.starts_with("--") && word.ends_with('c')
}

fn is_interpreter(word: &str) -> bool {
    let name = program(word);
    SHELLS.contains(&name.as_str()) || INTERPRETERS.contains(&name.as_str())
}

/// Whether a word stands before a command: a word of the shell, a variable, a program that runs the rest, and what belongs to that.
fn passes_on(word: &str) -> bool {
    KEYWORDS.contains(&word)
        || WRAPPERS.contains(&program(word).as_str())
        || word.starts_with('-')
        || word.contains('=')
        || word.starts_with(|c: char| c.is_ascii_digit())
}

/// A path without what only says where the command line begins.
fn plain(word: &str) -> &str {
    let word = ["$PWD/", "${PWD}/"].iter().find_map(|start| word.strip_prefix(start)).unwrap_or(word);
    word.trim_start_matches("./")
}

/// The path of what `word` names in `directory`.
fn within(directory: &str, word: &str) -> String {
    let mut parts: Vec<&str> = directory.split('/').filter(|part| !part.is_empty()).collect();
    for part in plain(word).split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_runs_files() {
        for command in [
            "sh t.sh",
            "./t.sh",
            "cd x && sh -e ../t.sh",
            "CI=1 sh t.sh",
            "env -u CI A=1 sh ./t.sh",
            "timeout -k 5 20 ./t.sh",
            "nice -n 5 sh t.sh",
            "sh -c 'sh t.sh'",
            "bash -euc \"A=1 sh t.sh\"",
            "bash -o pipefail t.sh",
            "if ! sh t.sh; then exit 1; fi",
            "{ sh t.sh; }",
            "(sh t.sh)",
            "sh \"$PWD/t.sh\"",
            "/bin/sh 't.sh'",
            "[ \"$(sh t.sh 2 3)\" = 5 ]",
            "test \"`./t.sh`\" = 5",
        ] {
            assert!(is_run(command, "t.sh"), "{command}");
        }
        for (command, path) in [
            ("cd sub && sh t.sh", "sub/t.sh"),
            ("cd a/b; cd ..; ./t", "a/t"),
            ("python3.12 -W error check.py", "check.py"),
            ("uv run python check.py", "check.py"),
            ("uv run check.py", "check.py"),
            ("ruby -I lib check.rb", "check.rb"),
            ("node --import ./x.mjs check.mjs", "check.mjs"),
            ("deno run -A check.ts", "check.ts"),
            ("go run check.go", "check.go"),
        ] {
            assert!(is_run(command, path), "{command}");
        }
    }

    #[test]
    fn what_a_command_only_names_is_not_run() {
        for (command, path) in [
            ("grep -q two file", "file"),
            ("python3 -m doctest calc.py", "calc.py"),
            ("python3 -m pytest test.py", "test.py"),
            ("node -e 'require(\"./a\")' a.js", "a.js"),
            ("sh t.sh calc.sh", "calc.sh"),
            ("sh -c 'sh t.sh' calc.sh", "calc.sh"),
            ("go test sum_test.go", "sum_test.go"),
            ("cd sub && sh t.sh", "other/t.sh"),
            ("echo sh", "sh"),
            ("sh -c", "-c"),
        ] {
            assert!(!is_run(command, path), "{command}");
        }
    }
}
