//! Research that does not carry the work that rests on it: which of it a person repeats, and which of it is out of date.

use super::{all::Specs, base::Base, drift::Change, entry::Entry, listing::Listing};
use crate::{
    domain::{
        enumeration::enumerate, event::Op, id::SpecId, phase::Phase, spec_type::SpecType, status::Status,
        stop::StopKind, text::map_entries,
    },
    error::Result,
};
use gix::ObjectId;

/// How a person repeats the research of a spec that failed because of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Repetition {
    /// The command.
    pub command: String,
    /// Whether it takes `--reason`: it makes a spec that supersedes another.
    takes_reason: bool,
    /// The spec that repeats it, if there is one already.
    pub by: Option<SpecId>,
}

impl Repetition {
    /// The command as a hint, with a place for the reason where it takes one.
    pub(crate) fn hint(&self) -> String {
        let reason = if self.takes_reason { " --reason \"...\"" } else { "" };
        format!("to research again: {}{reason}", self.command)
    }
}

/// Research that is out of date.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StaleResearch {
    /// In words: which, and why.
    pub what: String,
    /// The command that repeats it.
    pub again: String,
}

impl Specs<'_> {
    /// The command that repeats the research of a spec whose last attempt failed because of it, or that works on the spec which repeats it.
    /// `None` if it failed by something else, or if all research was repeated since.
    ///
    /// # Errors
    /// If the specs cannot be read.
    pub(crate) fn research_to_repeat(&self, entry: &Entry) -> Result<Option<Repetition>> {
        let Some(state) = entry.state.as_deref().filter(|_| entry.status == Status::Failed) else { return Ok(None) };
        let history = self.project.store()?.walk(&entry.id, state.tip)?.history;
        let blamed = history.deciding(state.status, state.attempt).and_then(|event| event.facts.stopped.as_ref());
        let Some(attempt) = state.attempt.filter(|_| blamed == Some(&StopKind::ResearchInsufficient)) else {
            return Ok(None);
        };
        let mut origins = Vec::new();
        for id in self.origins(&entry.id, attempt)?.iter().flat_map(|origins| origins.iter()) {
            let origin = self.entry(id)?;
            let is_research = origin.spec().is_some_and(|spec| spec.front.kind == SpecType::Research);
            let successor = self.successor(&entry.id, id)?;
            if is_research && successor != *id {
                if matches!(self.status(&successor)?, Status::Completed | Status::Archived) {
                    return self.next_to_repeat(entry);
                }
                let command = format!("git chant work {}", successor.short());
                return Ok(Some(Repetition { command, takes_reason: false, by: Some(successor) }));
            }
            origins.push((is_research, origin));
        }
        // Where no input is research, the last of them is what the work was built on.
        let is_cause = |(is_research, entry): &&(bool, Entry)| *is_research && phase(entry) == Some(Phase::RootCause);
        let research = origins.iter().find(is_cause).or(origins.iter().rfind(|(is_research, _)| *is_research));
        Ok(Some(match research.or(origins.last()) {
            Some((_, origin)) => Repetition { command: again(origin), takes_reason: true, by: None },
            None => Repetition {
                command: "git chant add \"Research ...\" --type research".to_owned(),
                takes_reason: false,
                by: None,
            },
        }))
    }

    /// The command that repeats the first spec that `entry` rests on and that was informed by research which was repeated since.
    ///
    /// # Errors
    /// If the specs cannot be read.
    pub(crate) fn next_to_repeat(&self, entry: &Entry) -> Result<Option<Repetition>> {
        let Some((first, _)) = self.outdated(&entry.id)?.into_iter().next() else { return Ok(None) };
        Ok(Some(Repetition { command: again(&self.entry(&first)?), takes_reason: true, by: None }))
    }

    /// The completed specs that `of` rests on, itself among them, and that were informed by research which was repeated since: each with what
    /// took the place of that. A person may accept that they stay.
    ///
    /// # Errors
    /// If the specs cannot be read.
    pub(crate) fn outdated(&self, of: &SpecId) -> Result<Vec<(SpecId, SpecId)>> {
        let mut found = Vec::new();
        for id in self.rests_on(of)?.into_iter().chain([of.clone()]) {
            let entry = self.entry(&id)?;
            let changes = if entry.status == Status::Completed { self.drifted(&entry.facts())? } else { Vec::new() };
            for change in changes {
                if let Change::Superseded { by, .. } = change
                    && self.status(&by)?.is_over()
                {
                    found.push((id, by));
                    break;
                }
            }
        }
        Ok(found)
    }

    /// The research that a new attempt at a spec from `base` would rest on and that is out of date: an input of it changed, or code that an
    /// impact map names.
    ///
    /// # Errors
    /// If the specs cannot be read.
    pub(crate) fn stale_research(&self, id: &SpecId, base: ObjectId) -> Result<Vec<StaleResearch>> {
        let mut stale = Vec::new();
        for id in self.rests_on(id)? {
            let entry = self.entry(&id)?;
            let is_done = matches!(entry.status, Status::Completed | Status::Archived);
            if !is_done || entry.spec().is_none_or(|spec| spec.front.kind != SpecType::Research) {
                continue;
            }
            let mut why: Vec<String> = self.drifted(&entry.facts())?.iter().map(in_words).collect();
            if phase(&entry) == Some(Phase::ImpactMap) {
                let changed = self.changed_since_map(&entry, base)?;
                why.extend((!changed.is_empty()).then(|| format!("the code changed since: {}", enumerate(&changed))));
            }
            why.dedup();
            if !why.is_empty() {
                let what = format!("'{}' ({}) is stale: {}", id.short(), entry.title(), why.join("; "));
                stale.push(StaleResearch { what, again: again(&entry) });
            }
        }
        Ok(stale)
    }

    /// The specs that `of` depends on or is informed by, directly and through others, each as the one that stands in its place.
    fn rests_on(&self, of: &SpecId) -> Result<Vec<SpecId>> {
        let mut found: Vec<SpecId> = Vec::new();
        let mut open = self.built_on(of)?;
        while let Some(named) = open.pop() {
            let id = self.successor(of, &named)?;
            if id != *of && !found.contains(&id) {
                open.extend(self.built_on(&id)?);
                found.push(id);
            }
        }
        found.sort();
        Ok(found)
    }

    /// The files that an impact map names and that are not in `base` as they were when the map was made.
    fn changed_since_map(&self, entry: &Entry, base: ObjectId) -> Result<Vec<String>> {
        let Some(state) = entry.state.as_deref() else { return Ok(Vec::new()) };
        let Some(then) = state.facts.base else { return Ok(Vec::new()) };
        if self.project.repo.gix().try_find_header(then)?.is_none() {
            return Ok(Vec::new());
        }
        let store = self.project.store()?;
        let history = store.walk(&entry.id, state.tip)?.history;
        let Some(finish) = history.events().iter().rev().find(|event| event.op == Op::Finish) else {
            return Ok(Vec::new());
        };
        let (then, now) = (Base::new(self.project, Some(then)), Base::new(self.project, Some(base)));
        let listing = Listing::of(&then)?;
        let document =
            Phase::ImpactMap.document(entry.spec().and_then(|spec| spec.front.topic.as_deref()).unwrap_or_default());
        let mut changed = Vec::new();
        for file in store.evidence_files(finish.id, "outputs")? {
            if Some(&file.path) != document.as_ref() && !file.path.ends_with("-impact-map.md") {
                continue;
            }
            let bytes = self.project.repo.gix().find_blob(file.blob)?.take_data();
            for named in map_entries(&String::from_utf8_lossy(&bytes), &listing) {
                if then.blob(&named.path)? != now.blob(&named.path)? {
                    changed.push(named.path);
                }
            }
        }
        Ok(changed)
    }
}

fn phase(entry: &Entry) -> Option<Phase> {
    entry.spec().and_then(|spec| spec.front.known_phase())
}

/// The command that makes a new spec in the place of one of research.
fn again(entry: &Entry) -> String {
    let front = entry.spec().map(|spec| &spec.front);
    match front.and_then(|front| Some((front.topic.as_ref()?, front.known_phase()?.as_str()))) {
        Some((topic, phase)) => format!("git chant investigate {topic} --again {phase}"),
        None => format!("git chant add \"Re-research ...\" --supersedes {}", entry.id.short()),
    }
}

fn in_words(change: &Change) -> String {
    match change {
        Change::File { path, now: Some(_), .. } => format!("its input '{path}' changed"),
        Change::File { path, now: None, .. } => format!("its input '{path}' is gone"),
        Change::Added { path, .. } => format!("'{path}' is a new input"),
        Change::Spec { id, .. } => format!("'{}' was worked again", id.short()),
        Change::Superseded { id, by } => format!("'{}' was superseded by '{}'", id.short(), by.short()),
    }
}
