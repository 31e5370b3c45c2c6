//! The code in the text of a file: without comments, and without what stands in strings. Nothing is parsed: languages are told by the ending of
//! the path, and where a text is not clear, it counts as code.

/// One line of a file.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct CodeLine {
    /// Without comments.
    pub(crate) code: String,
    /// Without comments and without what stands in strings.
    pub(crate) bare: String,
}

/// How a language writes comments and strings.
#[derive(Clone, Copy)]
struct Language {
    /// What begins a comment to the end of the line.
    comments: &'static [&'static str],
    /// Whether such a comment begins only where the line does: elsewhere the mark may mean something else.
    at_start: bool,
    /// Whether `/*` begins a comment that `*/` ends.
    blocks: bool,
    strings: Strings,
    /// Whether `#if 0` leaves lines out.
    conditions: bool,
}

/// Which strings a language has, as far as they are told from code.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Strings {
    /// None is: they stay.
    Stay,
    /// They end with their line.
    Line,
    /// As [`Strings::Line`], and `/x/` is a pattern and `` ` `` a template, which may hold code.
    Script,
    /// They may have several lines, or be raw; `'` may begin a lifetime.
    Rust,
    /// Those in three quotes have several lines.
    Python,
}

const C: Language =
    Language { comments: &["//"], at_start: false, blocks: true, strings: Strings::Line, conditions: false };
const SHELL: Language =
    Language { comments: &["#"], at_start: true, blocks: false, strings: Strings::Stay, conditions: false };

/// The language of the file at `path`.
fn language(path: &str) -> Language {
    let name = path.rsplit('/').next().unwrap_or(path);
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    match extension {
        "c" | "h" | "cc" | "cpp" | "cxx" | "hh" | "hpp" | "m" | "mm" => Language { conditions: true, ..C },
        "cs" | "d" | "dart" | "java" | "kt" | "scala" | "swift" | "zig" => C,
        "js" | "jsx" | "mjs" | "cjs" | "ts" | "tsx" | "vue" | "go" => Language { strings: Strings::Script, ..C },
        "rs" => Language { strings: Strings::Rust, ..C },
        "php" => Language { comments: &["//", "#"], at_start: true, strings: Strings::Stay, ..C },
        "py" | "pyi" | "pyx" => Language { at_start: false, strings: Strings::Python, ..SHELL },
        "adb" | "elm" | "hs" | "lua" | "sql" => Language { comments: &["--"], ..SHELL },
        "asm" | "clj" | "el" | "lisp" | "s" | "scm" => Language { comments: &[";"], ..SHELL },
        "erl" => Language { comments: &["%"], ..SHELL },
        _ => SHELL,
    }
}

/// The lines of `text`, the file at `path`.
pub(crate) fn code_lines(path: &str, text: &str) -> Vec<CodeLine> {
    let language = language(path);
    let mut inside = Inside::Code;
    let mut left_out = LeftOut::default();
    let mut lines = Vec::new();
    for line in text.lines() {
        let found = read(line, language, &mut inside);
        let counts = !language.conditions || left_out.keeps(found.bare.trim());
        lines.push(if counts { found } else { CodeLine::default() });
    }
    lines
}

/// For each line of `text`, the file at `path`, whether it is one of a docstring: a string that stands where a function, a class or the file
/// begins, and does nothing.
pub(crate) fn docstrings(path: &str, text: &str) -> Vec<bool> {
    let lines = code_lines(path, text);
    let mut found = vec![false; lines.len()];
    if language(path).strings != Strings::Python {
        return found;
    }
    let (mut opens, mut at) = (true, 0);
    while at < lines.len() {
        let first = at;
        let string = |line: &CodeLine| line.bare.trim().trim_start_matches(['r', 'R', 'u', 'U']).to_owned();
        let quote = ["\"\"\"", "'''", "\"", "'"].into_iter().find(|quote| string(&lines[at]).starts_with(quote));
        if let (true, Some(quote)) = (opens, quote) {
            let ends = |line: usize| match line == first {
                true => string(&lines[line]).strip_prefix(quote).is_some_and(|rest| rest.trim() == quote),
                false => lines[line].bare.trim() == quote,
            };
            let last = if quote.len() == 1 { first + 1 } else { lines.len() };
            if let Some(end) = (first..last).find(|line| ends(*line)) {
                found[first..=end].fill(true);
                at = end;
            }
        }
        if !lines[at].code.trim().is_empty() {
            opens = !found[at] && lines[at].bare.trim_end().ends_with(':');
        }
        at += 1;
    }
    found
}

/// Whether a change of the file at `path` is one of code: of more than comments, docstrings and white space.
pub(crate) fn changes_more_than_text(path: &str, before: &str, after: &str) -> bool {
    let code = |text: &str| -> String {
        let lines = text.lines().zip(docstrings(path, text)).filter(|(_, in_docstring)| !in_docstring);
        lines.map(|(line, _)| format!("{line}\n")).collect()
    };
    changes_code(path, &code(before), &code(after))
}

/// Whether a change of the file at `path` is one of code: of more than comments and white space.
pub(crate) fn changes_code(path: &str, before: &str, after: &str) -> bool {
    let code = |text: &str| -> Vec<String> {
        let lines = code_lines(path, text).into_iter().map(|line| line.code);
        lines
            .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
            .filter(|line| !line.is_empty())
            .collect()
    };
    code(before) != code(after)
}

/// The mark by which a line at the end of the file at `path` is a comment; `None` where that is not known for certain.
pub(crate) fn comment_mark(path: &str) -> Option<&'static str> {
    let name = path.rsplit('/').next().unwrap_or(path);
    let (_, extension) = name.rsplit_once('.')?;
    let unsure = ["php", "html", "vue", "erb", "tex", "hbs", "ejs"].contains(&extension);
    (!unsure).then(|| language(path).comments[0])
}

/// What a line begins in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Inside {
    Code,
    Comment,
    /// A template, of which what is in it stays.
    Template,
    /// A string that this ends: three quotes of Python, or `"` and so many `#`. In a raw one no `\` takes the meaning from what follows.
    String {
        quote: char,
        times: usize,
        marks: usize,
        raw: bool,
    },
}

/// Takes a line apart, and says what the next one begins in.
fn read(line: &str, language: Language, inside: &mut Inside) -> CodeLine {
    let mut found = CodeLine::default();
    let mut rest = line;
    while let Some(c) = rest.chars().next() {
        let length = match *inside {
            Inside::Comment => match rest.find("*/") {
                Some(at) => {
                    *inside = Inside::Code;
                    at + 2
                }
                None => rest.len(),
            },
            Inside::Template => {
                found.push(c, true);
                let escaped = rest[c.len_utf8()..].chars().next().filter(|_| c == '\\');
                escaped.into_iter().for_each(|c| found.push(c, true));
                if c == '`' {
                    *inside = Inside::Code;
                }
                c.len_utf8() + escaped.map_or(0, char::len_utf8)
            }
            Inside::String { quote, times, marks, raw } => {
                let end = format!("{}{}", quote.to_string().repeat(times), "#".repeat(marks));
                if rest.starts_with(&end) {
                    end.chars().for_each(|c| found.push(c, true));
                    *inside = Inside::Code;
                    end.len()
                } else {
                    let escaped = rest[c.len_utf8()..].chars().next().filter(|_| c == '\\' && !raw);
                    [Some(c), escaped].into_iter().flatten().for_each(|c| found.push(c, false));
                    c.len_utf8() + escaped.map_or(0, char::len_utf8)
                }
            }
            Inside::Code if is_comment(rest, &found, language) => break,
            Inside::Code if language.blocks && rest.starts_with("/*") => {
                *inside = Inside::Comment;
                2
            }
            Inside::Code => {
                let length = opening(rest, &found.code, language, inside);
                rest[..length].chars().for_each(|c| found.push(c, true));
                length
            }
        };
        rest = &rest[length..];
    }
    // What is not closed ends with its line, unless it may have several.
    let ends = matches!(*inside, Inside::String { times: 1, .. }) && language.strings != Strings::Rust;
    if ends {
        *inside = Inside::Code;
    }
    found
}

impl CodeLine {
    fn push(&mut self, c: char, is_bare: bool) {
        self.code.push(c);
        self.bare.push(if is_bare { c } else { ' ' });
    }
}

/// Whether a comment to the end of the line begins.
fn is_comment(rest: &str, found: &CodeLine, language: Language) -> bool {
    let begins = language.comments.iter().any(|mark| rest.starts_with(mark));
    // Attributes of Rust and of PHP begin as comments of others do.
    begins && !rest.starts_with("#[") && (!language.at_start || found.code.trim().is_empty())
}

/// How much of `rest` is taken as it is, at least one character; where that opens a string, `inside` says so. `before` is the code of the line
/// up to there.
fn opening(rest: &str, before: &str, language: Language, inside: &mut Inside) -> usize {
    let c = rest.chars().next().expect("the caller has seen one");
    let after_word = before.ends_with(|c: char| c.is_alphanumeric() || c == '_');
    let string = |quote, times, marks, raw| Inside::String { quote, times, marks, raw };
    match (language.strings, c) {
        (Strings::Stay, _) => {}
        (Strings::Script, '`') => *inside = Inside::Template,
        (Strings::Script, '/') if begins_pattern(before) => return pattern_length(rest),
        (Strings::Python, '"' | '\'') if rest.starts_with(&c.to_string().repeat(3)) => {
            *inside = string(c, 3, 0, false);
            return 3;
        }
        (Strings::Rust, '\'') => return character_length(rest),
        (Strings::Rust, 'r') if !after_word => {
            let marks = rest[1..].chars().take_while(|c| *c == '#').count();
            if rest[1 + marks..].starts_with('"') {
                *inside = string('"', 1, marks, true);
                return marks + 2;
            }
        }
        (Strings::Line | Strings::Script, '\'') if after_word => {}
        (_, '"' | '\'') => *inside = string(c, 1, 0, false),
        _ => {}
    }
    c.len_utf8()
}

/// Whether a `/` after this code begins a pattern, and no division.
fn begins_pattern(before: &str) -> bool {
    let before = before.trim_end();
    let is_word = |word: &str| before.ends_with(word);
    before.is_empty()
        || before.ends_with(|c: char| "(,=:[!&|?{};+-*%<>~^".contains(c))
        || ["return", "typeof", "case"].into_iter().any(is_word)
}

/// How many characters a pattern may have. Without a bound, each that does not end is looked for to the end of its line.
const LONGEST_PATTERN: usize = 1000;

/// The length of the pattern that `rest` begins with; 1 if it does not end.
fn pattern_length(rest: &str) -> usize {
    let (mut escaped, mut in_class) = (false, false);
    for (at, c) in rest.char_indices().skip(1).take(LONGEST_PATTERN) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '[' => in_class = true,
            ']' => in_class = false,
            // `//` is a comment, and no empty pattern.
            '/' if !in_class && at > 1 => return at + 1,
            _ => {}
        }
    }
    1
}

/// The length of the character that `rest` begins with in Rust; 1 for a lifetime.
fn character_length(rest: &str) -> usize {
    let mut chars = rest.char_indices().skip(1);
    match (chars.next(), chars.next()) {
        (Some((_, '\\')), _) => rest[3.min(rest.len())..].find('\'').map_or(1, |at| at + 4),
        (Some(_), Some((at, '\''))) => at + 1,
        _ => 1,
    }
}

/// Which lines `#if 0` leaves out.
#[derive(Default)]
struct LeftOut {
    /// For each `#if` that is open whether its present branch is left out.
    open: Vec<bool>,
}

impl LeftOut {
    /// Whether a line counts.
    fn keeps(&mut self, line: &str) -> bool {
        if let Some(directive) = line.strip_prefix('#').map(str::trim_start) {
            let word = directive.split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default();
            let condition = directive[word.len()..].trim().trim_matches(['(', ')']).trim();
            match (word, self.open.last_mut()) {
                ("if" | "ifdef" | "ifndef", _) => self.open.push(word == "if" && matches!(condition, "0" | "false")),
                ("else" | "elif", Some(left_out)) => *left_out = false,
                ("endif", Some(_)) => drop(self.open.pop()),
                _ => {}
            }
        }
        !self.open.contains(&true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether the word is code, outside of strings.
    fn is_bare(path: &str, text: &str) -> bool {
        code_lines(path, text).iter().any(|line| line.bare.contains("exit(0)"))
    }

    #[test]
    fn comments_are_no_code() {
        for (path, text) in [
            ("a.c", "// exit(0)\n"),
            ("a.c", "f(); /* exit(0)\n * exit(0)\n exit(0) */ g();\n"),
            ("a.c", "#if 0\nexit(0);\n#ifdef A\nexit(0);\n#endif\n#endif\n"),
            ("a.py", "x = 1  # exit(0)\n"),
            ("a.sh", "  # exit(0)\n"),
            ("a.lua", "-- exit(0)\n"),
            ("a.php", "# exit(0)\n"),
        ] {
            assert!(!is_bare(path, text), "{text}");
        }
    }

    #[test]
    fn code_that_looks_like_a_comment_counts() {
        for (path, text) in [
            ("a.c", "*p = 1; exit(0);\n"),
            ("a.c", "/* why */ exit(0);\n"),
            ("a.c", "/*\n*/ exit(0);\n"),
            ("a.c", "--count; exit(0);\n"),
            ("a.c", ";exit(0);\n"),
            ("a.c", "#if 0\n#else\nexit(0);\n#endif\n"),
            ("a.c", "#if 1\nexit(0);\n#endif\n"),
            ("a.c", "char c = '\"'; exit(0); // \"\n"),
            ("a.c", "puts(\"//\"); exit(0);\n"),
            ("a.js", "x = /\"/.test(y); exit(0)\n"),
            ("a.js", "x = /[/]'/; exit(0)\n"),
            ("a.js", "y = `${exit(0)}`\n"),
            ("a.js", "y = a / b; exit(0); z = c / d\n"),
            ("a.py", "x = '#'; exit(0)\n"),
            ("a.py", "'''\ntext\n'''; exit(0)\n"),
            ("a.rs", "fn a<'a>(x: &'a str) { exit(0) } // 'a\n"),
            ("a.rs", "let c = '\"'; exit(0);\n"),
            ("a.rs", "let s = r\"\\\"; exit(0);\n"),
            ("a.rs", "let s = \"a\nb\"; exit(0);\n"),
            ("a.rb", "x = \"#{exit(0)}\"\n"),
            ("a.sh", "[ $# = 0 ] && exit(0)\n"),
        ] {
            assert!(is_bare(path, text), "{text}");
        }
    }

    #[test]
    fn comments_and_white_space_are_no_change_of_code() {
        assert!(!changes_code("a.py", "x = 1\n", "# why\nx  = 1\n\n"));
        assert!(changes_code("a.py", "x = 1\n", "x = 2\n") && changes_code("a.c", "#if 0\nf();\n#endif\n", "f();\n"));
        assert_eq!((comment_mark("a.c"), comment_mark("a.py"), comment_mark("a.php")), (Some("//"), Some("#"), None));
    }

    #[test]
    fn docstrings_are_no_code() {
        let text = "\"\"\"A file.\"\"\"\nimport a\n\n\ndef b():\n    r\"\"\"B.\n\n    >>> b()\n    \"\"\"\n    c = \"\"\"\n    no\n    \"\"\"\n    d(\n        \"x\")\n\n\nclass E:\n    'E.'\n";
        let found = docstrings("a.py", text);
        let lines: Vec<&str> = text.lines().zip(found).filter(|(_, is)| *is).map(|(line, _)| line.trim()).collect();
        assert_eq!(lines, ["\"\"\"A file.\"\"\"", "r\"\"\"B.", "", ">>> b()", "\"\"\"", "'E.'"]);
        let changes = |old: &str, new: &str| changes_more_than_text("a.py", text, &text.replace(old, new));
        assert!(!changes("A file.", "A file that exits.") && changes("no", "yes"));
        assert!(changes_more_than_text(
            "a.py",
            "def a():\n    \"\"\"A.\"\"\"\n",
            "def a():\n    \"\"\"A.\"\"\"; b()\n"
        ));
    }

    #[test]
    fn what_stands_in_a_string_is_told_apart() {
        for (path, text) in [
            ("a.c", "puts(\"call exit(0) \\\" exit(0)\");\n"),
            ("a.py", "\"\"\"Ends by\nexit(0).\n\"\"\"\n"),
            ("a.js", "log('exit(0)')\n"),
            ("a.rs", "let s = r#\"exit(0) \" exit(0)\"#;\n"),
        ] {
            assert!(!is_bare(path, text), "{text}");
            assert!(code_lines(path, text).iter().any(|line| line.code.contains("exit(0)")), "{text}");
        }
        // Where strings are not told from code they stay.
        assert!(is_bare("a.rb", "puts 'exit(0)'\n"));
        assert_eq!(code_lines("a.c", "a\n\nb\n").len(), 3);
        // Of a long line each character is looked at so many times at most.
        assert_eq!(code_lines("a.js", &"(/[".repeat(20_000)).len(), 1);
    }
}
