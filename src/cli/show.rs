//! The commands that look at one spec: `show`, `edit`, `log`, `path`.

use clap::Args;

use super::page::Page;

/// Show a spec with its recorded state
///
/// Prints what the spec's file says with the recorded state laid over it, its criteria, the checks of its last attempt, what it
/// depends on and is informed by, and its history.
#[derive(Args, Clone, Debug)]
pub(crate) struct ShowArgs {
    /// The specs, by full or short id
    #[arg(value_name = "spec", required = true)]
    pub specs: Vec<String>,

    /// Print what the work of the spec changes, too, as a patch
    #[arg(long)]
    pub diff: bool,
}

/// Examples and neighbours of `show`.
pub(crate) const SHOW_PAGE: Page = Page {
    examples: &[
        ("git chant show 010", "By a short id; 010-v7b and v7b name the same spec."),
        ("git chant show 010 --diff", "With the changes of its last attempt."),
        ("git chant show 010 --json", "The same for a script."),
    ],
    see_also: &["git-chant-list", "git-chant-log", "gitchant-format"],
};

/// Look at the work of a finished spec
///
/// Prints the spec with its checks and what its work changes, in git's pager at a terminal. Then git chant approve lets the work be
/// merged, and git chant reject sends your reason to the next attempt. chant.review says which specs wait for that.
///
/// With --agent another agent reads the work, in a checkout that it cannot change. What it says is recorded as a remark: it is evidence,
/// and no approval.
#[derive(Args, Clone, Debug)]
pub(crate) struct ReviewArgs {
    /// The spec, by full or short id
    #[arg(value_name = "spec")]
    pub spec: String,

    /// Have this agent read it, one of chant.agent.<name>
    #[arg(long, value_name = "name")]
    pub agent: Option<String>,
}

/// Examples and neighbours of `review`.
pub(crate) const REVIEW_PAGE: Page = Page {
    examples: &[
        ("git chant review 010", "What did it change, and what was checked?"),
        ("git chant approve 010 --commit 3f2a91c", "That commit may be merged."),
        ("git chant review 010 --agent claude", "Another pair of eyes first."),
    ],
    see_also: &["git-chant-approve", "git-chant-reject", "git-chant-show", "gitchant-security"],
};

/// Open a spec in the editor
///
/// Uses the editor that git uses, see git-var(1), and checks the spec afterwards.
#[derive(Args, Clone, Debug)]
pub(crate) struct EditArgs {
    /// The spec, by full or short id
    #[arg(value_name = "spec")]
    pub spec: String,
}

/// Examples and neighbours of `edit`.
pub(crate) const EDIT_PAGE: Page = Page {
    examples: &[("git chant edit 010", "Change the spec's file.")],
    see_also: &["git-chant-lint", "git-var", "gitchant-spec"],
};

/// Show what happened to a spec
///
/// Prints its events, newest first: who did what, when and why. The same history is there for git itself in the ref
/// chant/specs/<id>.
#[derive(Args, Clone, Debug)]
pub(crate) struct LogArgs {
    /// The spec, by full or short id
    #[arg(value_name = "spec")]
    pub spec: String,

    /// Print the transcript of the agent instead
    ///
    /// Transcripts are kept in this clone only.
    #[arg(long)]
    pub agent: bool,

    /// Print the transcript of the agent, and go on with what is added until interrupted or the attempt ends
    #[arg(short = 'f', long)]
    pub follow: bool,

    /// Print all that the commands of the last checks printed instead
    ///
    /// It is kept in this clone only, of each command the last 8 MiB.
    #[arg(long, conflicts_with_all = ["agent", "follow"])]
    pub checks: bool,

    /// Only this attempt, by the id of its start event or a prefix of it; with --agent and --checks the last one is taken if none is named
    #[arg(long, value_name = "attempt")]
    pub attempt: Option<String>,

    /// Say of each event whether its signature is good, and whose it is
    #[arg(long, conflicts_with_all = ["agent", "follow", "checks"])]
    pub show_signature: bool,

    /// Only the last <number> events, or lines of what is printed instead
    #[arg(short = 'n', long, value_name = "number")]
    pub max_count: Option<usize>,
}

/// Examples and neighbours of `log`.
pub(crate) const LOG_PAGE: Page = Page {
    examples: &[
        ("git chant log 010", "The spec's life."),
        ("git chant log 010 --agent -f", "Watch the agent at work."),
        ("git chant log 010 --checks", "What did its checks print?"),
        ("git chant log 010 --show-signature", "Who signed what of it?"),
        ("git log --first-parent chant/specs/2026-02-08-010-v7b", "The same events by git alone."),
        ("git log --graph chant/specs/2026-02-08-010-v7b", "With the trail of specs that inform it."),
    ],
    see_also: &["git-chant-show", "git-log", "gitchant-format"],
};

/// Print the path of a spec's worktree
#[derive(Args, Clone, Debug)]
pub(crate) struct PathArgs {
    /// The spec, by full or short id
    #[arg(value_name = "spec")]
    pub spec: String,
}

/// Examples and neighbours of `path`.
pub(crate) const PATH_PAGE: Page = Page {
    examples: &[("cd \"$(git chant path 010)\"", "Go where the agent worked.")],
    see_also: &["git-chant-work", "git-worktree"],
};

/// Show why a commit or a line is there
///
/// Finds the spec that a commit came from, what was checked, and the research behind it with what it recommended, the nearest first.
/// What events record is certain; the same change under another commit id (after an amend, a rebase, a cherry-pick) is found by its
/// patch; where only a note or the commit's own message names a spec, that is said. Exits with 1 if no spec is found.
#[derive(Args, Clone, Debug)]
pub(crate) struct WhyArgs {
    /// A commit, a path, <path>:<line>, or <rev>:<path>:<line>
    #[arg(value_name = "what")]
    pub what: String,
}

/// Examples and neighbours of `why`.
pub(crate) const WHY_PAGE: Page = Page {
    examples: &[
        ("git chant why src/storage/store.rs:42", "Who asked for this line, and what for?"),
        ("git chant why HEAD~3", "Where does this commit come from?"),
    ],
    see_also: &["git-chant-log", "git-chant-show", "git-blame"],
};
