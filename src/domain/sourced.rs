//! Scripts of a shell that a test has for a part of it, or starts as a program of its own. What follows from that is not decided here.

use super::{
    command_words::is_run,
    enumeration::enumerate,
    probes::{added_lines, sorted},
};

/// Words by which a script that a test sources takes over what the test does: it ends it, or puts something in the place of a command.
const SHELL: [&str; 12] =
    ["exit 0", "exit;", "trap ", "exit()", "exit ()", "[()", "[ ()", "[(", "test()", "test ()", "run()", "set +e"];

/// Programs by which tests in a shell ask.
const TOOLS: [&str; 17] = [
    "grep", "egrep", "fgrep", "diff", "cmp", "awk", "sed", "cat", "cut", "head", "tail", "tr", "wc", "jq", "echo",
    "printf", "false",
];

/// Whether a line of a shell puts a function or an alias in the place of a program.
fn replaces_tool(line: &str, tool: &str) -> bool {
    line.split([';', '&', '|', '{', '}']).map(str::trim).any(|part| {
        let named = part.strip_prefix("function ").or(part.strip_prefix("alias ")).unwrap_or(part);
        let rest = named.trim_start().strip_prefix(tool).map(str::trim_start);
        rest.is_some_and(|rest| match named.len() == part.len() {
            true => rest.starts_with("()") || rest.starts_with("( )"),
            false => rest.is_empty() || rest.starts_with(['=', '(']),
        })
    })
}

/// Whether a script with this text has the one at `path` for a part of it.
pub(crate) fn is_sourced(text: &str, path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let stem = name.split('.').next().unwrap_or(name);
    text.split(['\n', ';', '&', '{']).map(str::trim).any(|line| {
        let sourced = [". ", "source ", "load "].iter().find_map(|word| line.strip_prefix(word));
        sourced.is_some_and(|rest| rest.contains(name) || line.starts_with("load ") && rest.contains(stem))
    })
}

/// Whether a test that `command` has a shell run, with this text, only ever starts the file at `path` as a program of its own: how that ends is
/// what the test looks at, and not how the test ends.
pub(crate) fn only_starts(command: &str, text: &str, path: &str) -> bool {
    let first = command.split_whitespace().next().unwrap_or_default();
    let is_shell = ["sh", "bash", "dash", "zsh"].contains(&first) || first.ends_with(".sh");
    let name = path.rsplit('/').next().unwrap_or(path);
    let stem = name.split('.').next().unwrap_or(name);
    let words = ["if ", "elif ", "while ", "until ", "then ", "do ", "else ", "! "];
    let starts = |line: &str| {
        let mut line = line.trim_start();
        while let Some(rest) = words.iter().find_map(|word| line.strip_prefix(word)) {
            line = rest.trim_start();
        }
        is_run(line, path)
    };
    let mut naming = text.lines().filter(|line| line.contains(stem)).peekable();
    is_shell && naming.peek().is_some() && naming.all(starts)
}

/// Where a change of a script that a test sources takes the test over, in words; `None` if nowhere.
pub(crate) fn takes_over_shell(path: &str, before: Option<&str>, after: Option<&str>) -> Option<String> {
    let lines = added_lines(path, before, after);
    let by_word = SHELL.into_iter().filter(|word| lines.iter().any(|line| line.code.contains(word)));
    let replaced = TOOLS.into_iter().filter(|tool| lines.iter().any(|line| replaces_tool(&line.code, tool)));
    let found = sorted(by_word.chain(replaced).collect());
    (!found.is_empty()).then(|| format!("'{path}' takes over the test that sources it: {}", enumerate(&found)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_that_a_test_sources_takes_nothing_over() {
        assert!(
            is_sourced("set -e; . ./calc.sh\n", "calc.sh") && is_sourced("  load '../lib/calc'\n", "lib/calc.bash")
        );
        assert!(!is_sourced("sh calc.sh\n# . calc\n", "calc.sh"));
        for text in ["python3 app.py -v || exit 1\n", "if ! python3 app.py; then\n", "[ \"$(./app.py)\" = 5 ]\n"] {
            assert!(only_starts("sh check.sh", text, "app.py"), "{text}");
            assert!(!only_starts("python3 check.py", text, "app.py"), "{text}");
        }
        for text in ["", "echo 5\n", ". ./app.py\n", "python3 app.py\npython3 -c 'import app'\n"] {
            assert!(!only_starts("sh check.sh", text, "app.py"), "{text}");
        }
        assert!(takes_over_shell("calc.sh", Some(""), Some("run() { output=5; }\n")).is_some());
        for line in ["grep() { return 0; }", "add() { echo 5; }; diff () { :; }", "alias cmp=true", "function jq {"] {
            assert!(takes_over_shell("calc.sh", Some(""), Some(line)).is_some(), "{line}");
        }
        for line in ["add() { echo 5; }", "add 2 3 | grep -x 5", "mygrep() { grep \"$1\"; }", "alias ll='ls -l'"] {
            assert_eq!(takes_over_shell("calc.sh", Some(""), Some(line)), None, "{line}");
        }
    }
}
