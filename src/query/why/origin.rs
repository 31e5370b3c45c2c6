//! Which spec a commit came from, and how that is known. Events are proof; notes, trailers and messages are hints.

use std::{
    cell::OnceCell,
    collections::{HashMap, HashSet},
};

use gix::{
    ObjectId,
    bstr::{BString, ByteSlice},
};

use super::{
    question::Question,
    squash::{self, Combined, Pairs, Range, Recording},
};
use crate::{
    domain::id::SpecId,
    error::Result,
    git::history,
    project::{SPECS_DIR, get_or_try_init},
    specs::all::Specs,
};

/// How the spec of a commit is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// An event names the commit.
    Recorded(SpecId),
    /// An event names another commit that makes the same change.
    Patch {
        /// The spec.
        spec: SpecId,
        /// The commit that is recorded.
        recorded: ObjectId,
    },
    /// It makes the changes of all commits of an attempt in one.
    Squash {
        /// The spec.
        spec: SpecId,
        /// How many commits are recorded.
        commits: usize,
    },
    /// It makes the changes of several specs in one, and the line that is asked about is of this one.
    Joined {
        /// The spec.
        spec: SpecId,
        /// All of them, the oldest first.
        specs: Vec<SpecId>,
    },
    /// Several specs recorded the same change, or it makes the changes of several in one.
    Several(Vec<SpecId>),
    /// A note or the commit's own message says so, and no event does.
    Claimed(SpecId),
    /// Notes or the commit's own message name several specs, as a squash of their work has it, and no event does.
    ClaimedBySeveral(Vec<SpecId>),
    /// Nothing is known.
    Unknown,
}

impl Origin {
    /// The spec, if it is one.
    pub(crate) fn spec(&self) -> Option<&SpecId> {
        match self {
            Origin::Recorded(spec)
            | Origin::Patch { spec, .. }
            | Origin::Squash { spec, .. }
            | Origin::Joined { spec, .. }
            | Origin::Claimed(spec) => Some(spec),
            Origin::Several(_) | Origin::ClaimedBySeveral(_) | Origin::Unknown => None,
        }
    }

    /// The stable name of how it is known.
    pub(crate) fn certainty(&self) -> &'static str {
        match self {
            Origin::Recorded(_) => "recorded",
            Origin::Patch { .. } | Origin::Squash { .. } | Origin::Joined { .. } => "patch",
            Origin::Several(_) | Origin::ClaimedBySeveral(_) => "several",
            Origin::Claimed(_) => "claimed",
            Origin::Unknown => "unknown",
        }
    }

    /// How it is known, in words.
    pub(crate) fn in_words(&self) -> String {
        match self {
            Origin::Recorded(_) => "recorded by its events".to_owned(),
            Origin::Patch { recorded, .. } => {
                format!("same change as {}, which its events record", recorded.to_hex_with_len(10))
            }
            Origin::Squash { commits, .. } => {
                format!("squash of {} that its events record", count("commit", *commits))
            }
            Origin::Joined { specs, .. } => format!("squash of the work of {}", shorts(specs)),
            Origin::Several(specs) => format!("several specs record this change: {}", shorts(specs)),
            Origin::ClaimedBySeveral(specs) => {
                format!("named only by notes or the commit message, for several specs: {}", shorts(specs))
            }
            Origin::Claimed(_) => "named only by a note or the commit message; no event confirms it".to_owned(),
            Origin::Unknown => "no spec records it".to_owned(),
        }
    }
}

fn shorts(specs: &[SpecId]) -> String {
    specs.iter().map(SpecId::short).collect::<Vec<_>>().join(", ")
}

fn count(what: &str, number: usize) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

/// Finds the specs that commits came from. What events record is read once, when a commit needs it first.
pub(crate) struct Origins<'s, 'p> {
    specs: &'s Specs<'p>,
    recorded: OnceCell<Recorded>,
    works: OnceCell<Vec<Work>>,
    /// Of the ends of works.
    pairs: Pairs,
}

/// The commits that the events of all specs record.
#[derive(Default)]
struct Recorded {
    /// The work and the merges, each with the first spec that names it.
    commits: HashMap<ObjectId, SpecId>,
    /// The work by its patches: of each spec the newest commit that makes the change.
    patches: HashMap<String, Vec<(SpecId, ObjectId)>>,
    /// What attempts changed, path by path.
    recordings: Vec<Recording>,
}

/// What the deciding attempt of a spec changed, as far as its commits are here.
struct Work {
    range: Range,
    commits: usize,
    /// The changed paths, without the files of specs: a person who squashes may well leave them out.
    paths: Vec<BString>,
}

impl<'s, 'p> Origins<'s, 'p> {
    /// Nothing is read yet.
    pub(crate) fn new(specs: &'s Specs<'p>) -> Origins<'s, 'p> {
        Origins { specs, recorded: OnceCell::new(), works: OnceCell::new(), pairs: Pairs::default() }
    }

    /// The specs that are looked through.
    pub(super) fn specs(&self) -> &'s Specs<'p> {
        self.specs
    }

    /// Which spec a commit came from; of a commit that squashes the work of several the one that changed the path, or the line, if that is
    /// asked about.
    ///
    /// # Errors
    /// If the repository cannot be read.
    pub(crate) fn of(&self, question: Question<'_>) -> Result<Origin> {
        let commit = question.commit;
        let hints = hints(self.specs, commit)?;
        // What is named is asked first; it is believed only if its events agree.
        for spec in &hints {
            let mut named = Recorded::default();
            named.add(self.specs, spec)?;
            if named.commits.contains_key(&commit) {
                return Ok(Origin::Recorded(spec.clone()));
            }
        }
        let recorded = self.recorded()?;
        if let Some(spec) = recorded.commits.get(&commit) {
            return Ok(Origin::Recorded(spec.clone()));
        }
        if let Some(patch) = history::patch_id(&self.specs.project.repo, commit)? {
            match recorded.patches.get(&patch.to_string()).map(Vec::as_slice) {
                Some([(spec, recorded)]) => return Ok(Origin::Patch { spec: spec.clone(), recorded: *recorded }),
                Some(several) => return Ok(Origin::Several(several.iter().map(|(spec, _)| spec.clone()).collect())),
                None => {}
            }
            if let Some(origin) = self.squashed(question)? {
                return Ok(origin);
            }
        }
        Ok(match hints.as_slice() {
            [only] => Origin::Claimed(only.clone()),
            [] => Origin::Unknown,
            several => Origin::ClaimedBySeveral(several.to_vec()),
        })
    }

    fn recorded(&self) -> Result<&Recorded> {
        get_or_try_init(&self.recorded, || Recorded::of_all(self.specs))
    }

    fn works(&self) -> Result<&[Work]> {
        Ok(get_or_try_init(&self.works, || works(self.specs))?)
    }

    /// The specs whose work the commit has in one: of which it makes all changes, then, where a path is asked about, of which it makes those
    /// of the path, alone or with others.
    fn squashed(&self, question: Question<'_>) -> Result<Option<Origin>> {
        let recordings = &self.recorded()?.recordings;
        let changes = squash::changes_of(self.specs, question.commit)?;
        let recorded = squash::recorded_in(recordings, &changes, question.path);
        let mut found: Vec<(&SpecId, usize)> = recorded.into_iter().map(|one| (&one.spec, one.commits)).collect();
        if found.is_empty() {
            found = self.by_commits(question)?.into_iter().map(|work| (&work.range.spec, work.commits)).collect();
        }
        // Attempts at one spec may have made the same change.
        found.sort();
        found.dedup_by_key(|(spec, _)| *spec);
        match found.as_slice() {
            [] => {}
            [(spec, commits)] => return Ok(Some(Origin::Squash { spec: (*spec).clone(), commits: *commits })),
            several => return Ok(Some(Origin::Several(several.iter().map(|(spec, _)| (*spec).clone()).collect()))),
        }
        let path = question.path.map(Into::into);
        let touching =
            self.works()?.iter().filter(|work| work.paths.iter().any(|changed| Some(changed.as_bstr()) == path));
        let ranges: Vec<Range> = touching.map(|work| work.range.clone()).collect();
        if let Some(Combined { specs, line }) = squash::combined(self.specs, &ranges, &changes, &question, &self.pairs)?
        {
            let of_line = line.and_then(|line| self.recorded().ok()?.commits.get(&line).cloned());
            return Ok(Some(match of_line {
                Some(spec) => Origin::Joined { spec, specs },
                None => Origin::Several(specs),
            }));
        }
        Ok(match squash::joined_in(recordings, &changes, question.path) {
            specs if specs.is_empty() => None,
            specs => Some(Origin::Several(specs)),
        })
    }

    /// The works of which the commit makes all changes in one, as far as those changed the path, by the commits that are here.
    fn by_commits(&self, question: Question<'_>) -> Result<Vec<&Work>> {
        let Question { commit, path, .. } = question;
        let repo = &self.specs.project.repo;
        // At the edge of a shallow clone the parent is named and not there.
        let parent = repo.gix().find_commit(commit)?.parent_ids().next().map(gix::Id::detach);
        let parent = parent.filter(|parent| is_here(self.specs, *parent));
        let own: HashSet<BString> = changed(self.specs, parent, commit)?.into_iter().collect();
        let mut found = Vec::new();
        for work in self.works()? {
            let asked = path.is_none_or(|path| work.paths.iter().any(|changed| changed == path));
            let within = asked && !work.paths.is_empty() && work.paths.iter().all(|path| own.contains(path));
            if within && history::makes_as_one(repo, commit, work.range.base, work.range.tip, &work.paths)? {
                found.push(work);
            }
        }
        Ok(found)
    }

    /// Finished work of which this clone lacks the commits: each spec with the newest of them. Where a path is asked about, without the
    /// specs that are known not to have changed it.
    ///
    /// # Errors
    /// If the specs cannot be read.
    pub(crate) fn lacking(&self, path: Option<&str>) -> Result<Vec<(SpecId, ObjectId)>> {
        let mut lacking = Vec::new();
        let recordings = &self.recorded()?.recordings;
        for spec in self.specs.names.all()? {
            let Some(state) = self.specs.recorded(spec)?.state else { continue };
            let Some(tip) = state.facts.work_commits.last().copied() else { continue };
            let mut own = recordings.iter().filter(|one| one.spec == *spec).peekable();
            let is_other = path.is_some_and(|path| own.peek().is_some() && !own.any(|one| one.touches(path)));
            if !is_other && !is_here(self.specs, tip) {
                lacking.push((spec.clone(), tip));
            }
        }
        Ok(lacking)
    }
}

impl Recorded {
    fn of_all(specs: &Specs<'_>) -> Result<Recorded> {
        let mut recorded = Recorded::default();
        for spec in specs.names.all()? {
            recorded.add(specs, spec)?;
        }
        Ok(recorded)
    }

    /// Adds what the events of `spec` record. An earlier attempt may have been merged, and the spec worked again since.
    fn add(&mut self, specs: &Specs<'_>, spec: &SpecId) -> Result<()> {
        let Some(state) = specs.recorded(spec)?.state else { return Ok(()) };
        let walk = specs.project.store()?.walk(spec, state.tip)?;
        let mut patches: HashSet<&str> = HashSet::new();
        for event in walk.history.events().iter().rev() {
            let facts = &event.facts;
            for commit in facts.work_commits.iter().copied().chain(facts.landing.map(|landing| landing.new)) {
                self.commits.entry(commit).or_insert_with(|| spec.clone());
            }
            for (commit, patch) in facts.work_commits.iter().zip(&facts.patch_ids) {
                if patches.insert(patch) {
                    self.patches.entry(patch.clone()).or_default().push((spec.clone(), *commit));
                }
            }
        }
        self.recordings.extend(squash::recordings(specs, spec, &walk.history)?);
        Ok(())
    }
}

/// The works of all specs, as far as their commits are here.
fn works(specs: &Specs<'_>) -> Result<Vec<Work>> {
    let mut works = Vec::new();
    for spec in specs.names.all()? {
        let Some(state) = specs.recorded(spec)?.state else { continue };
        let (Some(base), Some(tip)) = (state.facts.base, state.facts.work_commits.last().copied()) else { continue };
        if is_here(specs, base) && is_here(specs, tip) {
            let paths = changed(specs, Some(base), tip)?;
            let range = Range { spec: spec.clone(), base, tip };
            works.push(Work { range, commits: state.facts.work_commits.len(), paths });
        }
    }
    Ok(works)
}

/// The paths that differ between two commits, without the files of specs.
fn changed(specs: &Specs<'_>, since: Option<ObjectId>, tip: ObjectId) -> Result<Vec<BString>> {
    let changed = history::changed_paths(&specs.project.repo, since, tip)?.into_iter().map(|change| change.path);
    Ok(changed.filter(|path| !path.starts_with(SPECS_DIR.as_bytes())).collect())
}

fn is_here(specs: &Specs<'_>, commit: ObjectId) -> bool {
    matches!(specs.project.repo.gix().try_find_header(commit), Ok(Some(_)))
}

/// The specs that the note on the commit and its own trailers name, as far as they exist.
fn hints(specs: &Specs<'_>, commit: ObjectId) -> Result<Vec<SpecId>> {
    let mut named: Vec<String> = specs.project.store()?.note(commit).unwrap_or_default().into_iter().collect();
    if let Ok(found) = specs.project.repo.gix().find_commit(commit) {
        named.extend(found.message_raw_sloppy().lines().map(|line| line.to_str_lossy().into_owned()));
    }
    let ids = named.iter().filter_map(|line| SpecId::new(line.trim().strip_prefix("Chant-Spec: ")?.trim()).ok());
    let mut hints: Vec<SpecId> = Vec::new();
    for id in ids {
        if !hints.contains(&id) && specs.names.has(&id)? {
            hints.push(id);
        }
    }
    Ok(hints)
}
