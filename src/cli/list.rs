//! `git chant list`, `graph` and `drift`.

use clap::Args;

use super::global::{phase_parser, status_parser, type_parser};
use super::page::Page;
use crate::domain::{phase::Phase, spec_type::SpecType, status::Status};

/// List specs and their states
///
/// Several values of one option match any of them; different options must all match. Archived specs are listed only on request.
///
/// What a person should see stands beside the status: invalid, contended, orphaned, retrying (a live process tries again), stale,
/// needs-approval, needs-review, proposed, or dropped, which means that the target no longer has the merge of a completed spec. Of completed specs, the twenty that changed last are
/// compared with their targets.
#[derive(Args, Clone, Debug, Default)]
#[command(visible_alias = "ls")]
pub(crate) struct ListArgs {
    /// List only specs that can be worked on now, the highest priority first
    ///
    /// A spec is ready when it is pending, every spec that it depends on is completed and in its base, its inputs exist, and it has the
    /// approval that it needs.
    #[arg(long)]
    pub ready: bool,

    /// With --ready, also list every other open spec with what blocks it
    #[arg(long, requires = "ready")]
    pub explain: bool,

    /// List only specs with this status; may be repeated, or separated by commas
    #[arg(long, value_name = "status", value_delimiter = ',', value_parser = status_parser())]
    pub status: Vec<Status>,

    /// List only specs of this type; may be repeated, or separated by commas
    #[arg(long = "type", value_name = "type", value_parser = type_parser(), value_delimiter = ',')]
    pub spec_type: Vec<SpecType>,

    /// Select only specs of this phase; may be repeated, or separated by commas
    #[arg(long, value_name = "phase", value_parser = phase_parser(), value_delimiter = ',')]
    pub phase: Vec<Phase>,

    /// Select only specs of this investigation; may be repeated, or separated by commas
    #[arg(long, value_name = "name", value_delimiter = ',')]
    pub topic: Vec<String>,

    /// Select only specs with this label; may be repeated, or separated by commas
    #[arg(long = "label", value_name = "label", value_delimiter = ',')]
    pub labels: Vec<String>,

    /// List only archived specs
    #[arg(long, conflicts_with = "all")]
    pub archived: bool,

    /// List archived specs as well
    #[arg(short = 'a', long)]
    pub all: bool,

    /// List only specs with a line or a note that matches this regular expression, ignoring case; includes archived specs
    #[arg(long, value_name = "pattern", value_parser = pattern)]
    pub grep: Option<regex_lite::Regex>,

    /// List only specs that an author with this text in the name or address added, ignoring case; includes archived specs
    #[arg(long, value_name = "text")]
    pub author: Option<String>,

    /// List only specs with events since this date, for example "2 weeks ago"; includes archived specs
    #[arg(long, value_name = "date")]
    pub since: Option<String>,

    /// Sort by id, created, updated, priority, status or title; "-" before the key reverses [default: id, with --ready -priority]
    #[arg(long, value_name = "key", value_parser = sort_key, allow_hyphen_values = true)]
    pub sort: Option<(SortKey, bool)>,
}

/// What specs can be sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::EnumString)]
#[strum(serialize_all = "lowercase")]
pub(crate) enum SortKey {
    /// The id: the day and the number of that day.
    Id,
    /// When it was added.
    Created,
    /// When the newest event was recorded.
    Updated,
    /// The priority.
    Priority,
    /// The status.
    Status,
    /// The title.
    Title,
}

fn sort_key(text: &str) -> Result<(SortKey, bool), &'static str> {
    let (name, reversed) = text.strip_prefix('-').map_or((text, false), |name| (name, true));
    let key = name.parse().map_err(|_| "expected id, created, updated, priority, status or title")?;
    Ok((key, reversed))
}

fn pattern(text: &str) -> Result<regex_lite::Regex, regex_lite::Error> {
    regex_lite::RegexBuilder::new(text).case_insensitive(true).build()
}

/// Examples and neighbours of `list`.
pub(crate) const PAGE: Page = Page {
    examples: &[
        ("git chant list", "Every spec that is not archived."),
        ("git chant list --ready", "Specs that can start now."),
        ("git chant list --ready --explain", "And what blocks the others."),
        ("git chant list --status failed,paused", "Specs that wait for a decision."),
        ("git chant list --topic issue-1234 --json", "One investigation, for a script."),
        ("git chant list --grep deadlock --sort=-updated", "Every spec that mentions it, newest first."),
        ("git chant list -z --format='%(id)' --label fix", "Ids only, each followed by NUL."),
    ],
    see_also: &["git-chant-show", "git-chant-work", "git-for-each-ref", "gitchant-format"],
};

/// What `list --ready` was called before.
#[derive(Args, Clone, Debug)]
#[command(hide = true)]
pub(crate) struct ReadyArgs {
    /// Also list every other open spec with what blocks it
    #[arg(long)]
    pub explain: bool,
}

impl From<&ReadyArgs> for ListArgs {
    fn from(args: &ReadyArgs) -> ListArgs {
        ListArgs { ready: true, explain: args.explain, ..ListArgs::default() }
    }
}

/// Show which specs build on which
///
/// Draws each spec below the specs that build on it: its dependencies, and its inputs, whether specs or documents that specs wrote. A spec
/// that appears again is drawn as its id only. An edge that another way implies is left out; --json, --dot, --mermaid and --svg have all of
/// them.
#[derive(Args, Clone, Debug)]
pub(crate) struct GraphArgs {
    /// Draw only this investigation and what it builds on
    #[arg(value_name = "topic", conflicts_with = "topic")]
    pub named: Option<String>,

    /// Draw only this investigation and what it builds on
    #[arg(long, value_name = "name")]
    pub topic: Option<String>,

    /// Draw archived specs as well; an archived investigation is drawn without this option
    #[arg(short = 'a', long)]
    pub all: bool,

    /// Print it in Graphviz's format
    #[arg(long, conflicts_with = "mermaid")]
    pub dot: bool,

    /// Print it as an SVG picture, for a page or a README
    #[arg(long, conflicts_with_all = ["dot", "mermaid"])]
    pub svg: bool,

    /// Print it in Mermaid's format, which code hosts draw in Markdown
    #[arg(long)]
    pub mermaid: bool,
}

/// Examples and neighbours of `graph`.
pub(crate) const GRAPH_PAGE: Page = Page {
    examples: &[
        ("git chant graph issue-1234", "One investigation."),
        ("git chant graph issue-1234 --svg", "One investigation as an SVG picture."),
        ("git chant graph --dot", "All specs, for Graphviz."),
    ],
    see_also: &["git-chant-list", "git-chant-status", "git-log"],
};

/// Show which inputs have changed
///
/// When an attempt starts, git-chant pins its inputs: each file by its blob, each spec by its newest event. Drift compares the pins with
/// the present state, for informed_by, origin and tracks, and lists what was built on the affected specs.
#[derive(Args, Clone, Debug)]
pub(crate) struct DriftArgs {
    /// Name specs by full or short id [default: all that are not archived]
    #[arg(value_name = "spec")]
    pub specs: Vec<String>,

    /// Exit with status 1 if an input has changed
    #[arg(long)]
    pub exit_code: bool,
}

/// Examples and neighbours of `drift`.
pub(crate) const DRIFT_PAGE: Page = Page {
    examples: &[
        ("git chant drift", "List changed inputs and what builds on them."),
        ("git chant drift --exit-code 010", "For a hook or a CI job."),
    ],
    see_also: &["git-chant-accept", "git-chant-show", "git-diff"],
};
