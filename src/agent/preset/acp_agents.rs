//! The known agents by way of the Agent Client Protocol: Claude (claude-agent-acp 0.49.0 and 0.101.0), Codex (codex-acp 0.16 and 2.6.0), Gemini CLI
//! 0.61.0 and opencode 1.18.33. What they understand is one driver's, see `acp`.

use serde_json::Value;

use super::{EventReader, ParsedOutput, Preset, Protocol, claude, codex, gemini, opencode};

/// Nothing is read of an agent that is not talked to.
struct Silent;

impl EventReader for Silent {
    fn event(&mut self, _: &Value, _: &mut ParsedOutput) -> bool {
        false
    }
}

/// What an agent is by way of the protocol: as it is otherwise, except how it is run.
const fn talking(of: Preset, name: &'static str, program: &'static str, start: &'static str) -> Preset {
    Preset {
        name,
        program,
        start,
        resume: None,
        protocol: Protocol::Acp,
        options: &[],
        own_sandbox: None,
        stopped_by: |_| None,
        reader: |_| Box::new(Silent),
        ..of
    }
}

/// Claude Code, by the adapter of the protocol's own project.
pub(super) const CLAUDE: Preset = talking(claude::PRESET, "claude-acp", "claude-agent-acp", "claude-agent-acp");

/// Codex, by the adapter of Zed (0.16) or that of the protocol's own project, which took its name: one is set by options, the other by its
/// environment. The newer one has the model review what it asks for, unless it is in this mode. Without a sandbox of its own, which may not
/// start within another, it asks for little or nothing; what it does then is in the sandbox around it.
pub(super) const CODEX: Preset = Preset {
    own_sandbox: Some((
        "INITIAL_AGENT_MODE=workspace-write codex-acp",
        "INITIAL_AGENT_MODE=agent-full-access codex-acp -c sandbox_mode=danger-full-access -c approval_policy=untrusted",
    )),
    ..talking(codex::PRESET, "codex-acp", "codex-acp", "INITIAL_AGENT_MODE=workspace-write codex-acp")
};

/// Gemini CLI speaks it itself.
pub(super) const GEMINI: Preset = talking(gemini::PRESET, "gemini-acp", "gemini", "gemini --skip-trust --acp");

/// opencode speaks it itself; without this it asks for nothing.
pub(super) const OPENCODE: Preset = talking(
    opencode::PRESET,
    "opencode-acp",
    "opencode",
    "OPENCODE_PERMISSION='{\"edit\":\"ask\",\"bash\":\"ask\",\"webfetch\":\"ask\"}' opencode acp",
);
