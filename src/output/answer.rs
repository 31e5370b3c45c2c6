//! The answers under `--json`, typed: what is written, and what the `schema` is made from.
//!
//! Each is one object that begins with `format`. A member is always there; what is absent is `null`, and a list is never `null`.

use std::path::Path;

use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    answer::{
        CheckView, DriftView, EventView, ExchangeView, GraphView, HookView, ImportView, NoteView, ProblemView,
        PruneView, SoFar, SpecDetail, SpecView, StandingView, TopicView, WhyView,
        outcome::{Build, Failed, Merged, WorkedOne},
    },
    domain::{
        diagnostic::{Diagnostic, Severity},
        id::SpecId,
    },
    error::Error,
};

/// The version of the format.
pub(super) const FORMAT: u8 = 1;

/// An answer with the version before it.
#[derive(Serialize)]
pub(super) struct Framed<'a, T> {
    pub(super) format: u8,
    #[serde(flatten)]
    pub(super) answer: &'a T,
}

/// Defines answers: the name, what it is, its members.
macro_rules! answers {
    ($($(#[$about:meta])* $name:ident $(<$life:lifetime>)? { $($(#[$doc:meta])* $field:ident: $type:ty,)* })*) => {
        $(
            $(#[$about])*
            #[derive(Serialize, JsonSchema)]
            pub(super) struct $name $(<$life>)? {
                $($(#[$doc])* pub(super) $field: $type,)*
            }
        )*
    };
}

answers! {
    /// There is nothing to say.
    Nothing {}

    /// One spec.
    OneSpec<'a> {
        /// The spec.
        spec: &'a SpecView,
    }

    /// Specs.
    Specs<'a> {
        /// The specs.
        specs: &'a [SpecView],
    }

    /// Specs that are ready, and those that are not.
    Explained<'a> {
        /// Those that `work` would start.
        specs: &'a [SpecView],
        /// Those that it would not, with their blockers.
        blocked: &'a [SpecView],
    }

    /// One spec with everything that is known of it.
    Shown<'a> {
        /// The spec.
        spec: &'a SpecDetail,
    }

    /// Specs with everything that is known of them.
    AllShown<'a> {
        /// The specs.
        specs: &'a [SpecDetail],
    }

    /// What goes on.
    StatusOfAll<'a> {
        /// What goes on.
        status: &'a StandingView,
    }

    /// Where an investigation stands.
    StatusOfTopic<'a> {
        /// The investigation.
        topic: &'a TopicView,
    }

    /// Inputs that have changed.
    Drifted<'a> {
        /// The inputs.
        drift: &'a [DriftView],
    }

    /// Why commits and lines are there.
    Whys<'a> {
        /// An answer for each commit and spec.
        why: &'a [WhyView],
    }

    /// What builds on what.
    GraphOf<'a> {
        /// The graph.
        graph: &'a GraphView,
    }

    /// Entries of a changelog.
    Notes<'a> {
        /// The entries.
        notes: &'a [NoteView],
    }

    /// What happened to a spec.
    Events<'a> {
        /// The events, in the order that was asked for.
        events: &'a [EventView],
    }

    /// An event was recorded.
    Recorded<'a> {
        /// The spec after it.
        spec: &'a SpecView,
        /// What was done: the event's `Chant-Op`.
        op: &'a str,
        /// The event's sentence.
        sentence: &'a str,
    }

    /// An event of each of several specs was recorded.
    AllRecorded<'a> {
        /// The specs after it.
        specs: Vec<&'a SpecView>,
        /// What was done: the events' `Chant-Op`.
        op: &'a str,
    }

    /// Specs were folded into archives.
    Folded<'a> {
        /// The specs whose ref went into an archive.
        folded: &'a [SpecId],
    }

    /// The file of a spec was opened.
    Edited<'a> {
        /// The spec after it.
        spec: &'a SpecView,
        /// Whether its text changed.
        changed: bool,
    }

    /// What an attempt came to.
    Worked<'a> {
        /// The spec after it.
        spec: &'a SpecView,
        /// The start event of the attempt.
        attempt: Option<&'a str>,
        /// From the claim to the end, in milliseconds.
        duration_ms: u64,
        /// Where its work went; `null` if it waits for a merge or there was nothing to merge.
        merged: Option<&'a Merged>,
        /// Why it failed, if it did.
        failed: Option<&'a Failed>,
        /// Why it is paused, if it is.
        paused: Option<&'a str>,
        /// Why it is finished and not merged, if it was to be.
        waits: Option<&'a str>,
    }

    /// What several specs came to.
    AllWorked<'a> {
        /// Each that was begun, in the order in which they ended.
        worked: Vec<WorkedSpec<'a>>,
        /// How many that are ready were not begun.
        left: usize,
        /// How many wait for others that were not completed.
        waiting: usize,
    }

    /// What one of several specs came to.
    WorkedSpec<'a> {
        /// The spec after it.
        spec: &'a SpecView,
        /// `completed`, `finished`, `failed`, `paused`, `refused` (it could not begin) or `in_progress` (a person does it).
        outcome: &'a str,
        /// Why, unless it is done.
        why: Option<&'a str>,
        /// From its claim to its end, in milliseconds.
        duration_ms: u64,
        /// Where its work went.
        merged: Option<&'a Merged>,
    }

    /// A spec that is the caller's now.
    Claimed<'a> {
        /// The spec.
        spec: &'a SpecView,
        /// Its worktree.
        path: String,
        /// The file with everything that there is to know.
        prompt_file: String,
    }

    /// A spec that was taken over.
    TakenOver<'a> {
        /// The spec.
        spec: &'a SpecView,
        /// Its worktree.
        path: String,
        /// What was done so far.
        so_far: &'a SoFar,
    }

    /// A merge.
    SpecMerged<'a> {
        /// The spec after it.
        spec: &'a SpecView,
        /// Where its work went.
        merged: &'a Merged,
    }

    /// The checks of a spec.
    Checked<'a> {
        /// The spec.
        spec: &'a SpecView,
        /// Whether all of them passed.
        ok: bool,
        /// The checks, in the order in which they ran.
        checks: &'a [CheckView],
    }

    /// The checks of several specs.
    AllChecked<'a> {
        /// Each spec with its checks.
        checked: Vec<CheckedSpec<'a>>,
    }

    /// One of several specs, with its checks.
    CheckedSpec<'a> {
        /// The spec.
        spec: &'a SpecView,
        /// Whether all of them passed.
        ok: bool,
        /// The checks, in the order in which they ran.
        checks: &'a [CheckView],
    }

    /// The worktree of a spec.
    PathOf<'a> {
        /// The spec.
        spec: &'a SpecView,
        /// Its worktree.
        path: String,
    }

    /// A repository that was prepared.
    Initialized<'a> {
        /// The `.chant` directory.
        path: String,
        /// Whether it is hidden from the repository.
        silent: bool,
        /// Whether nothing was done yet.
        dry_run: bool,
        /// What was changed, a sentence each.
        changes: &'a [String],
    }

    /// Files or settings that were changed.
    Changed<'a> {
        /// Whether nothing was done yet.
        dry_run: bool,
        /// What was changed, a sentence each.
        changes: &'a [String],
    }

    /// The hooks of git.
    AllHooks<'a> {
        /// Whether nothing was done yet.
        dry_run: bool,
        /// What was changed, a sentence each.
        changes: &'a [String],
        /// Every hook that can call git chant.
        hooks: &'a [HookView],
    }

    /// What is wrong.
    Problems<'a> {
        /// What was found.
        problems: &'a [ProblemView],
    }

    /// What was exchanged with a remote.
    Exchanged<'a> {
        /// The remote.
        remote: &'a str,
        /// Whether nothing was done yet.
        dry_run: bool,
        /// What went which way.
        exchanged: &'a [ExchangeView],
    }

    /// What was cleared away.
    AllPruned<'a> {
        /// Whether nothing was done yet.
        dry_run: bool,
        /// What was found, each with whether it goes.
        pruned: &'a [PruneView],
    }

    /// What was imported.
    Imported<'a> {
        /// Whether nothing was done yet.
        dry_run: bool,
        /// The specs.
        imported: &'a [ImportView],
        /// How many had events before.
        recorded: usize,
        /// What could not be carried over.
        left: &'a [ProblemView],
    }

    /// The repository that the demo left.
    Demonstrated<'a> {
        /// The repository.
        path: String,
        /// What to look at.
        look: Vec<Look<'a>>,
    }

    /// A command line worth typing.
    Look<'a> {
        /// The command line.
        command: &'a str,
        /// What it shows.
        shows: &'a str,
    }

    /// The pages of the manual.
    ManualPages<'a> {
        /// The directory that they are in.
        path: String,
        /// Whether nothing was done yet.
        dry_run: bool,
        /// The pages that were written; what was there already is not among them.
        written: Vec<std::borrow::Cow<'a, str>>,
        /// The pages that were taken away.
        removed: Vec<std::borrow::Cow<'a, str>>,
    }

    /// The version of git chant.
    VersionOf<'a> {
        /// The version.
        version: &'a str,
        /// How it was built; `null` unless `--build` is given.
        build: Option<&'a Build>,
    }

    /// A JSON schema.
    SchemaOf<'a> {
        /// The schema.
        schema: &'a serde_json::Value,
    }

    /// A text.
    Text<'a> {
        /// The text.
        text: &'a str,
    }

    /// A command that failed. Its exit code is not 0.
    Failure<'a> {
        /// What went wrong.
        error: Fault<'a>,
    }

    /// What went wrong.
    Fault<'a> {
        /// A stable name of the error, in kebab case (`ambiguous-id`).
        code: &'a str,
        /// What went wrong, in a line.
        message: &'a str,
        /// Ways out, a line each.
        hints: &'a [String],
        /// The places in spec files that it is about.
        diagnostics: Vec<Place<'a>>,
    }

    /// A place in a file and what is wrong there.
    Place<'a> {
        /// How bad it is.
        severity: Severity,
        /// The file, relative to the top of the work tree.
        path: &'a str,
        /// The line, from 1; `null` for the file as a whole.
        line: Option<usize>,
        /// The column in characters, from 1; `null` for the line as a whole.
        column: Option<usize>,
        /// What is wrong.
        message: &'a str,
        /// What was expected, or how to mend it.
        help: Option<&'a str>,
    }
}

/// A path as it stands in JSON.
pub(super) fn path(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

impl<'a> From<&'a WorkedOne> for WorkedSpec<'a> {
    fn from(one: &'a WorkedOne) -> Self {
        WorkedSpec {
            spec: &one.spec,
            outcome: &one.outcome,
            why: one.why.as_deref(),
            duration_ms: one.duration.as_millis() as u64,
            merged: one.merged.as_ref(),
        }
    }
}

impl<'a> From<&'a Error> for Failure<'a> {
    fn from(error: &'a Error) -> Self {
        let Error { code, message, hints, diagnostics, .. } = error;
        Failure {
            error: Fault {
                code: code.code(),
                message,
                hints,
                diagnostics: diagnostics.iter().map(Place::from).collect(),
            },
        }
    }
}

impl<'a> From<&'a Diagnostic> for Place<'a> {
    fn from(place: &'a Diagnostic) -> Self {
        Place {
            severity: place.severity,
            path: &place.path,
            line: (place.line > 0).then_some(place.line),
            column: (place.column > 0).then_some(place.column),
            message: &place.message,
            help: place.help.as_deref(),
        }
    }
}
