//! What waits for what: dependencies, and the circles that they must not close.

use std::{
    collections::{HashMap, HashSet},
    rc::Rc,
};

use gix::ObjectId;

use crate::specs::all::Specs;
use crate::{
    domain::{id::SpecId, readiness::Dependency, status::Status},
    error::Result,
};

impl Specs<'_> {
    /// `depends_on` of a spec, as written.
    pub(crate) fn depends_on(&self, id: &SpecId) -> Result<Rc<[String]>> {
        if let Some(written) = self.depends_on.borrow().get(id) {
            return Ok(Rc::clone(written));
        }
        self.entry(id)?;
        // Reading the entry has noted it.
        Ok(self.depends_on.borrow().get(id).cloned().unwrap_or_default())
    }

    /// What the dependency of `from` that is written so is.
    pub(crate) fn dependency(&self, from: &SpecId, written: &str, base: Option<ObjectId>) -> Result<Dependency> {
        let found = self.project.candidates(&self.names, written)?;
        let id = match found.as_slice() {
            [] => return Ok(Dependency::Unknown),
            [id] => id,
            // By their full ids: it may be the short ones that are alike.
            several => return Ok(Dependency::Ambiguous(several.iter().map(ToString::to_string).collect())),
        };
        if let Some(cycle) = self.cycle(from, id)? {
            return Ok(Dependency::Cycle(cycle.iter().map(|id| id.short().to_owned()).collect()));
        }
        let recorded = self.recorded(id)?;
        // An archived spec counts as what it was before.
        let was = recorded.state.as_ref().and_then(|state| state.was);
        let archived = recorded.status == Status::Archived;
        let status = if archived { was.unwrap_or(Status::Completed) } else { recorded.status };
        let target = recorded.state.as_ref().and_then(|state| state.facts.target.clone());
        Ok(Dependency::Known {
            short: id.short().to_owned(),
            status,
            in_base: self.work_in_base(recorded.state.as_deref(), base)?,
            target: target.map(|name| name.trim_start_matches("refs/heads/").to_owned()),
        })
    }

    /// The way from `id`, a dependency of `start`, back to `start`, both ends included; `None` if there is none.
    fn cycle(&self, start: &SpecId, id: &SpecId) -> Result<Option<Vec<SpecId>>> {
        // From what leads in no circle nothing that leads to it can be reached.
        if self.leads_straight(id)? { Ok(None) } else { self.way_back(start, id) }
    }

    /// Whether no way from `id` leads in a circle. Depth first with a stack of its own, since chains may be thousands long;
    /// each spec is settled once, so that all of them together cost one pass.
    fn leads_straight(&self, id: &SpecId) -> Result<bool> {
        if self.acyclic.borrow().contains(id) {
            return Ok(true);
        }
        let mut on_way = HashSet::from([id.clone()]);
        let mut way = vec![(id.clone(), self.waits_for(id)?, 0)];
        while let Some((_, waits, at)) = way.last_mut() {
            let Some(next) = waits.get(*at).cloned() else {
                let (over, ..) = way.pop().expect("the loop saw one");
                on_way.remove(&over);
                self.acyclic.borrow_mut().insert(over);
                continue;
            };
            *at += 1;
            if self.acyclic.borrow().contains(&next) {
                continue;
            }
            if !on_way.insert(next.clone()) {
                return Ok(false);
            }
            let waits = self.waits_for(&next)?;
            way.push((next, waits, 0));
        }
        Ok(true)
    }

    /// The specs that `id` still waits for: what is over waits for nothing.
    fn waits_for(&self, id: &SpecId) -> Result<Rc<[SpecId]>> {
        if let Some(waits) = self.waits_for.borrow().get(id) {
            return Ok(Rc::clone(waits));
        }
        let over = matches!(self.recorded(id)?.status, Status::Completed | Status::Archived | Status::Cancelled);
        let written = if over { Rc::default() } else { self.depends_on(id)? };
        let mut waits = Vec::new();
        for written in written.iter() {
            if let [next] = self.project.candidates(&self.names, written)?.as_slice() {
                waits.push(next.clone());
            }
        }
        let waits: Rc<[SpecId]> = waits.into();
        self.waits_for.borrow_mut().insert(id.clone(), Rc::clone(&waits));
        Ok(waits)
    }

    /// Looks for `start` from `id` on.
    fn way_back(&self, start: &SpecId, id: &SpecId) -> Result<Option<Vec<SpecId>>> {
        let mut seen = HashMap::from([(id.clone(), start.clone())]);
        let mut stack = vec![id.clone()];
        while let Some(at) = stack.pop() {
            if at == *start {
                let mut way = vec![start.clone()];
                let mut back = &at;
                while let Some(previous) = seen.get(back) {
                    way.push(previous.clone());
                    if previous == start {
                        break;
                    }
                    back = previous;
                }
                way.reverse();
                return Ok(Some(way));
            }
            for next in self.waits_for(&at)?.iter() {
                if !seen.contains_key(next) {
                    seen.insert(next.clone(), at.clone());
                    stack.push(next.clone());
                }
            }
        }
        Ok(None)
    }
}
