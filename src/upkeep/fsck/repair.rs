//! How findings are mended: each repair on its own, and all of them until nothing is left to mend.
//!
//! Repairs of attempts (recording a completion, pausing a dead run, files that merges left aside) are not here: `attempt` does them.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use super::{Finding, Repair};
use gix::ObjectId;

use crate::{
    answer::{
        ProblemView,
        progress::{Progress, Step},
    },
    domain::{converge::Source, id::SpecId},
    env::fault,
    error::{Error, IoContext, Kind, Result},
    git::stale_lock,
    project::Project,
    specs::{
        cleanup::{clean_up, clear_pending},
        namesake::Namesakes,
        record,
        text::TextSource,
    },
    store::tracking::Integrated,
    upkeep::archive,
};

/// A repair can bring another need to light: a completion that is recorded, the worktree that is left over by it.
const MAX_ROUNDS: usize = 5;

/// How long a process that might own a lock gets to end.
const LOCK_PATIENCE: Duration = Duration::from_secs(2);

/// Mends what can be mended of the findings that are `wanted`, with `mend`, and looks again, until nothing new can be mended. Gives
/// all problems that were found; those that `look` finds no longer are repaired.
///
/// # Errors
/// If the check fails. A failure of a repair is in the help of its problem.
pub(crate) fn repair(
    look: impl Fn() -> Result<Vec<Finding>>,
    wanted: impl Fn(&Finding) -> bool,
    mend: impl Fn(&Repair) -> Result<()>,
) -> Result<Vec<ProblemView>> {
    let mut seen: Vec<Finding> = Vec::new();
    let mut tried: Vec<(Repair, Result<()>)> = Vec::new();
    let known = |among: &[Finding], finding: &Finding| among.iter().any(|other| other.problem == finding.problem);
    let mut found = look()?;
    for _ in 0..MAX_ROUNDS {
        found.retain(&wanted);
        for finding in &found {
            if !known(&seen, finding) {
                seen.push(finding.clone());
            }
        }
        let mut todo: Vec<Repair> = found.iter().filter_map(|finding| finding.repair.clone()).collect();
        // A lock is in the way of everything else.
        todo.sort_by_key(|repair| !matches!(repair, Repair::Unlock(_)));
        let before = tried.len();
        for repair in todo {
            if tried.iter().any(|(other, _)| *other == repair) {
                continue;
            }
            let mended = mend(&repair);
            let moved_files = repair == Repair::Aside;
            tried.push((repair, mended));
            if moved_files {
                break;
            }
        }
        if tried.len() == before {
            break;
        }
        found = look()?;
    }
    let outcome = |finding: Finding| {
        let mut problem = finding.problem.clone();
        let tried = tried.iter().find(|(repair, _)| Some(repair) == finding.repair.as_ref());
        if !known(&found, &finding) {
            problem.repaired = true;
            problem.help = None;
        } else if let Some((_, Err(why))) = tried {
            problem.help = Some(format!("cannot repair it: {}", why.message));
        }
        problem
    };
    Ok(seen.into_iter().map(outcome).collect())
}

/// Makes one repair. Those that only an attempt can make change nothing here.
///
/// # Errors
/// If it cannot be made.
pub(crate) fn mend(project: &Project, repair: &Repair, progress: &dyn Progress) -> Result<()> {
    let store = project.store()?;
    match repair {
        Repair::Heal(_) | Repair::Pause(_) | Repair::Aside => {}
        Repair::Add(id) => {
            if let Some(loaded) = project.load(id, None)? {
                let (text, spec) = loaded.valid(id)?;
                record::added(project, id, &text.path, &text.bytes, spec, None)?;
            }
        }
        Repair::Restore(id) => restore(project, id)?,
        Repair::Reconnect(id) => store.reconnect(id).map(drop)?,
        Repair::Fold => archive::fold(project, None).map(drop)?,
        Repair::Rejoin(id, event) => match rejoin(project, id, *event)? {
            Integrated::Unfit(why) => return Err(Error::negative(Kind::Unfit, why)),
            Integrated::Namesake => {
                let why = format!("it is another spec with the id '{id}'");
                return Err(Error::negative(Kind::Unfit, why));
            }
            _ => {}
        },
        Repair::Log(id) => store.begin_log(id)?,
        Repair::Annotate(id, commits) => store.annotate(id, commits).map(drop)?,
        Repair::ForgetLease(attempt) => project.forget_lease(*attempt)?,
        Repair::Clear(id) => {
            if let Some(state) = store.state(id)? {
                warn(clean_up(project, &project.attempt(id, &state)?)?, progress);
            }
        }
        Repair::ClearPending(id) => warn(clear_pending(project, id)?, progress),
        Repair::Move(id) => archive::settle(project, id).map(drop)?,
        Repair::Remove(path) => fault::around("file.remove", || std::fs::remove_file(path)).io("remove", path)?,
        Repair::Unlock(path) => unlock(project, path)?,
    }
    Ok(())
}

fn warn(warnings: Vec<String>, progress: &dyn Progress) {
    for warning in warnings {
        progress.say(&Step::Warning(warning));
    }
}

/// Joins the history of a spec with what leads to `event`, unless the file here is another spec's.
fn rejoin(project: &Project, id: &SpecId, event: ObjectId) -> Result<Integrated> {
    let namesakes = Namesakes::new(project);
    project.store()?.integrate(id, event, Source::FetchOnly, &|history| namesakes.has(id, history))
}

/// Writes the file of a spec that has events and no file. A file that appears in between stays.
fn restore(project: &Project, id: &SpecId) -> Result<()> {
    let tip = project.store()?.tip(id)?;
    match project.load(id, tip)?.and_then(|loaded| loaded.text) {
        Some(text) if text.source == TextSource::Event => record::create_file(project, id, &text.bytes)?
            .map_err(|refused| Error::fatal(Kind::Add, format!("cannot create the spec file: {refused}"))),
        _ => Ok(()),
    }
}

/// Removes a lock that no process held when it was inspected. While a process that might own it ends, the lock is inspected again.
fn unlock(project: &Project, path: &Path) -> Result<()> {
    let begun = Instant::now();
    loop {
        let cleared = stale_lock::remove_stale(project.repo.common_dir(), path, Duration::ZERO)?;
        if cleared || !path.exists() {
            return Ok(());
        }
        if begun.elapsed() >= LOCK_PATIENCE {
            return Err(Error::negative(Kind::Locked, "another process may hold it"));
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}
