//! What an agent must not touch, compared before and after its run: refs of git-chant, the repository's configuration, its hooks.
//! What follows from a change is not decided here.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::Duration,
};

use bstr::ByteSlice;
use gix::{ObjectId, refs::Target};

use crate::{
    domain::id::SpecId,
    error::Result,
    git::{lookup, process::Git},
    project::Project,
    store::{SPECS, archive::ARCHIVES, attempts::ATTEMPTS},
};

/// What changed during a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Changes {
    /// Changes that no event explains, in words: they need a person's acknowledgement before the merge.
    pub tampered: Vec<String>,
    /// Other refs that moved. People work in parallel: for information.
    pub refs_moved: Vec<String>,
    /// Settings (`key=value`) under which git works as before the change of the configuration, as far as that can be said.
    pub muted: Vec<String>,
}

/// The repository's guarded parts, as they were at one time.
#[derive(Debug)]
pub(crate) struct Guard {
    refs: BTreeMap<String, String>,
    config: Settings,
    /// What git goes by: every scope, includes followed.
    effective: Settings,
    hooks: BTreeMap<PathBuf, ObjectId>,
}

impl Guard {
    /// Looks at them before the run.
    pub(crate) fn before(project: &Project) -> Result<Guard> {
        let refs = refs(project)?;
        let (config, effective) = settings(project)?;
        let hooks = hooks(project, &effective)?;
        Ok(Guard { refs, config, effective, hooks })
    }

    /// Looks again and says what is different. `own` is the spec that was worked.
    pub(crate) fn after(&self, project: &Project, own: &SpecId) -> Result<Changes> {
        let mut changes = Changes::default();
        self.compare_refs(project, own, &refs(project)?, &mut changes)?;
        let (config, effective) = settings(project)?;
        for key in differing(&self.config, &config) {
            changes.tampered.push(format!("the configuration key '{key}' was changed"));
        }
        changes.muted = differing(&self.effective, &effective)
            .into_iter()
            .filter_map(|key| muted(&key, self.effective.get(&key).and_then(|values| values.last())))
            .collect();
        let hooks = hooks(project, &effective)?;
        for path in differing(&self.hooks, &hooks) {
            changes.tampered.push(format!("the hook '{}' was changed", path.display()));
        }
        Ok(changes)
    }

    fn compare_refs(
        &self,
        project: &Project,
        own: &SpecId,
        now: &BTreeMap<String, String>,
        changes: &mut Changes,
    ) -> Result<()> {
        let own_branch = format!("refs/heads/{}", project.branch(own)?);
        for name in differing(&self.refs, now) {
            let (old, new) = (self.refs.get(&name), now.get(&name));
            if name.starts_with("refs/chant/")
                || name.starts_with("refs/notes/chant")
                || name.starts_with("refs/chant-local/")
            {
                // A listing can miss a ref, or take an old value of it, while another process packs refs. Reading the one ref is certain.
                let new = holds(project, &name)?.or_else(|| new.filter(|id| id.parse::<ObjectId>().is_err()).cloned());
                let new = new.as_ref();
                if new != old && !explained(project, &name, old, new)? {
                    let restored = restore(project, &name, old, new)?;
                    let also = if restored { ", and was restored" } else { "" };
                    changes.tampered.push(format!("the ref '{name}' was changed by no event{also}"));
                }
            } else if name != own_branch {
                changes.refs_moved.push(name);
            }
        }
        Ok(())
    }
}

/// What one ref holds now, if it holds an id.
fn holds(project: &Project, name: &str) -> Result<Option<String>> {
    let Ok(full) = gix::refs::FullName::try_from(name) else { return Ok(None) };
    let target = lookup::target(project.repo.gix(), full.as_ref())?;
    Ok(target.as_ref().and_then(gix::refs::Target::try_id).map(|id| id.to_string()))
}

/// A history that grew by events on top of what it was is explained: another process worked in parallel. Everything else is not: a
/// chain that is gone, that was moved elsewhere, or that grew by what is no event. Notes may grow likewise.
fn explained(project: &Project, name: &str, old: Option<&String>, new: Option<&String>) -> Result<bool> {
    if name.starts_with("refs/chant-local/") {
        // Completing a spec and pruning drop the ref of an attempt whose commits are elsewhere.
        let old = old.and_then(|id| id.parse::<ObjectId>().ok());
        return match (new, old) {
            (None, Some(old)) => match name.strip_prefix(ATTEMPTS).and_then(|name| name.split_once('/')) {
                Some((id, name)) => match SpecId::new(id) {
                    Ok(id) => project.is_dispensable(&id, name, old),
                    Err(_) => Ok(false),
                },
                None => Ok(false),
            },
            (new, _) => Ok(new.is_some()),
        };
    }
    let old = old.and_then(|id| id.parse::<ObjectId>().ok());
    let chain = name.strip_prefix(SPECS).and_then(|name| SpecId::new(name).ok());
    let Some(new) = new.and_then(|id| id.parse::<ObjectId>().ok()) else {
        // One that is gone was folded if its archive holds it.
        let (Some(spec), Some(old), None) = (chain, old, new) else { return Ok(false) };
        let store = project.store()?;
        return store.folded_tip(&spec)?.map_or(Ok(false), |folded| store.covers(&spec, folded, old));
    };
    if name.starts_with("refs/notes/chant") {
        return match old {
            Some(old) => project.is_ancestor(old, new),
            None => Ok(true),
        };
    }
    if let Some(archive) = name.strip_prefix(ARCHIVES) {
        let grown = old.map_or(Ok(true), |old| project.is_ancestor(old, new))?;
        return Ok(grown && project.store()?.fit_archive(archive, new, old)?.is_ok());
    }
    let Some(spec) = chain else { return Ok(false) };
    let mut walk = project.store()?.walk(&spec, new)?;
    for pause in [10, 50] {
        if walk.missing.is_empty() {
            break;
        }
        // During a garbage collection an object can be on its way from one pack to another.
        std::thread::sleep(Duration::from_millis(pause));
        walk = project.store()?.walk(&spec, new)?;
    }
    let grown = old.is_none_or(|old| walk.history.reaches(new, old));
    Ok(grown && walk.invalid.is_empty() && walk.missing.is_empty())
}

/// A chain that lost events gets them back: it moves from what it is now to what it was, if that still is all that it lost. What
/// it gained otherwise stays as it is, for a person to look at.
fn restore(project: &Project, name: &str, old: Option<&String>, new: Option<&String>) -> Result<bool> {
    let Some(old) = old.and_then(|id| id.parse::<ObjectId>().ok()) else { return Ok(false) };
    let now = match new {
        Some(id) => match id.parse::<ObjectId>() {
            Ok(id) => Some(id),
            // A symbolic ref: not ours to follow or to replace.
            Err(_) => return Ok(false),
        },
        None => None,
    };
    let store = project.store()?;
    if let Some(archive) = name.strip_prefix(ARCHIVES) {
        return store.restore_archive(archive, now, old);
    }
    let Some(Ok(spec)) = name.strip_prefix(SPECS).map(SpecId::new) else { return Ok(false) };
    let only_lost = match now {
        Some(now) => store.walk(&spec, old)?.history.reaches(old, now),
        None => true,
    };
    if !only_lost {
        return Ok(false);
    }
    store.adopt(&spec, now, old, "restore")
}

fn differing<K: Ord + Clone, V: PartialEq>(before: &BTreeMap<K, V>, after: &BTreeMap<K, V>) -> Vec<K> {
    let mut keys: Vec<K> = before
        .iter()
        .filter(|(key, value)| after.get(key) != Some(value))
        .map(|(key, _)| key.clone())
        .chain(after.keys().filter(|key| !before.contains_key(key)).cloned())
        .collect();
    keys.sort();
    keys
}

/// Every ref, with what it holds: an id, or the name that a symbolic one leads to.
fn refs(project: &Project) -> Result<BTreeMap<String, String>> {
    let held = lookup::targets_below(project.repo.gix(), "refs/")?.into_iter().filter_map(|(name, target)| {
        let target = match target? {
            Target::Object(id) => id.to_string(),
            Target::Symbolic(other) => other.as_bstr().to_string(),
        };
        Some((format!("refs/{name}"), target))
    });
    Ok(held.collect())
}

/// Settings, each with all of its values.
type Settings = BTreeMap<String, Vec<String>>;

/// The repository's own configuration, key by key, and every setting that git goes by, includes followed. What `git branch` and
/// `git push -u` keep about branches is everyday life and runs nothing.
fn settings(project: &Project) -> Result<(Settings, Settings)> {
    let (mut own, mut effective) = (Settings::new(), Settings::new());
    let listed = Git::at(&project.repo).args(["config", "--list", "-z", "--show-scope", "--show-origin"]).run()?;
    let common = project.repo.common_dir();
    let files = [common.join("config"), project.repo.git_dir().join("config.worktree")];
    let top = project.repo.work_dir().unwrap_or(project.repo.git_dir());
    let mut is_own: BTreeMap<Vec<u8>, bool> = BTreeMap::new();
    // Of each setting the scope, where it comes from, and the setting itself; one that only is there has no line end.
    let mut fields = listed.stdout.split_str("\0");
    while let (Some(scope), Some(origin), Some(setting)) = (fields.next(), fields.next(), fields.next()) {
        let text = String::from_utf8_lossy(setting);
        let split = text.split_once('\n');
        let (key, value) = split.unwrap_or((&text, "true"));
        effective.entry(key.to_owned()).or_default().push(value.to_owned());
        if !matches!(scope, b"local" | b"worktree") || key.starts_with("branch.") {
            continue;
        }
        // What such a file includes is not the repository's own.
        let own_file = *is_own.entry(origin.to_owned()).or_insert_with(|| {
            let path = origin.strip_prefix(b"file:").and_then(|path| path.to_path().ok());
            path.is_some_and(|path| files.iter().any(|file| is_same(&top.join(path), file)))
        });
        if own_file {
            own.entry(key.to_owned()).or_default().push(split.map_or("", |(_, value)| value).to_owned());
        }
    }
    Ok((own, effective))
}

fn is_same(one: &Path, other: &Path) -> bool {
    one == other || std::fs::canonicalize(one).ok().is_some_and(|one| std::fs::canonicalize(other).ok() == Some(one))
}

/// The setting under which a changed key means what it did. A key that was not there cannot be taken away again: where the empty
/// value is as good, that; other keys run nothing when an attempt is judged.
fn muted(key: &str, old: Option<&String>) -> Option<String> {
    // A hook in the configuration, which core.hooksPath does not keep git (2.54) from.
    if let Some((name, _)) = key.strip_prefix("hook.").and_then(|rest| rest.rsplit_once('.')) {
        return Some(format!("hook.{name}.enabled=false"));
    }
    match old {
        Some(old) => Some(format!("{key}={old}")),
        None if key.starts_with("filter.") && !key.ends_with(".required") => Some(format!("{key}=")),
        None if key.starts_with("filter.") || key == "commit.gpgsign" => Some(format!("{key}=false")),
        None if ["core.attributesfile", "core.excludesfile"].contains(&key) => Some(format!("{key}=/dev/null")),
        None if key == "core.hookspath" => Some("core.hooksPath=/dev/null".to_owned()),
        None => None,
    }
}

/// The hooks of the repository, wherever its configuration has them, with their content.
fn hooks(project: &Project, effective: &Settings) -> Result<BTreeMap<PathBuf, ObjectId>> {
    let store = project.store()?;
    let mut hooks = BTreeMap::new();
    let mut dirs = vec![project.repo.common_dir().join("hooks")];
    if effective.contains_key("core.hookspath") {
        let configured = Git::at(&project.repo).args(["rev-parse", "--git-path", "hooks"]).run()?;
        let top = project.repo.work_dir().unwrap_or(project.repo.git_dir());
        if configured.success() {
            dirs.push(top.join(configured.line()));
        }
    }
    for dir in dirs {
        for path in files(&dir) {
            // A hook that cannot be read is told from one that can: by an id of its own.
            let bytes = std::fs::read(&path).unwrap_or_default();
            hooks.insert(path, store.blob_id(&bytes));
        }
    }
    Ok(hooks)
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).filter(|path| path.is_file()).collect()
}
