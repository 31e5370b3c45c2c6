//! The names of the agents that git-chant knows how to run; how each is run is in `agent::preset`.

/// The names, sorted.
pub(crate) const KNOWN: [&str; 7] = ["aider", "claude", "codex", "cursor-agent", "gemini", "goose", "opencode"];
