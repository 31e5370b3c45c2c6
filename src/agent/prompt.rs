//! The prompt: everything that an agent needs to know about one attempt, as one text. Finding out what goes into it is not done here.

use std::fmt::Write as _;

use super::template;
use crate::domain::{
    id::SpecId,
    phase::Phase,
    spec_file::{FrontMatter, Spec, body_of},
    spec_type::SpecType,
};

/// An input that goes into the prompt.
#[derive(Clone, Debug)]
pub(crate) struct Input {
    /// What it is called in the spec: a path, a spec, an address.
    pub name: String,
    /// Its text; `None` for an address and for what is not text.
    pub text: Option<String>,
}

/// What a prompt is made from.
#[derive(Clone, Debug)]
pub(crate) struct Prompt<'a> {
    /// The id.
    pub id: &'a SpecId,
    /// What the spec says. Its phase, or its type where that has none, decides the built-in instructions.
    pub spec: &'a Spec,
    /// The instructions that the repository's own prompt file gives instead of the built-in ones.
    pub custom: Option<&'a str>,
    /// The worktree.
    pub worktree: &'a str,
    /// The work branch.
    pub branch: &'a str,
    /// The commit that it began at.
    pub base: &'a str,
    /// The spec file, relative to the worktree.
    pub spec_file: &'a str,
    /// The text of the spec.
    pub text: &'a str,
    /// The pinned inputs.
    pub inputs: &'a [Input],
    /// How many bytes of inputs, earlier attempts and remarks may be in it. An input that does not fit is named only.
    pub budget: usize,
    /// What each earlier attempt came to, with its last lines, the oldest first.
    pub earlier: &'a [String],
    /// What people and agents noted, and what work on the research that this spec replaces or takes further has found, one line each.
    pub remarks: &'a [String],
    /// What this attempt has come to, if it was stopped and goes on.
    pub resumed: Option<&'a str>,
    /// The reproduction whose cause is looked for: its commit, its test and what that printed.
    pub reproduction: Option<&'a str>,
    /// The trailer that each commit ends with, if the project wants one.
    pub attribution: Option<&'a str>,
}

/// What part of the budget each list of what happened before may take: a quarter.
const HISTORY: usize = 4;

const COMMON: &str = include_str!("prompts/common.md");

/// The prompt of an agent that reviews the changes from `base` to `tip`: the spec that they are for, and the patch as far as `budget` goes.
pub(crate) fn review(base: &str, tip: &str, spec: &str, patch: &str, budget: usize) -> String {
    let mut text = include_str!("prompts/review.md").replace("{{base}}", base).replace("{{tip}}", tip);
    section(&mut text, "The spec", spec);
    let shown = cut(patch, budget);
    let rest = if shown.len() < patch.len() { "\n(It goes on: see git diff.)\n" } else { "" };
    section(&mut text, "The patch", &format!("{shown}{rest}"));
    text
}

/// The beginning of a text, as much as fits into so many bytes.
fn cut(text: &str, bytes: usize) -> &str {
    let end = (0..=bytes.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    &text[..end]
}

/// The text of the prompt.
pub(crate) fn render(prompt: &Prompt<'_>) -> String {
    let mut text = String::new();
    // Without research there is none to follow.
    let front = &prompt.spec.front;
    let kind = if front.kind == SpecType::Code && prompt.inputs.is_empty() { SpecType::Task } else { front.kind };
    text.push_str(instructions(prompt, kind).trim_end());
    text.push_str("\n\n");
    text.push_str(&common(prompt));
    if let Some(trailer) = prompt.attribution {
        writeln!(text, "\nEnd the message of each commit with this trailer: {trailer}")
            .expect("writing to a string cannot fail");
    }
    if !front.target_files.is_empty() {
        text.push_str(match front.limits_changes() {
            true => "\nThe files that you may create or change, besides the spec's own:\n",
            false => "\nThe documents that you have to write, besides the changes that the spec asks for:\n",
        });
        for path in &front.target_files {
            writeln!(text, "- {path}").expect("writing to a string cannot fail");
        }
    }
    let mut left = prompt.budget;
    let short = prompt.id.short();
    left -= newest(&mut text, "Earlier attempts, which did not succeed:", prompt.earlier, prompt.budget, short);
    left -= newest(&mut text, "What was found before:", prompt.remarks, prompt.budget, short);
    if let Some(reproduction) = prompt.reproduction {
        section(&mut text, "The reproduction", reproduction);
    }
    if let Some(so_far) = prompt.resumed {
        text.push_str(
            "\nThis attempt was stopped, or its checks failed, and you continue it. The worktree holds what was done: look at it first, and continue from there.\n",
        );
        section(&mut text, "What was done so far", so_far);
    }
    section(&mut text, &format!("The spec {}", prompt.id.short()), prompt.text);
    for input in prompt.inputs {
        match &input.text {
            Some(body) if body.len() <= left => {
                left -= body.len();
                section(&mut text, &format!("Input: {}", input.name), body);
            }
            Some(_) => writeln!(text, "\nInput too long to include; read it yourself: {}", input.name)
                .expect("writing to a string cannot fail"),
            None => writeln!(text, "\nInput: {}", input.name).expect("writing to a string cannot fail"),
        }
    }
    text
}

/// Adds a list of `items` under `title`, the newest of them, as many as fit into a share of `budget`. Gives how many bytes these are.
fn newest(text: &mut String, title: &str, items: &[String], budget: usize, short: &str) -> usize {
    let Some(last) = items.last() else { return 0 };
    let share = budget / HISTORY;
    let mut size = 0;
    let fits = |item: &&String| {
        size += item.len();
        size <= share
    };
    let count = items.iter().rev().take_while(fits).count();
    let mut shown: Vec<&str> = items[items.len() - count..].iter().map(String::as_str).collect();
    if shown.is_empty() {
        // The end of an attempt is how it ended first of all: its beginning is kept.
        shown.push(cut(last, share));
    }
    writeln!(text, "\n{title}").expect("writing to a string cannot fail");
    if let left_out @ 1.. = items.len() - shown.len() {
        writeln!(text, "- ({left_out} older left out; to see them: git chant log {short})")
            .expect("writing to a string cannot fail");
    }
    for item in &shown {
        writeln!(text, "- {item}").expect("writing to a string cannot fail");
    }
    shown.iter().map(|item| item.len()).sum()
}

/// The rules for every agent. A line that begins with `[condition]` is left out where the spec has nothing of the kind.
fn common(prompt: &Prompt<'_>) -> String {
    let Spec { front, criteria, release_notes, .. } = prompt.spec;
    // The test of a reproduction has to fail at the end.
    let passes = front.reproduces.as_ref().filter(|_| front.known_phase() != Some(Phase::Reproduction));
    let checks = Vec::from_iter(passes.into_iter().chain(&front.verify).map(|command| format!("`{command}`")));
    let lines = COMMON.lines().filter_map(|line| match line.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some(("criteria", rest)) => (!criteria.is_empty()).then_some(rest),
        Some(("notes", rest)) => release_notes.is_some().then_some(rest),
        Some(("checks", rest)) => (!checks.is_empty()).then_some(rest),
        _ => Some(line),
    });
    let text = lines.fold(String::new(), |text, line| text + line + "\n");
    text.replace("{{worktree}}", prompt.worktree)
        .replace("{{branch}}", prompt.branch)
        .replace("{{base}}", prompt.base)
        .replace("{{spec_file}}", prompt.spec_file)
        .replace("{{short}}", prompt.id.short())
        .replace("{{checks}}", &checks.join(", "))
}

/// What the built-in prompt for such a spec says to every agent, without what is different from attempt to attempt.
pub(crate) fn built_in(front: &FrontMatter) -> String {
    let usual = named(usual_name(front.known_phase(), front.kind)).unwrap_or_default();
    let common: Vec<&str> = COMMON.lines().map(|line| line.split_once(']').map_or(line, |(_, rest)| rest)).collect();
    format!("{usual}\n\n{}\n", common.join("\n"))
}

/// What to do: the repository's own words with the names in them replaced, or the built-in ones.
fn instructions(prompt: &Prompt<'_>, kind: SpecType) -> String {
    let front = &prompt.spec.front;
    let Some(custom) = prompt.custom else {
        return named(usual_name(front.known_phase(), kind)).expect("each usual name is a built-in one").to_owned();
    };
    let value = |name: &str| {
        Some(match name {
            "id" => prompt.id.to_string(),
            "short" => prompt.id.short().to_owned(),
            "title" => prompt.spec.title.as_deref().unwrap_or_else(|| prompt.id.short()).to_owned(),
            "type" => front.kind.as_str().to_owned(),
            "phase" => front.phase.clone().unwrap_or_default(),
            "topic" => front.topic.clone().unwrap_or_default(),
            "worktree" => prompt.worktree.to_owned(),
            "branch" => prompt.branch.to_owned(),
            "base" => prompt.base.to_owned(),
            "spec_file" => prompt.spec_file.to_owned(),
            "target_files" => front.target_files.join("\n"),
            _ => return None,
        })
    };
    let value = |name: &str| match template::of_chant(name) {
        Some(ours) => template::substitute(ours, value).ok(),
        None => value(name),
    };
    // It was checked before the run; if it was changed since, it is used as it is. The front matter of a prompt is no part of it.
    let custom = body_of(custom);
    template::substitute(custom, value).unwrap_or_else(|_| custom.to_owned())
}

/// The name under which the instructions of a spec are looked for in `.chant/prompts`, where the spec names none.
pub(crate) fn usual_name(phase: Option<Phase>, kind: SpecType) -> &'static str {
    match phase {
        Some(Phase::ForkFix) => "implement",
        Some(phase) if phase != Phase::UpstreamPr => phase.as_str(),
        _ => match kind {
            SpecType::Code => "implement",
            SpecType::Research => "research",
            SpecType::Documentation => "documentation",
            SpecType::Task | SpecType::Driver | SpecType::Gate => "task",
        },
    }
}

/// A part of the prompt with fences that its text cannot close.
fn section(text: &mut String, title: &str, body: &str) {
    let longest = body.lines().filter_map(|line| {
        let ticks = line.trim_start().bytes().take_while(|byte| *byte == b'`').count();
        (ticks >= 3).then_some(ticks)
    });
    let fence = "`".repeat(longest.max().unwrap_or(2) + 1);
    write!(text, "\n## {title}\n\n{fence}\n{}\n{fence}\n", body.trim_end()).expect("writing to a string cannot fail");
}

/// The built-in instructions of that name, as `prompt:` in the front matter gives it; `None` if there are none.
pub(crate) fn named(name: &str) -> Option<&'static str> {
    Some(match name {
        "implement" | "fork-fix" => include_str!("prompts/implement.md"),
        "task" | "standard" => include_str!("prompts/task.md"),
        "research" => include_str!("prompts/research.md"),
        "documentation" => include_str!("prompts/documentation.md"),
        "verify" => include_str!("prompts/verify.md"),
        "single" => include_str!("prompts/single.md"),
        "split" => include_str!("prompts/split.md"),
        "conflict" => include_str!("prompts/conflict.md"),
        "comprehension" => include_str!("prompts/comprehension.md"),
        "reproduction" => include_str!("prompts/reproduction.md"),
        "root-cause" => include_str!("prompts/root-cause.md"),
        "impact-map" => include_str!("prompts/impact-map.md"),
        _ => return None,
    })
}
