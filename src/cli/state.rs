//! The commands by which a person changes a spec's state: `reset`, `fail`, `cancel`, `resolve`, `release`, and the decisions
//! `approve`, `reject`, `ack`.

use clap::Args;

use super::page::Page;

/// Reset a spec to pending
///
/// Ends its attempt and keeps it: the attempt's commits and uncommitted changes stay reachable under refs/chant-local/attempts. The next
/// git chant work starts over.
#[derive(Args, Clone, Debug)]
pub(crate) struct ResetArgs {
    /// Name a spec by full or short id
    #[arg(value_name = "spec")]
    pub spec: String,

    /// Record why, in one line
    #[arg(short = 'm', long, value_name = "text")]
    pub reason: Option<String>,
}

/// Examples and neighbours of `reset`.
pub(crate) const RESET_PAGE: Page = Page {
    examples: &[
        ("git chant reset 010", "Start over after a failure."),
        ("git chant reset 010 -m \"wrong approach\"", "Record the reason."),
    ],
    see_also: &["git-chant-cancel", "git-chant-release", "git-chant-work"],
};

/// Pause an attempt
///
/// Stops the agent, if it runs in this clone, and keeps its worktree with all uncommitted changes. If git-chant waits for a rate limit to
/// pass, the wait ends. git chant work resumes the attempt and tells the agent what was done.
#[derive(Args, Clone, Debug)]
pub(crate) struct PauseArgs {
    /// Name a spec by full or short id
    #[arg(value_name = "spec")]
    pub spec: String,

    /// Record why, in one line
    #[arg(short = 'm', long, value_name = "text")]
    pub reason: Option<String>,
}

/// Examples and neighbours of `pause`.
pub(crate) const PAUSE_PAGE: Page = Page {
    examples: &[("git chant pause 010", "Stop the agent and keep its work."), ("git chant work 010", "Resume it.")],
    see_also: &["git-chant-reset", "git-chant-takeover", "git-chant-work"],
};

/// Take over an attempt by hand
///
/// Stops the agent, if it runs in this clone, prints what was done, and hands you the worktree. When you are done, git chant finish checks
/// and merges the work.
#[derive(Args, Clone, Debug)]
pub(crate) struct TakeoverArgs {
    /// Name a spec by full or short id
    #[arg(value_name = "spec")]
    pub spec: String,

    /// Record why, in one line
    #[arg(short = 'm', long, value_name = "text")]
    pub reason: Option<String>,
}

/// Examples and neighbours of `takeover`.
pub(crate) const TAKEOVER_PAGE: Page = Page {
    examples: &[
        ("git chant takeover 010", "Stop the agent and see its work."),
        ("cd \"$(git chant path 010)\"", "Change to the worktree."),
    ],
    see_also: &["git-chant-finish", "git-chant-pause", "git-chant-path"],
};

/// Record that a spec failed
///
/// An agent can fail the attempt that it works on: its message is recorded, and the attempt fails when the agent ends.
#[derive(Args, Clone, Debug)]
pub(crate) struct FailArgs {
    /// Name a spec by full or short id
    #[arg(value_name = "spec")]
    pub spec: String,

    /// Record why, in one line
    #[arg(short = 'm', long, value_name = "text")]
    pub reason: String,

    /// Report that the spec's research is wrong or insufficient
    ///
    /// Use it when the recommended approach does not work: stop, say why, and repeat the research.
    #[arg(long)]
    pub research_insufficient: bool,
}

/// Examples and neighbours of `fail`.
pub(crate) const FAIL_PAGE: Page = Page {
    examples: &[(
        "git chant fail 010 --research-insufficient -m \"Lock is not reentrant\"",
        "The recommended fix does not work.",
    )],
    see_also: &["git-chant-cancel", "git-chant-finish", "git-chant-reset"],
};

/// Add a remark to the history of a spec
///
/// A note changes no state. git chant log and show print it, and the next agent of the spec is told. An agent can add notes to its own
/// spec.
#[derive(Args, Clone, Debug)]
pub(crate) struct NoteArgs {
    /// Name a spec by full or short id
    #[arg(value_name = "spec")]
    pub spec: String,

    /// Set the remark, one line
    #[arg(short = 'm', long, value_name = "text")]
    pub message: String,
}

/// Examples and neighbours of `note`.
pub(crate) const NOTE_PAGE: Page = Page {
    examples: &[("git chant note 010 -m \"write() takes the lock twice\"", "Tell people and the next attempt.")],
    see_also: &["git-chant-fail", "git-chant-log", "git-chant-show"],
};

/// Cancel a spec
///
/// The spec will not be done. Its history stays.
#[derive(Args, Clone, Debug)]
pub(crate) struct CancelArgs {
    /// Name a spec by full or short id
    #[arg(value_name = "spec")]
    pub spec: String,

    /// Record why, in one line
    #[arg(short = 'm', long, value_name = "text")]
    pub reason: Option<String>,
}

/// Examples and neighbours of `cancel`.
pub(crate) const CANCEL_PAGE: Page = Page {
    examples: &[("git chant cancel 010 -m \"works as intended\"", "Cancel it and record why.")],
    see_also: &["git-chant-archive", "git-chant-reset"],
};

/// Approve a spec, or its finished work
///
/// Before work starts, approves the text of the spec; a later edit needs a new approval. Once the spec is finished, approves its work, at
/// the commit that git chant review shows; new commits need a new approval.
#[derive(Args, Clone, Debug)]
pub(crate) struct ApproveArgs {
    /// Name a spec by full or short id
    #[arg(value_name = "spec")]
    pub spec: String,

    /// Record why, in one line
    #[arg(short = 'm', long, value_name = "text")]
    pub reason: Option<String>,

    /// Name the newest commit that you reviewed; fail if the work has a newer one
    #[arg(long, value_name = "commit")]
    pub commit: Option<String>,
}

/// Examples and neighbours of `approve`.
pub(crate) const APPROVE_PAGE: Page = Page {
    examples: &[
        ("git chant approve 010", "Allow work to start, or finished work to be merged."),
        ("git chant approve 010 --commit 3f2a91c", "Allow the merge if the work still ends with that commit."),
    ],
    see_also: &["git-chant-list", "git-chant-reject", "git-chant-review", "gitchant-security"],
};

/// Reject a spec, or its finished work
///
/// Rejected work counts as failed. The next attempt is told the reason, also where the work had failed already. A rejected spec waits until
/// it is approved.
#[derive(Args, Clone, Debug)]
pub(crate) struct RejectArgs {
    /// Name a spec by full or short id
    #[arg(value_name = "spec")]
    pub spec: String,

    /// Record why, in one line
    #[arg(short = 'm', long, value_name = "text")]
    pub reason: String,

    /// Name the newest commit that you reviewed; fail if the work has a newer one
    #[arg(long, value_name = "commit")]
    pub commit: Option<String>,
}

/// Examples and neighbours of `reject`.
pub(crate) const REJECT_PAGE: Page = Page {
    examples: &[("git chant reject 010 -m \"split the batch path off\"", "Tell the author what to change.")],
    see_also: &["git-chant-approve", "git-chant-edit", "git-chant-review"],
};

/// Accept a change that stopped a merge
///
/// git-chant reports changes to refs, configuration or hooks that no event explains, and does not merge until a person has accepted them.
/// A held test that no longer fits stops the merge as well.
///
/// What changed in your home directory while an agent ran is hidden from checks, also where you changed it. This takes it over as yours, as it is
/// now, and names it: later checks find it.
#[derive(Args, Clone, Debug)]
pub(crate) struct AcceptArgs {
    /// Name a spec by full or short id
    #[arg(value_name = "spec")]
    pub spec: String,

    /// Record why it is acceptable, in one line
    #[arg(short = 'm', long, value_name = "text")]
    pub reason: String,
}

/// Examples and neighbours of `accept`.
pub(crate) const ACCEPT_PAGE: Page = Page {
    examples: &[("git chant accept 010 -m \"I set core.editor myself\"", "The change was mine, not the agent's.")],
    see_also: &["git-chant-merge", "git-chant-show"],
};

/// Choose which of several attempts counts
///
/// If two people work on one spec in separate clones, the spec is contended. This records which attempt is kept; the others stay in the
/// history.
#[derive(Args, Clone, Debug)]
pub(crate) struct ChooseArgs {
    /// Name a spec by full or short id
    #[arg(value_name = "spec")]
    pub spec: String,

    /// Keep the attempt whose start event has this id or prefix
    #[arg(long, value_name = "attempt")]
    pub keep: String,

    /// Record why, in one line
    #[arg(short = 'm', long, value_name = "text")]
    pub reason: Option<String>,
}

/// Examples and neighbours of `choose`.
pub(crate) const CHOOSE_PAGE: Page = Page {
    examples: &[("git chant choose 010 --keep 3f2a91c", "git chant show 010 lists the attempts.")],
    see_also: &["git-chant-log", "git-chant-show"],
};

/// Release another person's or process's claim on a spec
///
/// Use it if the owner of the claim will not continue. The spec becomes pending; its former owner sees who released it and why.
#[derive(Args, Clone, Debug)]
pub(crate) struct ReleaseArgs {
    /// Name a spec by full or short id
    #[arg(value_name = "spec")]
    pub spec: String,

    /// Record why, in one line
    #[arg(short = 'm', long, value_name = "text")]
    pub reason: Option<String>,
}

/// Examples and neighbours of `release`.
pub(crate) const RELEASE_PAGE: Page = Page {
    examples: &[("git chant release 010 -m \"on leave until May\"", "Let another person work on it.")],
    see_also: &["git-chant-reset", "git-chant-work"],
};
