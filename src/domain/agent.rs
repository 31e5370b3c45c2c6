//! The names of the agents that git-chant knows how to run; how each is run is in `agent::preset`.

/// The names, sorted.
pub(crate) const KNOWN: [&str; 11] = [
    "aider",
    "claude",
    "claude-acp",
    "codex",
    "codex-acp",
    "cursor-agent",
    "gemini",
    "gemini-acp",
    "goose",
    "opencode",
    "opencode-acp",
];

/// The name that stands for a person who works by hand.
pub(crate) const MANUAL: &str = "manual";
