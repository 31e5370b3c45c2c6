//! The agents that can be used here: those with a command line of their own, and the presets.

use std::{borrow::Cow, path::Path, time::Duration};

use gix::ObjectId;

use super::Project;

use crate::{
    agent::{
        capability, command_line,
        confine::Confinement,
        preset::{self, Dialogue, OutputParser, Permit, Preset, Protocol},
        process::{SHELL, Stdin},
    },
    domain::spec_file::Spec,
    error::{Error, IoContext, Kind, Result},
};

pub(crate) use crate::domain::agent::MANUAL;

/// The file beside the prompt with what an agent prints beside the messages of its protocol.
pub(crate) const ASIDE: &str = "agent.err";

/// An agent and how it is run.
#[derive(Clone, Debug)]
pub(crate) struct Agent {
    /// Its name in the configuration.
    pub name: String,
    /// Its command line; empty for `manual`.
    pub command: String,
    /// The command line that resumes the session `{session}`, if it has one.
    pub resume: Option<String>,
    /// What is known of agents of that name.
    pub preset: Option<&'static Preset>,
    /// How it is talked to.
    pub protocol: Protocol,
    /// What it may do that asks.
    pub permit: Permit,
    /// How long it may take; `None` is as long as it likes.
    pub timeout: Option<Duration>,
    /// How long it may print nothing, where its output is understood; `None` is as long as it likes.
    pub silence: Option<Duration>,
}

/// What an agent reports of the cost of its runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reports {
    /// US dollars and tokens.
    Money,
    /// Tokens alone.
    Tokens,
    /// Nothing that git-chant understands.
    Nothing,
}

impl Agent {
    /// The agent that a person `asked` for, otherwise the spec's own, otherwise the configured one. `timeout` comes before what is configured.
    ///
    /// # Errors
    /// `no-agent` if there is none, or it has no command; `agent-not-chosen` if the spec names one that is not chosen in this clone.
    pub(crate) fn choose(
        project: &Project,
        spec: &Spec,
        asked: Option<&str>,
        timeout: Option<Duration>,
    ) -> Result<Agent> {
        let name = match (asked, &spec.front.agent) {
            (Some(name), _) => Some(name.to_owned()),
            (None, Some(name)) => {
                project.refuse_unchosen(name)?;
                Some(name.clone())
            }
            (None, None) => project.usual_agent()?,
        };
        let agent = project.agent_here(&name.ok_or_else(|| project.no_agent())?)?;
        let timeout = timeout.map_or(agent.timeout, |limit| Some(limit).filter(|limit| !limit.is_zero()));
        Ok(Agent { timeout, ..agent })
    }

    /// Adds the options by which the version that is installed tells more of what it does. A command line of a person's own stays as it is.
    fn add_options(&mut self, project: &Project) {
        let Some(preset) = self.preset.filter(|preset| !preset.options.is_empty() && self.command == preset.start)
        else {
            return;
        };
        let Some(program) = project.env.program(preset.program) else { return };
        let known = capability::known(&program, preset.options, &project.repo.chant_dir());
        for (_, words) in preset.options.iter().filter(|(option, _)| known.iter().any(|one| one == option)) {
            self.command.push_str(&format!(" {words}"));
            if let Some(resume) = &mut self.resume {
                resume.push_str(&format!(" {words}"));
            }
        }
    }

    /// Refuses an agent whose program is not on this machine, as far as its command line names one: the attempt could only fail.
    ///
    /// # Errors
    /// `no-agent`.
    pub(crate) fn require_program(&self, project: &Project) -> Result<()> {
        let Some(program) = command_line::program(&self.command) else { return Ok(()) };
        let path = Path::new(program);
        let (missing, place) = if path.is_absolute() {
            (!path.exists(), "is not there")
        } else {
            // What is relative, the worktree may have.
            let here = program.contains('/') || project.env.finds_program(program);
            (!here && !command_line::is_known(program).io("run", Path::new(SHELL))?, "is not in PATH")
        };
        if missing { Err(self.missing(project, program, place)) } else { Ok(()) }
    }

    /// Refuses an agent whose program is a file of the repository that a worktree at `base` does not get: the attempt could only fail.
    ///
    /// # Errors
    /// `no-agent`.
    pub(crate) fn require_in(&self, project: &Project, base: ObjectId) -> Result<()> {
        let program = command_line::program(&self.command).filter(|program| program.contains('/'));
        let Some(program) = program else { return Ok(()) };
        let path = program.trim_start_matches("./");
        let is_outside = program.starts_with('/') || path.split('/').any(|part| part == "..");
        // What a set-up makes, or copies, is there only later.
        if is_outside || project.config().worktree_setup()?.is_some() || project.is_included(path) {
            return Ok(());
        }
        if project.has_in(base, path)? {
            return Ok(());
        }
        let place = "is not in the commit that the work starts from";
        Err(self.missing(project, program, place))
    }

    fn missing(&self, project: &Project, program: &str, place: &str) -> Error {
        let message = format!("cannot start agent '{}': '{program}' {place}", self.name.escape_debug());
        let error = Error::fatal(Kind::NoAgent, message);
        let error =
            error.hint(format!("to name another command: git config chant.agent.{}.cmd \"<command line>\"", self.name));
        let installed = project.installed();
        match installed.first() {
            Some(first) => {
                error.hint(format!("in PATH: {}; to use one: git config chant.agent {first}", installed.join(", ")))
            }
            None => error,
        }
    }

    /// The agent as it is run in a sandbox: without a sandbox of its own, where that cannot start within the other.
    pub(crate) fn within(&self, confinement: &Confinement) -> Cow<'_, Agent> {
        let own = self.preset.filter(|preset| self.command.starts_with(preset.start));
        match own.and_then(|preset| preset.own_sandbox) {
            Some((on, off)) if !confinement.nests() => {
                let leave_out = |line: &String| line.replacen(on, off, 1);
                let (command, resume) = (leave_out(&self.command), self.resume.as_ref().map(leave_out));
                Cow::Owned(Agent { command, resume, ..self.clone() })
            }
            _ => Cow::Borrowed(self),
        }
    }

    /// The command line of one run: in the session that it `had`, if it can.
    pub(crate) fn command_line(&self, prompt_file: &Path, had: Option<&str>) -> String {
        let line = match (had, &self.resume) {
            (Some(had), Some(resume)) => command_line::fill(resume, "{session}", had),
            _ => self.command.clone(),
        };
        let line = command_line::fill(&line, "{prompt_file}", &prompt_file.to_string_lossy());
        match self.protocol {
            Protocol::Text => line,
            // On its standard output are the messages of the protocol alone.
            Protocol::Acp => {
                let aside = prompt_file.with_file_name(ASIDE);
                let aside = shell_words::quote(&aside.to_string_lossy()).into_owned();
                // What an earlier run said, or put there, is none of this one's.
                format!("rm -rf -- {aside}; exec 2>{aside}; {line}")
            }
        }
    }

    /// Whether it can resume a session.
    pub(crate) fn can_resume(&self) -> bool {
        self.resume.is_some() || self.protocol == Protocol::Acp
    }

    /// How it gets `prompt`, and what listens to it, if its output is understood; `name` is the name that its session gets, where it takes one.
    pub(crate) fn converse(
        &self,
        name: &str,
        prompt: &str,
        dir: &Path,
        had: Option<&str>,
    ) -> (Stdin, Option<OutputParser>) {
        match self.protocol {
            Protocol::Text => {
                // A command of a person's own may print nothing before the end.
                let parser = self.preset.map(|preset| {
                    let is_its = self.command.starts_with(preset.start);
                    preset.parser(name).with_silence(self.silence, is_its)
                });
                (Stdin::Bytes(prompt.to_owned().into_bytes()), parser)
            }
            Protocol::Acp => {
                let dialogue = Dialogue {
                    prompt: prompt.to_owned(),
                    dir: dir.to_owned(),
                    had: had.map(str::to_owned),
                    permit: self.permit.clone(),
                };
                (Stdin::Dialogue, Some(OutputParser::talking(dialogue).with_silence(self.silence, true)))
            }
        }
    }

    /// What it reports of its cost, as far as that is known.
    pub(crate) fn reports(&self) -> Option<Reports> {
        match (self.preset, self.protocol) {
            (Some(preset), _) if preset.reports_money => Some(Reports::Money),
            (Some(_), _) => Some(Reports::Tokens),
            (None, Protocol::Text) => Some(Reports::Nothing),
            (None, Protocol::Acp) => None,
        }
    }

    /// What it writes outside its worktree, below the home directory, as far as that is known.
    pub(crate) fn writes(&self) -> &'static [&'static str] {
        self.preset.map_or(&[], |preset| preset.writes)
    }
}

impl Project {
    /// The agent of that name: `manual`, one with a command line of its own, or a preset.
    ///
    /// # Errors
    /// `no-agent` if there is none.
    pub(crate) fn agent(&self, name: &str) -> Result<Agent> {
        let config = self.config();
        let preset = preset::named(name);
        let (timeout, silence) = (config.agent_timeout(name)?, config.silence_timeout()?);
        let protocol = match (config.agent_protocol(name)?, preset) {
            (Some(word), _) => word.parse().unwrap_or_default(),
            (None, preset) => preset.map(|preset| preset.protocol).unwrap_or_default(),
        };
        let permit = Permit::read(&config.agent_permit(name)?)
            .map_err(|(rule, expected)| config.bad_permit(name, &rule, expected))?;
        let agent = |command: String, resume: Option<&str>| Agent {
            name: name.to_owned(),
            command,
            resume: resume.map(str::to_owned),
            preset,
            protocol,
            permit: permit.clone(),
            timeout,
            silence,
        };
        if name == MANUAL {
            return Ok(agent(String::new(), None));
        }
        match (config.agent_cmd(name)?, preset) {
            (Some(own), _) => Ok(agent(own.to_string(), None)),
            (None, Some(preset)) => Ok(agent(preset.start.to_owned(), preset.resume)),
            (None, None) => {
                let message = format!("the agent '{}' has no command", name.escape_debug());
                Err(Error::fatal(Kind::NoAgent, message)
                    .hint(format!("git config chant.agent.{name}.cmd \"<command line>\""))
                    .hint(format!("agents with a built-in command: {}", names().join(", "))))
            }
        }
    }

    /// The agent of that name as this machine can start it: its program is there, and gets the options that it knows.
    ///
    /// # Errors
    /// `no-agent` if there is none, or its program is missing.
    pub(crate) fn agent_here(&self, name: &str) -> Result<Agent> {
        let mut agent = self.agent(name)?;
        agent.require_program(self)?;
        agent.add_options(self);
        Ok(agent)
    }

    /// Whether there is an agent of that name.
    pub(crate) fn has_agent(&self, name: &str) -> bool {
        self.agent(name).is_ok()
    }

    /// The agents that a person has chosen, the first first, as far as they are on this machine.
    ///
    /// # Errors
    /// If the configuration cannot be read.
    pub(crate) fn agents_here(&self) -> Result<Vec<String>> {
        let mut names = self.config().chosen_agents()?;
        names.retain(|name| self.agent(name).is_ok_and(|agent| agent.require_program(self).is_ok()));
        Ok(names)
    }

    /// The agent that works where neither a person nor the spec names one: of those in `chant.agent` the first that is on this machine.
    /// Where none is, it is the first, and its start tells what is missing.
    ///
    /// # Errors
    /// If the configuration cannot be read.
    pub(crate) fn usual_agent(&self) -> Result<Option<String>> {
        match self.agents_here()?.into_iter().next() {
            Some(here) => Ok(Some(here)),
            None => self.config().agent(),
        }
    }

    /// Whether a spec may name that agent: a person has chosen it here, by `chant.agent` or by anything that is set of it. What is
    /// merely installed may do more than the agent that was chosen, and the text of a spec may be foreign.
    pub(crate) fn is_chosen(&self, name: &str) -> bool {
        let config = self.config();
        let chosen = config.chosen_agents().unwrap_or_default();
        name == MANUAL || config.knows_agent(name) || chosen.iter().any(|chosen| chosen == name)
    }

    fn refuse_unchosen(&self, name: &str) -> Result<()> {
        if preset::named(name).is_none() || self.is_chosen(name) {
            return Ok(());
        }
        Err(Error::negative(
            Kind::AgentNotChosen,
            format!("agent '{name}' is not configured in this clone, but the spec asks for it"),
        )
        .hint(format!("to use '{name}' this time: --agent {name}"))
        .hint(format!("to let specs choose it: git config chant.agent.{name}.timeout none")))
    }

    /// The error that no agent is configured, with the agents that are installed on this machine.
    pub(crate) fn no_agent(&self) -> Error {
        let error = Error::fatal(Kind::NoAgent, "no agent is configured");
        let configured = self.config().agents();
        if !configured.is_empty() {
            let there = configured.join(", ");
            return error.hint(format!("to choose one: git config chant.agent <name> (configured: {there})"));
        }
        self.agent_hints().into_iter().fold(error, Error::hint)
    }

    /// Hints how to configure an agent, where none is.
    pub(crate) fn agent_hints(&self) -> Vec<String> {
        let here = self.installed();
        let by_hand = "to do it yourself: git chant work <spec> --agent manual".to_owned();
        match here.as_slice() {
            [] => vec![
                format!("no supported agent in PATH (looked for {})", names().join(", ")),
                "to use a command that reads the prompt from stdin: git config chant.agent.mine.cmd \"<command line>\""
                    .to_owned(),
                "to make it the default: git config chant.agent mine".to_owned(),
                by_hand,
            ],
            [one] => vec![format!("'{one}' is in PATH; to use it: git config chant.agent {one}"), by_hand],
            [first, ..] => {
                vec![format!("in PATH: {}; to use one: git config chant.agent {first}", here.join(", ")), by_hand]
            }
        }
    }

    /// The presets whose command is in `PATH`.
    fn installed(&self) -> Vec<&'static str> {
        let is_text = |preset: &&Preset| preset.protocol == Protocol::Text;
        let there = |preset: &&Preset| is_text(preset) && self.env.finds_program(preset.program);
        preset::ALL.iter().filter(there).map(|preset| preset.name).collect()
    }
}

fn names() -> Vec<&'static str> {
    preset::ALL.iter().map(|preset| preset.name).collect()
}
