//! What was checked at the end of an attempt, and how it ended: the `checks.json` of an event.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{confined::Confined, enumeration::enumerate, runner::Outcome, verified::Verified};

/// The format of `checks.json`.
pub(crate) const FORMAT: u32 = 1;

/// All checks of one attempt.
#[derive(Clone, Debug, Default, PartialEq, JsonSchema, Serialize, Deserialize)]
pub(crate) struct Checks {
    /// The version of this structure.
    pub format: u32,
    /// Whether every one of them passed.
    pub ok: bool,
    /// The commit of what the agent left uncommitted, where git or a hook refused it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<Command>,
    /// The acceptance criteria of the pinned spec, as the tip leaves them.
    pub criteria: Vec<Criterion>,
    /// Whether the changed paths lie where the spec says.
    pub scope: Option<Scope>,
    /// The declared outputs.
    pub outputs: Vec<Output>,
    /// The `verify:` commands.
    pub verify: Vec<Command>,
    /// The `reproduces:` command at the base and at the tip.
    pub reproduces: Option<Reproduction>,
    /// Whether the release notes are written; absent where none are asked for.
    pub release_notes: Option<bool>,
    /// What the release notes lack, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release_notes_lack: Option<String>,
    /// What became of tests that were there, in words: nothing of that makes the attempt fail.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub altered_tests: Vec<String>,
    /// Anything else that stands against the attempt, in words.
    pub problems: Vec<String>,
    /// Refs other than ours that moved while the agent ran. For information: people work in parallel.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refs_moved: Vec<String>,
    /// Whether the attempt changed nothing although it was to.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub changed_nothing: bool,
    /// What the agent asked a permission for, and what it was told.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub permissions: Vec<Permission>,
}

/// A permission that an agent asked for while it ran, answered by `chant.agent.<name>.permit`.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
pub(crate) struct Permission {
    /// The kind of tool: `edit`, `execute`, …
    pub kind: String,
    /// What it was to do, in words, cut.
    pub what: String,
    /// Whether it was permitted.
    pub allowed: bool,
}

impl std::fmt::Display for Permission {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.kind, self.what)
    }
}

/// One acceptance criterion.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[schemars(rename = "ChecksCriterion")]
pub(crate) struct Criterion {
    /// Its text in the pinned spec.
    pub text: String,
    /// `ticked`, `unticked`, `missing` where the tip no longer has it in these words, `listed more than once`, or `struck out`.
    pub state: String,
}

/// The changed paths against `target_files`.
#[derive(Clone, Debug, Default, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[schemars(rename = "ChecksScope")]
pub(crate) struct Scope {
    /// Whether it passed, under the configured mode.
    pub ok: bool,
    /// `chant.scope`: `error`, `warn` or `off`.
    pub mode: String,
    /// Changed paths outside `target_files`.
    pub outside: Vec<String>,
    /// The impact map that says what may be changed where the spec does not, with its lines: `map.md:5-9`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub map: Option<String>,
    /// Changed paths that no attempt may change: other specs, prompts, the archive.
    pub forbidden: Vec<String>,
    /// Symbolic links that lead out of the repository.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub leading_out: Vec<String>,
}

impl Scope {
    /// The changed paths that lie outside, and of what.
    pub(crate) fn strays(&self) -> String {
        let outside = enumerate(&self.outside);
        match &self.map {
            Some(map) => format!("outside the impact map ({map}): {outside}"),
            None => format!("outside target_files: {outside}"),
        }
    }
}

/// A declared output.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[schemars(rename = "ChecksOutput")]
pub(crate) struct Output {
    /// The path.
    pub path: String,
    /// Whether it exists and holds something.
    pub ok: bool,
    /// What is wrong with it, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// One run of a command.
#[derive(Clone, Debug, Default, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[schemars(rename = "ChecksCommand")]
pub(crate) struct Command {
    /// The command line.
    pub command: String,
    /// Its exit code; absent if a signal or the timeout ended it.
    pub exit: Option<i32>,
    /// How it ended where there is no exit code, in words.
    pub ended: Option<String>,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
    /// Whether that is what the check wants.
    pub ok: bool,
    /// How it ended at the base, with `chant.verifyBase`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<Box<Command>>,
    /// The end of its output; kept here only with `chant.shareOutput`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tail: Option<String>,
    /// Tracked files that it changed in its checkout, those apart that `chant.checkMayChange` names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changed: Vec<String>,
    /// What else it did, in words; nothing of that makes it fail.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<String>,
    /// What confined it: `bubblewrap`, `seatbelt` or `none`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confined: Option<String>,
    /// Whose home directory and caches it had: `own` or `shared` with the person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub home: Option<String>,
    /// The commit whose warm checkout it began with; absent where the checkout was cold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warm: Option<String>,
    /// What it printed, as far as it was kept; for this process only.
    #[serde(skip)]
    #[schemars(skip)]
    pub output: Option<String>,
    /// The test runner that reported, if a known one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runner: Option<String>,
    /// What the tests came to, where that was looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// That in the words of the runner: `cargo: 1 failed`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub came_to: Option<String>,
    /// Whether the runner counts its tests.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub counted: bool,
    /// How many tests ran, if the runner counts them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ran: Option<u64>,
}

impl Command {
    /// Whether something confined it, and its run at the base.
    pub(crate) fn was_confined(&self) -> bool {
        let by = self.confined.as_deref().filter(|by| *by != Confined::None.as_ref());
        by.is_some() && self.base.as_ref().is_none_or(|base| base.was_confined())
    }

    /// Whether it exited with 0 and changed no tracked file.
    pub(crate) fn has_passed(&self) -> bool {
        self.exit == Some(0) && self.changed.is_empty()
    }

    /// Whether it ran and said yes or no: not found, not executable, a signal and a timeout are no evidence of anything.
    pub(crate) fn is_evidence(&self) -> bool {
        self.exit.is_some_and(|code| !matches!(code, 126 | 127) && code < 128)
    }

    /// The outcome of its tests. Without it, only the exit code is known.
    pub(crate) fn outcome(&self) -> Outcome {
        self.outcome.unwrap_or(Outcome::Unknown)
    }

    /// How it ended, with what its tests came to.
    fn result(&self) -> String {
        match &self.came_to {
            Some(came_to) => format!("{} ({came_to})", self.ending()),
            None => self.ending(),
        }
    }

    /// How it ended, in words.
    pub(crate) fn ending(&self) -> String {
        match (self.exit, &self.ended) {
            (Some(0), _) if !self.changed.is_empty() => {
                format!("exit code 0, but it changed tracked files: {}", enumerate(&self.changed))
            }
            (Some(127), _) => "command not found (exit code 127)".to_owned(),
            (Some(126), _) => "not executable (exit code 126)".to_owned(),
            (Some(code), _) => format!("exit code {code}"),
            (None, Some(ended)) => ended.clone(),
            (None, None) => "it did not end".to_owned(),
        }
    }
}

/// The proof of a reproduction or of a fix.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[schemars(rename = "ChecksReproduction")]
pub(crate) struct Reproduction {
    /// `passes at the base, fails at the tip`, or the reverse.
    pub expected: String,
    /// In a clean checkout of the base.
    pub base: Command,
    /// In a clean checkout of the tip.
    pub tip: Command,
    /// Whether both ended as expected.
    pub ok: bool,
    /// Why they do not, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<String>,
    /// The files of the tests that were held fixed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub held: Vec<String>,
    /// What the tip has otherwise than the held tests, and what it changes of the configuration of tests, in words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub differences: Vec<String>,
    /// What a person has to acknowledge before the work is merged, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ack: Option<String>,
}

impl Reproduction {
    /// The proof that two runs make, unless there is a `fault`.
    pub(crate) fn new(expected: &str, mut base: Command, mut tip: Command, fault: Option<String>) -> Reproduction {
        let ok = fault.is_none();
        (base.ok, tip.ok) = (ok, ok);
        let expected = expected.to_owned();
        Reproduction { expected, base, tip, ok, fault, held: Vec::new(), differences: Vec::new(), ack: None }
    }
}

impl Reproduction {
    /// The run that did not end as it should have: that at the tip before that at the base.
    fn unexpected(&self) -> Option<&Command> {
        [&self.tip, &self.base].into_iter().find(|run| !run.ok)
    }
}

/// One check and how it ended. `checks.json` holds a list of them under `checks`.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[schemars(rename = "Check")]
pub(crate) struct CheckLine {
    /// What was checked: `criteria`, `verify: cargo test`, `scope`.
    pub name: String,
    /// Whether it passed.
    pub ok: bool,
    /// What was seen: `exit 1`, the unticked criteria, the stray paths.
    pub detail: Option<String>,
    /// How long it took, in milliseconds.
    pub duration_ms: Option<u64>,
    /// Whether it counts only after a person's acknowledgement.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub waits: bool,
}

/// How many of the last lines of what a command printed are shown.
pub(crate) const SHOWN: usize = 12;

impl Checks {
    /// Whether a command that failed printed more than is shown.
    pub(crate) fn has_more_output(&self) -> bool {
        let long = |command: &Command| command.output.as_ref().is_some_and(|output| output.lines().count() > SHOWN);
        self.commands().any(|command| !command.ok && long(command))
    }

    /// Every command that ran.
    pub(crate) fn commands(&self) -> impl Iterator<Item = &Command> {
        let both = self.reproduces.iter().flat_map(|proof| [&proof.base, &proof.tip]);
        self.verify.iter().chain(both)
    }

    /// Decides `ok` from everything else.
    #[must_use]
    pub(crate) fn settled(mut self) -> Self {
        self.format = FORMAT;
        self.ok = self.lines().iter().all(|line| line.ok);
        self
    }

    /// How far these checks verify the work, if all of them passed.
    pub(crate) fn verified(&self) -> Verified {
        match &self.reproduces {
            Some(proof) if proof.ok && proof.ack.is_none() => Verified::Proof,
            None if self.verify.is_empty() && self.outputs.is_empty() => Verified::None,
            _ => Verified::Checks,
        }
    }

    /// Whether commands ran on the work besides its proof.
    pub(crate) fn ran_suite(&self) -> bool {
        !self.verify.is_empty()
    }

    /// One line a check.
    pub(crate) fn lines(&self) -> Vec<CheckLine> {
        let line = |name: String, ok: bool, detail: Option<String>| CheckLine {
            name,
            ok,
            detail,
            duration_ms: None,
            waits: false,
        };
        let mut lines: Vec<CheckLine> =
            self.problems.iter().map(|problem| line(problem.clone(), false, None)).collect();
        if let Some(refused) = &self.commit {
            let name = format!("the commit of what it left, '{}'", refused.command);
            let why = match (refused.exit, &refused.ended) {
                (Some(code), Some(said)) => format!("exit code {code}: {said}"),
                _ => refused.ending(),
            };
            let output = refused.tail.as_deref().unwrap_or_default().trim_end();
            lines.push(line(name, false, Some(format!("{why}\n{output}").trim_end().to_owned())));
        }
        for criterion in &self.criteria {
            let ok = criterion.state == "ticked";
            lines.push(line(format!("criterion '{}'", criterion.text), ok, (!ok).then(|| criterion.state.clone())));
        }
        if let Some(scope) = &self.scope {
            let mut seen: Vec<String> =
                scope.forbidden.iter().map(|path| format!("'{path}' may not be changed")).collect();
            seen.extend(scope.leading_out.iter().map(|path| format!("the link '{path}' leads out of the repository")));
            if !scope.outside.is_empty() {
                seen.push(scope.strays());
            }
            lines.push(line("scope".into(), scope.ok, (!seen.is_empty()).then(|| seen.join("; "))));
        }
        if !self.altered_tests.is_empty() {
            lines.push(line("tests".into(), true, Some(self.altered_tests.join("; "))));
        }
        for output in &self.outputs {
            let detail = output.why.clone().or_else(|| (!output.ok).then(|| "it is missing or empty".to_owned()));
            lines.push(line(format!("output '{}'", output.path), output.ok, detail));
        }
        if let Some(written) = self.release_notes {
            let lack = self.release_notes_lack.clone().unwrap_or_else(|| "the section is empty".to_owned());
            lines.push(line("release notes".into(), written, (!written).then_some(lack)));
        }
        for command in &self.verify {
            let name = format!("verify '{}'", command.command);
            lines.push(CheckLine {
                duration_ms: Some(command.duration_ms),
                ..line(name, command.ok, command_detail(command))
            });
        }
        if let Some(proof) = &self.reproduces {
            let (base, tip) = (proof.base.result(), proof.tip.result());
            let said = proof.fault.iter().chain(&proof.ack).map(|fault| format!("{fault}; ")).collect::<String>();
            let other: Vec<&str> = proof.differences.iter().map(String::as_str).collect();
            let other = if other.is_empty() { String::new() } else { format!("; {}", other.join("; ")) };
            let mut saw = format!("{said}base: {base}, tip: {tip} (expected: {}){other}", proof.expected);
            if let Some(tail) = proof.unexpected().and_then(|run| run.tail.as_deref())
                && !tail.trim().is_empty()
            {
                saw = format!("{saw}\n{}", tail.trim_end());
            }
            let proved = line(format!("reproduces '{}'", proof.tip.command), proof.ok, Some(saw));
            lines.push(CheckLine { waits: proof.ok && proof.ack.is_some(), ..proved });
        }
        lines
    }

    /// Whether the work failed by what it lacks alone: it did nothing that it may not, so that another run can go on from it.
    pub(crate) fn only_lacks(&self, asked: bool) -> bool {
        let is_as_pinned = |criterion: &Criterion| matches!(criterion.state.as_str(), "ticked" | "unticked");
        let in_scope = self.scope.as_ref().is_none_or(|scope| scope.ok);
        // One that asked first has nothing to keep it from going on either.
        let waited = asked && self.changed_nothing && self.problems.len() == 1;
        let kept = (self.problems.is_empty() || waited) && self.commit.is_none();
        !self.ok && kept && in_scope && self.criteria.iter().all(is_as_pinned)
    }

    /// What failed, in words, for a reason: the first three, and how many more.
    pub(crate) fn failures(&self) -> String {
        let failed: Vec<String> = self
            .lines()
            .into_iter()
            .filter(|line| !line.ok)
            .map(|line| match line.detail {
                Some(detail) => format!("{}: {}", line.name, detail.lines().next().unwrap_or_default()),
                None => line.name,
            })
            .collect();
        match failed.len() {
            0 => String::new(),
            1..=3 => failed.join("; "),
            more => format!("{}; and {} more", failed[..3].join("; "), more - 3),
        }
    }

    /// The checks without the output of commands, which is local unless the user shares it.
    #[must_use]
    pub(crate) fn without_output(mut self) -> Self {
        for command in self.commands_mut() {
            command.tail = None;
            if let Some(base) = &mut command.base {
                base.tail = None;
            }
        }
        self
    }
}

impl Checks {
    /// The commands of the checks, those at a base too, and a commit that was refused.
    fn commands_mut(&mut self) -> impl Iterator<Item = &mut Command> {
        let proof = self.reproduces.iter_mut().flat_map(|proof| [&mut proof.base, &mut proof.tip]);
        self.commit.iter_mut().chain(&mut self.verify).chain(proof)
    }

    /// The checks with the output of those commands that failed; `None` if there is none.
    #[must_use]
    pub(crate) fn with_failing_output(mut self) -> Option<Self> {
        let mut any = false;
        for command in self.commands_mut() {
            command.base.iter_mut().for_each(|base| base.tail = None);
            command.tail = command.tail.take().filter(|tail| !command.ok && !tail.trim().is_empty());
            any |= command.tail.is_some();
        }
        any.then_some(self)
    }
}

fn command_detail(command: &Command) -> Option<String> {
    let base = command.base.as_ref().map(|base| match (base.exit, command.ok) {
        (Some(0), true) => "it also passed at the base".to_owned(),
        (Some(0), false) => "it passed at the base".to_owned(),
        (_, true) => format!("it failed at the base: {}", base.ending()),
        (_, false) => format!("it also failed at the base: {}", base.ending()),
    });
    if command.ok {
        return base;
    }
    let ending = [Some(command.ending()), base].into_iter().flatten().collect::<Vec<_>>().join("; ");
    Some(match &command.tail {
        Some(tail) if !tail.trim().is_empty() => format!("{ending}\n{}", tail.trim_end()),
        _ => ending,
    })
}
