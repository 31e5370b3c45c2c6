//! Which agent.

use std::time::Duration;

use crate::{
    domain::spec::Spec,
    error::{Error, Result},
    project::{Project, attempt::MANUAL},
};

/// An agent and how it is run.
#[derive(Clone, Debug)]
pub struct Agent {
    /// Its name in the configuration.
    pub name: String,
    /// Its command line; empty for `manual`.
    pub command: String,
    /// How long it may take; `None` is as long as it likes.
    pub timeout: Option<Duration>,
}

impl Agent {
    /// The agent that a person `asked` for, else the spec's own, else the configured one. `timeout` comes before what is configured.
    ///
    /// # Errors
    /// `no-agent` if there is none, or it has no command.
    pub fn choose(project: &Project, spec: &Spec, asked: Option<&str>, timeout: Option<Duration>) -> Result<Agent> {
        let config = project.config();
        let name = match (asked, &spec.front.agent) {
            (Some(name), _) => Some(name.to_owned()),
            (None, Some(name)) => Some(name.clone()),
            (None, None) => config.agent()?,
        };
        let Some(name) = name else {
            let error = Error::fatal("no-agent", "no agent is configured");
            let known = config.agents();
            return Err(if known.is_empty() {
                error
                    .hint("name a command that reads a prompt on its standard input: git config chant.agent.claude.cmd \"claude -p\"")
                    .hint("and make it the default: git config chant.agent claude")
                    .hint("or do it yourself: git chant work <spec> --agent manual")
            } else {
                error.hint(format!("choose one: git config chant.agent <name> (there are: {})", known.join(", ")))
            });
        };
        if name == MANUAL {
            return Ok(Agent { name, command: String::new(), timeout: None });
        }
        let Some(command) = config.agent_cmd(&name)? else {
            return Err(Error::fatal("no-agent", format!("the agent '{}' has no command", name.escape_debug()))
                .hint(format!("git config chant.agent.{name}.cmd \"<command line>\"")));
        };
        let timeout = match timeout {
            Some(timeout) => Some(timeout),
            None => config.agent_timeout(&name)?.or(config.timeout()?),
        };
        Ok(Agent { name, command: command.to_string(), timeout })
    }
}
