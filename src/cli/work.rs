//! The commands that carry a spec out: `work`, `verify`, `finish`, `merge`.

use std::{path::PathBuf, time::Duration};

use clap::Args;

use super::{
    global::{ClaimArg, phase_parser},
    page::Page,
};
use crate::domain::{filter::Filter, phase::Phase, span};

/// Have agents work on specs
///
/// Claims a spec, creates its branch and worktree, gives the agent the spec and its inputs, runs the checks, and merges the work into its
/// target. Your branch, index and files stay unchanged until the merge, and the merge never touches uncommitted changes.
///
/// The agent is a supported one (aider, claude, codex, cursor-agent, gemini, goose, opencode) or a command from git's configuration,
/// chant.agent.<name>.cmd. The agent "manual" is you. A failed spec can be worked on again; earlier attempts are kept. A paused or
/// interrupted attempt resumes in its worktree and in the agent's session. So does a failed attempt whose work only lacked something, or
/// whose agent was cut short (by a limit, a signal, its account, a question or a denied permission), if its text, inputs and target are
/// unchanged: the agent is told why it stopped and which checks failed.
///
/// Several specs run in the order of their dependencies, as many at once as --jobs allows. Any number of these commands can run in one
/// repository: only one of them works on each spec. A spec that fails stops the rest, unless --keep-going is given; running specs always
/// finish. A spec that you pause stops no other.
///
/// If the agent reports a rate limit (or exits with status 75), an overloaded model, a server error or no network, git-chant pauses the
/// attempt, waits for chant.rateLimitPause, and resumes its session. It does the same if the agent prints nothing for 30 minutes
/// (chant.silenceTimeout). For a single spec it waits and resumes only if chant.rateLimitPause is set.
/// After other failures it waits for you and keeps the agent's own words: a rejected key, an account without credit, a question, a limit, a
/// refusal.
#[derive(Args, Clone, Debug)]
pub(crate) struct WorkArgs {
    /// Name specs by full or short id
    #[arg(value_name = "spec", required_unless_present_any = ["all", "chain", "labels", "topic", "phase"])]
    pub specs: Vec<String>,

    /// Work on every spec that is ready
    #[arg(long, conflicts_with = "specs")]
    pub all: bool,

    /// Also work on specs that become ready when these complete; without specs, start with all that are ready
    #[arg(long)]
    pub chain: bool,

    /// Work on ready specs with this label; may be repeated, or separated by commas
    #[arg(long = "label", value_name = "label", value_delimiter = ',')]
    pub labels: Vec<String>,

    /// Work on ready specs of this investigation; may be repeated, or separated by commas
    #[arg(long, value_name = "name", value_delimiter = ',')]
    pub topic: Vec<String>,

    /// Work on ready specs of this phase; may be repeated, or separated by commas
    #[arg(long, value_name = "phase", value_parser = phase_parser(), value_delimiter = ',')]
    pub phase: Vec<Phase>,

    /// Run this many specs at once
    #[arg(short = 'j', long, value_name = "number", value_parser = jobs, default_value = "1", hide_default_value = true)]
    pub jobs: usize,

    /// Continue with the other specs after one fails
    #[arg(short = 'k', long)]
    pub keep_going: bool,

    /// Start at most this many specs
    #[arg(long, value_name = "number")]
    pub max: Option<usize>,

    /// Claim specs in this clone only ("local"), or at the remote that several clones share ("remote") [default: chant.claim]
    #[arg(long, value_name = "where", hide_possible_values = true)]
    pub claim: Option<ClaimArg>,

    /// Use this prompt: a built-in one, or a file in .chant/prompts [default: the spec's]
    #[arg(long, value_name = "name")]
    pub prompt: Option<String>,

    /// Use this agent, one of chant.agent.<name>, or "manual" [default: the spec's, then chant.agent]
    #[arg(long, value_name = "name")]
    pub agent: Option<String>,

    /// Start from this branch and merge into it [default: chant.target, then the current branch]
    #[arg(long, value_name = "branch")]
    pub onto: Option<String>,

    /// Stop the agent after this time, for example "45m" or "1h 30m"; "none" is no limit
    #[arg(long, value_name = "duration", value_parser = span_of_time)]
    pub timeout: Option<Duration>,

    /// Start over where the last attempt could resume; its work is kept
    #[arg(long)]
    pub fresh: bool,

    /// Accept work that changes nothing
    #[arg(long)]
    pub allow_empty: bool,

    /// Stop before the merge; merge later with git chant merge
    #[arg(long)]
    pub no_merge: bool,

    /// Run the spec's commands and prompts without asking for approval
    #[arg(long)]
    pub trust: bool,
}

/// How many at once: at least one, and not so many that a slip of the finger takes the machine down.
impl WorkArgs {
    /// All phases of an investigation, as `work --topic <topic> --chain` has it.
    pub(crate) fn of_topic(topic: &str) -> WorkArgs {
        WorkArgs {
            specs: Vec::new(),
            all: false,
            chain: true,
            labels: Vec::new(),
            topic: vec![topic.to_owned()],
            phase: Vec::new(),
            jobs: 1,
            keep_going: false,
            max: None,
            claim: None,
            prompt: None,
            agent: None,
            onto: None,
            timeout: None,
            fresh: false,
            allow_empty: false,
            no_merge: false,
            trust: false,
        }
    }

    /// The specs that the options ask for.
    pub(crate) fn filter(&self) -> Filter {
        filter(&self.labels, &self.topic, &self.phase)
    }
}

impl NextArgs {
    /// The specs that the options ask for.
    pub(crate) fn filter(&self) -> Filter {
        filter(&self.labels, &self.topic, &self.phase)
    }
}

fn filter(labels: &[String], topics: &[String], phases: &[Phase]) -> Filter {
    Filter { types: Vec::new(), phases: phases.to_vec(), topics: topics.to_vec(), labels: labels.to_vec() }
}

fn jobs(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(number @ 1..=MAX_JOBS) => Ok(number),
        _ => Err(format!("a number from 1 to {MAX_JOBS} was expected")),
    }
}

/// The most that is worked at once.
const MAX_JOBS: usize = 256;

/// Examples and neighbours of `work`.
pub(crate) const WORK_PAGE: Page = Page {
    examples: &[
        ("git chant work 010", "Start, check and merge."),
        ("git chant work 010 --onto fix/issue-1234 --timeout 30m", "Set a target and a time limit."),
        ("git chant work 010 --agent manual", "Do it yourself in the worktree, then run git chant finish 010."),
        ("git chant work 010 --no-merge", "Review the work before merging it."),
        ("git chant work --all --chain --jobs 4 --keep-going", "Work on everything that is ready, four at once."),
        ("git chant work --topic issue-1234 --chain", "One investigation, phase by phase."),
    ],
    see_also: &[
        "git-chant-finish",
        "git-chant-log",
        "git-chant-merge",
        "git-chant-next",
        "git-chant-pause",
        "git-chant-list",
        "git-chant-reset",
        "git-worktree",
        "gitchant-config",
    ],
};

/// Show the next spec, or claim it
///
/// Chooses the first spec that can be worked on, by priority and id. With --claim the spec is yours: git-chant creates its branch and
/// worktree, and no other process gets it. An agent that pulls its own work changes to that worktree, follows the prompt there, and ends
/// with git chant finish.
///
/// Exits with status 1 if nothing is ready.
#[derive(Args, Clone, Debug)]
pub(crate) struct NextArgs {
    /// Claim the spec and create its worktree
    ///
    /// --claim=remote claims it at the remote, --claim=local in this clone only; without a value chant.claim decides.
    #[arg(long, value_name = "where", num_args = 0..=1, require_equals = true, hide_possible_values = true)]
    pub claim: Option<Option<ClaimArg>>,

    /// Select only specs with this label; may be repeated, or separated by commas
    #[arg(long = "label", value_name = "label", value_delimiter = ',')]
    pub labels: Vec<String>,

    /// Select only specs of this investigation; may be repeated, or separated by commas
    #[arg(long, value_name = "name", value_delimiter = ',')]
    pub topic: Vec<String>,

    /// Select only specs of this phase; may be repeated, or separated by commas
    #[arg(long, value_name = "phase", value_parser = phase_parser(), value_delimiter = ',')]
    pub phase: Vec<Phase>,

    /// Start from this branch and merge into it [default: chant.target, then the current branch]
    #[arg(long, value_name = "branch", requires = "claim")]
    pub onto: Option<String>,

    /// Claim it without asking for approval of its commands and prompts
    #[arg(long, requires = "claim")]
    pub trust: bool,
}

/// Examples and neighbours of `next`.
pub(crate) const NEXT_PAGE: Page = Page {
    examples: &[
        ("git chant next", "Show the next spec."),
        ("cd \"$(git chant next --claim --format='%(worktree)')\"", "Claim it and change to its worktree."),
        ("git chant next --claim --json", "For an agent: the spec, its worktree and its prompt file."),
    ],
    see_also: &["git-chant-finish", "git-chant-list", "git-chant-release", "git-chant-work"],
};

/// Run a spec's checks and report the results
///
/// Checks a clean checkout of the tip of the work branch, of the current commit once that branch is gone, or of any revision, and says which
/// commit it is. The commands are those of the present text of the spec. The status of the spec stays unchanged.
///
/// A proof needs the commits of the work, or those of its merge. With --all and --since, a spec that cannot be checked is listed as not run,
/// and the exit status is 1. With --all, a spec that came by a branch without its history, as into a new clone, may be done and is not run
/// either, until "git chant sync --fetch" has asked the remote; then a spec without a history is pending.
#[derive(Args, Clone, Debug)]
pub(crate) struct VerifyArgs {
    /// Name a spec by full or short id
    #[arg(value_name = "spec", required_unless_present_any = ["all", "since"])]
    pub spec: Option<String>,

    /// Check every finished and completed spec that has commands
    #[arg(long, conflicts_with = "spec")]
    pub all: bool,

    /// Check the specs of the commits since this revision, at the newest of these commits, and list commits without a spec
    ///
    /// The range ends at --at, by default HEAD. Events decide which spec a commit came from; a commit that only names a spec in its message
    /// counts as one without.
    #[arg(long, value_name = "revision", conflicts_with_all = ["spec", "all"])]
    pub since: Option<String>,

    /// Also fail for a commit without a spec ("spec"), or a spec without proof ("proof")
    #[arg(long, value_name = "what", value_delimiter = ',', value_parser = ["spec", "proof"], requires = "since", conflicts_with_all = ["spec", "all"])]
    pub require: Vec<String>,

    /// Write a summary of the range to <file>, as Markdown for a pull request
    #[arg(long, value_name = "file", requires = "since", conflicts_with_all = ["spec", "all"])]
    pub summary: Option<PathBuf>,

    /// Exit with status 1 if a check failed; this is the default
    #[arg(long)]
    pub exit_code: bool,

    /// Check this revision instead of the tip of the work branch
    #[arg(long, value_name = "revision")]
    pub at: Option<String>,

    /// Ignore cached results of earlier checks
    #[arg(long)]
    pub fresh: bool,

    /// Run the spec's commands without asking for approval
    #[arg(long)]
    pub trust: bool,
}

/// Examples and neighbours of `verify`.
pub(crate) const VERIFY_PAGE: Page = Page {
    examples: &[
        ("git chant verify 010", "Check the work."),
        ("git chant verify 010 --at main", "Check whether the target still passes."),
        ("git chant verify --all --at HEAD --trust", "In CI: check every spec."),
        ("git chant verify --since origin/main --trust --summary summary.md", "In CI: check what a branch adds."),
    ],
    see_also: &["git-chant-finish", "git-chant-show"],
};

/// Check and merge work that a person did
///
/// Runs the checks, records the result and merges, as git chant work does after its agent. On a failed attempt, runs the checks again
/// without the agent.
///
/// If no attempt was started, name the commits of your work with --commit. git-chant judges them like the work of an agent, against the
/// present text of the spec. Where the current branch contains these commits, the commands run on its tip: what counts is that the work is
/// right there now. For a commit that the current branch does not contain, everything that it adds counts, and is merged. A gate needs no
/// commit; neither does a spec that asks for no change, once its criteria are ticked.
#[derive(Args, Clone, Debug)]
pub(crate) struct FinishArgs {
    /// Name a spec by full or short id
    #[arg(value_name = "spec")]
    pub spec: String,

    /// Name a commit of the work, if no attempt was started; may be repeated
    #[arg(long = "commit", value_name = "revision")]
    pub commits: Vec<String>,

    /// Accept work that changes nothing
    #[arg(long)]
    pub allow_empty: bool,

    /// Stop before the merge; merge later with git chant merge
    #[arg(long)]
    pub no_merge: bool,

    /// Run the spec's commands without asking for approval
    #[arg(long)]
    pub trust: bool,
}

/// Examples and neighbours of `finish`.
pub(crate) const FINISH_PAGE: Page = Page {
    examples: &[
        ("git chant finish 010", "Check and merge the work in its worktree."),
        ("git chant finish 010 --commit HEAD", "Use the commit that you just made."),
    ],
    see_also: &["git-chant-fail", "git-chant-merge", "git-chant-work"],
};

/// Merge finished work into its target
///
/// Computes the merge outside your work tree, in the way that chant.merge sets. Moves a checked-out target forward only if no uncommitted
/// change is in the way. On a conflict it reports the paths; the spec stays finished, and no work tree is left half merged.
///
/// To resolve a conflict, merge the target into the spec's branch in the spec's worktree (or rebase it), then run git chant merge again; it
/// checks the new commits first. With --agent an agent does this: git-chant starts the merge in that worktree, tells the agent what both
/// sides intended, then checks and merges the result. If the agent or a check fails, git-chant resets branch and worktree, and keeps the
/// agent's commits; the spec stays finished.
#[derive(Args, Clone, Debug)]
pub(crate) struct MergeArgs {
    /// Name a spec by full or short id [default: every finished spec]
    #[arg(value_name = "spec")]
    pub spec: Option<String>,

    /// Merge every finished spec, each into its own target
    #[arg(long, conflicts_with = "spec")]
    pub all: bool,

    /// Merge into this branch instead of the recorded target
    #[arg(long, value_name = "branch")]
    pub onto: Option<String>,

    /// Have an agent resolve a conflict, one of chant.agent.<name> [default: the spec's, then chant.agent]
    #[arg(long, value_name = "name")]
    pub agent: Option<Option<String>>,

    /// Run the spec's commands and prompts without asking for approval
    #[arg(long)]
    pub trust: bool,
}

/// Examples and neighbours of `merge`.
pub(crate) const MERGE_PAGE: Page = Page {
    examples: &[
        ("git chant merge 010", "Merge into the recorded target."),
        ("git chant merge 010 --onto fix/issue-1234", "Merge into another branch."),
        ("git chant merge 010 --agent", "Have an agent resolve the conflict."),
        ("git chant merge --all", "Merge everything finished; conflicting specs stay finished."),
    ],
    see_also: &["git-chant-finish", "git-chant-work", "git-merge"],
};

/// Split a spec into members
///
/// A spec with members is a driver. Its members, <id>.1 and on, run in the order of their dependencies; the driver completes with the last
/// one. The parts come from the headings of the spec ("## <title>"), or from an agent, whose proposal you confirm.
#[derive(Args, Clone, Debug)]
pub(crate) struct SplitArgs {
    /// Name a spec by full or short id
    #[arg(value_name = "spec")]
    pub spec: String,

    /// Create a member for each second-level heading
    #[arg(long)]
    pub by_heading: bool,

    /// Ask this agent for the parts
    #[arg(long, value_name = "name", conflicts_with = "by_heading")]
    pub agent: Option<String>,

    /// Accept the agent's proposal without asking
    #[arg(short = 'y', long, conflicts_with = "by_heading")]
    pub yes: bool,
}

/// Examples and neighbours of `split`.
pub(crate) const SPLIT_PAGE: Page = Page {
    examples: &[
        ("git chant split 010 --by-heading", "Create a member for each '## ...' heading."),
        ("git chant add \"And this\" --member-of 010", "Add one member."),
    ],
    see_also: &["git-chant-add", "git-chant-graph", "git-chant-work"],
};

/// Reads a span of time, as configuration has it.
fn span_of_time(text: &str) -> Result<Duration, String> {
    span::read(text).ok_or_else(|| "expected a span of time such as '90s', '30m' or '1h 30m', or 'none'".to_owned())
}
