//! What was seen of the repository before a run, compared with what is there afterwards. Here, and only here, is decided what of that is told
//! and what waits for a person's acknowledgement.
//!
//! A record of it is kept from the beginning of a run until its attempt is merged. It is compared after the agent, after the checks, when a
//! dead run is found, when an attempt is resumed, finished or merged. What waits goes into an event; only then the record says that it was
//! named. Where the run was confined it could not have made the difference, so that this is only told.

mod beside;
mod chains;
mod files;
mod look;
mod moved;
mod outside;
mod parts;
mod record;
mod settings;
mod trust;

use std::{collections::BTreeMap, path::Path};

use gix::ObjectId;

pub(crate) use look::Extent;

use crate::{
    agent::{confine::Protected, lease::Life},
    answer::progress::Progress,
    attempt::home,
    domain::{byte_text::shown, confined::Confined, fold, id::SpecId, state::State, status::Status},
    env::fault,
    error::{IoContext as _, Result},
    project::{Project, agent::MANUAL},
    specs::{
        attempt::{Changes, SEEN_DIR},
        confined::last_run,
    },
    store::SPECS,
};
use look::{Seen, look, places};
use parts::{Part, changed_parts, differing, one, take};
use record::Record;
use trust::Moment;

/// What is said where there should be a record and is none.
const LOST: &str = "the record of the repository before the run was removed or altered";

/// How many paths of the main worktree are named.
const PATHS: usize = 8;

/// What one attempt is compared with.
pub(crate) struct Watch {
    id: SpecId,
    attempt: ObjectId,
    /// `None` if there is no record; then [`Watch::lost`] says whether there should be one.
    record: Option<Record>,
    lost: bool,
    /// Whether a lost record only has to be told of.
    confined: bool,
    /// What was told before commands ran that nothing confined: everything else may be their doing.
    told: Option<Vec<String>>,
    /// What was there at the last comparison, and what of it differed in what git goes by.
    last: Option<(Seen, Vec<Differing>)>,
}

/// A part that differs, and whether that waits.
type Differing = (Part, String, bool);

impl Watch {
    /// Looks at the repository before a run of `attempt` in `worktree`, and keeps that. What an earlier run changed and no
    /// event has named, or no person acknowledged, is compared with what was there before that one.
    ///
    /// # Errors
    /// If the repository cannot be read, or the record not be written.
    pub(crate) fn begin(
        project: &Project,
        id: &SpecId,
        attempt: ObjectId,
        worktree: &Path,
        protected: Option<&Protected>,
    ) -> Result<Watch> {
        let now = look(project, Extent::All, None)?;
        let mut record = Record::new(attempt, protected.is_some(), now, places(project, Some(worktree)));
        record.protected = protected.cloned().unwrap_or_default();
        record.began = Moment::now(project)?;
        match Record::read(project, id)? {
            Some(earlier) if earlier.attempt == attempt => resume(&mut record, earlier),
            Some(earlier) => inherit(project, id, &mut record, &earlier)?,
            None => record.lost = last_run(project, id, attempt)?.is_some_and(|by| by == Confined::None),
        }
        record.write(project, id)?;
        Ok(Watch {
            id: id.clone(),
            attempt,
            confined: record.confined,
            lost: record.lost,
            record: Some(record),
            told: None,
            last: None,
        })
    }

    /// Reads what was kept before the last run of `attempt`. `ran` says that an agent certainly ran here.
    ///
    /// # Errors
    /// If the history of the spec cannot be read.
    pub(crate) fn open(project: &Project, id: &SpecId, attempt: ObjectId, ran: bool) -> Result<Watch> {
        let record = Record::read(project, id)?.filter(|record| record.attempt == attempt);
        let (mut lost, mut confined) = record.as_ref().map_or((false, false), |record| (record.lost, record.confined));
        if record.is_none() {
            let last = last_run(project, id, attempt)?;
            lost = ran || last.is_some() || vanished(project, id, attempt)?;
            confined = last.is_some_and(|by| by != Confined::None);
        }
        Ok(Watch { id: id.clone(), attempt, record, lost, confined, told: None, last: None })
    }

    /// Says that commands ran which nothing confined, after `told` had been found of a confined run.
    pub(crate) fn ran_unconfined(&mut self, told: Vec<String>) {
        self.told = Some(told);
    }

    /// Compares what was seen with what is there now.
    ///
    /// # Errors
    /// If the repository cannot be read.
    pub(crate) fn compare(&mut self, project: &Project, extent: Extent) -> Result<Changes> {
        let mut changes = Changes::default();
        if self.lost {
            let of = if self.confined { &mut changes.told } else { &mut changes.waits };
            of.push(LOST.to_owned());
        }
        let Some(record) = &mut self.record else {
            if self.lost {
                self.last = Some((look(project, Extent::All, None)?, Vec::new()));
            }
            return Ok(changes);
        };
        let now = look(project, extent, Some(&record.before))?;
        let mut differs = Vec::new();
        let differing = changed_parts(&record.before.parts, &now.parts);
        let open = |(part, name): &(Part, String)| record.could_change(project, &now, *part, name);
        record.open |= record.confined && !record.compared && differing.iter().any(open);
        let Some(record) = &self.record else { return Ok(changes) };
        for (part, name) in differing {
            let Some(mut waits) = self.judge(project, record, &now, part, &name)? else { continue };
            let what = format!("the {} '{}' was changed", part.noun(), shown(&name));
            let aside = format!("{what} ({})", part.aside(record.confined));
            waits |= self.told.as_ref().is_some_and(|told| !told.contains(&aside));
            if waits {
                changes.waits.push(what);
            } else {
                changes.told.push(aside);
            }
            differs.push((part, name, waits));
        }
        if !record.confined && !record.compared {
            changes.undone = trust::withdraw(project, record.began)?;
        }
        if extent == Extent::All {
            self.compare_refs(project, record, &now, &mut changes)?;
            compare_tree(&record.before, &now, &mut changes);
            if !record.confined && !record.compared {
                let what = "files of your home directory that decide how programs run changed during the run";
                changes.noted.extend(home::say(
                    &project.env,
                    &home::starts_changed(&project.env, record.began.since()),
                    what,
                ));
            }
            if let (Some(before), Some(beside)) = (&record.before.beside, &now.beside) {
                changes.noted.extend(beside::compare(before, beside, &now.refs));
            }
        }
        let now_at = places(project, None);
        if now_at.have_one_root(&record.places) {
            let replaced = record.places.changed();
            changes
                .waits
                .extend(replaced.iter().map(|path| format!("the directory '{}' was replaced", path.display())));
        }
        if !changes.waits.is_empty() {
            changes.muted = settings::muted(&record.before.plain, &now.plain);
        }
        self.last = Some((now, differs));
        Ok(changes)
    }

    /// Whether a part that differs has to be named: with `true` it waits, with `false` it is told.
    fn judge(&self, project: &Project, record: &Record, now: &Seen, part: Part, name: &str) -> Result<Option<bool>> {
        let present = one(&now.parts, part, name);
        let named = one(&record.named, part, name);
        let absent = String::new();
        if named.is_some_and(|named| named == present.unwrap_or(&absent))
            || (part.is_of_home() && record.before.home != now.home)
            || explained(project, now, part, name)?
        {
            return Ok(None);
        }
        // Between two runs a person sets up agents: no run is under way that would do it.
        let between = record.compared && part == Part::Setting && name.starts_with("chant.");
        // What nothing confined may start what it likes; of a program that a person updates it is only told.
        let of_system = part == Part::Program && !record.confined;
        Ok(Some(record.could_change(project, now, part, name) && !between && !of_system))
    }

    fn compare_refs(&self, project: &Project, record: &Record, now: &Seen, changes: &mut Changes) -> Result<()> {
        let (before, own) = (&record.before.refs, format!("refs/heads/{}", project.branch(&self.id)?));
        let names = differing(before, &now.refs);
        let landed = moved::landed(project, before, &now.refs, &names)?;
        // Later people move the target, and take it into the work.
        let by_run = !record.confined && !record.compared;
        if by_run {
            changes.waits.extend(moved::taken_in(project, &self.id, self.attempt, before, &now.refs, &landed)?);
        }
        for name in names {
            if chains::is_ours(&name) {
                let waits = !record.confined || self.told.is_some();
                let of = if waits { &mut changes.waits } else { &mut changes.told };
                of.extend(chains::unexplained(project, &name, before, &now.refs)?);
                if by_run {
                    changes.noted.extend(chains::decided(project, &name, before, &now.refs)?);
                }
            } else if name != own && !name.starts_with("refs/replace/") && !name.starts_with("refs/bisect/") {
                let (old, new) = (before.get(&name), now.refs.get(&name));
                // The branch of another spec, whose history records it.
                let history = moved::spec_of(project, &name)?.map(|id| format!("{SPECS}{id}"));
                if history.is_some_and(|history| before.get(&history) != now.refs.get(&history)) {
                    continue;
                }
                if let Some(what) = moved::say(project, &name, old, new, &landed)? {
                    changes.noted.push(what);
                    changes.refs_moved.push(shown(&name));
                }
            }
        }
        Ok(())
    }

    /// Writes the record as this process has it, whatever the run made of the file.
    ///
    /// # Errors
    /// If it cannot be written.
    pub(crate) fn write(&self, project: &Project) -> Result<()> {
        self.record.as_ref().map_or(Ok(()), |record| record.write(project, &self.id))
    }

    /// Remembers that what the last comparison found is told, and is in an event where it waits.
    ///
    /// # Errors
    /// If the record cannot be written.
    pub(crate) fn settle(mut self, project: &Project) -> Result<()> {
        let Some((now, differs)) = self.last.take() else { return Ok(()) };
        let mut record = self.record.take().unwrap_or_else(|| {
            let worktree = project.worktree_of(&self.id).ok().flatten();
            let at = places(project, worktree.as_ref().map(|tree| tree.path.as_path()));
            Record::new(self.attempt, self.confined, now.clone(), at)
        });
        for (part, name, waits) in differs {
            if waits {
                let content = one(&now.parts, part, &name).cloned().unwrap_or_default();
                record.named.entry(part).or_default().insert(name, content);
            } else {
                take(&mut record.before.parts, &now.parts, part, &name);
            }
        }
        if now.tree.is_some() {
            (record.before.refs, record.before.tree, record.before.beside) = (now.refs, now.tree, now.beside);
        }
        let worktree = project.worktree_of(&self.id)?;
        record.places = places(project, worktree.as_ref().map(|tree| tree.path.as_path()));
        (record.compared, record.lost) = (true, false);
        record.write(project, &self.id)
    }
}

/// What differs from what was seen before the last run of `attempt` and waits; what does not is told, once.
///
/// # Errors
/// If the repository cannot be read.
pub(crate) fn waiting(
    project: &Project,
    id: &SpecId,
    attempt: ObjectId,
    progress: &dyn Progress,
) -> Result<Vec<String>> {
    let mut watch = Watch::open(project, id, attempt, false)?;
    let changes = watch.compare(project, Extent::Guarded)?;
    if changes.waits.is_empty() && !(changes.told.is_empty() && changes.undone.is_empty()) {
        changes.say(progress);
        watch.settle(project)?;
    }
    Ok(changes.waits)
}

/// Takes the worktree at `path` for the one of the spec that has to stay what it is: git-chant has just made it again.
///
/// # Errors
/// If the record cannot be written.
pub(crate) fn made_again(project: &Project, id: &SpecId, path: &Path) -> Result<()> {
    let Some(mut record) = Record::read(project, id)? else { return Ok(()) };
    record.places.renew(path);
    record.write(project, id)
}

/// Forgets what was seen before the runs of a spec whose work is merged.
///
/// # Errors
/// If the file cannot be removed.
pub(crate) fn forget(project: &Project, id: &SpecId) -> Result<()> {
    let path = project.seen_file(id);
    match fault::around("seen.drop", || std::fs::remove_file(&path)) {
        Err(cause) if cause.kind() != std::io::ErrorKind::NotFound => Err(cause).io("remove", &path),
        _ => Ok(()),
    }
}

/// Takes what events have named as a person has it now, who looked at it.
///
/// # Errors
/// If the repository cannot be read, or the record not be written.
pub(crate) fn acknowledge(project: &Project, id: &SpecId) -> Result<()> {
    let Some(mut record) = Record::read(project, id)?.filter(|record| !record.named.is_empty()) else { return Ok(()) };
    let now = look(project, Extent::Guarded, Some(&record.before))?;
    for (part, names) in &mut record.named {
        for (name, content) in names {
            *content = one(&now.parts, *part, name).cloned().unwrap_or_default();
        }
    }
    record.write(project, id)
}

/// What was seen before the first run of an attempt holds for all of its runs.
fn resume(record: &mut Record, earlier: Record) {
    for (part, name) in changed_parts(&earlier.before.parts, &record.before.parts) {
        let between = earlier.compared && part == Part::Setting && name.starts_with("chant.");
        let shared = part.is_of_home() && earlier.before.home != record.before.home;
        if !between && !shared {
            take(&mut record.before.parts, &earlier.before.parts, part, &name);
        }
    }
    if !earlier.compared || earlier.open {
        record.open = earlier.is_open();
        record.protected = earlier.protected;
    }
    record.before.plain = earlier.before.plain;
    if !earlier.compared {
        record.began = earlier.began;
    }
    record.confined &= earlier.confined;
    record.lost = earlier.lost;
    record.named = earlier.named;
}

/// What an earlier attempt of the spec changed, and no person acknowledged, is still different for the next one.
fn inherit(project: &Project, id: &SpecId, record: &mut Record, earlier: &Record) -> Result<()> {
    if earlier.confined && !earlier.is_open() {
        return Ok(());
    }
    let acknowledged = unacknowledged(project, id, earlier.attempt)?.is_empty();
    for (part, name) in changed_parts(&earlier.before.parts, &record.before.parts) {
        let named = one(&earlier.named, part, &name).is_some();
        let shared = part.is_of_home() && earlier.before.home != record.before.home;
        // After the last comparison it was a person's doing.
        let stands = if named { !acknowledged } else { !earlier.compared };
        if stands && !shared {
            take(&mut record.before.parts, &earlier.before.parts, part, &name);
            record.confined &= earlier.confined;
            record.open |= earlier.confined;
        }
    }
    record.lost = earlier.lost;
    Ok(())
}

/// What events of an attempt name and no person acknowledged.
fn unacknowledged(project: &Project, id: &SpecId, attempt: ObjectId) -> Result<Vec<String>> {
    let store = project.store()?;
    let Some(tip) = store.tip(id)? else { return Ok(Vec::new()) };
    Ok(fold::unacknowledged_of(&store.walk(id, tip)?.history, tip, attempt))
}

/// Whether a run of `attempt` in this clone ended without a trace: it is in progress, and its lease is gone.
fn vanished(project: &Project, id: &SpecId, attempt: ObjectId) -> Result<bool> {
    let store = project.store()?;
    let runs = |state: &State| {
        let by_agent = state.facts.agent.as_deref().is_some_and(|agent| agent != MANUAL);
        state.status == Status::InProgress && state.attempt == Some(attempt) && by_agent
    };
    Ok(store.state(id)?.is_some_and(|state| runs(&state))
        && project.is_holder(id, attempt)?
        && matches!(project.life(attempt)?, Life::Unknown(_)))
}

/// Has the next attempt know that what was seen before a run of this one is gone, if it is: a person ends it.
///
/// # Errors
/// If the repository cannot be read, or the record not be written.
pub(crate) fn remember_loss(project: &Project, id: &SpecId, attempt: ObjectId) -> Result<()> {
    if Record::read(project, id)?.is_some() || !vanished(project, id, attempt)? {
        return Ok(());
    }
    let mut record = Record::new(attempt, false, look(project, Extent::All, None)?, places(project, None));
    (record.lost, record.compared) = (true, true);
    record.write(project, id)
}

/// Whether a run that nothing confined set `chant.trust` as it is now, and no person has acknowledged that.
///
/// # Errors
/// If the repository cannot be read.
pub(crate) fn trust_is_doubted(project: &Project) -> Result<bool> {
    let name = "chant.trust";
    let entries = std::fs::read_dir(project.repo.common_dir().join(SEEN_DIR)).into_iter().flatten().flatten();
    for id in entries.filter_map(|entry| SpecId::new(entry.file_name().to_str()?).ok()) {
        let Some(record) = Record::read(project, &id)?.filter(|record| !record.confined || record.is_open()) else {
            continue;
        };
        let now = look(project, Extent::Guarded, Some(&record.before))?;
        for part in [Part::Setting, Part::Shared] {
            let (before, present) = (one(&record.before.parts, part, name), one(&now.parts, part, name));
            let named = one(&record.named, part, name).is_some_and(|named| Some(named) == present);
            if present != before
                && (!record.compared || named && !unacknowledged(project, &id, record.attempt)?.is_empty())
            {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// A program that the configuration names by its path, and in the place of which a confined run put another, unless a person acknowledged
/// that.
///
/// # Errors
/// If the repository cannot be read.
pub(crate) fn replaced_program(project: &Project, id: &SpecId) -> Result<Option<String>> {
    let Some(record) = Record::read(project, id)?.filter(|record| record.confined) else { return Ok(None) };
    let now = look(project, Extent::Guarded, Some(&record.before))?;
    for (part, name) in changed_parts(&record.before.parts, &now.parts) {
        let named = one(&record.named, part, &name).is_some_and(|named| Some(named) == one(&now.parts, part, &name));
        if part == Part::Program
            && record.could_change(project, &now, part, &name)
            && !(named && unacknowledged(project, id, record.attempt)?.is_empty())
        {
            return Ok(Some(name));
        }
    }
    Ok(None)
}

/// Whether a part that differs is as it has to be: what it says is true, or is in the history.
fn explained(project: &Project, now: &Seen, part: Part, name: &str) -> Result<bool> {
    match part {
        Part::Shallow => moved::is_edge(project, name, one(&now.parts, part, name).is_some()),
        Part::Hook => {
            let Some(hooks) = now.parts.get(&part) else { return Ok(false) };
            let committed = moved::committed(project, name)?;
            Ok(committed.is_some_and(|blob| files::is_blob(hooks, name, &blob)))
        }
        _ => Ok(false),
    }
}

fn compare_tree(before: &Seen, now: &Seen, changes: &mut Changes) {
    let none = BTreeMap::new();
    // A history that came with the file explains it.
    let history = |path: &str| Some(format!("{SPECS}{}", path.strip_prefix(".chant/specs/")?.strip_suffix(".md")?));
    let is_new = |name: &String| now.refs.contains_key(name) && !before.refs.contains_key(name);
    let added = |path: &str| history(path).is_some_and(|name| is_new(&name));
    let (before, now) = (before.tree.as_ref().unwrap_or(&none), now.tree.as_ref().unwrap_or(&none));
    let mut paths = differing(before, now);
    // The copy of a spec that a merge took into the branch.
    let taken = |path: &str| path.starts_with(".chant/") && !now.contains_key(path);
    paths.retain(|path| {
        !taken(path) && !added(path) && !listed_otherwise(before, now, path) && !listed_otherwise(now, before, path)
    });
    if paths.is_empty() {
        return;
    }
    let more = paths.len().saturating_sub(PATHS);
    paths.truncate(PATHS);
    let more = if more == 0 { String::new() } else { format!(", and {more} more") };
    let what =
        format!("in the main worktree, files or the index changed since the run began: {}{more}", paths.join(", "));
    changes.noted.push(what);
}

/// Whether an untracked path of `one` is in `other` as the directory that it is in, or as what is in it: git lists a directory without
/// tracked files as one path, and its files one by one as soon as one of them is tracked.
fn listed_otherwise(one: &BTreeMap<String, String>, other: &BTreeMap<String, String>, path: &str) -> bool {
    let untracked = |how: &String| how.starts_with('?');
    let inside = |(name, how): (&String, &String)| untracked(how) && name.starts_with(path);
    let mut above = path.match_indices('/').map(|(at, _)| &path[..=at]).filter(|above| *above != path);
    one.get(path).is_some_and(untracked)
        && !other.contains_key(path)
        && (above.any(|above| other.contains_key(above))
            || path.ends_with('/') && other.range(path.to_owned()..).next().is_some_and(inside))
}
