//! The specs as they stand together: states, texts, and what each waits for. Read as far as it is asked, and once.

use std::{
    cell::{OnceCell, RefCell},
    collections::{HashMap, HashSet},
    rc::Rc,
};

use gix::ObjectId;

use super::{
    ancestry::Ancestry,
    arrival::Arrival,
    base::Base,
    cache::Cache,
    entry::Entry,
    facts::{Facts, Informant, StateFacts, TextFacts},
    members::all_over,
    origin::recording::Recorded as RecordedWork,
    text::ParsedText,
    texts::Texts,
};
use crate::project::target::full_name;
use crate::project::{Project, get_or_try_init, signatures::Signatures};
use crate::specs::names::SpecNames;
use crate::{
    domain::{id::SpecId, spec_type::SpecType, state::State, status::Status},
    error::Result,
    git::worktree::{self, Worktree},
};

/// What the chain of a spec says.
#[derive(Clone, Debug)]
pub(crate) struct Recorded {
    /// The state that its events amount to; `None` without a chain.
    pub state: Option<Rc<State>>,
    /// Why the chain cannot be read.
    pub broken: Option<String>,
    /// The status, healed.
    pub status: Status,
    tip: Option<ObjectId>,
}

/// The specs of a project, read lazily. What chains say is kept, since others wait for it; texts are not: all of them together
/// may be large.
pub(crate) struct Specs<'p> {
    /// The project.
    pub project: &'p Project,
    /// Which specs exist.
    pub names: SpecNames<'p>,
    /// What specs are seen from, each by the commit; the work of some goes elsewhere than that of others.
    bases: RefCell<HashMap<Option<ObjectId>, Rc<Base<'p>>>>,
    /// What all of them are seen from, if it is not for each to say.
    fixed: Option<Option<ObjectId>>,
    pub(super) head: Option<ObjectId>,
    /// `depends_on` of the specs whose text was read, as written.
    pub(super) depends_on: RefCell<HashMap<SpecId, Rc<[String]>>>,
    /// Specs from which no way along dependencies leads in a circle.
    pub(super) acyclic: RefCell<HashSet<SpecId>>,
    /// The open specs that repeat what completed ones were built on.
    pub(super) repeated: RefCell<HashMap<SpecId, Rc<[SpecId]>>>,
    recorded: RefCell<HashMap<SpecId, Recorded>>,
    /// Statuses that the cache answered for.
    settled: RefCell<HashMap<SpecId, Status>>,
    informants: RefCell<HashMap<SpecId, Option<Rc<Informant>>>>,
    /// What was asked for last of what is not kept there.
    last: RefCell<Option<(SpecId, Recorded)>>,
    pub(crate) texts: Texts<'p>,
    /// The texts in full, whatever the cache knows.
    pub(crate) whole: Texts<'p>,
    pub(super) cache: Option<Rc<Cache<'p>>>,
    pub(super) ancestry: Ancestry<'p>,
    /// Of merges that the base does not reach: whether it has the same changes in another form.
    pub(super) rewritten: RefCell<HashMap<(ObjectId, ObjectId), bool>>,
    /// What attempts changed, as the events of all specs record it.
    pub(super) recorded_work: OnceCell<RecordedWork>,
    /// What each branch lost, by its full name.
    pub(super) lost: RefCell<HashMap<String, Rc<HashSet<ObjectId>>>>,
    worktrees: OnceCell<Vec<Worktree>>,
    /// Verdicts on signatures, where approvals and claims have to be signed.
    pub(crate) signatures: Option<Signatures<'p>>,
    branches: RefCell<HashMap<String, Option<ObjectId>>>,
}

impl<'p> Specs<'p> {
    /// The specs as they are now, each seen from where its work would begin.
    pub(crate) fn new(project: &'p Project) -> Result<Specs<'p>> {
        Specs::with(project, None, Texts::new(project))
    }

    /// The specs for a command that goes through all of them: what an earlier command read, and cannot have changed since, is not
    /// read again. Texts are outlines then, without body, criteria and bytes.
    pub(crate) fn cached(project: &'p Project) -> Result<Specs<'p>> {
        let cache = Cache::open(project).map(Rc::new);
        let texts = Texts::cached(project, cache.clone());
        Specs::with(project, cache, texts)
    }

    /// The specs read anew, with outlines for texts: for a command that goes through all of them and takes nothing from the cache.
    pub(crate) fn outlined(project: &'p Project) -> Result<Specs<'p>> {
        Specs::with(project, None, Texts::cached(project, None))
    }

    /// Writes what was found into the cache.
    pub(crate) fn write_cache(&self) -> Result<()> {
        if let Some(cache) = self.cache.as_ref().filter(|cache| cache.is_outdated()) {
            let active = self.names.active()?;
            cache.write(|id| SpecId::new(id).is_ok_and(|id| active.contains(&id)));
        }
        self.ancestry.write();
        Ok(())
    }

    fn with(project: &'p Project, cache: Option<Rc<Cache<'p>>>, texts: Texts<'p>) -> Result<Specs<'p>> {
        let head = project.repo.head()?.id();
        let signatures = project.config().require_signed()?.then(|| Signatures::new(project));
        Ok(Specs {
            project,
            names: SpecNames::new(project, cache.clone()),
            bases: RefCell::default(),
            fixed: None,
            head,
            depends_on: RefCell::default(),
            acyclic: RefCell::default(),
            repeated: RefCell::default(),
            recorded: RefCell::default(),
            settled: RefCell::default(),
            informants: RefCell::default(),
            last: RefCell::default(),
            texts,
            whole: Texts::new(project),
            ancestry: Ancestry::new(project),
            cache,
            rewritten: RefCell::default(),
            recorded_work: OnceCell::new(),
            lost: RefCell::default(),
            worktrees: OnceCell::new(),
            signatures,
            branches: RefCell::default(),
        })
    }

    /// These specs, all of them seen from one base.
    #[must_use]
    pub(crate) fn seen_from(mut self, base: Option<ObjectId>) -> Self {
        self.fixed = Some(base);
        self
    }

    /// These specs with every signature verified again: for a command that acts on a verdict.
    #[must_use]
    pub(crate) fn checking_signatures(mut self) -> Self {
        self.signatures = self.signatures.map(|_| Signatures::afresh(self.project));
        self
    }

    /// The base of a spec: the commit that its work would begin with.
    pub(crate) fn base_of(&self, facts: &Facts<'_>) -> Result<Rc<Base<'p>>> {
        let commit = match (self.fixed, &facts.text) {
            (Some(fixed), _) => fixed,
            (None, Some(text)) => {
                let onto = facts.state.as_ref().and_then(|state| state.onto);
                match self.project.target_of((text.phase, text.topic), onto)? {
                    Some(branch) => self.branch_or_head(&branch)?,
                    None => self.head,
                }
            }
            (None, None) => self.head,
        };
        Ok(self.base_at(commit))
    }

    /// The files of a commit, each looked up once.
    pub(crate) fn base_at(&self, commit: Option<ObjectId>) -> Rc<Base<'p>> {
        let mut bases = self.bases.borrow_mut();
        Rc::clone(bases.entry(commit).or_insert_with(|| Rc::new(Base::new(self.project, commit))))
    }

    /// What work for a branch begins with.
    fn branch_or_head(&self, branch: &str) -> Result<Option<ObjectId>> {
        if let Some(known) = self.branches.borrow().get(branch) {
            return Ok(*known);
        }
        let tip = match full_name(branch) {
            Ok(full) => self.project.branch_start(&full)?.or(self.head),
            // The command that works on it reports the name.
            Err(_) => self.head,
        };
        self.branches.borrow_mut().insert(branch.to_owned(), tip);
        Ok(tip)
    }

    /// What the chain of a spec says; the text is not read.
    pub(crate) fn recorded(&self, id: &SpecId) -> Result<Recorded> {
        if let Some(recorded) = self.recorded.borrow().get(id) {
            return Ok(recorded.clone());
        }
        if let Some((_, recorded)) = self.last.borrow().as_ref().filter(|(last, _)| last == id) {
            return Ok(recorded.clone());
        }
        let (tip, read) = match self.names.tip(id) {
            Ok(None) => (None, None),
            Ok(Some(tip)) => (Some(tip), Some(self.state_at(id, tip))),
            Err(error) => (None, Some(Err(error))),
        };
        let (state, broken) = match read {
            None => (None, None),
            Some(Ok(state)) => (Some(state), None),
            Some(Err(error)) => (None, Some(error.message)),
        };
        let status = match &state {
            Some(state) if self.arrival(state)?.is_there() => Status::Completed,
            // A driver without checks of its own is done with its last member, recorded or not.
            Some(state)
                if state.status == Status::Pending && self.members_are_over(id)? && !self.has_own_checks(id)? =>
            {
                Status::Completed
            }
            // A claim that does not count keeps no other attempt off.
            Some(state) if self.discounted_claim(id, state)?.is_some() => Status::Pending,
            Some(state) => state.status,
            None if tip.is_none() && !self.names.has_file(id)? && self.names.has_archived_file(id)? => Status::Archived,
            None => Status::Pending,
        };
        let recorded = Recorded { state, broken, status, tip };
        // What is over is seldom asked for again, and there may be much of it: the cache knows it as well.
        if status.is_over() && self.cache.is_some() {
            *self.last.borrow_mut() = Some((id.clone(), recorded.clone()));
        } else {
            self.recorded.borrow_mut().insert(id.clone(), recorded.clone());
        }
        Ok(recorded)
    }

    /// Whether and how a finished spec's work is in its target.
    pub(crate) fn arrival(&self, state: &State) -> Result<Arrival> {
        self.project.arrival_by(state, &self.ancestry)
    }

    pub(super) fn state_at(&self, id: &SpecId, tip: ObjectId) -> Result<Rc<State>> {
        let read = || self.project.store()?.state_at(id, tip).map(|(state, _)| Rc::new(state));
        let Some(cache) = &self.cache else { return read() };
        if let Some(known) = cache.state(id, tip) {
            return Ok(known);
        }
        let state = read()?;
        cache.note_state(id, &state);
        Ok(state)
    }

    /// The members of a spec.
    pub(crate) fn members(&self, id: &SpecId) -> Result<Vec<SpecId>> {
        self.project.members(&self.names, id)
    }

    pub(crate) fn has_members(&self, id: &SpecId) -> Result<bool> {
        if id.member_of().is_some() { Ok(false) } else { self.names.has_members(id) }
    }

    pub(super) fn members_are_over(&self, id: &SpecId) -> Result<bool> {
        if !self.has_members(id)? {
            return Ok(false);
        }
        let members = self.members(id)?;
        let states = members.iter().map(|id| Ok(self.recorded(id)?.state)).collect::<Result<Vec<_>>>()?;
        Ok(all_over(states.iter().map(Option::as_deref)))
    }

    /// The recorded facts of a spec and those of its text, as far as the cache has them.
    pub(super) fn cached_facts(&self, id: &SpecId) -> Result<Option<(StateFacts<'_>, Option<TextFacts<'_>>)>> {
        let Some(cache) = &self.cache else { return Ok(None) };
        Ok(self.names.tip(id)?.and_then(|tip| cache.facts(id, tip)))
    }

    /// Whether the recorded status of a spec is its status: nothing beside its own events could change it.
    fn is_settled(&self, id: &SpecId, state: &StateFacts<'_>, text: Option<&TextFacts<'_>>) -> Result<bool> {
        Ok(match state.status {
            Status::Finished => false,
            Status::InProgress => self.signatures.is_none(),
            // A gate may be passed already, and a driver is done with its members.
            Status::Pending => text.is_some_and(|text| text.kind != SpecType::Gate) && !self.has_members(id)?,
            _ => true,
        })
    }

    /// Answers a question about a spec whose status is `wanted`, from the cache where that has its facts, otherwise from its events and
    /// its text. `None` for another status.
    pub(crate) fn inspect<T>(
        &self,
        id: &SpecId,
        wanted: impl Fn(Status) -> bool,
        ask: impl FnOnce(&Facts<'_>) -> Result<T>,
    ) -> Result<Option<T>> {
        if let Some((state, text)) = self.cached_facts(id)?
            && self.is_settled(id, &state, text.as_ref())?
        {
            if !wanted(state.status) {
                return Ok(None);
            }
            if text.is_some() {
                let status = state.status;
                return ask(&Facts { id, status, fault: None, to_import: false, state: Some(state), text }).map(Some);
            }
        }
        if !wanted(self.recorded(id)?.status) {
            return Ok(None);
        }
        ask(&self.entry(id)?.facts()).map(Some)
    }

    /// The status of a spec by its events; the text is not read.
    pub(crate) fn status(&self, id: &SpecId) -> Result<Status> {
        if let Some(status) = self.settled.borrow().get(id) {
            return Ok(*status);
        }
        if let Some((state, text)) = self.cached_facts(id)?
            && self.is_settled(id, &state, text.as_ref())?
        {
            self.settled.borrow_mut().insert(id.clone(), state.status);
            return Ok(state.status);
        }
        Ok(self.recorded(id)?.status)
    }

    /// The recorded facts of a spec that the cache knows to be over and not contended.
    pub(crate) fn cached_end(&self, id: &SpecId) -> Result<Option<StateFacts<'_>>> {
        let state = self.cached_facts(id)?.map(|(state, _)| state);
        Ok(state.filter(|state| state.status.is_over() && !state.contended))
    }

    /// What the chain of a spec says to those that it informs; `None` where nothing is recorded. Each is read once.
    pub(super) fn informant(&self, id: &SpecId) -> Result<Option<Rc<Informant>>> {
        if let Some(known) = self.informants.borrow().get(id) {
            return Ok(known.clone());
        }
        let found = match self.cached_facts(id)? {
            Some((state, _)) => Some(Informant::of(&state)),
            None => self.recorded(id)?.state.as_deref().map(|state| Informant::of(&StateFacts::of(state))),
        };
        let found = found.map(Rc::new);
        self.informants.borrow_mut().insert(id.clone(), found.clone());
        Ok(found)
    }

    /// `depends_on` of a spec, as written.
    pub(crate) fn depends_on(&self, id: &SpecId) -> Result<Rc<[String]>> {
        if let Some(written) = self.depends_on.borrow().get(id) {
            return Ok(Rc::clone(written));
        }
        let Some((_, Some(text))) = self.cached_facts(id)? else {
            // Reading the entry notes it.
            self.entry(id)?;
            return Ok(self.depends_on.borrow().get(id).cloned().unwrap_or_default());
        };
        Ok(self.note_depends_on(id, &text))
    }

    /// `depends_on` of a spec, as this text of it has it, for the next one who asks.
    pub(super) fn note_depends_on(&self, id: &SpecId, text: &TextFacts<'_>) -> Rc<[String]> {
        let written: Rc<[String]> = text.depends_on.iter().map(str::to_owned).collect();
        self.depends_on.borrow_mut().insert(id.clone(), Rc::clone(&written));
        written
    }

    /// One spec; it need not exist.
    pub(crate) fn entry(&self, id: &SpecId) -> Result<Entry> {
        self.entry_from(&self.texts, id)
    }

    /// One spec with its whole text, where others are outlines; it need not exist.
    pub(crate) fn whole_entry(&self, id: &SpecId) -> Result<Entry> {
        self.entry_from(&self.whole, id)
    }

    /// Its whole text alone; `None` if there is none anywhere.
    pub(crate) fn whole_text(&self, id: &SpecId) -> Result<Option<Rc<ParsedText>>> {
        self.whole.load(id, self.names.tip(id)?)
    }

    fn entry_from(&self, texts: &Texts<'p>, id: &SpecId) -> Result<Entry> {
        let Recorded { state, broken, status, tip } = self.recorded(id)?;
        let loaded = texts.load(id, tip)?;
        let mut entry = Entry { id: id.clone(), state, broken, loaded, status };
        if status == Status::Pending && entry.spec().map(|spec| self.is_upstream(id, spec)).transpose()? == Some(true) {
            entry.status = Status::Completed;
        }
        let written = entry.spec().map(|spec| spec.front.depends_on.as_slice()).unwrap_or_default();
        self.depends_on.borrow_mut().insert(id.clone(), written.into());
        Ok(entry)
    }

    /// The worktrees of the repository, listed once.
    pub(crate) fn worktrees(&self) -> Result<&[Worktree]> {
        Ok(get_or_try_init(&self.worktrees, || worktree::list(&self.project.repo))?)
    }
}
