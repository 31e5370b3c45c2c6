//! What a person can do after an attempt that ended, one line each.

use super::{
    ended::{EndedAs, Failure},
    work::Work,
};
use crate::{
    agent::preset,
    domain::{event::Pin, spec_type::SpecType, stop::StopKind},
    error::Result,
    project::agent::MANUAL,
    specs::all::Specs,
};

impl Work<'_> {
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
            EndedAs::Paused(_) => kept()?
                .into_iter()
                .chain([
                    format!("to resume it: git chant work {short}"),
                    format!("to check the work as it is: git chant finish {short}"),
                ])
                .collect(),
            EndedAs::Failed { reason, .. } if reason.blames_research() => self.research_again()?,
            EndedAs::Failed { .. } if self.is_gate()? => {
                vec![format!("to tick its criteria: git chant edit {short}"), format!("then: git chant finish {short}")]
            }
            EndedAs::Failed { reason, checks } => {
                let mend = reason.stopped().map(|stopped| self.mend(&stopped.kind)).transpose()?.flatten();
                let more = checks.has_more_output();
                let more = more.then(|| format!("to see the whole output: git chant log {short} --checks"));
                let check = |_: &String| format!("to check it again: git chant finish {short}");
                let kept = kept()?;
                let check = kept.as_ref().map(check);
                // Where its work lacks something, and no more, the next attempt goes on in the same place.
                let by_checks = matches!(reason, Failure::Checks(_) | Failure::Stopped(_, Some(_)));
                let asked = reason.stopped().is_some_and(|stopped| stopped.kind == StopKind::Question);
                let goes_on = kept.is_some() && by_checks && checks.only_lacks(asked);
                let again = match goes_on {
                    true => vec![format!("to resume it: git chant work {short}"), format!("{again} --fresh")],
                    false => vec![again],
                };
                [mend, more, kept, check].into_iter().flatten().chain(again).collect()
            }
        })
    }

    /// What a person does about what stopped the agent, before it is started again.
    fn mend(&self, stopped: &StopKind) -> Result<Option<String>> {
        let short = self.id.short();
        if *stopped == StopKind::Question {
            return Ok(Some(format!("to answer it for the next attempt: git chant note {short} -m \"...\"")));
        }
        let agent = self.project.store()?.state(self.id)?.and_then(|state| state.facts.agent.clone());
        let preset = agent.as_deref().and_then(preset::named).filter(|preset| !preset.login.is_empty());
        let what = match stopped {
            StopKind::BadKey => "to log in again, or to give it another key",
            StopKind::NotLoggedIn => "to log in",
            _ => return Ok(None),
        };
        Ok(preset.map(|preset| format!("{what}: {}", preset.login)))
    }

    /// What `work` has to be given for another attempt by hand: nothing unless the last one was, and another agent is configured.
    fn by_hand(&self) -> Result<String> {
        let state = self.project.store()?.state(self.id)?;
        let was = state.is_some_and(|state| state.facts.agent.as_deref() == Some(MANUAL));
        let is_default = self.project.config().agent()?.as_deref() == Some(MANUAL);
        Ok(if was && !is_default { format!(" --agent {MANUAL}") } else { String::new() })
    }

    fn is_gate(&self) -> Result<bool> {
        let entry = Specs::new(self.project)?.entry(self.id)?;
        Ok(entry.spec().is_some_and(|spec| spec.front.kind == SpecType::Gate))
    }

    /// The way out where the research does not carry the work: new research in place of the newest that the spec was informed by.
    fn research_again(&self) -> Result<Vec<String>> {
        let state = self.project.store()?.state(self.id)?;
        let inputs = state.map(|state| state.facts.informed_by.clone()).unwrap_or_default();
        let instead = inputs.iter().rev().find_map(|pin| match pin {
            Pin::Spec { id, .. } => Some(id),
            _ => None,
        });
        let again = match instead {
            Some(id) => {
                let entry = Specs::new(self.project)?.entry(id)?;
                let front = entry.spec().map(|spec| &spec.front);
                match front.and_then(|front| Some((front.topic.as_ref()?, front.known_phase()?.as_str()))) {
                    Some((topic, phase)) => format!("git chant investigate {topic} --again {phase} --reason \"...\""),
                    None => format!("git chant add \"Re-research ...\" --supersedes {}", id.short()),
                }
            }
            None => "git chant add \"Re-research ...\" --type research --supersedes <spec>".to_owned(),
        };
        Ok(vec![
            format!("to read the agent's output: git chant log {} --agent", self.id.short()),
            format!("to research again: {again}"),
        ])
    }
}
