//! `git chant list` and `git chant ready`.

use clap::Args;

use super::global::{phase_parser, status_parser, type_parser};
use super::page::Page;
use crate::domain::{phase::Phase, spec_type::SpecType, status::Status};

/// List specs and where they stand
///
/// Several values of one option mean any of them; different options must all hold. Archived specs are left out unless asked
/// for.
#[derive(Args, Clone, Debug)]
#[command(visible_alias = "ls")]
pub(crate) struct ListArgs {
    /// Only specs that can be worked now
    #[arg(long)]
    pub ready: bool,

    /// Only specs with this status; may be repeated, or several separated by commas
    #[arg(long, value_name = "status", value_delimiter = ',', value_parser = status_parser())]
    pub status: Vec<Status>,

    /// Only specs of this type; may be repeated, or several separated by commas
    #[arg(long = "type", value_name = "type", value_parser = type_parser(), value_delimiter = ',')]
    pub spec_type: Vec<SpecType>,

    /// Only specs of this phase; may be repeated, or several separated by commas
    #[arg(long, value_name = "phase", value_parser = phase_parser(), value_delimiter = ',')]
    pub phase: Vec<Phase>,

    /// Only specs of this investigation; may be repeated, or several separated by commas
    #[arg(long, value_name = "name", value_delimiter = ',')]
    pub topic: Vec<String>,

    /// Only specs with this label; may be repeated, or several separated by commas
    #[arg(long = "label", value_name = "label", value_delimiter = ',')]
    pub labels: Vec<String>,

    /// Only archived specs
    #[arg(long, conflicts_with = "all")]
    pub archived: bool,

    /// Archived specs too
    #[arg(short = 'a', long)]
    pub all: bool,

    /// Only specs with a line that matches this regular expression, in any case; archived ones too
    #[arg(long, value_name = "pattern", value_parser = pattern)]
    pub grep: Option<regex_lite::Regex>,

    /// Only specs whose author, the person who added them, contains this text, in any case; archived ones too
    #[arg(long, value_name = "text")]
    pub author: Option<String>,

    /// Only specs of which something was recorded since then, as git takes dates: "2 weeks ago"; archived ones too
    #[arg(long, value_name = "date")]
    pub since: Option<String>,

    /// Sort by id, created, updated, priority, status or title; with a "-" before it the other way round [default: id]
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
    /// The priority, the greatest first.
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
        ("git chant list --status failed,paused", "What waits for a decision."),
        ("git chant list --topic issue-1234 --json", "One investigation, for a script."),
        ("git chant list --grep deadlock --sort=-updated", "What was ever said about it, the newest first."),
        ("git chant list -z --format='%(id)' --label fix", "Ids only, each ended by NUL."),
    ],
    see_also: &["git-chant-ready", "git-chant-show", "git-for-each-ref", "gitchant-format"],
};

/// List the specs that can be worked now
///
/// A spec is ready when it is pending, every spec that it depends on is completed and in its base, its inputs are there, and any
/// approval that it needs was given.
#[derive(Args, Clone, Debug)]
pub(crate) struct ReadyArgs {
    /// Say of every other open spec why it is not ready
    #[arg(long)]
    pub explain: bool,
}

/// Examples and neighbours of `ready`.
pub(crate) const READY_PAGE: Page = Page {
    examples: &[
        ("git chant ready", "What can be started."),
        ("git chant ready --explain", "And what holds up the rest."),
    ],
    see_also: &["git-chant-list", "git-chant-work"],
};

/// Show what builds on what
///
/// Each spec stands below those that build on it: what they depend on, and what informs them, be it the spec itself or a document that
/// it writes. One that has been drawn is only named after that.
#[derive(Args, Clone, Debug)]
pub(crate) struct GraphArgs {
    /// Only this investigation, with all that it builds on
    #[arg(value_name = "topic", conflicts_with = "topic")]
    pub named: Option<String>,

    /// Only this investigation, with all that it builds on
    #[arg(long, value_name = "name")]
    pub topic: Option<String>,

    /// Archived specs too; those of an investigation that is archived are shown without this
    #[arg(short = 'a', long)]
    pub all: bool,

    /// Print it for Graphviz
    #[arg(long, conflicts_with = "mermaid")]
    pub dot: bool,

    /// Print it as an SVG picture, for a page or a README
    #[arg(long, conflicts_with_all = ["dot", "mermaid"])]
    pub svg: bool,

    /// Print it for Mermaid, as code hosts draw it in Markdown
    #[arg(long)]
    pub mermaid: bool,
}

/// Examples and neighbours of `graph`.
pub(crate) const GRAPH_PAGE: Page = Page {
    examples: &[
        ("git chant graph issue-1234", "One investigation."),
        ("git chant graph issue-1234 --svg >graph.svg", "One investigation as a picture."),
        ("git chant graph --dot", "All specs, for Graphviz."),
    ],
    see_also: &["git-chant-list", "git-chant-status", "git-log"],
};

/// Show which inputs have changed
///
/// When an attempt begins, what informs it is pinned: each file by its blob, each spec by its newest event. This compares the pins with
/// what is there now, for informed_by, origin and tracks, and names what was built on the specs that are affected.
#[derive(Args, Clone, Debug)]
pub(crate) struct DriftArgs {
    /// The specs, by full or short id [default: all that are not archived]
    #[arg(value_name = "spec")]
    pub specs: Vec<String>,

    /// Exit with 1 if anything has changed
    #[arg(long)]
    pub exit_code: bool,
}

/// Examples and neighbours of `drift`.
pub(crate) const DRIFT_PAGE: Page = Page {
    examples: &[
        ("git chant drift", "Does anything rest on what is no longer so?"),
        ("git chant drift --exit-code 010", "For a hook or a CI job."),
    ],
    see_also: &["git-chant-ack", "git-chant-show", "git-diff"],
};
