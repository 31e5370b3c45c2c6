//! The commands that look at one spec: `show`, `edit`, `log`, `path`.

use clap::Args;

use super::page::Page;

/// Show a spec with its recorded state
///
/// Prints the spec's file with its recorded state, criteria, the checks of its last attempt, dependencies, inputs and history.
#[derive(Args, Clone, Debug)]
pub(crate) struct ShowArgs {
    /// Name specs by full or short id
    #[arg(value_name = "spec", required = true)]
    pub specs: Vec<String>,

    /// Also print the changes of the work as a patch
    #[arg(long)]
    pub diff: bool,
}

/// Examples and neighbours of `show`.
pub(crate) const SHOW_PAGE: Page = Page {
    examples: &[
        ("git chant show 010", "010-v7b and v7b name the same spec."),
        ("git chant show 010 --diff", "Include the changes of its last attempt."),
        ("git chant show 010 --json", "Print it for a script."),
    ],
    see_also: &["git-chant-list", "git-chant-log", "gitchant-format"],
};

/// Review the work of a finished spec
///
/// Prints the spec, its checks and its changes, in git's pager at a terminal. Afterwards git chant approve lets git-chant merge the work,
/// and git chant reject passes your reason to the next attempt. chant.review selects the specs that wait for a review.
///
/// With --agent another agent reads the work in a read-only checkout. Its findings are recorded as a remark, which git chant show, git chant
/// log and the next attempt quote: they are evidence, not an approval.
#[derive(Args, Clone, Debug)]
pub(crate) struct ReviewArgs {
    /// Name a spec by full or short id
    #[arg(value_name = "spec")]
    pub spec: String,

    /// Have this agent read it, one of chant.agent.<name>
    #[arg(long, value_name = "name")]
    pub agent: Option<String>,
}

/// Examples and neighbours of `review`.
pub(crate) const REVIEW_PAGE: Page = Page {
    examples: &[
        ("git chant review 010", "Show its changes and checks."),
        ("git chant approve 010 --commit 3f2a91c", "Allow the merge of that commit."),
        ("git chant review 010 --agent claude", "Have another agent review it first."),
    ],
    see_also: &["git-chant-approve", "git-chant-reject", "git-chant-show", "gitchant-security"],
};

/// Edit a spec
///
/// Opens it in git's editor, see git-var(1), and checks it afterwards.
#[derive(Args, Clone, Debug)]
pub(crate) struct EditArgs {
    /// Name a spec by full or short id
    #[arg(value_name = "spec")]
    pub spec: String,
}

/// Examples and neighbours of `edit`.
pub(crate) const EDIT_PAGE: Page = Page {
    examples: &[("git chant edit 010", "Change the spec's file.")],
    see_also: &["git-chant-lint", "git-var", "gitchant-spec"],
};

/// Show the history of a spec
///
/// Prints its events, newest first: who did what, when and why. Git itself shows the same history: git log chant/specs/<id>.
#[derive(Args, Clone, Debug)]
pub(crate) struct LogArgs {
    /// Name a spec by full or short id
    #[arg(value_name = "spec")]
    pub spec: String,

    /// Print the agent's transcript instead
    ///
    /// This clone keeps transcripts only of its own runs.
    #[arg(long)]
    pub agent: bool,

    /// Print the agent's transcript and follow it until the attempt ends
    #[arg(short = 'f', long)]
    pub follow: bool,

    /// Print the whole output of the last checks instead
    ///
    /// This clone keeps the last 8 MiB for each command of its own checks.
    #[arg(long, conflicts_with_all = ["agent", "follow"])]
    pub checks: bool,

    /// Print only the attempt whose start event has this id or prefix [default with --agent and --checks: the last attempt]
    #[arg(long, value_name = "attempt")]
    pub attempt: Option<String>,

    /// Show for each event whether its signature is good, and whose it is
    #[arg(long, conflicts_with_all = ["agent", "follow", "checks"])]
    pub show_signature: bool,

    /// Print only the last <number> events or lines
    #[arg(short = 'n', long, value_name = "number")]
    pub max_count: Option<usize>,
}

/// Examples and neighbours of `log`.
pub(crate) const LOG_PAGE: Page = Page {
    examples: &[
        ("git chant log 010", "Show all its events."),
        ("git chant log 010 --agent -f", "Watch the agent."),
        ("git chant log 010 --checks", "Print the output of its checks."),
        ("git chant log 010 --show-signature", "Show the signatures of its events."),
        ("git log --first-parent chant/specs/2026-02-08-010-v7b", "Show the events with git alone."),
        ("git log --graph chant/specs/2026-02-08-010-v7b", "Include the specs that inform it."),
    ],
    see_also: &["git-chant-show", "git-log", "gitchant-format"],
};

/// Print the path of a spec's worktree
#[derive(Args, Clone, Debug)]
pub(crate) struct PathArgs {
    /// Name a spec by full or short id
    #[arg(value_name = "spec")]
    pub spec: String,
}

/// Examples and neighbours of `path`.
pub(crate) const PATH_PAGE: Page = Page {
    examples: &[("cd \"$(git chant path 010)\"", "Change to the agent's worktree.")],
    see_also: &["git-chant-work", "git-worktree"],
};

/// Show why a commit or a line exists
///
/// Finds the spec that a commit came from, its checks, and the research behind it with its recommendation, the nearest first. Events are
/// certain evidence. After an amend, rebase or cherry-pick, why finds the commit by its patch; after a squash, by the recorded lines, even if
/// upstream changed other lines or renamed a file. If several specs changed the same lines, why shows each. If only a note or the commit
/// message names the spec, why says so. Exits with status 1 if it finds no spec.
#[derive(Args, Clone, Debug)]
pub(crate) struct WhyArgs {
    /// Give a commit, a path, <path>:<line>, or <rev>:<path>:<line>
    #[arg(value_name = "what")]
    pub what: String,
}

/// Examples and neighbours of `why`.
pub(crate) const WHY_PAGE: Page = Page {
    examples: &[
        ("git chant why src/storage/store.rs:42", "Find the spec behind a line."),
        ("git chant why HEAD~3", "Find the spec behind a commit."),
    ],
    see_also: &["git-chant-log", "git-chant-show", "git-blame"],
};
