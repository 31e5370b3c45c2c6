//! `git chant init` and `git chant deinit`.

use clap::{Args, builder::PossibleValuesParser};

use super::page::Page;
use crate::domain::agent;

/// Prepare this repository for specs
///
/// Makes .chant/specs, and checks that no branch stands in the way of the work branches. Nothing is committed, no hook is installed
/// unless --hooks asks for it, and running it again changes nothing. Each change is named.
///
/// git-chant puts a note on each commit that a spec's work produced. git drops notes when a commit is amended or rebased unless it is
/// told not to: --notes sets notes.rewriteRef, notes.displayRef and notes.chant.mergeStrategy for this clone, beside what is set
/// already. At a terminal it is asked for. Without it, git chant why finds the rewritten commits by their changes.
///
/// In silent mode .chant/ is listed in the repository's own info/exclude file: specs and research stay out of every commit, and
/// other users of the repository see nothing of them.
#[derive(Args, Clone, Debug)]
pub(crate) struct InitArgs {
    /// Keep .chant/ out of every commit of this clone
    #[arg(long)]
    pub silent: bool,

    /// Have notes follow commits that are amended or rebased, and show them in git log
    #[arg(long)]
    pub notes: bool,

    /// Leave git's settings for notes as they are, and don't ask
    #[arg(long, conflicts_with = "notes")]
    pub no_notes: bool,

    /// Have git's hooks call git chant, as git chant hooks install does
    #[arg(long)]
    pub hooks: bool,

    /// Use this agent, and tell it of the specs
    ///
    /// Sets chant.agent unless it is set, and adds a line that says to run git chant prime to the file in which that agent looks for
    /// such things: CLAUDE.md, GEMINI.md, else AGENTS.md (where aider looks only if its configuration says so). git chant deinit takes
    /// the line out again.
    #[arg(long, value_name = "name", value_parser = PossibleValuesParser::new(agent::KNOWN))]
    pub agent: Option<String>,

    /// Only say what would be done
    #[arg(short = 'n', long)]
    pub dry_run: bool,
}

/// Examples and neighbours of `init`.
pub(crate) const PAGE: Page = Page {
    examples: &[
        ("git chant init", "Specs are tracked files, shared as any other."),
        ("git chant init --agent claude", "Claude Code carries out specs, and knows of them in its own sessions."),
        ("git chant init --notes", "And links to specs survive a rebase."),
        ("git chant init --silent", "Specs stay in this clone: for work on a repository of others."),
    ],
    see_also: &[
        "git-chant-add",
        "git-chant-deinit",
        "git-chant-demo",
        "git-chant-hooks",
        "git-chant-prime",
        "git-notes",
        "gitchant-workflow",
    ],
};

/// Take git-chant out of this clone
///
/// Undoes what git chant init has set: the settings for notes, the line in info/exclude, the line for agents, the calls in git's hooks.
/// The settings under chant.* in the clone's own configuration go, too, and those of git's colours, pager and hints for git chant; each
/// is named with its value. Specs and what is recorded of them stay, and so does everything that others have.
///
/// With --purge they go as well: every ref under refs/chant, refs/chant-local and refs/chant-remote, the notes, .chant/ in the work
/// tree, and transcripts. It is refused while a spec is being worked on or has a worktree. Work branches stay, and what was committed
/// or pushed.
#[derive(Args, Clone, Debug)]
pub(crate) struct DeinitArgs {
    /// Remove the specs and everything that is recorded of them, too
    ///
    /// It is asked for twice.
    #[arg(long)]
    pub purge: bool,

    /// With --purge, given twice: don't ask
    #[arg(long, action = clap::ArgAction::Count)]
    pub yes: u8,

    /// Only say what would be done
    #[arg(short = 'n', long)]
    pub dry_run: bool,
}

/// Examples and neighbours of `deinit`.
pub(crate) const DEINIT_PAGE: Page = Page {
    examples: &[
        ("git chant deinit --dry-run", "What is there of git-chant in this clone?"),
        ("git chant deinit", "Take the settings out; specs stay."),
        ("git chant deinit --purge --yes --yes", "Leave nothing, in a script."),
    ],
    see_also: &["git-chant-init", "git-config", "gitchant-config"],
};
