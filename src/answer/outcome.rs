//! What a command has to say: its outcome at the end, its progress while it runs. The `output` room prints both.

use std::{path::PathBuf, time::Duration};

use crate::{
    answer::{
        CheckView, DriftView, EventView, ExchangeView, GraphView, HookView, ImportView, Line, NoteView, ProblemView,
        PruneView, SoFar, SpecDetail, SpecView, StandingView, TopicView, WhyView,
    },
    domain::{diagnostic::Severity, id::SpecId},
};

/// How a command ended that did not end with an error.
#[must_use = "an outcome that is not printed is lost"]
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Outcome {
    /// The answer, for stdout.
    pub body: Body,
    /// The exit code of the process: 0, or 1 for a negative answer or a failed check.
    pub exit: i32,
    /// What went wrong without stopping the command, one line each, for stderr.
    pub warnings: Vec<String>,
    /// What to do next, one line each, for stderr.
    pub hints: Vec<String>,
}

impl Outcome {
    /// A success with this answer. Problems, failed checks and failed work give exit code 1.
    pub(crate) fn new(body: Body) -> Self {
        let negative = match &body {
            Body::Problems(problems) => problems.iter().any(|p| p.severity == Severity::Error && !p.repaired),
            Body::Checked { ok, .. } => !ok,
            Body::CheckedAll(checked) => checked.iter().any(|(_, checks)| checks.iter().any(|check| !check.ok)),
            Body::Worked(worked) => worked.failed.is_some(),
            _ => false,
        };
        Outcome { body, exit: i32::from(negative), warnings: Vec::new(), hints: Vec::new() }
    }

    /// The same outcome with another exit code.
    pub(crate) fn exit(mut self, code: i32) -> Self {
        self.exit = code;
        self
    }

    /// The same outcome with one more warning.
    pub(crate) fn warning(mut self, warning: impl Into<String>) -> Self {
        self.warnings.push(warning.into());
        self
    }

    /// The same outcome with one more hint.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }
}

/// The answers that commands give.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Body {
    /// Nothing to say.
    Nothing,
    /// The answer was shown already, see [`Screen`].
    Shown,
    /// `add`: the new spec.
    Added(Box<SpecView>),
    /// `investigate`: the new specs.
    AddedAll(Vec<SpecView>),
    /// `status` of an investigation.
    Topic(TopicView),
    /// `status`: what goes on.
    Standing {
        /// What goes on.
        view: Box<StandingView>,
        /// The time now, in seconds since 1970 UTC: how long something takes is told from it.
        now: i64,
        /// Whether people are told what to do about it.
        hints: bool,
    },
    /// `release-notes`: the entries, by kind.
    Notes(Vec<NoteView>),
    /// `why`: an answer for each commit and spec.
    Why(Vec<WhyView>),
    /// `drift`: inputs that are not what they were.
    Drift(Vec<DriftView>),
    /// `graph`: what builds on what, and how it is to be drawn.
    Graph {
        /// The graph.
        view: GraphView,
        /// The form for people.
        form: GraphForm,
    },
    /// `list` and `ready`.
    Specs(Vec<SpecView>),
    /// The same for people alone.
    Lines(Vec<Line>),
    /// `ready --explain`: the ready ones, and the others with their blockers.
    Explained {
        /// Those that `work` would start.
        ready: Vec<SpecView>,
        /// Those that it would not.
        blocked: Vec<SpecView>,
    },
    /// `show` of one spec.
    Spec(Box<SpecDetail>),
    /// `show` of several.
    Details(Vec<SpecDetail>),
    /// `log`: oldest or newest first, as asked for.
    Events {
        /// Whose events they are.
        spec: SpecId,
        /// The events.
        events: Vec<EventView>,
    },
    /// A verb that recorded an event: `reset`, `fail`, `cancel`, `approve`, `reject`, `ack`, `resolve`, `release`, …
    Recorded {
        /// The event's op.
        op: String,
        /// The spec after it.
        spec: Box<SpecView>,
        /// The event's sentence.
        sentence: String,
    },
    /// The same for a verb that takes several specs: `archive`, `unarchive`.
    RecordedAll {
        /// The events' op.
        op: String,
        /// Each spec after its event, with the event's sentence.
        specs: Vec<(SpecView, String)>,
    },
    /// `archive --fold`: the specs whose ref went into an archive.
    Folded(Vec<SpecId>),
    /// `edit`: the file that was opened, and whether its text changed.
    Edited {
        /// The spec after the edit.
        spec: Box<SpecView>,
        /// Whether the text changed.
        changed: bool,
    },
    /// `work` and `finish`.
    Worked(Box<Worked>),
    /// `work` with several specs.
    WorkedAll(Box<WorkedAll>),
    /// `next --claim`: a spec that is the caller's now.
    Claimed {
        /// The spec.
        spec: Box<SpecView>,
        /// Its worktree.
        path: PathBuf,
        /// The file with everything that there is to know.
        prompt: PathBuf,
    },
    /// `takeover`: what was done so far, and where.
    TakenOver(Box<TakenOver>),
    /// `merge`.
    Merged {
        /// The spec after the merge.
        spec: Box<SpecView>,
        /// Where its work went.
        merged: Merged,
    },
    /// `verify`: every check with its result.
    Checked {
        /// The spec that was checked.
        spec: Box<SpecView>,
        /// The checks, in the order they ran.
        checks: Vec<CheckView>,
        /// Whether all of them passed.
        ok: bool,
    },
    /// `verify --all`: each spec with its checks.
    CheckedAll(Vec<(SpecView, Vec<CheckView>)>),
    /// `path`: the worktree of a spec.
    Path {
        /// Whose worktree it is.
        spec: Box<SpecView>,
        /// Where it is.
        path: PathBuf,
    },
    /// `init`.
    Initialized {
        /// The `.chant` directory.
        path: PathBuf,
        /// Whether it is hidden from the repository.
        silent: bool,
        /// Whether nothing was done yet.
        dry_run: bool,
        /// What was changed, one line each; nothing if it had been initialised before.
        changes: Vec<String>,
    },
    /// `deinit`.
    Deinitialized {
        /// Whether nothing was done yet.
        dry_run: bool,
        /// What was changed, one line each.
        changes: Vec<String>,
    },
    /// `hooks`.
    Hooks {
        /// What was changed, or would be, one line each; `None` where nothing was to be changed.
        changes: Option<Vec<String>>,
        /// Whether nothing was done yet.
        dry_run: bool,
        /// The hooks as they are now.
        hooks: Vec<HookView>,
    },
    /// `lint` and `fsck`.
    Problems(Vec<ProblemView>),
    /// `sync`: what was exchanged.
    Exchanged {
        /// With which remote.
        remote: String,
        /// Whether nothing was done yet.
        dry_run: bool,
        /// What went which way.
        exchanged: Vec<ExchangeView>,
    },
    /// `prune`: what was cleared away, and what stays for which reason.
    Pruned {
        /// Whether nothing was done yet.
        dry_run: bool,
        /// What was found.
        found: Vec<PruneView>,
    },
    /// `import`: the specs that have events now, and what could not be carried over.
    Imported {
        /// Whether nothing was done yet.
        dry_run: bool,
        /// The specs.
        imported: Vec<ImportView>,
        /// How many had events before.
        recorded: usize,
        /// What could not be carried over.
        left: Vec<ProblemView>,
    },
    /// `demo`: the repository that it left and what to look at.
    Demo {
        /// The repository.
        path: PathBuf,
        /// Command lines worth typing, each with what it shows.
        look: Vec<(String, String)>,
    },
    /// `install-man`: the pages of the manual.
    Manual {
        /// The directory that they are in.
        path: PathBuf,
        /// Whether nothing was done yet.
        dry_run: bool,
        /// The pages that were written; what was there already is not among them.
        written: Vec<PathBuf>,
        /// The pages that were taken away.
        removed: Vec<PathBuf>,
    },
    /// `version`.
    Version {
        /// The version.
        version: &'static str,
        /// How it was built, if that was asked for.
        build: Option<Build>,
    },
    /// `schema`: a JSON schema.
    Schema(serde_json::Value),
    /// A text as it is, such as a transcript.
    Text(String),
}

/// How this binary was built, as far as that is known.
#[derive(Clone, Debug, PartialEq, Eq, schemars::JsonSchema, serde::Serialize)]
pub(crate) struct Build {
    /// The commit that it was built from; only a release build knows.
    pub commit: Option<&'static str>,
    /// Whether there were changes that were not committed.
    pub dirty: Option<bool>,
    /// What it runs on (`x86_64-unknown-linux-gnu`).
    pub target: Option<&'static str>,
    /// `release` or `debug`.
    pub profile: Option<&'static str>,
    /// The compiler.
    pub rustc: Option<&'static str>,
    /// What was chosen of what can be.
    pub features: Vec<&'static str>,
    /// The version of gix, which reads and writes git's objects.
    pub gix: Option<&'static str>,
}

/// Where an answer that changes is shown while the command runs.
pub(crate) trait Screen: Sync {
    /// Shows the answer as it is now: at a terminal in the place of the one before, elsewhere below it. `size` is that of the terminal
    /// now, in columns and rows; `None` where stdout is none.
    ///
    /// If it cannot be written, [`Progress::closed`](crate::answer::progress::Progress::closed) says so from then on.
    fn show(&self, body: &Body, size: Option<(usize, usize)>);
}

/// How a graph is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum GraphForm {
    /// As a tree, for people.
    Tree,
    /// For Graphviz.
    Dot,
    /// For Mermaid.
    Mermaid,
}

/// What a person takes over.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct TakenOver {
    /// The spec.
    pub spec: SpecView,
    /// Its worktree.
    pub path: PathBuf,
    /// What the attempt has come to.
    pub so_far: SoFar,
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Worked {
    /// The spec after it.
    pub spec: SpecView,
    /// From the claim to the end.
    pub duration: Duration,
    /// The start event of the attempt.
    pub attempt: Option<String>,
    /// Where its work went; `None` if it waits for a merge or there was nothing to merge.
    pub merged: Option<Merged>,
    /// Why it failed, if it did.
    pub failed: Option<Failed>,
    /// Why it is paused, if it is.
    pub paused: Option<String>,
    /// Why it is finished and not merged, if it was to be.
    pub waits: Option<String>,
}

/// What several specs came to.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct WorkedAll {
    /// Each that was begun, in the order in which they ended.
    pub specs: Vec<WorkedOne>,
    /// How many that are ready were not begun.
    pub left: usize,
    /// How many wait for others that were not completed.
    pub waiting: usize,
}

/// What one of several specs came to.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct WorkedOne {
    /// The spec after it.
    pub spec: SpecView,
    /// `completed`, `finished`, `failed`, `paused`, `refused`: it could not begin; `in_progress`: a person does it.
    pub outcome: String,
    /// Why, unless it is done.
    pub why: Option<String>,
    /// From its claim to its end.
    pub duration: Duration,
    /// Where its work went.
    pub merged: Option<Merged>,
}

/// Where the work of a spec went.
#[derive(Clone, Debug, PartialEq, Eq, schemars::JsonSchema, serde::Serialize)]
pub(crate) struct Merged {
    /// The short name of the branch.
    pub target: String,
    /// The commit that it is at now.
    pub commit: String,
}

/// Why an attempt failed.
#[derive(Clone, Debug, PartialEq, Eq, schemars::JsonSchema, serde::Serialize)]
pub(crate) struct Failed {
    /// The reason in words: lower case, no full stop.
    pub reason: String,
    /// The checks that ran, those that passed too.
    pub checks: Vec<CheckView>,
}
