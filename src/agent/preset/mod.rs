//! The agents that are known by name: how each is run unattended, and what its output says of the run.
//!
//! `chant.agent = claude` works without a command line of one's own; `chant.agent.claude.cmd` overrides it. What a preset may do is
//! set so that it can work in its worktree unasked, and as little beyond it as its options can say.

mod acp;
mod acp_agents;
mod aider;
mod claude;
mod codex;
mod cursor;
mod gemini;
mod goose;
mod opencode;
mod parsed;
mod parser;
mod report;

pub use acp::{Dialogue, Permit};
pub(crate) use parsed::is_of_sandbox;
pub use parser::OutputParser;
pub use report::{OfSession, Report, is_session};

use crate::domain::{checks::Permission, stop::StopKind};
use parsed::ParsedOutput;

/// An agent that is known by name.
#[derive(Clone, Copy, Debug)]
pub struct Preset {
    /// Its name in the configuration.
    pub name: &'static str,
    /// The command that has to be in `PATH`.
    pub program: &'static str,
    /// The command line that begins: `{prompt_file}` is the prompt, which is on stdin, too.
    pub start: &'static str,
    /// The command line that resumes the session `{session}`, if the agent can resume one.
    pub resume: Option<&'static str>,
    /// The file in which it looks for what a repository has to tell it.
    pub instructions: &'static str,
    /// What has to be set so that it does; `None` if it looks there by itself.
    pub reads: Option<&'static str>,
    /// What it writes outside its worktree, below the home directory: its sessions, its settings, what it remembers. A run that can
    /// write nothing else but its own can write these. The first is the directory of its sessions.
    pub writes: &'static [&'static str],
    /// What a person types to log in or to give it a key; empty where it reads keys from the environment only.
    pub login: &'static str,
    /// Whether it reports what a run costs in US dollars. Each reports tokens.
    pub reports_money: bool,
    /// Why it stopped, by its exit code, where that says it.
    pub(crate) stopped_by: fn(code: i32) -> Option<StopKind>,
    /// How it is talked to.
    pub protocol: Protocol,
    /// Options that newer versions have and that tell more of what it does: what its `--help` contains, and what is added to its command line.
    pub options: &'static [(&'static str, &'static str)],
    /// What its command lines contain where it has a sandbox of its own, and what takes the place of that to leave the sandbox out.
    pub own_sandbox: Option<(&'static str, &'static str)>,
    /// Makes what understands its output; it is told the name that its session is given, where it takes one.
    reader: fn(session: &str) -> Box<dyn EventReader>,
}

/// How an agent is talked to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, strum::EnumString)]
#[strum(serialize_all = "lowercase")]
pub enum Protocol {
    /// It reads the prompt on its standard input, and prints what it does.
    #[default]
    Text,
    /// It speaks the Agent Client Protocol.
    Acp,
}

impl Preset {
    /// Listens to one run of it; `session` is the name that its session gets, where it takes one.
    pub fn parser(&self, session: &str) -> OutputParser {
        OutputParser::new((self.reader)(session))
    }
}

/// Every preset, by name.
pub const ALL: &[Preset] = &[
    aider::PRESET,
    claude::PRESET,
    acp_agents::CLAUDE,
    codex::PRESET,
    acp_agents::CODEX,
    cursor::PRESET,
    gemini::PRESET,
    acp_agents::GEMINI,
    goose::PRESET,
    opencode::PRESET,
    acp_agents::OPENCODE,
];

/// The preset of that name.
pub fn named(name: &str) -> Option<&'static Preset> {
    ALL.iter().find(|preset| preset.name == name)
}

/// Understands the output of one agent. It is pure: what it hears goes into [`ParsedOutput`].
trait EventReader {
    /// A line that is a JSON object. `false` if it is none of the agent's own: then it is shown as it is.
    fn event(&mut self, event: &serde_json::Value, parsed: &mut ParsedOutput) -> bool {
        let _ = (event, parsed);
        false
    }

    /// What is to be written to the agent now, where it is talked to.
    fn input(&mut self) -> Vec<u8> {
        Vec::new()
    }

    /// The exit code with which a conversation counts that is over, whatever its process does then.
    fn over(&self) -> Option<i32> {
        None
    }

    /// Asks the agent to stop what it does, where it can be asked.
    fn cancel(&mut self) {}

    /// The output is over.
    fn end(&mut self, parsed: &mut ParsedOutput) {
        let _ = parsed;
    }

    /// The permissions that it asked for, and what it was told.
    fn permissions(&self) -> &[Permission] {
        &[]
    }

    /// A line of plain text. Gives the line to show: as it is, unless the agent is known to say the same in a better way.
    fn text(&mut self, line: &str, parsed: &mut ParsedOutput) -> Option<String> {
        let _ = parsed;
        Some(line.to_owned())
    }
}

#[cfg(test)]
#[path = "tests/stops.rs"]
mod stops;

#[cfg(test)]
#[path = "tests/preset.rs"]
mod tests;
