//! The specs as they stand together: states, texts, and what each waits for. Read as far as it is asked, and once.

use std::{
    cell::{OnceCell, RefCell},
    collections::BTreeMap,
    rc::Rc,
};

use gix::ObjectId;

use super::{Project, ids::Census, text::Loaded};
use crate::{
    domain::{
        event::Pin,
        id::SpecId,
        readiness::{Dependency, Reason, Situation, reasons},
        spec::{Spec, SpecType},
        state::State,
        status::Status,
    },
    error::Result,
    git::worktree::{self, Worktree},
};

/// One spec: its recorded state and its text.
#[derive(Debug)]
pub struct Entry {
    /// The id.
    pub id: SpecId,
    /// The state that its events amount to; `None` without a chain.
    pub state: Option<State>,
    /// Why the chain cannot be read.
    pub broken: Option<String>,
    /// Its text; `None` if there is none anywhere.
    pub loaded: Option<Loaded>,
    /// The status, healed: completed where its work is found in the target.
    pub status: Status,
}

impl Entry {
    /// What the text says, if it can be read.
    pub fn spec(&self) -> Option<&Spec> {
        self.loaded.as_ref().and_then(|loaded| loaded.spec.as_ref().ok())
    }

    /// The title, or the id where there is none.
    pub fn title(&self) -> &str {
        self.spec().and_then(|spec| spec.title.as_deref()).unwrap_or_else(|| self.id.short())
    }
}

/// The specs of a project, read lazily.
pub struct World<'p> {
    /// The project.
    pub project: &'p Project,
    /// Which specs exist.
    pub census: Census,
    entries: RefCell<BTreeMap<SpecId, Rc<Entry>>>,
    base: Option<ObjectId>,
    worktrees: OnceCell<Vec<Worktree>>,
}

impl<'p> World<'p> {
    /// The specs as they are now, seen from `HEAD`.
    pub fn new(project: &'p Project) -> Result<World<'p>> {
        let base = project.repo.head()?.id();
        Ok(World { project, census: project.census()?, entries: RefCell::default(), base, worktrees: OnceCell::new() })
    }

    /// The same seen from another base.
    #[must_use]
    pub fn seen_from(mut self, base: Option<ObjectId>) -> Self {
        self.base = base;
        self
    }

    /// One spec; it need not exist.
    pub fn entry(&self, id: &SpecId) -> Result<Rc<Entry>> {
        if let Some(entry) = self.entries.borrow().get(id) {
            return Ok(Rc::clone(entry));
        }
        let tip = self.census.chains.get(id).copied();
        let store = self.project.store()?;
        let (state, broken) = match tip.map(|tip| store.state_at(id, tip)) {
            None => (None, None),
            Some(Ok((state, _))) => (Some(state), None),
            Some(Err(error)) => (None, Some(error.message)),
        };
        let loaded = self.project.load(id, tip)?;
        let archived = tip.is_none() && !self.census.files.contains(id) && self.census.archived_files.contains(id);
        let status = match &state {
            Some(state) if self.project.healed(state)? => Status::Completed,
            Some(state) => state.status,
            None if archived => Status::Archived,
            None => Status::Pending,
        };
        let entry = Rc::new(Entry { id: id.clone(), state, broken, loaded, status });
        self.entries.borrow_mut().insert(id.clone(), Rc::clone(&entry));
        Ok(entry)
    }

    /// The worktrees of the repository, listed once.
    pub fn worktrees(&self) -> Result<&[Worktree]> {
        if self.worktrees.get().is_none() {
            let listed = worktree::list(&self.project.repo)?;
            return Ok(self.worktrees.get_or_init(|| listed));
        }
        Ok(self.worktrees.get().map_or(&[], Vec::as_slice))
    }

    /// Why the spec cannot be worked now; nothing if it can.
    pub fn reasons(&self, entry: &Entry) -> Result<Vec<Reason>> {
        Ok(reasons(&self.situation(entry)?))
    }

    /// Everything that its readiness rests on.
    pub fn situation(&self, entry: &Entry) -> Result<Situation> {
        let mut situation = Situation {
            status: Some(entry.status),
            invalid: invalid(entry),
            contended: entry.state.as_ref().is_some_and(State::is_contended),
            ..Situation::default()
        };
        let Some(spec) = entry.spec() else { return Ok(situation) };
        situation.gate = spec.front.kind == SpecType::Gate;
        situation.driver = spec.front.kind == SpecType::Driver;
        if !matches!(entry.status, Status::Pending | Status::Failed | Status::Paused) {
            // Of what is under way or over nobody asks what it waits for.
            return Ok(situation);
        }
        for written in &spec.front.depends_on {
            situation.dependencies.push((written.clone(), self.dependency(&entry.id, written)?));
        }
        for input in &spec.front.informed_by {
            if !self.project.input_exists(&self.census, self.base, input)? {
                situation.missing_inputs.push(input.clone());
            }
        }
        let answer = entry.state.as_ref().and_then(|state| state.facts.approval.as_ref());
        let blob = entry.loaded.as_ref().and_then(|loaded| loaded.text.as_ref()).map(|text| text.blob);
        let current = answer.filter(|answer| Some(answer.blob) == blob);
        situation.rejected = current.is_some_and(|answer| !answer.approved);
        situation.approval_open = spec.front.approval.required && !current.is_some_and(|answer| answer.approved);
        Ok(situation)
    }

    fn dependency(&self, from: &SpecId, written: &str) -> Result<Dependency> {
        let found = self.project.candidates(&self.census, written)?;
        let id = match found.as_slice() {
            [] => return Ok(Dependency::Unknown),
            [id] => id,
            several => return Ok(Dependency::Ambiguous(several.iter().map(|id| id.short().to_owned()).collect())),
        };
        if let Some(cycle) = self.cycle(from, id)? {
            return Ok(Dependency::Cycle(cycle.iter().map(|id| id.short().to_owned()).collect()));
        }
        let entry = self.entry(id)?;
        // An archived spec counts as what it was before.
        let was = entry.state.as_ref().and_then(|state| state.was);
        let status = if entry.status == Status::Archived { was.unwrap_or(Status::Completed) } else { entry.status };
        let target = entry.state.as_ref().and_then(|state| state.facts.target.clone());
        Ok(Dependency::Known {
            short: id.short().to_owned(),
            status,
            in_base: self.work_in_base(&entry)?,
            target: target.map(|name| name.trim_start_matches("refs/heads/").to_owned()),
        })
    }

    /// Whether the work of a completed spec is in the base; `None` where there is nothing to find.
    fn work_in_base(&self, entry: &Entry) -> Result<Option<bool>> {
        let (Some(state), Some(base)) = (&entry.state, self.base) else { return Ok(None) };
        match state.facts.landing {
            Some(landing) => Ok(Some(self.project.is_ancestor(landing.new, base)?)),
            None => Ok(None),
        }
    }

    /// The way from `id` along its dependencies back to `start`, both ends included; `None` if there is none. An explicit
    /// stack: chains may be thousands long.
    fn cycle(&self, start: &SpecId, id: &SpecId) -> Result<Option<Vec<SpecId>>> {
        let mut seen = BTreeMap::from([(id.clone(), start.clone())]);
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
            let entry = self.entry(&at)?;
            // What is over waits for nothing.
            if matches!(entry.status, Status::Completed | Status::Archived | Status::Cancelled) && at != *start {
                continue;
            }
            for written in entry.spec().map(|spec| spec.front.depends_on.clone()).unwrap_or_default() {
                if let [next] = self.project.candidates(&self.census, &written)?.as_slice()
                    && !seen.contains_key(next)
                {
                    seen.insert(next.clone(), at.clone());
                    stack.push(next.clone());
                }
            }
        }
        Ok(None)
    }

    /// Whether an input of the attempt is no longer what was pinned.
    pub fn is_stale(&self, entry: &Entry) -> Result<bool> {
        let (Some(state), Some(base)) = (&entry.state, self.base) else { return Ok(false) };
        for pin in &state.facts.informed_by {
            if let Pin::Path { path, blob } = pin
                && self.project.input_blob(base, path)?.is_some_and(|now| now != *blob)
            {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

fn invalid(entry: &Entry) -> Option<String> {
    if let Some(broken) = &entry.broken {
        return Some(broken.clone());
    }
    match &entry.loaded {
        None => Some("its text cannot be found".to_owned()),
        Some(Loaded { spec: Err(diagnostics), .. }) => diagnostics.first().map(|first| {
            if first.line == 0 {
                format!("{}: {}", first.path, first.message)
            } else {
                format!("{}:{}:{}: {}", first.path, first.line, first.column, first.message)
            }
        }),
        Some(_) => None,
    }
}

impl Project {
    /// Whether a finished spec's work is in its target already: what it announced to land there is found. Trailers and
    /// messages are hints, never proof.
    pub fn healed(&self, state: &State) -> Result<bool> {
        if state.status != Status::Finished || !state.unacknowledged().is_empty() {
            return Ok(false);
        }
        let Some(target) = &state.facts.target else { return Ok(false) };
        let Some(tip) = self.branch_tip(target)? else { return Ok(false) };
        if let Some(landing) = state.facts.landing
            && self.is_ancestor(landing.new, tip)?
        {
            return Ok(true);
        }
        match state.facts.work_commits.last() {
            // In silent mode there is more to a completion than commits: only the announced merge says that the documents are
            // in place.
            Some(_) if self.silent => Ok(false),
            Some(work) => self.is_ancestor(*work, tip),
            None => Ok(false),
        }
    }

    /// What a branch holds, by its full name; `None` if it does not exist or the name is no branch.
    pub fn branch_tip(&self, full: &str) -> Result<Option<ObjectId>> {
        if !full.starts_with("refs/heads/") || gix::refs::FullName::try_from(full).is_err() {
            return Ok(None);
        }
        match self.repo.gix().try_find_reference(full)? {
            Some(mut reference) => Ok(Some(reference.peel_to_id()?.detach())),
            None => Ok(None),
        }
    }

    /// Whether `descendant` reaches `ancestor`. An object that is not here is nobody's ancestor.
    pub fn is_ancestor(&self, ancestor: ObjectId, descendant: ObjectId) -> Result<bool> {
        if ancestor == descendant {
            return Ok(true);
        }
        let repo = self.repo.gix();
        if repo.try_find_header(ancestor)?.is_none() {
            return Ok(false);
        }
        Ok(repo.merge_base(ancestor, descendant).is_ok_and(|base| base.is_some_and(|base| base == ancestor)))
    }
}
