//! What git keeps for itself beside all that it goes by: how conflicts were resolved before, and reflogs. People and git change both every day,
//! so that a change is only told.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use super::parts::differing;
use crate::{git::status, project::Project};

/// How many files of each kind are looked at.
const MANY: usize = 2000;

/// How many are named.
const NAMED: usize = 5;

/// Where git keeps how conflicts were resolved.
const RESOLUTIONS: &str = "rr-cache/";

/// Where reflogs are.
const LOGS: &str = "logs/";

/// Looks at them: recorded resolutions with what tells one content from another, reflogs of `HEAD` and of branches with their length.
pub(super) fn look(project: &Project) -> BTreeMap<String, String> {
    let common = project.repo.common_dir();
    let mut found = BTreeMap::new();
    let mut add = |name: &str, mark: &dyn Fn(&Path) -> Option<String>| {
        for path in files(&common.join(name)) {
            if let (Some(mark), Ok(name)) = (mark(&path), path.strip_prefix(common)) {
                found.insert(name.to_string_lossy().into_owned(), mark);
            }
        }
    };
    add(RESOLUTIONS, &status::stamp);
    let length = |path: &Path| fs::symlink_metadata(path).ok().map(|meta| meta.len().to_string());
    add("logs/HEAD", &length);
    add("logs/refs/heads", &length);
    found
}

/// What is to be said of what changed; `refs` are those that are there now.
pub(super) fn compare(
    before: &BTreeMap<String, String>,
    now: &BTreeMap<String, String>,
    refs: &BTreeMap<String, String>,
) -> Vec<String> {
    let names = differing(before, now);
    let (logs, resolutions): (Vec<String>, Vec<String>) = names.into_iter().partition(|name| name.starts_with(LOGS));
    let length = |of: &BTreeMap<String, String>, name: &str| of.get(name).and_then(|text| text.parse::<u64>().ok());
    // The reflog of a branch that was deleted goes with it.
    let is_kept = |name: &str| name == "logs/HEAD" || refs.contains_key(&name[LOGS.len()..]);
    let shorter = |name: &String| length(now, name).unwrap_or(0) < length(before, name).unwrap_or(0) && is_kept(name);
    let logs: Vec<String> = logs.into_iter().filter(shorter).map(|name| name[LOGS.len()..].to_owned()).collect();
    let said = |what: &str, names: &[String]| {
        let more = names.len().saturating_sub(NAMED);
        let more = if more == 0 { String::new() } else { format!(", and {more} more") };
        let names = &names[..names.len().min(NAMED)];
        (!names.is_empty()).then(|| format!("{what} during the run: {}{more}", names.join(", ")))
    };
    let lost = said("reflogs lost entries", &logs);
    let resolved = said("recorded resolutions of conflicts (git rerere) changed", &resolutions);
    lost.into_iter().chain(resolved).collect()
}

/// The files at and below a path, in order, as many as are looked at.
fn files(path: &Path) -> Vec<PathBuf> {
    let (mut open, mut found) = (vec![path.to_owned()], Vec::new());
    while let Some(path) = open.pop() {
        match fs::symlink_metadata(&path) {
            Ok(meta) if meta.is_dir() => {
                let entries = fs::read_dir(&path).into_iter().flatten().flatten();
                open.extend(entries.take(MANY).map(|entry| entry.path()));
            }
            Ok(_) if found.len() < MANY => found.push(path),
            _ => {}
        }
    }
    found.sort();
    found
}
