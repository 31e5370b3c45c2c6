//! A story: commands run one after the other in one sandbox, and all that they print, as one text without what differs from
//! run to run. Each story is told three times, since a command that changes something can be asked for one form only.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use regex_lite::Regex;
use serde_json::Value;

use crate::support::{Ran, Sandbox};

/// How the commands of a story are asked to answer.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Form {
    /// As text.
    Plain,
    /// As text in colour.
    Colour,
    /// As JSON.
    Json,
}

/// Tells the story `$tell` in each form, and holds each telling against its snapshot.
macro_rules! stories {
    ($($name:ident = $tell:expr;)*) => {
        $(mod $name {
            use crate::answers::story::{Form, Story};

            #[test]
            fn plain() {
                Story::tell(stringify!($name), Form::Plain, $tell);
            }

            #[test]
            #[ignore = "slow: .ci/run runs it"]
            fn in_colour() {
                Story::tell(stringify!($name), Form::Colour, $tell);
            }

            #[test]
            #[ignore = "slow: .ci/run runs it"]
            fn as_json() {
                Story::tell(stringify!($name), Form::Json, $tell);
            }
        })*
    };
}
pub(crate) use stories;

/// A story as far as it is told.
pub(crate) struct Story {
    pub(crate) sandbox: Sandbox,
    /// Where commands are run.
    pub(crate) dir: PathBuf,
    form: Form,
    text: String,
    /// Minutes on the clock that commits are dated by.
    minutes: u32,
    /// Whether chance took another way than the snapshot: the story is told again.
    pub(crate) again: bool,
}

impl Story {
    fn new(form: Form) -> Story {
        let sandbox = Sandbox::new().unconfined();
        Story { dir: sandbox.repo.clone(), sandbox, form, text: String::new(), minutes: 0, again: false }
    }

    /// Tells a story, and holds it against the snapshot of that name.
    pub(crate) fn tell(name: &str, form: Form, tell: fn(&mut Story)) {
        let mut story = Story::new(form);
        tell(&mut story);
        while story.again {
            story = Story::new(form);
            tell(&mut story);
        }
        let text = without_chance(&story.text, story.sandbox.dir());
        match form {
            Form::Plain => hold(name, &text),
            Form::Colour => hold(&format!("{name}.colour"), &coloured(&text)),
            Form::Json => hold(&format!("{name}.json"), &text),
        }
    }

    /// Runs `git chant <args>` in the form of the story, and tells what it printed.
    pub(crate) fn chant(&mut self, args: &[&str]) -> Ran {
        self.chant_with(args, &[])
    }

    /// Runs `git chant <args>` with variables of the environment, and tells what it printed.
    pub(crate) fn chant_with(&mut self, args: &[&str], variables: &[(&str, &str)]) -> Ran {
        let form: &[&str] = match self.form {
            Form::Plain => &[],
            Form::Colour => &["--color=always"],
            Form::Json => &["--json"],
        };
        self.told(&[args, form].concat(), variables)
    }

    /// Runs `git chant <args>` and tells what it printed, in the telling without colour alone: where the form is in the arguments, or
    /// where other answers have shown the other forms.
    pub(crate) fn plain(&mut self, args: &[&str]) {
        if self.form == Form::Plain {
            self.told(args, &[]);
        }
    }

    fn told(&mut self, args: &[&str], variables: &[(&str, &str)]) -> Ran {
        let mut command = self.command("git");
        command.arg("chant").args(args).envs(variables.iter().copied());
        let ran = self.sandbox.run(&mut command);
        self.text += &format!("$ git chant {}\n", shell_words::join(args));
        if self.form == Form::Json {
            assert!(ran.out.lines().count() <= 1, "not one object on one line:\n{}", ran.out);
        }
        self.text += &match serde_json::from_str::<Value>(&ran.out) {
            Ok(value) if self.form == Form::Json => json(&value, 0) + "\n",
            _ => lines(&ran.out, ""),
        };
        self.text += &lines(&ran.err, "! ");
        if ran.code != 0 {
            self.text += &format!("= {}\n", ran.code);
        }
        self.text.push('\n');
        ran
    }

    /// A command in the directory of the story: 80 columns, at the time of the story.
    pub(crate) fn command(&mut self, program: &str) -> Command {
        self.minutes += 1;
        let date = format!("2008-02-08T{:02}:{:02}:00+0000", 10 + self.minutes / 60, self.minutes % 60);
        let mut command = self.sandbox.command_in(&self.dir, program);
        command.env("COLUMNS", "80").env("GIT_AUTHOR_DATE", &date).env("GIT_COMMITTER_DATE", &date);
        let path = without_agents(&command);
        command.env("TZ", noon()).env("PATH", path);
        command
    }

    /// Runs git, which must succeed, and tells nothing.
    #[track_caller]
    pub(crate) fn git(&mut self, args: &[&str]) -> String {
        let mut command = self.command("git");
        let ran = self.sandbox.run(command.args(args)).ok();
        ran.out.trim_end().to_owned()
    }

    /// `git chant add <args>`; returns the full id.
    #[track_caller]
    pub(crate) fn add(&mut self, args: &[&str]) -> String {
        let ran = self.chant(&[&["add"], args].concat()).ok();
        self.ids(&ran).remove(0)
    }

    /// The full ids of the specs that a command says it created.
    #[track_caller]
    pub(crate) fn ids(&self, ran: &Ran) -> Vec<String> {
        if self.form == Form::Json {
            let answer = ran.json();
            let id = |spec: &Value| spec["id"].as_str().unwrap().to_owned();
            return answer["specs"]
                .as_array()
                .map_or_else(|| vec![id(&answer["spec"])], |all| all.iter().map(id).collect());
        }
        let created = ran.out.lines().filter_map(|line| line.split("Created spec: ").nth(1));
        created.map(|rest| rest.split_whitespace().next().unwrap().to_owned()).collect()
    }

    /// Commits everything in the directory of the story.
    pub(crate) fn commit(&mut self, message: &str) {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "--allow-empty", "-m", message]);
    }

    /// Writes a heading into the telling.
    pub(crate) fn chapter(&mut self, title: &str) {
        self.text += &format!("### {title}\n\n");
    }
}

/// What is coloured of a story, since the rest is told without colour already: each such line, below its command.
fn coloured(text: &str) -> String {
    let mut kept = String::new();
    let mut command = None;
    for line in text.lines() {
        if line.starts_with("$ ") {
            command = Some(line);
        } else if line.contains("{0}") {
            kept += &command.take().map(|command| format!("\n{command}\n")).unwrap_or_default();
            kept += &format!("{line}\n");
        }
    }
    kept
}

/// JSON with each list and object on one line, if it fits there.
fn json(value: &Value, depth: usize) -> String {
    let short = value.to_string();
    if short.len() + 2 * depth <= 120 {
        return short;
    }
    let indent = "  ".repeat(depth);
    let inside = |members: Vec<String>| {
        members.iter().map(|member| format!("\n{indent}  {member}")).collect::<Vec<_>>().join(",")
    };
    match value {
        Value::Object(map) => {
            let member = |(key, value): (&String, &Value)| format!("\"{key}\": {}", json(value, depth + 1));
            format!("{{{}\n{indent}}}", inside(map.iter().map(member).collect()))
        }
        Value::Array(list) => format!("[{}\n{indent}]", inside(list.iter().map(|one| json(one, depth + 1)).collect())),
        _ => short,
    }
}

/// Each line with `mark` before it. A colour is its code in braces, other control characters are visible, and a record that ends with
/// NUL is a line.
fn lines(text: &str, mark: &str) -> String {
    let mut parts = text.split("\x1b[");
    let mut visible = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (code, rest) = part.split_once('m').unwrap();
        visible += &format!("{{{code}}}{rest}");
    }
    let visible = visible.replace('\x1b', "\\e").replace('\0', "\\0\n").replace('\r', "\\r");
    let mut marked: String = visible.lines().map(|line| format!("{mark}{line}\n")).collect();
    if !text.is_empty() && !text.ends_with(['\n', '\0']) {
        marked += "(no end of line)\n";
    }
    marked
}

/// The `PATH` of a command without the directories that have a known agent, since answers name those that are found.
fn without_agents(command: &Command) -> std::ffi::OsString {
    let path = command.get_envs().find(|(name, _)| *name == "PATH").and_then(|(_, path)| path).unwrap();
    let agents = ["aider", "claude", "codex", "cursor-agent", "gemini", "goose", "opencode"];
    let dirs = std::env::split_paths(path).filter(|dir| !agents.iter().any(|agent| dir.join(agent).exists()));
    std::env::join_paths(dirs).unwrap()
}

/// A time zone in which midnight is far away, since it would change the ids of specs.
fn noon() -> &'static str {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    if now % 86_400 > 80_000 { "<-06>6" } else { "UTC" }
}

/// Holds a text against the snapshot of that name in `tests/cli/answers/snapshots`.
pub(crate) fn hold(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    let mut text = text.to_owned();
    for (pattern, replacement) in FILTERS {
        text = Regex::new(pattern).unwrap().replace_all(&text, *replacement).into_owned();
    }
    settings.bind(|| insta::assert_snapshot!(name, text));
}

/// What differs from run to run and is no object's id.
const FILTERS: &[(&str, &str)] = &[
    // Ids of specs: their day and their random letters.
    (r"\b20[2-9]\d-\d\d-\d\d-(\d{3})-[0-9a-z]{3}\b", "2008-02-08-$1-xxx"),
    (r"\b(\d{3})-[0-9a-z]{3}\b", "$1-xxx"),
    // What the clock of the machine says; commits have dates of 2008.
    (r"\b20[2-9]\d-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?( ?[+-]\d\d:?\d\d|Z)?", "<now>"),
    (r"\b20[2-9]\d-\d\d-\d\d\b", "<today>"),
    (r"\b\d+(years?|months?|days?|h|m|s|ms)( \d+(months?|days?|h|m|s|ms))*\b", "<time>"),
    (r"<time> {2,}", "<time>  "),
    (r#""(duration_ms|seconds|pid)": ?\d+"#, r#""$1":"<number>""#),
    (r"\bprocess \d+", "process <number>"),
    // Each shell has its own words for a command that it does not find.
    (r"(?m)^!   .*\bsh: .*$", "!   <from the shell>"),
];

/// The text with a name for the sandbox, and with ids of objects that count up in the order in which they are named. They keep their
/// width.
fn without_chance(text: &str, dir: &Path) -> String {
    let text =
        text.replace(dir.canonicalize().unwrap().to_str().unwrap(), "<dir>").replace(dir.to_str().unwrap(), "<dir>");
    let mut objects: Vec<String> = Vec::new();
    let mut plain = String::new();
    let mut rest = text.as_str();
    while let Some(start) = rest.find(|c: char| c.is_ascii_alphanumeric()) {
        plain += &rest[..start];
        rest = &rest[start..];
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        rest = after;
        if word.len() < 7 || !word.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
            plain += word;
            continue;
        }
        let at = objects.iter().position(|known| known.starts_with(word) || word.starts_with(known.as_str()));
        let at = at.unwrap_or_else(|| {
            objects.push(word.to_owned());
            objects.len() - 1
        });
        if objects[at].len() < word.len() {
            objects[at] = word.to_owned();
        }
        plain += &format!("{:0>width$}", at + 1, width = word.len());
    }
    plain + rest
}
