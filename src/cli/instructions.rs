//! `git chant instructions`.

use clap::Args;

use super::page::Page;

/// Print what an agent needs to know about the specs here
///
/// Prints the purpose of git-chant, the commands that an agent needs, and what is running, blocked and ready, in at most 2000 bytes (about
/// 500 tokens). Inside a run of git chant work it describes that spec instead. Prints nothing in a repository without specs.
///
/// git chant init --agent <name> adds a line to AGENTS.md or CLAUDE.md that tells agents to run it. --hook-json is for a hook that runs at
/// the start of an agent's session; such a hook needs no such line. Its format is that of Claude Code, which other agents accept as well.
#[derive(Args, Clone, Debug)]
pub(crate) struct InstructionsArgs {
    /// Print the JSON object of a session-start hook; outside a repository, print nothing
    #[arg(long)]
    pub hook_json: bool,
}

/// Examples and neighbours of `instructions`.
pub(crate) const PAGE: Page = Page {
    examples: &[
        ("git chant instructions", "Print it."),
        ("git chant instructions --hook-json", "For a SessionStart hook, for example in .claude/settings.json."),
    ],
    see_also: &["git-chant-init", "git-chant-list", "git-chant-work"],
};
