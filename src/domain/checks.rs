//! What was checked at the end of an attempt, and how it ended: the `checks.json` of an event.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    confined::Confined,
    enumeration::enumerate,
    runner::Outcome,
    spec_file::Tick,
    state::{BUILT_DOUBT, PROOF_DOUBT},
    stop::StopKind,
    verified::Verified,
};

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
    /// What the work brings that programs make from other files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub built: Option<Built>,
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
    #[schemars(with = "String")]
    pub state: Tick,
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
    /// Directories in which git finds a bare repository, and so takes its configuration from them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub repositories: Vec<String>,
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
    /// What is wrong with it, or a person should know of it, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// Files that the work brings and that programs make from others: files that the project ignores, compiled code, what programs remember.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[schemars(rename = "ChecksBuilt")]
pub(crate) struct Built {
    /// Their paths, sorted.
    pub paths: Vec<String>,
    /// What a person has to acknowledge before the work is merged, in words: a command does not pass without them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ack: Option<String>,
}

impl Built {
    /// What the work adds, in words.
    pub(crate) fn what(&self) -> String {
        format!("the work brings ignored files or compiled code: {}", enumerate(&self.paths))
    }
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
    /// What agents changed in the person's home directory and it did not find there, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub home_without: Option<String>,
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
    /// Which of several runs this is, from 1, where they ended differently; for this process only.
    #[serde(skip)]
    #[schemars(skip)]
    pub number: Option<usize>,
    /// Another run, which ended otherwise; for this process only.
    #[serde(skip)]
    #[schemars(skip)]
    pub unlike: Option<Box<Command>>,
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
    /// As the run with this number, where `other` with its number ended otherwise.
    #[must_use]
    pub(crate) fn unlike(self, number: usize, (other_number, other): (usize, Command)) -> Command {
        let other = Command { number: Some(other_number), ..other };
        Command { number: Some(number), unlike: Some(Box::new(other)), ..self }
    }

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

    /// Whether what it printed, or how it ended, is what `describes` looks for. Of a result that was kept only the latter is known.
    pub(crate) fn shows(&self, describes: impl Fn(&str) -> bool) -> bool {
        self.output.as_deref().is_some_and(&describes) || describes(&self.ending())
    }

    /// How it ended, in words.
    pub(crate) fn ending(&self) -> String {
        match (self.exit, &self.ended) {
            (Some(0), _) if !self.changed.is_empty() => {
                format!("exit code 0, but it changed tracked files: {}", enumerate(&self.changed))
            }
            (Some(127), _) => "command not found (exit code 127)".to_owned(),
            (Some(126), _) => "not executable (exit code 126)".to_owned(),
            // A shell, or the sandbox, says so of a process that a signal ended.
            (Some(code @ 129..=159), _) => format!("killed by signal {} (exit code {code})", code - 128),
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
    /// `fails at the tip and not at the base`, or the reverse.
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
    /// What else a person should know of it, in words: nothing of that stands against it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

impl Reproduction {
    /// The proof that two runs make, unless there is a `fault`.
    pub(crate) fn new(expected: &str, mut base: Command, mut tip: Command, fault: Option<String>) -> Reproduction {
        let ok = fault.is_none();
        (base.ok, tip.ok) = (ok, ok);
        let expected = expected.to_owned();
        let (held, differences, notes) = (Vec::new(), Vec::new(), Vec::new());
        Reproduction { expected, base, tip, ok, fault, held, differences, ack: None, notes }
    }
}

impl Checks {
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
            Some(proof) if proof.ok && self.doubts().is_empty() => Verified::Proof,
            _ if self.verify.is_empty() && self.outputs.is_empty() => Verified::None,
            _ => Verified::Checks,
        }
    }

    /// What a person has to acknowledge before the work is merged, each with the beginning of its reason, `PROOF_DOUBT` or `BUILT_DOUBT`, that says what is in doubt.
    pub(crate) fn doubts(&self) -> Vec<String> {
        let proof = self.reproduces.iter().filter_map(|proof| Some(format!("{PROOF_DOUBT}{}", proof.ack.as_ref()?)));
        let built = |built: &Built| Some(format!("{BUILT_DOUBT}{}; {}", built.what(), built.ack.as_ref()?));
        proof.chain(self.built.iter().filter_map(built)).collect()
    }

    /// Whether commands ran on the work besides its proof.
    pub(crate) fn ran_suite(&self) -> bool {
        !self.verify.is_empty()
    }

    /// What ran on the work besides its proof, in words. Only what a known runner reported is called a test.
    pub(crate) fn suite(&self) -> String {
        let passed = || self.verify.iter().filter(|command| command.outcome() == Outcome::Passed);
        match (passed().filter_map(|command| command.ran).sum::<u64>(), self.verify.len()) {
            (_, 0) => "no suite ran".to_owned(),
            (1, _) => "1 test passed".to_owned(),
            (0, _) if passed().next().is_some() => "tests passed".to_owned(),
            (0, 1) => "1 command passed, no test counted".to_owned(),
            (0, commands) => format!("{commands} commands passed, no test counted"),
            (tests, _) => format!("{tests} tests passed"),
        }
    }

    /// Whether another run can resume the failed attempt: its work was `judged` and only lacks something, or it was not, since what
    /// `stopped` its agent cut the run short.
    pub(crate) fn can_resume(&self, judged: bool, stopped: Option<&StopKind>) -> bool {
        let cut_short = stopped.is_some_and(StopKind::cuts_short);
        if judged { self.only_lacks(cut_short) } else { cut_short }
    }

    /// Whether the work failed by what it lacks alone: it did nothing that it may not. That it has no change is such a lack where its run was
    /// `cut_short`.
    fn only_lacks(&self, cut_short: bool) -> bool {
        let is_as_pinned = |criterion: &Criterion| matches!(criterion.state, Tick::Ticked | Tick::Unticked);
        let in_scope = self.scope.as_ref().is_none_or(|scope| scope.ok);
        let only_empty = cut_short && self.changed_nothing && self.problems.len() == 1;
        let kept = (self.problems.is_empty() || only_empty) && self.commit.is_none();
        !self.ok && kept && in_scope && self.criteria.iter().all(is_as_pinned)
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
