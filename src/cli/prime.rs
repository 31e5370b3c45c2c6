//! `git chant prime`.

use clap::Args;

use super::page::Page;

/// Tell an agent what it needs to know about the specs here
///
/// Prints what git-chant is for, the commands that an agent needs, and what runs, waits and is ready now, in no more than 2000 bytes
/// (about 500 tokens). Inside a run of git chant work it tells of that spec instead. Where a repository has no specs it prints nothing.
///
/// git chant init --agent <name> has AGENTS.md or CLAUDE.md tell agents to run it. With --hook-json it is for a hook of the agent at the
/// beginning of a session, which needs no such line; the form is that of Claude Code, which others take, too.
#[derive(Args, Clone, Debug)]
pub(crate) struct PrimeArgs {
    /// Print a JSON object as session-start hooks of agents give it; outside of a repository, nothing
    #[arg(long)]
    pub hook_json: bool,
}

/// Examples and neighbours of `prime`.
pub(crate) const PAGE: Page = Page {
    examples: &[
        ("git chant prime", "What an agent is told."),
        ("git chant prime --hook-json", "The command for a SessionStart hook, in .claude/settings.json, say."),
    ],
    see_also: &["git-chant-init", "git-chant-ready", "git-chant-work"],
};
