//! Work that is repeated although other work was built on it: what rests on that other work waits for it, too.

use std::{collections::HashSet, rc::Rc};

use super::{all::Specs, dependencies::Graph, facts::TextFacts};
use crate::{
    domain::{event::Op, id::SpecId, pattern::Entry, readiness::Dependency, status::Status},
    error::Result,
};

impl Specs<'_> {
    /// What `from` waits for because of an input that is a spec: the open spec that supersedes this, or work below it that is repeated.
    ///
    /// # Errors
    /// If the specs cannot be read.
    pub(super) fn repeated_input(&self, from: &SpecId, id: &SpecId) -> Result<Option<Dependency>> {
        let current = self.successor(from, id)?;
        match self.status(&current)? {
            Status::Completed => self.repeated_below(from, &current),
            Status::Archived | Status::Cancelled => Ok(None),
            _ if current == *id || self.leads_to(&current, from)? => Ok(None),
            status => Ok(Some(Dependency::Repeated { through: id.clone(), by: current, status })),
        }
    }

    /// What `from` waits for although `id`, which it depends on, is completed: the first open spec that repeats what `id` was built on.
    /// A spec that waits for `from` itself does not count.
    ///
    /// # Errors
    /// If the specs cannot be read.
    pub(super) fn repeated_below(&self, from: &SpecId, id: &SpecId) -> Result<Option<Dependency>> {
        for by in self.repeated(id)?.iter() {
            if by != from && !self.leads_to(by, from)? {
                let (through, by, status) = (id.clone(), by.clone(), self.status(by)?);
                return Ok(Some(Dependency::Repeated { through, by, status }));
            }
        }
        Ok(None)
    }

    /// The open specs that repeat what a completed spec was built on, directly or through others: they supersede that, or they were
    /// completed before and are open again. What is archived is settled.
    fn repeated(&self, id: &SpecId) -> Result<Rc<[SpecId]>> {
        if let Some(known) = self.repeated.borrow().get(id) {
            return Ok(Rc::clone(known));
        }
        let mut found: Vec<SpecId> = Vec::new();
        let mut seen = HashSet::from([id.clone()]);
        let mut open = vec![id.clone()];
        while let Some(one) = open.pop() {
            for below in self.built_on(&one)? {
                let current = self.successor(&one, &below)?;
                if !seen.insert(current.clone()) {
                    continue;
                }
                match self.status(&current)? {
                    Status::Completed => open.push(current),
                    Status::Archived | Status::Cancelled => {}
                    _ if current != below || self.was_completed(&current)? => found.push(current),
                    _ => {}
                }
            }
        }
        found.sort();
        let found: Rc<[SpecId]> = found.into();
        let mut known = self.repeated.borrow_mut();
        if found.is_empty() {
            known.extend(seen.into_iter().map(|id| (id, Rc::clone(&found))));
        } else {
            known.insert(id.clone(), Rc::clone(&found));
        }
        Ok(found)
    }

    /// The specs that `id` says it depends on or is informed by, as it names them.
    ///
    /// # Errors
    /// If the specs cannot be read.
    pub(super) fn built_on(&self, id: &SpecId) -> Result<Vec<SpecId>> {
        let on = |text: &TextFacts<'_>| -> Result<Vec<SpecId>> {
            let mut found = self.named(&self.note_depends_on(id, text))?;
            found.extend(self.input_specs(text)?);
            Ok(found)
        };
        match self.cached_facts(id)? {
            Some((_, Some(text))) => on(&text),
            _ => self.entry(id)?.facts().text.as_ref().map_or_else(|| Ok(Vec::new()), on),
        }
    }

    /// The specs among the inputs that a text names.
    ///
    /// # Errors
    /// If the names cannot be read.
    pub(super) fn input_specs(&self, text: &TextFacts<'_>) -> Result<Vec<SpecId>> {
        let mut found = Vec::new();
        for written in text.informed_by.iter() {
            if let Ok(Entry::Spec(id)) = Entry::parse(written)
                && self.names.has(&id)?
            {
                found.push(id);
            }
        }
        Ok(found)
    }

    /// Whether `start` waits for `end`, directly or through others, by its dependencies or by what is repeated below them.
    fn leads_to(&self, start: &SpecId, end: &SpecId) -> Result<bool> {
        let graph = Graph::of([start], |id| {
            let mut waits = Vec::new();
            if !self.status(id)?.is_over() {
                for next in self.named(&self.depends_on(id)?)? {
                    let next = self.successor(id, &next)?;
                    waits.extend(self.repeated(&next)?.iter().map(|by| (0, by.clone())));
                    waits.push((0, next));
                }
            }
            Ok(waits)
        })?;
        Ok(graph.has(end))
    }

    /// Whether a spec was completed before it was opened again.
    fn was_completed(&self, id: &SpecId) -> Result<bool> {
        let Some(tip) = self.names.tip(id)? else { return Ok(false) };
        // It was added, completed, and opened again.
        if self.recorded(id)?.state.is_some_and(|state| state.generation < 3) {
            return Ok(false);
        }
        let history = self.project.store()?.walk(id, tip)?.history;
        Ok(history.events().iter().any(|event| matches!(event.op, Op::Complete | Op::Land)))
    }
}
