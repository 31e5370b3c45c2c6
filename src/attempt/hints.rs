//! What a person can do after an attempt that ended, one line each.

use super::{
    earlier,
    ended::{EndedAs, Failure, Pause},
    work::Assignment,
};
use crate::{
    agent::{
        preset::{self, Protocol},
        process::Ending,
    },
    domain::{
        checks::Permission,
        spec_file::Tick,
        spec_type::SpecType,
        stop::{StopKind, Stopped},
    },
    error::Result,
    project::agent::MANUAL,
    specs::all::Specs,
    terminal::time,
};

impl Assignment<'_> {
    /// What to do after an attempt that ended so.
    pub(super) fn hints(&self, how: &mut EndedAs) -> Result<Vec<String>> {
        let short = self.id.short();
        let again = format!("to start over: git chant work {short}{}", self.by_hand()?);
        let kept = || -> Result<Option<String>> {
            let tree = self.project.worktree_of(self.id)?.map(|tree| tree.path).filter(|path| path.is_dir());
            Ok(tree.map(|path| format!("its work is kept in '{}'", path.display())))
        };
        Ok(match how {
            EndedAs::Completed(_) | EndedAs::Superseded => Vec::new(),
            EndedAs::Finished => vec![format!("to merge it: git chant merge {short}")],
            EndedAs::Waiting(waits) => std::mem::take(&mut waits.hints),
            EndedAs::HandedOver { .. } => vec![format!("when the work is done: git chant finish {short}")],
            EndedAs::Paused(pause) if pause.is_takeover() => vec![
                format!("to see who has it: git chant show {short}"),
                format!("once the work is done there: git chant finish {short}"),
            ],
            EndedAs::Paused(pause) => {
                // To check what an agent has only begun would end its attempt, and with it what can be resumed.
                let is_done = matches!(pause, Pause::ChecksInterrupted(_));
                let check = is_done.then(|| format!("to check the work as it is: git chant finish {short}"));
                let mut hints = Vec::from_iter(kept()?);
                hints.extend(self.staying()?);
                hints.extend(self.longer_silence(pause)?);
                hints.into_iter().chain([format!("to resume it: git chant work {short}")]).chain(check).collect()
            }
            EndedAs::Failed { reason, .. } if reason.blames_research() => self.research_again()?,
            EndedAs::Failed { checks, .. } if self.is_ticked_by_a_person()? => {
                let unticked = checks.criteria.iter().any(|one| one.state != Tick::Ticked);
                let finish = format!("git chant finish {short}");
                match unticked {
                    true => vec![format!("to tick its criteria: git chant edit {short}"), format!("then: {finish}")],
                    false => vec![format!("once that is fixed: {finish}")],
                }
            }
            EndedAs::Failed { reason, checks } => {
                let earlier =
                    if checks.reproduces.as_ref().is_some_and(|proof| !proof.ok) { self.earlier_work()? } else { None };
                let denied = checks.permissions.iter().rev().find(|permission| !permission.allowed);
                let mend = reason.stopped().map(|stopped| self.mend(stopped, denied)).transpose()?.flatten();
                let longer = match reason {
                    Failure::Agent(Ending::TimedOut(limit), _) => {
                        let twice = time::duration(limit.saturating_mul(2));
                        Some(format!(
                            "to give it longer: git chant work {short} --timeout {}",
                            shell_words::quote(&twice)
                        ))
                    }
                    _ => None,
                };
                let more = checks.has_more_output();
                let more = more.then(|| format!("to see the whole output: git chant log {short} --checks"));
                let what = if reason.is_of_checks() { "it again" } else { "the work as it is" };
                let check = |_: &String| format!("to check {what}: git chant finish {short}");
                let kept = kept()?;
                let check = kept.as_ref().map(check);
                let resumes = kept.is_some() && checks.can_resume(reason.is_of_checks(), reason.stop_kind().as_ref());
                let again = match resumes {
                    true => vec![format!("to resume it: git chant work {short}"), format!("{again} --fresh")],
                    false => vec![again],
                };
                let missing = self.project.worktree_of(self.id)?.filter(|tree| !tree.path.is_dir()).map(|_| {
                    let prune = format!("if you deleted it: git worktree prune, then: git chant finish {short}");
                    ["if you moved it: git worktree repair <its new directory>".to_owned(), prune]
                });
                let missing = missing.into_iter().flatten();
                [mend, longer, more, earlier, kept, check].into_iter().flatten().chain(missing).chain(again).collect()
            }
        })
    }

    /// How a person allows an agent more time that was ended because it printed nothing.
    fn longer_silence(&self, pause: &Pause) -> Result<Option<String>> {
        let is_silent = matches!(pause, Pause::Stopped(stopped) if stopped.kind == StopKind::Unresponsive);
        let limit = self.project.config().silence_timeout()?.filter(|_| is_silent);
        Ok(limit.map(|limit| {
            let twice = time::duration(limit.saturating_mul(2));
            format!("to allow longer silence: git config chant.silenceTimeout {}", shell_words::quote(&twice))
        }))
    }

    /// What of the paused attempt does not go along where another clone resumes it, if one can.
    fn staying(&self) -> Result<Vec<String>> {
        let attempt = self.project.store()?.state(self.id)?.and_then(|state| state.attempt);
        match attempt.filter(|_| self.project.exchanged_with().is_ok_and(|remote| remote.is_some())) {
            Some(attempt) => super::pause::staying(self.project, self.id, attempt),
            None => Ok(Vec::new()),
        }
    }

    /// How a person begins without earlier work of this spec that the base of its attempt has.
    fn earlier_work(&self) -> Result<Option<String>> {
        let Some(state) = self.project.store()?.state(self.id)? else { return Ok(None) };
        let (Some(base), Ok(attempt)) = (state.facts.base, self.project.attempt(self.id, &state)) else {
            return Ok(None);
        };
        match earlier::find(self.project, self.id, &attempt.spec, base)? {
            Some(earlier) => earlier.way_out(self.project),
            None => Ok(None),
        }
    }

    /// What a person does about what stopped the agent, before it is started again; `denied` is the permission that it did not get last.
    fn mend(&self, stopped: &Stopped, denied: Option<&Permission>) -> Result<Option<String>> {
        let Stopped { kind: stopped, said } = stopped;
        let short = self.id.short();
        if *stopped == StopKind::Question {
            return Ok(Some(format!("to answer it for the next attempt: git chant note {short} -m \"...\"")));
        }
        let agent = self.project.store()?.state(self.id)?.and_then(|state| state.facts.agent.clone());
        let preset = agent.as_deref().and_then(preset::named).filter(|preset| !preset.login.is_empty());
        if *stopped == StopKind::NoCredit {
            return Ok(Some(format!("to use another agent: git chant work {short} --agent \"...\"")));
        }
        if let Some(agent) = agent.as_deref().and_then(|name| self.project.agent(name).ok()) {
            let command = shell_words::quote(&agent.command);
            let command = format!("change its command: git config chant.agent.{}.cmd {command}", agent.name);
            match stopped {
                StopKind::Denied if agent.protocol == Protocol::Acp => {
                    return self.permit(&agent.name, denied).map(Some);
                }
                StopKind::Denied if said.as_deref().is_some_and(preset::is_of_sandbox) => {
                    let place = "to let agents write in another place";
                    return Ok(Some(format!("{place}: git config --add chant.confine.writable \"...\"")));
                }
                // Its own rules, which its options and its settings make.
                StopKind::Denied => return Ok(Some(format!("to have it permit more, {command}"))),
                StopKind::BudgetLimit | StopKind::TurnLimit => {
                    return Ok(Some(format!("to raise its limit, {command}")));
                }
                _ => {}
            }
        }
        let what = match stopped {
            StopKind::BadKey => "to log in again, or to give it another key",
            StopKind::NotLoggedIn => "to log in",
            _ => return Ok(None),
        };
        Ok(preset.map(|preset| format!("{what}: {}", preset.login)))
    }

    /// How a person permits what the agent was denied. The first rule of one's own takes the place of the usual ones, so these go before it.
    fn permit(&self, agent: &str, denied: Option<&Permission>) -> Result<String> {
        let key = format!("chant.agent.{agent}.permit");
        let is_usual = self.project.config().agent_permit(agent)?.is_empty();
        let kind = denied.map_or("<kind>", |denied| denied.kind.as_str());
        Ok(match is_usual {
            // Without rules of one's own it was about a file elsewhere.
            true => format!("to permit it: git config {key} usual && git config --add {key} {kind}:/"),
            false => format!("to permit it: git config --add {key} {kind}"),
        })
    }

    /// What `work` has to be given for another attempt by hand: nothing unless the last one was, and another agent is configured.
    fn by_hand(&self) -> Result<String> {
        let state = self.project.store()?.state(self.id)?;
        let was = state.is_some_and(|state| state.facts.agent.as_deref() == Some(MANUAL));
        let is_default = self.project.config().agent()?.as_deref() == Some(MANUAL);
        Ok(if was && !is_default { format!(" --agent {MANUAL}") } else { String::new() })
    }

    /// Whether a person ticks the criteria of the spec: it is a gate, or a driver whose members do the work.
    fn is_ticked_by_a_person(&self) -> Result<bool> {
        let specs = Specs::new(self.project)?;
        let entry = specs.entry(self.id)?;
        Ok(entry.spec().is_some_and(|spec| spec.front.kind == SpecType::Gate) || specs.has_members(self.id)?)
    }

    /// The way out where the research does not carry the work.
    fn research_again(&self) -> Result<Vec<String>> {
        let specs = Specs::new(self.project)?;
        let again = specs.research_to_repeat(&specs.entry(self.id)?)?;
        let read = format!("to read the agent's output: git chant log {} --agent", self.id.short());
        Ok(std::iter::once(read).chain(again.map(|again| again.hint())).collect())
    }
}
