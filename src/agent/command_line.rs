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

impl Within {
    fn is_quoted(self) -> bool {
        matches!(self, Within::Double | Within::Single)
    }
}

/// The command line with `value` wherever `placeholder` stands. The shell takes it for exactly these characters, whether the person who
/// wrote the line put quotes around the placeholder or not, and so does a shell that this one starts: `sh -c "cat {prompt_file}"`.
pub(crate) fn fill(line: &str, placeholder: &str, value: &str) -> String {
    let mut filled = String::with_capacity(line.len() + value.len());
    let mut state = ShellState::default();
    let mut at = 0;
    while at < line.len() {
        if line[at..].starts_with(placeholder) {
            filled.push_str(&written(&line[..at], value));
            at += placeholder.len();
        } else {
            let next = state.step(line, at);
            filled.push_str(&line[at..next]);
            at = next;
        }
    }
    filled
}

/// Where in a command line the shell is while it reads it.
struct ShellState {
    /// What it is inside of, the innermost last, each with the position at which its text begins.
    within: Vec<(Within, usize)>,
}

impl Default for ShellState {
    fn default() -> ShellState {
        ShellState { within: vec![(Within::Words(0), 0)] }
    }
}

impl ShellState {
    /// The place at the end of `text`.
    fn after(text: &str) -> ShellState {
        let mut state = ShellState::default();
        let mut at = 0;
        while at < text.len() {
            at = state.step(text, at);
        }
        state
    }

    fn innermost(&self) -> (Within, usize) {
        self.within.last().copied().unwrap_or((Within::Words(0), 0))
    }

    /// Reads what stands at `at`, and gives the position after it.
    fn step(&mut self, line: &str, at: usize) -> usize {
        let rest = &line[at..];
        let Some(c) = rest.chars().next() else { return line.len() };
        let (now, begin) = self.innermost();
        let mut next = at + c.len_utf8();
        match (now, c) {
            (Within::Single, '\'') | (Within::Double, '"') => drop(self.within.pop()),
            (Within::Single, _) => {}
            // What follows means itself.
            (_, '\\') => next += line[next..].chars().next().map_or(0, char::len_utf8),
            (_, '$') if rest.starts_with("$(") => {
                next += 1;
                self.within.push((Within::Words(0), next));
            }
            (Within::Words(_), '\'') => self.within.push((Within::Single, next)),
            (Within::Words(_), '"') => self.within.push((Within::Double, next)),
            (Within::Words(depth), '(') => self.replace((Within::Words(depth + 1), begin)),
            (Within::Words(0), ')') if self.within.len() > 1 => drop(self.within.pop()),
            (Within::Words(depth), ')') => self.replace((Within::Words(depth.saturating_sub(1)), begin)),
            _ => {}
        }
        next
    }

    fn replace(&mut self, with: (Within, usize)) {
        if let Some(last) = self.within.last_mut() {
            *last = with;
        }
    }
}

/// The value as it has to be written after `before`: once more for each shell that reads it there.
fn written(before: &str, value: &str) -> String {
    let state = ShellState::after(before);
    let (within, begin) = state.innermost();
    // A quoted text begins among words.
    let words = state.within.iter().rev().nth(1).map(|(_, words)| &before[*words..begin - 1]);
    if words.is_some_and(is_script) && within.is_quoted() {
        let inner = unquoted(&before[begin..], within);
        return quoted(&written(&inner, value), within);
    }
    quoted(value, within)
}

/// Whether the word after these is read by a shell as a command line: `sh -c`, `/bin/bash -lc`, `eval`.
fn is_script(before: &str) -> bool {
    let Some(before) = before.strip_suffix(char::is_whitespace) else { return false };
    let mut words = before.split_whitespace().rev();
    match words.next() {
        Some("eval") => true,
        Some(option) if option.starts_with('-') && option.ends_with('c') => {
            let program = words.find(|word| !word.starts_with(['-', '+'])).unwrap_or_default();
            let name = program.rsplit('/').next().unwrap_or_default();
            ["sh", "bash", "dash", "zsh", "ksh", "ash"].contains(&name)
        }
        _ => false,
    }
}

/// What a shell makes of the beginning of a quoted text, without expanding anything.
fn unquoted(text: &str, within: Within) -> String {
    if within == Within::Single {
        return text.to_owned();
    }
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let is_escape = c == '\\' && chars.peek().is_some_and(|next| is_special(*next));
        plain.push(if is_escape { chars.next().unwrap_or(c) } else { c });
    }
    plain
}

/// Whether a character has to be escaped between double quotes.
fn is_special(c: char) -> bool {
    matches!(c, '\\' | '"' | '$' | '`')
}

/// The value as it has to be written there.
fn quoted(value: &str, within: Within) -> String {
    match within {
        Within::Words(_) => shell_words::quote(value).into_owned(),
        Within::Single => value.replace('\'', "'\\''"),
        Within::Double => value.chars().flat_map(|c| is_special(c).then_some('\\').into_iter().chain([c])).collect(),
    }
}

/// Commands that run the one that follows them, with options of these names at most: what has others is not understood.
const BEFORE: [(&str, &[&str]); 7] = [
    ("command", &[]),
    ("env", &["-i", "-"]),
    ("exec", &[]),
    ("nice", &["-n"]),
    ("nohup", &[]),
    ("setsid", &["-w", "-f"]),
    ("timeout", &["--foreground"]),
];

/// The program that a command line starts, as far as the line says so in plain words: without its assignments and the commands that only
/// run another (`env`, `nice`). `None` where the shell would have to expand or to decide something.
pub(crate) fn program(line: &str) -> Option<&str> {
    let is_plain =
        |word: &str| word.chars().all(|c| c.is_alphanumeric() || matches!(c, '/' | '.' | '_' | '-' | '+' | ','));
    let is_assignment = |word: &str| {
        word.split_once('=').is_some_and(|(name, value)| {
            let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
            is_name && is_plain(value)
        })
    };
    let mut before: Option<&[&str]> = None;
    for word in line.split_whitespace() {
        if let Some((_, options)) = BEFORE.iter().find(|(name, _)| *name == word) {
            before = Some(options);
            continue;
        }
        // What belongs to the command before: its options, and numbers.
        if is_assignment(word) || before.is_some_and(|options| options.contains(&word)) {
            continue;
        }
        let number = word.trim_end_matches(['s', 'm', 'h', 'd']);
        if before.is_some() && number.parse::<f32>().is_ok() {
            continue;
        }
        return Some(word).filter(|word| is_plain(word) && !word.starts_with('-'));
    }
    None
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
            "sh -c \"printf %s {p}\"",
            "sh -c 'printf %s {p}'",
            "sh -c \"printf %s '{p}'\"",
            "sh -c 'printf %s \"{p}\"'",
            "/bin/sh -ec \"printf %s \\\"{p}\\\"\"",
            "env A=1 sh -c \"sh -c 'printf %s {p}'\"",
            "sh -c 'printf %s \"$1\"' -c {p}",
            "eval \"printf %s {p}\"",
            "printf %s \"$(sh -c \"printf %s {p}\")\"",
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
            ("env claude -p", Some("claude")),
            ("env -i A=b claude -p", Some("claude")),
            ("exec nice -n 10 ./agent.sh", Some("./agent.sh")),
            ("timeout 10m my-agent 5", Some("my-agent")),
            ("nohup setsid my-agent", Some("my-agent")),
            ("env -u HOME claude", None),
            ("timeout -k 5 10 claude", None),
            ("env", None),
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
