//! What this clone keeps for itself: locks, the cache, leases, temporary files. What clones exchange is in the other modules.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use humantime::format_duration;

use super::{Finding, Repair};
use crate::{
    agent::lease::{self, Life},
    domain::status::Status,
    error::Result,
    git::{
        stale_lock,
        stale_lock::{LockFile, Owner},
        work_file::{self, FileKind},
    },
    project::{ARCHIVE_DIR, Project, SPECS_DIR},
    specs::cache,
};

/// A temporary file lives for a moment. A file that was last written so long ago was left behind.
const LEFT_BEHIND: Duration = Duration::from_secs(60 * 60);

/// A lock is held for a moment, or while a person writes a message in an editor. An older lock that a process may hold is named.
const LONG_HELD: Duration = Duration::from_secs(10 * 60);

/// How long a process that might own a lock gets to end.
const LOCK_PATIENCE: Duration = Duration::from_millis(500);

/// Lock files that no process holds, and those that may have been held for long. They may be of any git command, not only of ours.
pub(super) fn locks(project: &Project) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for path in stale_lock::all(project.repo.common_dir()) {
        let Some(found) = settled(project, &path)? else { continue };
        let age = format_duration(Duration::from_secs(found.age.as_secs()));
        match found.owner {
            Owner::Gone => {
                let when = if found.age.as_secs() == 0 { "just now".to_owned() } else { format!("{age} ago") };
                let message = format!("a process left this lock behind when it died, {when}");
                let found = Finding::warning("stale-lock", message).in_file(&path);
                findings.push(found.mended_by(Repair::Unlock(path)));
            }
            Owner::Possible(who) if found.age > LONG_HELD => {
                let message = format!("this lock is {age} old; {who} may hold it");
                let found = Finding::warning("old-lock", message).in_file(&path);
                findings.push(found.help("if no git process runs there, remove the file"));
            }
            Owner::Possible(_) => {}
        }
    }
    Ok(findings)
}

/// The lock, once its owner is known: while a process that might own it ends, the lock is inspected again.
fn settled(project: &Project, path: &Path) -> Result<Option<LockFile>> {
    let begun = Instant::now();
    loop {
        let found = stale_lock::inspect(project.repo.common_dir(), path, Duration::ZERO)?;
        let perhaps = found.as_ref().is_some_and(|found| found.owner != Owner::Gone && found.age < LONG_HELD);
        if !perhaps || begun.elapsed() >= LOCK_PATIENCE {
            return Ok(found);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Compares the cache with files and events. Whatever the cache lacks, or does not trust, is no fault.
pub(super) fn index(project: &Project) -> Result<Vec<Finding>> {
    let faults = cache::check(project)?;
    let Some(first) = faults.first() else { return Ok(Vec::new()) };
    let mut message = format!("it has another {} of '{}'", first.what, first.id.short());
    if faults.len() > 1 {
        message = format!("{message}, and {} more", faults.len() - 1);
    }
    let found = Finding::warning("stale-index", message).in_file(&first.path);
    Ok(vec![found.mended_by(Repair::Remove(first.path.clone()))])
}

/// Leases of attempts that are over.
pub(super) fn leases(project: &Project) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    let dir = project.leases_dir();
    for attempt in lease::list(&dir)? {
        match project.life(attempt)? {
            Life::Running(_) | Life::Unknown(None) => {}
            Life::Dead(info) => {
                // Whether the attempt of a spec that cannot be read goes on is unknown.
                let Ok(state) = project.store()?.state(&info.spec) else { continue };
                if !state.is_some_and(|state| state.attempt == Some(attempt) && state.status == Status::InProgress) {
                    let message = format!("the lease of its attempt {} is left over", attempt.to_hex_with_len(12));
                    let found = Finding::warning("stale-lease", message).of(&info.spec);
                    findings.push(found.mended_by(Repair::ForgetLease(attempt)));
                }
            }
            Life::Unknown(Some(why)) => {
                let found = Finding::warning("unclear-lease", why).in_file(&dir.join(attempt.to_string()));
                findings.push(found.help("if no process runs there, remove the file"));
            }
        }
    }
    Ok(findings)
}

/// Temporary files of processes that died.
pub(super) fn temporary(project: &Project) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    let mut seek = |top: &Path, dir: &str, prefixes: &[&str]| {
        // Another check reports a path that is no directory.
        for entry in work_file::list(top, dir.into()).unwrap_or_default() {
            let name = entry.name.to_string();
            let path = top.join(dir).join(&name);
            if entry.kind == FileKind::File
                && prefixes.iter().any(|prefix| name.starts_with(prefix))
                && left_behind(&path)
            {
                let found = Finding::warning("temporary-file", "a process left it behind when it died").in_file(&path);
                findings.push(found.mended_by(Repair::Remove(path)));
            }
        }
    };
    for top in project.tops() {
        for dir in [SPECS_DIR, ARCHIVE_DIR] {
            seek(&top, dir, &[work_file::TEMPORARY]);
        }
    }
    for dir in ["chant", "chant/aside"] {
        seek(project.repo.common_dir(), dir, &[".tmp"]);
    }
    seek(project.repo.common_dir(), "chant/leases", &[lease::TEMPORARY]);
    Ok(findings)
}

fn left_behind(path: &Path) -> bool {
    let age = path.symlink_metadata().and_then(|meta| meta.modified()).ok().and_then(|time| time.elapsed().ok());
    age.is_some_and(|age| age > LEFT_BEHIND)
}
