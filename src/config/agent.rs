//! The settings of agents: which are chosen, and `chant.agent.<name>.*`.

use std::time::Duration;

use bstr::BString;

use super::{Config, keys, value::Setting};
use crate::error::{Error, Kind, Result};

impl Config<'_> {
    /// The names of the agents to use, the first first: those of one scope of git's configuration, the narrowest that has some.
    pub(crate) fn chosen_agents(&self) -> Result<Vec<String>> {
        let Some(last) = self.find(keys::AGENT.name) else { return Ok(Vec::new()) };
        agent_name(&last)?;
        let all = Setting::all(self.snapshot.plumbing(), keys::AGENT.name);
        let here: Vec<&Setting<'_>> = all.iter().filter(|found| found.meta.source == last.meta.source).collect();
        let mut names = Vec::new();
        for found in if here.is_empty() { vec![&last] } else { here } {
            let name = agent_name(found)?;
            if !names.contains(&name) {
                names.push(name);
            }
        }
        Ok(names)
    }

    /// The command line of an agent.
    pub(crate) fn agent_cmd(&self, name: &str) -> Result<Option<BString>> {
        self.command(&keys::AGENT_CMD, &keys::AGENT_CMD.name.replace("<name>", name))
    }

    /// How long an agent may run: its own limit, otherwise `chant.timeout`; none is no limit.
    pub(crate) fn agent_timeout(&self, name: &str) -> Result<Option<Duration>> {
        let full = keys::AGENT_TIMEOUT.name.replace("<name>", name);
        match self.find(&full) {
            Some(found) => found.duration(),
            None => self.timeout(),
        }
    }

    /// How many runs of an agent there may be at once; none is no limit.
    pub(crate) fn agent_jobs(&self, name: &str) -> Result<Option<usize>> {
        let full = keys::AGENT_JOBS.name.replace("<name>", name);
        let keys::Kind::Int { min, max } = keys::AGENT_JOBS.kind else { return Ok(None) };
        let found = self.find(&full).map(|found| found.int(min, max)).transpose()?;
        Ok(found.map(|jobs| usize::try_from(jobs).unwrap_or(usize::MAX)))
    }

    /// How an agent is talked to: `text` or `acp`, if that is set.
    pub(crate) fn agent_protocol(&self, name: &str) -> Result<Option<&'static str>> {
        let keys::Kind::OneOf(words) = keys::AGENT_PROTOCOL.kind else { return Ok(None) };
        let full = keys::AGENT_PROTOCOL.name.replace("<name>", name);
        self.find(&full).map(|found| found.word(words)).transpose()
    }

    /// The rules about what an agent may do that asks, in their order.
    pub(crate) fn agent_permit(&self, name: &str) -> Result<Vec<String>> {
        let full = keys::AGENT_PERMIT.name.replace("<name>", name);
        Setting::all(self.snapshot.plumbing(), &full).iter().map(Setting::text).collect()
    }

    /// The error of one of these rules that cannot be read; `expected` is what it has to be.
    pub(crate) fn bad_permit(&self, name: &str, rule: &str, expected: &str) -> Error {
        let full = keys::AGENT_PERMIT.name.replace("<name>", name);
        let all = Setting::all(self.snapshot.plumbing(), &full);
        let found = all.iter().find(|setting| setting.text().is_ok_and(|text| text == rule));
        let error = found.map(|setting| setting.bad(expected));
        error
            .unwrap_or_else(|| {
                Error::fatal(Kind::BadConfig, format!("bad config value for '{full}': expected {expected}"))
            })
            .hint("for example 'execute', 'edit:src/**', '!fetch' or '*'; see gitchant-config(5)")
    }
}

/// The value of a setting as the name of an agent.
fn agent_name(found: &Setting<'_>) -> Result<String> {
    let name = found.text()?;
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
    if !name.is_empty() && name.bytes().all(plain) { Ok(name) } else { Err(found.bad("the name of an agent")) }
}
