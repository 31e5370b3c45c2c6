//! `git chant init` and `git chant deinit`.

use clap::{Args, builder::PossibleValuesParser};

use super::page::Page;
use crate::domain::agent;

/// Prepare this repository for specs
///
/// Creates .chant/specs and checks that no branch blocks the work branches. Commits nothing, installs hooks only with --hooks, and reports
/// each change. Running it again changes nothing.
///
/// git-chant writes a note on each commit that a spec produced. Git drops notes when a commit is amended or rebased, unless it is
/// configured otherwise: --notes sets notes.rewriteRef, notes.displayRef and notes.chant.mergeStrategy for this clone, beside existing
/// values. At a terminal, init asks. Without these settings, git chant why finds rewritten commits by their patches.
///
/// In silent mode, this clone's info/exclude file lists .chant/. Specs and research stay out of every commit, and other users of the
/// repository do not see them.
#[derive(Args, Clone, Debug)]
pub(crate) struct InitArgs {
    /// Keep .chant/ out of every commit of this clone
    #[arg(long)]
    pub silent: bool,

    /// Keep notes on amended and rebased commits, and show them in git log
    #[arg(long)]
    pub notes: bool,

    /// Do not change git's settings for notes, and do not ask
    #[arg(long, conflicts_with = "notes")]
    pub no_notes: bool,

    /// Install hooks, as git chant hooks install does
    #[arg(long)]
    pub hooks: bool,

    /// Use this agent, and point it to the specs
    ///
    /// Sets chant.agent unless it is set. Adds a line to the file that the agent reads at the start of a session, CLAUDE.md, GEMINI.md or
    /// AGENTS.md; the line tells it to run git chant instructions. (aider reads that file only if its configuration says so.) If AGENTS.md
    /// exists and CLAUDE.md does not, Claude Code reads AGENTS.md, and the line goes there. git chant deinit removes the line. With manual,
    /// a person does the work by hand, and no file is changed.
    #[arg(long, value_name = "name", value_parser = PossibleValuesParser::new(agent::KNOWN.into_iter().chain([agent::MANUAL])))]
    pub agent: Option<String>,

    /// Give that agent a skill for adding, noting and failing specs
    ///
    /// Writes .claude/skills/git-chant/SKILL.md for Claude Code, .agents/skills/git-chant/SKILL.md for other agents. git chant deinit
    /// removes the file unless it was changed. At a terminal, init asks.
    #[arg(long, requires = "agent")]
    pub skill: bool,

    /// Show what would be done, and change nothing
    #[arg(short = 'n', long)]
    pub dry_run: bool,
}

/// Examples and neighbours of `init`.
pub(crate) const PAGE: Page = Page {
    examples: &[
        ("git chant init", "Specs are tracked files, shared like any other."),
        ("git chant init --agent claude", "Claude Code works on specs, and its own sessions know of them."),
        ("git chant init --notes", "Links to specs survive a rebase."),
        ("git chant init --silent", "Specs stay in this clone, for work on another project's repository."),
    ],
    see_also: &[
        "git-chant-add",
        "git-chant-deinit",
        "git-chant-demo",
        "git-chant-hooks",
        "git-chant-instructions",
        "git-notes",
        "gitchant-workflow",
    ],
};

/// Remove git-chant from this clone
///
/// Undoes what git chant init set: the settings for notes, the line in info/exclude, the line for agents, their skill, and the calls in
/// git's hooks. A skill that was changed stays. Also removes chant.* from the clone's configuration, and git's colour, pager and hint settings for git-chant; reports each with its
/// value. Specs and their histories stay, and so does everything that other clones have.
///
/// With --purge it removes those as well: every ref under refs/chant, refs/chant-local and refs/chant-remote, the notes, .chant/ in the
/// work tree, and transcripts. It refuses while a spec is in progress or has a worktree. Work branches, commits and pushed refs stay.
#[derive(Args, Clone, Debug)]
pub(crate) struct DeinitArgs {
    /// Remove the specs and their histories as well
    ///
    /// Asks twice.
    #[arg(long)]
    pub purge: bool,

    /// With --purge, give it twice to skip the questions
    #[arg(long, action = clap::ArgAction::Count)]
    pub yes: u8,

    /// Show what would be done, and change nothing
    #[arg(short = 'n', long)]
    pub dry_run: bool,
}

/// Examples and neighbours of `deinit`.
pub(crate) const DEINIT_PAGE: Page = Page {
    examples: &[
        ("git chant deinit --dry-run", "Show what would be removed."),
        ("git chant deinit", "Remove the settings and keep the specs."),
        ("git chant deinit --purge --yes --yes", "Remove everything, in a script."),
    ],
    see_also: &["git-chant-init", "git-config", "gitchant-config"],
};
