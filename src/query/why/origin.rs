//! Which spec a commit came from, and how that is known. Events are proof; notes, trailers and messages are hints.

use std::{
    cell::OnceCell,
    collections::{HashMap, HashSet},
};

use gix::{ObjectId, bstr::ByteSlice};

use super::{
    question::Question,
    source::Source,
    squash::{self, Altered, Commit, Recording, is_here},
};
use crate::{
    domain::{altered_work::Portion, id::SpecId},
    error::Result,
    git::history,
    project::get_or_try_init,
    specs::all::Specs,
};

/// How the spec of a commit is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// An event names the commit.
    Recorded(Source),
    /// An event names another commit that makes the same change.
    Patch {
        /// The attempt.
        source: Source,
        /// The commit that is recorded.
        recorded: ObjectId,
    },
    /// It makes the changes of all commits of an attempt in one.
    Squash {
        /// The attempt.
        source: Source,
        /// How many commits are recorded.
        commits: usize,
    },
    /// It makes the changes of an attempt, or most of them, and others to the same files.
    Altered {
        /// The attempt.
        source: Source,
        /// How many commits are recorded.
        commits: usize,
        /// How many of the recorded lines it changes, too.
        portion: Portion,
        /// The line that is asked about is none of the recorded lines.
        is_other_line: bool,
    },
    /// It makes the changes of several specs in one, and the line that is asked about is of this one.
    Joined {
        /// The attempt.
        source: Source,
        /// The other attempts on the same lines.
        others: Vec<Source>,
        /// All specs, the oldest first.
        specs: Vec<SpecId>,
    },
    /// Several specs recorded the same change.
    Several(Vec<Source>),
    /// It makes the changes of several specs in one.
    SquashOfSeveral(Vec<Source>),
    /// A note or the commit's own message says so, and no event does.
    Claimed(SpecId),
    /// Notes or the commit's own message name several specs, as a squash of their work has it, and no event does.
    ClaimedBySeveral(Vec<SpecId>),
    /// Nothing is known.
    Unknown,
}

impl Origin {
    /// The attempts that it came from, the one that matters most first.
    pub(crate) fn sources(&self) -> Vec<Source> {
        match self {
            Origin::Recorded(source)
            | Origin::Patch { source, .. }
            | Origin::Squash { source, .. }
            | Origin::Altered { source, .. } => vec![source.clone()],
            Origin::Joined { source, others, .. } => [source].into_iter().chain(others).cloned().collect(),
            Origin::Several(several) | Origin::SquashOfSeveral(several) => several.clone(),
            Origin::Claimed(spec) => vec![Source::any(spec.clone())],
            Origin::ClaimedBySeveral(several) => several.iter().cloned().map(Source::any).collect(),
            Origin::Unknown => Vec::new(),
        }
    }

    /// The stable name of how it is known.
    pub(crate) fn certainty(&self) -> &'static str {
        match self {
            Origin::Recorded(_) => "recorded",
            Origin::Patch { .. } | Origin::Squash { .. } | Origin::Altered { .. } | Origin::Joined { .. } => "patch",
            Origin::Several(_) | Origin::SquashOfSeveral(_) | Origin::ClaimedBySeveral(_) => "several",
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
            Origin::Squash { commits, .. } => format!("squash of {}", recorded_commits(*commits)),
            Origin::Altered { commits, portion: Portion { found, of, .. }, is_other_line, .. } => {
                let how = if found == of {
                    format!("squash of {}, with other changes", recorded_commits(*commits))
                } else {
                    format!("altered squash of {}: {found} of {of} changed lines", recorded_commits(*commits))
                };
                if *is_other_line { format!("{how}; this line is not recorded") } else { how }
            }
            Origin::Joined { specs, .. } => format!("squash of the work of {}", shorts(specs)),
            Origin::Several(several) => format!("several specs record this change: {}", shorts(specs_of(several))),
            Origin::SquashOfSeveral(several) => format!("squash of the work of {}", shorts(specs_of(several))),
            Origin::ClaimedBySeveral(specs) => {
                format!("named only by notes or the commit message, for several specs: {}", shorts(specs))
            }
            Origin::Claimed(_) => "named only by a note or the commit message; no event confirms it".to_owned(),
            Origin::Unknown => "no spec records it".to_owned(),
        }
    }
}

fn specs_of(sources: &[Source]) -> impl Iterator<Item = &SpecId> {
    sources.iter().map(|source| &source.spec)
}

fn recorded_commits(number: usize) -> String {
    format!("{} that its events record", count("commit", number))
}

fn shorts<'a>(specs: impl IntoIterator<Item = &'a SpecId>) -> String {
    specs.into_iter().map(SpecId::short).collect::<Vec<_>>().join(", ")
}

fn count(what: &str, number: usize) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

/// Finds the specs that commits came from. What events record is read once, when a commit needs it first.
pub(crate) struct Origins<'s, 'p> {
    specs: &'s Specs<'p>,
    recorded: OnceCell<Recorded>,
}

/// The commits that the events of all specs record.
#[derive(Default)]
struct Recorded {
    /// The work and the merges, each with the first attempt that names it.
    commits: HashMap<ObjectId, Source>,
    /// The work by its patches: of each spec the newest commit that makes the change.
    patches: HashMap<String, Vec<(Source, ObjectId)>>,
    /// What attempts changed, path by path.
    recordings: Vec<Recording>,
}

impl<'s, 'p> Origins<'s, 'p> {
    /// Nothing is read yet.
    pub(crate) fn new(specs: &'s Specs<'p>) -> Origins<'s, 'p> {
        Origins { specs, recorded: OnceCell::new() }
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
            if let Some(source) = named.commits.remove(&commit) {
                return Ok(Origin::Recorded(source));
            }
        }
        let recorded = self.recorded()?;
        if let Some(source) = recorded.commits.get(&commit) {
            return Ok(Origin::Recorded(source.clone()));
        }
        if let Some(patch) = history::patch_id(&self.specs.project.repo, commit)? {
            match recorded.patches.get(&patch.to_string()).map(Vec::as_slice) {
                Some([(source, recorded)]) => return Ok(Origin::Patch { source: source.clone(), recorded: *recorded }),
                Some(several) => {
                    return Ok(Origin::Several(several.iter().map(|(source, _)| source.clone()).collect()));
                }
                None => {}
            }
            if let Some(origin) = self.squashed(&question, &hints)? {
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

    /// The specs whose work the commit has in one: as it was recorded, otherwise altered.
    fn squashed(&self, question: &Question<'_>, hints: &[SpecId]) -> Result<Option<Origin>> {
        let specs = self.specs;
        let commit = Commit::read(specs, question.commit)?;
        let recordings = commit.candidates(specs, &self.recorded()?.recordings)?;
        let whole = each_spec_once(commit.whole(specs, &recordings, question.path)?);
        match whole.as_slice() {
            [] => {}
            [one] => return Ok(Some(Origin::Squash { source: one.source.clone(), commits: one.commits })),
            several => return Ok(Some(Origin::Several(sources(several)))),
        }
        let is_likely = self.likely(&commit, &recordings, question, hints)?;
        let altered = commit.altered(specs, &recordings, question, &|work| is_likely.contains(&work))?;
        Ok(origin_of(&altered, &recordings))
    }

    /// The places of the recordings for which something else than their lines speaks: the commit names their spec or its topic, or has other
    /// work of the topic as it was recorded, such as the held test.
    fn likely(
        &self,
        commit: &Commit,
        recordings: &[&Recording],
        question: &Question<'_>,
        hints: &[SpecId],
    ) -> Result<HashSet<usize>> {
        let specs = self.specs;
        let message =
            specs.project.repo.gix().find_commit(question.commit)?.message_raw_sloppy().to_str_lossy().to_lowercase();
        let whole = commit.whole(specs, recordings, None)?;
        let mut topics = Vec::new();
        for one in recordings {
            topics.push(specs.entry(&one.source.spec)?.spec().and_then(|spec| spec.front.topic.clone()));
        }
        let mut likely = HashSet::new();
        for (place, (one, topic)) in recordings.iter().zip(&topics).enumerate() {
            let is_beside = |(other, of): (&&Recording, &Option<String>)| {
                let is_whole = whole.iter().any(|whole| whole.source == other.source);
                is_whole && topic.is_some() && topic == of && other.source.spec != one.source.spec
            };
            let names = [Some(one.source.spec.short()), topic.as_deref()];
            let is_named = names.into_iter().flatten().any(|name| has_word(&message, &name.to_lowercase()));
            if hints.contains(&one.source.spec) || is_named || recordings.iter().zip(&topics).any(is_beside) {
                likely.insert(place);
            }
        }
        Ok(likely)
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
            let own: Vec<&Recording> = recordings.iter().filter(|one| one.source.spec == *spec).collect();
            let mut is_other = path.is_some() && !own.is_empty();
            for (one, path) in own.iter().zip(path.into_iter().cycle()) {
                is_other &= !one.touches(self.specs, path)?;
            }
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

    /// Adds what the events of `spec` record. An earlier attempt may have been merged, and the spec worked again since: what two attempts
    /// name is of the first.
    fn add(&mut self, specs: &Specs<'_>, spec: &SpecId) -> Result<()> {
        let Some(state) = specs.recorded(spec)?.state else { return Ok(()) };
        let walk = specs.project.store()?.walk(spec, state.tip)?;
        let mut made: HashMap<ObjectId, ObjectId> = HashMap::new();
        for event in walk.history.events() {
            let landed = event.facts.landing.map(|landing| landing.new);
            for commit in event.facts.work_commits.iter().copied().chain(landed) {
                made.entry(commit).or_insert(event.attempt());
            }
        }
        let source = |commit: &ObjectId| Source { spec: spec.clone(), attempt: made.get(commit).copied() };
        let mut patches: HashSet<&str> = HashSet::new();
        for event in walk.history.events().iter().rev() {
            for (commit, patch) in event.facts.work_commits.iter().zip(&event.facts.patch_ids) {
                if patches.insert(patch) {
                    self.patches.entry(patch.clone()).or_default().push((source(commit), *commit));
                }
            }
        }
        for commit in made.keys() {
            self.commits.entry(*commit).or_insert_with(|| source(commit));
        }
        self.recordings.extend(squash::recordings(specs, spec, &state, &walk.history)?);
        Ok(())
    }
}

/// How the specs are known whose work a commit alters.
fn origin_of(altered: &Altered, recordings: &[&Recording]) -> Option<Origin> {
    let in_order = |mut works: Vec<usize>| {
        works.sort_unstable();
        works.dedup();
        each_spec_once(works.into_iter().map(|work| recordings[work]).collect())
    };
    let all = in_order(altered.found.iter().flat_map(|found| found.works.clone()).collect());
    if let [one] = all.as_slice() {
        let portion = altered.found.iter().map(|found| found.portion).max_by_key(|portion| portion.found)?;
        let is_other_line = altered.has_line && altered.owner.is_none();
        let (source, commits) = (one.source.clone(), one.commits);
        return Some(Origin::Altered { source, commits, portion, is_other_line });
    }
    if all.is_empty() {
        return None;
    }
    let Some((place, work)) = altered.owner else { return Some(Origin::SquashOfSeveral(sources(&all))) };
    let source = recordings[work].source.clone();
    let mut others = in_order(altered.found[place].works.clone());
    others.retain(|other| other.source.spec != source.spec);
    let specs = all.iter().map(|one| one.source.spec.clone()).collect();
    Some(Origin::Joined { source, others: sources(&others), specs })
}

/// Of several attempts at one spec the newest, in the place of the first.
fn each_spec_once(recordings: Vec<&Recording>) -> Vec<&Recording> {
    let mut found: Vec<&Recording> = Vec::new();
    for one in recordings {
        match found.iter_mut().find(|other| other.source.spec == one.source.spec) {
            Some(other) => *other = one,
            None => found.push(one),
        }
    }
    found
}

fn sources(recordings: &[&Recording]) -> Vec<Source> {
    recordings.iter().map(|one| one.source.clone()).collect()
}

/// Whether a text has a word, or words, that end where those begin and end.
fn has_word(text: &str, word: &str) -> bool {
    let is_part = |letter: char| letter.is_alphanumeric() || letter == '_';
    text.match_indices(word).any(|(at, _)| {
        !word.is_empty() && !text[..at].ends_with(is_part) && !text[at + word.len()..].starts_with(is_part)
    })
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
