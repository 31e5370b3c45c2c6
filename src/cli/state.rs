//! The commands by which a person changes a spec's state: `reset`, `fail`, `cancel`, `resolve`, `release`, and the decisions
//! `approve`, `reject`, `ack`.

use clap::Args;

use super::page::Page;

/// Take a spec back to pending
///
/// Ends what is left of its attempt. The attempt is kept: its commits, those it had not made yet among them, stay reachable under
/// refs/chant-local/attempts, and the next git chant work begins anew.
#[derive(Args, Clone, Debug)]
pub(crate) struct ResetArgs {
    /// The spec, by full or short id
    #[arg(value_name = "spec")]
    pub spec: String,

    /// Why, one line, for the record
    #[arg(short = 'm', long, value_name = "text")]
    pub reason: Option<String>,
}

/// Examples and neighbours of `reset`.
pub(crate) const RESET_PAGE: Page = Page {
    examples: &[
        ("git chant reset 010", "After a failure, or after a crash."),
        ("git chant reset 010 -m \"wrong approach\"", "With the reason on record."),
    ],
    see_also: &["git-chant-cancel", "git-chant-release", "git-chant-work"],
};

/// Stop an attempt where it is
///
/// Ends the agent, if one runs in this clone, and keeps its worktree as it is, what is not committed in it included. git chant work
/// goes on with the attempt: the agent is told what was done so far.
#[derive(Args, Clone, Debug)]
pub(crate) struct PauseArgs {
    /// The spec, by full or short id
    #[arg(value_name = "spec")]
    pub spec: String,

    /// Why, one line, for the record
    #[arg(short = 'm', long, value_name = "text")]
    pub reason: Option<String>,
}

/// Examples and neighbours of `pause`.
pub(crate) const PAUSE_PAGE: Page = Page {
    examples: &[("git chant pause 010", "The agent ends; its work stays."), ("git chant work 010", "It goes on.")],
    see_also: &["git-chant-reset", "git-chant-takeover", "git-chant-work"],
};

/// Go on by hand with what an agent has begun
///
/// Ends the agent, if one runs in this clone, says what was done so far, and hands you its worktree. When you are done, git chant
/// finish checks and merges the work.
#[derive(Args, Clone, Debug)]
pub(crate) struct TakeoverArgs {
    /// The spec, by full or short id
    #[arg(value_name = "spec")]
    pub spec: String,

    /// Why, one line, for the record
    #[arg(short = 'm', long, value_name = "text")]
    pub reason: Option<String>,
}

/// Examples and neighbours of `takeover`.
pub(crate) const TAKEOVER_PAGE: Page = Page {
    examples: &[
        ("git chant takeover 010", "What has it done, and where?"),
        ("cd \"$(git chant path 010)\"", "Go there."),
    ],
    see_also: &["git-chant-finish", "git-chant-pause", "git-chant-path"],
};

/// Record that a spec failed
///
/// An agent can fail the attempt that it works on: its words are recorded, and the attempt has failed when the agent ends.
#[derive(Args, Clone, Debug)]
pub(crate) struct FailArgs {
    /// The spec, by full or short id
    #[arg(value_name = "spec")]
    pub spec: String,

    /// Why, one line, for the record
    #[arg(short = 'm', long, value_name = "text")]
    pub reason: String,

    /// The research that informs it does not carry the work: what it says is missing or wrong
    ///
    /// For the case that the recommended approach turns out not to work: stop, say why, and research again.
    #[arg(long)]
    pub research_insufficient: bool,
}

/// Examples and neighbours of `fail`.
pub(crate) const FAIL_PAGE: Page = Page {
    examples: &[(
        "git chant fail 010 --research-insufficient -m \"Lock is not reentrant\"",
        "The fix can't be made as the root cause analysis recommends.",
    )],
    see_also: &["git-chant-cancel", "git-chant-finish", "git-chant-reset"],
};

/// Add a remark to the history of a spec
///
/// A note changes nothing. git chant log and show have it, and the next agent of the spec is told of it. An agent can note things about
/// the spec that it works on.
#[derive(Args, Clone, Debug)]
pub(crate) struct NoteArgs {
    /// The spec, by full or short id
    #[arg(value_name = "spec")]
    pub spec: String,

    /// The remark, one line
    #[arg(short = 'm', long, value_name = "text")]
    pub message: String,
}

/// Examples and neighbours of `note`.
pub(crate) const NOTE_PAGE: Page = Page {
    examples: &[(
        "git chant note 010 -m \"write() takes the lock twice\"",
        "For the record, and for the next attempt.",
    )],
    see_also: &["git-chant-fail", "git-chant-log", "git-chant-show"],
};

/// Give a spec up
#[derive(Args, Clone, Debug)]
pub(crate) struct CancelArgs {
    /// The spec, by full or short id
    #[arg(value_name = "spec")]
    pub spec: String,

    /// Why, one line, for the record
    #[arg(short = 'm', long, value_name = "text")]
    pub reason: Option<String>,
}

/// Examples and neighbours of `cancel`.
pub(crate) const CANCEL_PAGE: Page = Page {
    examples: &[("git chant cancel 010 -m \"works as intended\"", "It will not be done, and this is why.")],
    see_also: &["git-chant-archive", "git-chant-reset"],
};

/// Approve a spec as it stands, or its finished work
///
/// Before the work, the approval is about the text of the spec: a later edit needs another. Once the spec is finished, it is about its
/// work, for the commit that git chant review shows: new commits need another.
#[derive(Args, Clone, Debug)]
pub(crate) struct ApproveArgs {
    /// The spec, by full or short id
    #[arg(value_name = "spec")]
    pub spec: String,

    /// Why, one line, for the record
    #[arg(short = 'm', long, value_name = "text")]
    pub reason: Option<String>,

    /// The newest commit of the work that you have looked at; fail if it has another by now
    #[arg(long, value_name = "commit")]
    pub commit: Option<String>,
}

/// Examples and neighbours of `approve`.
pub(crate) const APPROVE_PAGE: Page = Page {
    examples: &[
        ("git chant approve 010", "Work on it may start; if it is finished, its work may be merged."),
        ("git chant approve 010 --commit 3f2a91c", "The work may be merged if it still ends with that commit."),
    ],
    see_also: &["git-chant-ready", "git-chant-reject", "git-chant-review", "gitchant-security"],
};

/// Refuse to approve a spec as it stands, or its finished work
///
/// The work of a finished spec that is rejected has failed. The next attempt is told the reason.
#[derive(Args, Clone, Debug)]
pub(crate) struct RejectArgs {
    /// The spec, by full or short id
    #[arg(value_name = "spec")]
    pub spec: String,

    /// Why, one line, for the record
    #[arg(short = 'm', long, value_name = "text")]
    pub reason: String,

    /// The newest commit of the work that you have looked at; fail if it has another by now
    #[arg(long, value_name = "commit")]
    pub commit: Option<String>,
}

/// Examples and neighbours of `reject`.
pub(crate) const REJECT_PAGE: Page = Page {
    examples: &[("git chant reject 010 -m \"split the batch path off\"", "The author knows what to change.")],
    see_also: &["git-chant-approve", "git-chant-edit", "git-chant-review"],
};

/// Accept what a run or a check was stopped by
///
/// A change of the repository's refs, configuration or hooks that no event explains is named and stops the merge until a person
/// has looked at it.
#[derive(Args, Clone, Debug)]
pub(crate) struct AckArgs {
    /// The spec, by full or short id
    #[arg(value_name = "spec")]
    pub spec: String,

    /// Why it is in order, one line, for the record
    #[arg(short = 'm', long, value_name = "text")]
    pub reason: String,
}

/// Examples and neighbours of `ack`.
pub(crate) const ACK_PAGE: Page = Page {
    examples: &[("git chant ack 010 -m \"I set core.editor meanwhile\"", "The change was mine, not the agent's.")],
    see_also: &["git-chant-merge", "git-chant-show"],
};

/// Say which of several attempts counts
///
/// Two people who worked one spec in clones of their own leave it contended. This records which attempt is kept; the others stay in
/// the history.
#[derive(Args, Clone, Debug)]
pub(crate) struct ResolveArgs {
    /// The spec, by full or short id
    #[arg(value_name = "spec")]
    pub spec: String,

    /// The attempt that counts, by the id of its start event or a prefix of it
    #[arg(long, value_name = "attempt")]
    pub keep: String,

    /// Why, one line, for the record
    #[arg(short = 'm', long, value_name = "text")]
    pub reason: Option<String>,
}

/// Examples and neighbours of `resolve`.
pub(crate) const RESOLVE_PAGE: Page = Page {
    examples: &[("git chant resolve 010 --keep 3f2a91c", "git chant show 010 names the attempts.")],
    see_also: &["git-chant-log", "git-chant-show"],
};

/// Release a spec that another person or process has claimed
///
/// For a claim whose owner will not go on. It is pending again, and its former owner sees who released it and why.
#[derive(Args, Clone, Debug)]
pub(crate) struct ReleaseArgs {
    /// The spec, by full or short id
    #[arg(value_name = "spec")]
    pub spec: String,

    /// Why, one line, for the record
    #[arg(short = 'm', long, value_name = "text")]
    pub reason: Option<String>,
}

/// Examples and neighbours of `release`.
pub(crate) const RELEASE_PAGE: Page = Page {
    examples: &[("git chant release 010 -m \"on leave until May\"", "Another person can take it.")],
    see_also: &["git-chant-reset", "git-chant-work"],
};
