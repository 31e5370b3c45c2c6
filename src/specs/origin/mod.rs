//! Which spec a commit came from, and how that is known. Events are proof; notes, trailers and messages are hints.

mod question;
pub(super) mod recording;
mod source;
mod squash;

use std::collections::HashSet;

use gix::{ObjectId, bstr::ByteSlice};

use recording::{Recorded, Recording, changes_of, is_here, shares_lines};
use squash::{Altered, Commit};

use super::all::Specs;
use crate::{
    domain::{
        altered_work::{Contained, Portion, is_mostly_in},
        id::SpecId,
    },
    error::Result,
    git::history,
    project::get_or_try_init,
};

pub(crate) use question::Question;
pub(crate) use source::Source;

/// How many commits are looked at for work that a branch lacks, those that change its paths last.
const MOST_TAKEN: usize = 500;

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

    /// Whether events record that it came from `spec`.
    fn is_of(&self, spec: &SpecId) -> bool {
        let is_claimed = matches!(self, Origin::Claimed(_) | Origin::ClaimedBySeveral(_));
        !is_claimed && self.sources().iter().any(|source| source.spec == *spec)
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

/// The works that a commit has in one.
struct Works<'r> {
    /// What attempts changed that may be in the commit, the oldest first.
    recordings: Vec<&'r Recording>,
    /// Those that it has as they were recorded, each spec once.
    whole: Vec<&'r Recording>,
    /// Those that it alters, as places in `recordings`.
    altered: Altered,
}

impl Specs<'_> {
    /// Which spec a commit came from; of a commit that squashes the work of several the one that changed the path, or the line, if that is
    /// asked about.
    ///
    /// # Errors
    /// If the repository cannot be read.
    pub(crate) fn origin(&self, question: Question<'_>) -> Result<Origin> {
        let commit = question.commit;
        let hints = hints(self, commit)?;
        // What is named is asked first; it is believed only if its events agree.
        for spec in &hints {
            let mut named = Recorded::default();
            if let Some(state) = self.recorded(spec)?.state {
                named.add(self.project, spec, &state)?;
            }
            if let Some(source) = named.commits.remove(&commit) {
                return Ok(Origin::Recorded(source));
            }
        }
        let recorded = self.recorded_work()?;
        if let Some(source) = recorded.commits.get(&commit) {
            return Ok(Origin::Recorded(source.clone()));
        }
        if let Some(patch) = history::patch_id(&self.project.repo, commit)? {
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

    /// What the events of all specs record, read when a commit needs it first.
    fn recorded_work(&self) -> Result<&Recorded> {
        get_or_try_init(&self.recorded_work, || {
            let mut recorded = Recorded::default();
            for spec in self.names.all()? {
                if let Some(state) = self.recorded(spec)?.state {
                    recorded.add(self.project, spec, &state)?;
                }
            }
            Ok(recorded)
        })
    }

    /// The commit with which those that `tip` reaches and `known` does not have the work of a spec, altered or not: they came from it, as
    /// [`Specs::origin`] says. `None` if they have not. How much of it a commit has to have says `is_enough`.
    ///
    /// # Errors
    /// If the repository cannot be read.
    pub(super) fn taken_by(
        &self,
        spec: &SpecId,
        known: Option<ObjectId>,
        tip: ObjectId,
        is_enough: impl Fn(Portion) -> bool,
    ) -> Result<Option<ObjectId>> {
        let (project, mut own) = (self.project, Recorded::default());
        let Some(state) = self.recorded(spec)?.state else { return Ok(None) };
        own.add(project, spec, &state)?;
        let mut paths = Vec::new();
        for change in changes_of(&own, project)? {
            // Of a file that was renamed before the work came, no commit changes the recorded path.
            if change.after.is_some() && project.blob_id_in(tip, &change.path)?.is_none() {
                paths.clear();
                break;
            }
            paths.push(change.path.clone());
        }
        let known = known.filter(|known| is_here(project, *known));
        let (mut taken, mut last) = (Vec::new(), None);
        for id in history::commits_touching(&project.repo, known, tip, &paths, MOST_TAKEN)? {
            if !shares_lines(&own, project, id)? {
                continue;
            }
            let question = Question { commit: id, path: None, line: None };
            let Works { recordings, whole, altered } = self.works_in(&question, &hints(self, id)?)?;
            let is_own = |one: &Recording| one.source.spec == *spec;
            let has_enough =
                |found: &Contained| is_enough(found.portion) && found.works.iter().any(|at| is_own(recordings[*at]));
            if whole.into_iter().any(is_own) || altered.found.iter().any(has_enough) {
                return Ok(Some(id));
            }
            if self.origin(question)?.is_of(spec) {
                taken.extend(Commit::read(project, id)?.changes);
                // The newest is met first.
                last = last.or(Some(id));
            }
        }
        for one in &own.recordings {
            if !taken.is_empty() && is_mostly_in(one.changes(&project.repo)?, &taken) {
                return Ok(last);
            }
        }
        Ok(None)
    }

    /// The specs whose work the commit has in one: as it was recorded, otherwise altered.
    fn squashed(&self, question: &Question<'_>, hints: &[SpecId]) -> Result<Option<Origin>> {
        let Works { recordings, whole, altered } = self.works_in(question, hints)?;
        let exact = match whole.as_slice() {
            [] => return Ok(origin_of(&altered, &recordings)),
            [one] => Origin::Squash { source: one.source.clone(), commits: one.commits },
            several => Origin::Several(sources(several)),
        };
        let mut all = whole.clone();
        for one in altered.found.iter().flat_map(|found| &found.works).map(|work| recordings[*work]) {
            if !all.iter().any(|other| other.source.spec == one.source.spec) {
                all.push(one);
            }
        }
        all.sort_by_key(|one| one.at);
        Ok(Some(if all.len() > whole.len() { Origin::SquashOfSeveral(sources(&all)) } else { exact }))
    }

    /// The works that a commit has in one.
    fn works_in(&self, question: &Question<'_>, hints: &[SpecId]) -> Result<Works<'_>> {
        let commit = Commit::read(self.project, question.commit)?;
        let recordings = commit.candidates(self.project, &self.recorded_work()?.recordings)?;
        let whole = each_spec_once(commit.whole(self.project, &recordings, question.path)?);
        // Where a path is asked about, its change is of one work or of another.
        let altered = if whole.is_empty() || question.path.is_none() {
            let is_likely = self.likely(&commit, &recordings, question, hints)?;
            commit.altered(self.project, &recordings, question, &|work| is_likely.contains(&work))?
        } else {
            Altered::default()
        };
        Ok(Works { recordings, whole, altered })
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
        let message =
            self.project.repo.gix().find_commit(question.commit)?.message_raw_sloppy().to_str_lossy().to_lowercase();
        let whole = commit.whole(self.project, recordings, None)?;
        let mut topics = Vec::new();
        for one in recordings {
            topics.push(self.entry(&one.source.spec)?.spec().and_then(|spec| spec.front.topic.clone()));
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
        let recordings = &self.recorded_work()?.recordings;
        for spec in self.names.all()? {
            let Some(state) = self.recorded(spec)?.state else { continue };
            let Some(tip) = state.facts.work_commits.last().copied() else { continue };
            let own: Vec<&Recording> = recordings.iter().filter(|one| one.source.spec == *spec).collect();
            let mut is_other = path.is_some() && !own.is_empty();
            for (one, path) in own.iter().zip(path.into_iter().cycle()) {
                is_other &= !one.touches(self.project, path)?;
            }
            if !is_other && !is_here(self.project, tip) {
                lacking.push((spec.clone(), tip));
            }
        }
        Ok(lacking)
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
