//! Putting a value in the place of a placeholder of a shell's command line, quoted as the place needs it.

use std::{
    io,
    process::{Command, Stdio},
};

use super::process::SHELL;

/// What the shell is inside of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Within {
    /// Nothing: words, at this depth of parentheses.
    Words(usize),
    /// `"…"`.
    Double,
    /// `'…'`.
    Single,
}

/// The command line with `value` wherever `placeholder` stands. The shell takes it for exactly these characters, whether the person who
/// wrote the line put quotes around the placeholder or not.
pub(crate) fn fill(line: &str, placeholder: &str, value: &str) -> String {
    let mut filled = String::with_capacity(line.len() + value.len());
    let mut within = vec![Within::Words(0)];
    let mut rest = line;
    while let Some(c) = rest.chars().next() {
        let now = within.last().copied().unwrap_or(Within::Words(0));
        if let Some(after) = rest.strip_prefix(placeholder) {
            filled.push_str(&quoted(value, now));
            rest = after;
            continue;
        }
        let mut length = c.len_utf8();
        match (now, c) {
            (Within::Single, '\'') | (Within::Double, '"') => drop(within.pop()),
            (Within::Single, _) => {}
            // What follows means itself.
            (_, '\\') => length += rest[length..].chars().next().map_or(0, char::len_utf8),
            (_, '$') if rest.starts_with("$(") => {
                length += 1;
                within.push(Within::Words(0));
            }
            (Within::Words(_), '\'') => within.push(Within::Single),
            (Within::Words(_), '"') => within.push(Within::Double),
            (Within::Words(depth), '(') => replace_last(&mut within, Within::Words(depth + 1)),
            (Within::Words(0), ')') if within.len() > 1 => drop(within.pop()),
            (Within::Words(depth), ')') => replace_last(&mut within, Within::Words(depth.saturating_sub(1))),
            _ => {}
        }
        filled.push_str(&rest[..length]);
        rest = &rest[length..];
    }
    filled
}

fn replace_last(within: &mut [Within], with: Within) {
    if let Some(last) = within.last_mut() {
        *last = with;
    }
}

/// The value as it has to be written there.
fn quoted(value: &str, within: Within) -> String {
    match within {
        Within::Words(_) => shell_words::quote(value).into_owned(),
        Within::Single => value.replace('\'', "'\\''"),
        Within::Double => {
            let special = |c: char| matches!(c, '\\' | '"' | '$' | '`');
            value.chars().flat_map(|c| special(c).then_some('\\').into_iter().chain([c])).collect()
        }
    }
}

/// The program that a command line starts first, as far as the line says so in plain words: without its assignments, `None` where the shell
/// would have to expand or to decide something.
pub(crate) fn program(line: &str) -> Option<&str> {
    let is_plain =
        |word: &str| word.chars().all(|c| c.is_alphanumeric() || matches!(c, '/' | '.' | '_' | '-' | '+' | ','));
    let is_assignment = |word: &&str| {
        word.split_once('=').is_some_and(|(name, value)| {
            let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
            is_name && is_plain(value)
        })
    };
    line.split_whitespace().find(|word| !is_assignment(word)).filter(|word| is_plain(word))
}

/// Whether the shell knows a command of that name by itself, or finds a program in `PATH`.
///
/// # Errors
/// If the shell cannot be run.
pub(crate) fn is_known(name: &str) -> io::Result<bool> {
    let mut asked = Command::new(SHELL);
    asked.args(["-c", "command -v -- \"$0\"", name]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    Ok(asked.status()?.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shell_reads_the_very_value_wherever_the_placeholder_stands() {
        let values = ["plain", "/my work/it's", r#"a "b" $HOME `id` \ !x"#, "(*) [a] ;&|<>#", "ünï"];
        let lines = [
            "printf %s {p}",
            "printf %s \"{p}\"",
            "printf %s '{p}'",
            "printf %s \"$(printf %s {p})\"",
            "printf %s \"$(printf %s \"{p}\")\"",
            "printf %s \"$( (true); printf %s '{p}')\"",
            "(printf %s \\\"; printf %s \"{p}\") | sed 's/^\"//'",
            "printf %s ''\"\"{p}",
        ];
        for (line, value) in lines.iter().flat_map(|line| values.map(|value| (line, value))) {
            let filled = fill(line, "{p}", value);
            let said = Command::new("sh").arg("-c").arg(&filled).output().expect("sh runs");
            assert_eq!(String::from_utf8_lossy(&said.stdout), value, "{filled}");
        }
        assert_eq!(fill("cat {p} '{p}' \"{p}\"", "{p}", "a"), "cat a 'a' \"a\"");
    }

    #[test]
    fn the_program_is_named_where_the_line_names_it() {
        for (line, name) in [
            ("claude -p --verbose", Some("claude")),
            ("GOOSE_MODE=auto  goose run", Some("goose")),
            ("/opt/my-agent/run.sh {prompt_file}", Some("/opt/my-agent/run.sh")),
            ("true; claude", None),
            ("\"my agent\" x", None),
            ("$HOME/bin/x", None),
            ("A=$(b) c", None),
            ("(a)", None),
            ("", None),
        ] {
            assert_eq!(program(line), name, "{line}");
        }
    }
}
