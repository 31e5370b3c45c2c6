//! The commands that carry a spec out: `work`, `verify`, `finish`, `merge`.

use std::time::Duration;

use clap::Args;

use super::page::Page;

/// Have an agent carry a spec out
///
/// Claims the spec, makes a branch and a worktree for it, gives the agent the spec and everything that informs it, runs the checks,
/// and merges the work into its target. Your branch, index and files are untouched until the merge, and the merge leaves alone what
/// you have not committed.
///
/// The agent is a command from git's configuration, chant.agent.<name>.cmd; the agent "manual" is you. A spec that fails can be
/// worked again; the earlier attempt is kept.
#[derive(Args, Clone, Debug)]
pub struct WorkArgs {
    /// The spec, by full or short id
    #[arg(value_name = "spec")]
    pub spec: String,

    /// The agent to use, one of chant.agent.<name>, or "manual" [default: the spec's, then chant.agent]
    #[arg(long, value_name = "name")]
    pub agent: Option<String>,

    /// Start from <branch> and merge into it [default: chant.target, then the current branch]
    #[arg(long, value_name = "branch")]
    pub onto: Option<String>,

    /// End the agent after this long: "45m", "1h 30m"
    #[arg(long, value_name = "duration", value_parser = humantime::parse_duration)]
    pub timeout: Option<Duration>,

    /// Stop when the work is finished; merge it later with git chant merge
    #[arg(long)]
    pub no_merge: bool,

    /// Run the commands and prompts that the spec names, though nobody has approved them here
    #[arg(long)]
    pub trust: bool,
}

/// Examples and neighbours of `work`.
pub const WORK_PAGE: Page = Page {
    examples: &[
        ("git chant work 010", "Start, check and merge."),
        ("git chant work 010 --onto fix/issue-1234 --timeout 30m", "For another branch, with a limit."),
        ("git chant work 010 --agent manual", "Do it yourself in the worktree, then git chant finish 010."),
        ("git chant work 010 --no-merge", "Look at the work before it is merged."),
    ],
    see_also: &["git-chant-finish", "git-chant-log", "git-chant-merge", "git-chant-reset", "git-worktree"],
};

/// Run a spec's checks and say what they find
///
/// Runs in the worktree of the last attempt, or at any revision. The status of the spec stays as it is.
#[derive(Args, Clone, Debug)]
pub struct VerifyArgs {
    /// The spec, by full or short id
    #[arg(value_name = "spec", required_unless_present = "all")]
    pub spec: Option<String>,

    /// Check every finished and completed spec that names commands
    #[arg(long, conflicts_with = "spec")]
    pub all: bool,

    /// Exit with 1 if a check failed, which is so without it, too: for those who expect to say so
    #[arg(long)]
    pub exit_code: bool,

    /// Check this revision instead of the worktree
    #[arg(long, value_name = "revision")]
    pub at: Option<String>,

    /// Run the commands that the spec names, though nobody has approved them here
    #[arg(long)]
    pub trust: bool,
}

/// Examples and neighbours of `verify`.
pub const VERIFY_PAGE: Page = Page {
    examples: &[
        ("git chant verify 010", "Is the work done?"),
        ("git chant verify 010 --at main", "Does the target still hold what the spec asks for?"),
        ("git chant verify --all --at HEAD --trust", "In CI: does everything still hold?"),
    ],
    see_also: &["git-chant-finish", "git-chant-show"],
};

/// Finish a spec that a person carried out
///
/// Runs the checks, records the outcome and merges, as git chant work does once its agent has ended. On a failed attempt it runs the
/// checks again in place, without the agent.
#[derive(Args, Clone, Debug)]
pub struct FinishArgs {
    /// The spec, by full or short id
    #[arg(value_name = "spec")]
    pub spec: String,

    /// A commit that is the work, where there is no worktree; may be repeated
    #[arg(long = "commit", value_name = "revision")]
    pub commits: Vec<String>,

    /// Record that it is finished; merge it later with git chant merge
    #[arg(long)]
    pub no_merge: bool,

    /// Run the commands that the spec names, though nobody has approved them here
    #[arg(long)]
    pub trust: bool,
}

/// Examples and neighbours of `finish`.
pub const FINISH_PAGE: Page = Page {
    examples: &[
        ("git chant finish 010", "The work in its worktree is done."),
        ("git chant finish 010 --commit HEAD", "The work is the commit that you just made."),
    ],
    see_also: &["git-chant-fail", "git-chant-merge", "git-chant-work"],
};

/// Merge finished work into its target
///
/// The merge is made apart from your files, in the way that chant.merge says. A target that is checked out moves forward only if
/// nothing uncommitted is in the way. A conflict is reported with its paths: the spec stays finished, and no tree is left half merged.
///
/// A conflict is resolved in the worktree of the spec: merge the target into its branch there (or rebase it), then run this again.
/// What has moved is checked again before it is merged. With --agent an agent does that: the target is merged into the branch in that
/// worktree, the agent is told what both sides wanted, and what it makes of it is checked and merged. If it fails, branch and worktree
/// are set back, and what it did is kept.
#[derive(Args, Clone, Debug)]
pub struct MergeArgs {
    /// The spec, by full or short id
    #[arg(value_name = "spec")]
    pub spec: String,

    /// Merge into <branch> instead of the recorded target
    #[arg(long, value_name = "branch")]
    pub onto: Option<String>,

    /// Have an agent resolve a conflict: one of chant.agent.<name> [default: the spec's, then chant.agent]
    #[arg(long, value_name = "name")]
    pub agent: Option<Option<String>>,

    /// Run the commands and prompts that the spec names, though nobody has approved them here
    #[arg(long)]
    pub trust: bool,
}

/// Examples and neighbours of `merge`.
pub const MERGE_PAGE: Page = Page {
    examples: &[
        ("git chant merge 010", "Into the target that was recorded when work began."),
        ("git chant merge 010 --onto fix/issue-1234", "Into another branch."),
        ("git chant merge 010 --agent", "Have a conflict resolved, checked and merged."),
    ],
    see_also: &["git-chant-finish", "git-chant-work", "git-merge"],
};

/// Split a spec into members
///
/// A spec with members is a driver: its members, <id>.1 and on, are worked in the order of their dependencies, and it completes with the
/// last of them. The parts come from the headings of the spec ("## <title>"), or from an agent, whose proposal is shown and asked about.
#[derive(Args, Clone, Debug)]
pub struct SplitArgs {
    /// The spec, by full or short id
    #[arg(value_name = "spec")]
    pub spec: String,

    /// Make a member of each heading of the second level
    #[arg(long)]
    pub by_heading: bool,

    /// The agent to ask
    #[arg(long, value_name = "name", conflicts_with = "by_heading")]
    pub agent: Option<String>,

    /// Take the agent's proposal without asking
    #[arg(short = 'y', long, conflicts_with = "by_heading")]
    pub yes: bool,
}

/// Examples and neighbours of `split`.
pub const SPLIT_PAGE: Page = Page {
    examples: &[
        ("git chant split 010 --by-heading", "Each '## ...' becomes a member."),
        ("git chant add \"And this\" --member-of 010", "One more."),
    ],
    see_also: &["git-chant-add", "git-chant-graph", "git-chant-work"],
};
