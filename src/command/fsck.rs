//! `git chant fsck`

use gix::ObjectId;

use super::Context;
use std::{
    path::Path,
    time::{Duration, Instant},
};

use crate::{
    answer::{ProblemView, Problems, outcome::Outcome, progress::Step},
    attempt::{merge, recover},
    cli::upkeep::FsckArgs,
    domain::{converge::Source, diagnostic::Severity, id::SpecId},
    env::fault,
    error::{Error, IoContext, Kind, Result},
    git::stale_lock,
    project::Project,
    specs::{
        cleanup::{clean_up, clear_pending},
        text::TextSource,
    },
    store::tracking::Integrated,
    upkeep::{
        archive,
        fsck::{self, Finding, Repair},
    },
};

/// A repair can bring another need to light: a completion that is recorded, the worktree that is left over by it.
const MAX_ROUNDS: usize = 5;

/// How long a process that might own a lock gets to end.
const LAST_BREATH: Duration = Duration::from_secs(2);

pub(super) fn run(context: &Context<'_>, args: &FsckArgs) -> Result<Outcome> {
    let project = context.project()?;
    let found = check(&project, args.signatures)?;
    let problems = if args.repair {
        repair(context, &project, args.signatures, found, &|_| true)?
    } else {
        found.into_iter().map(|finding| finding.problem).collect()
    };
    Ok(Outcome::new(Problems { problems }))
}

/// Everything that is found, what a merge left aside first: all else is judged by the files where they belong.
pub(super) fn check(project: &Project, signatures: bool) -> Result<Vec<Finding>> {
    let mut findings: Vec<Finding> = merge::left_aside(project)?.iter().map(aside).collect();
    findings.extend(fsck::check(project, signatures)?);
    Ok(findings)
}

fn aside(left: &merge::LeftAside) -> Finding {
    let (message, help, repair) = if left.recorded {
        ("a merge that died left it aside", "git chant fsck --repair", Some(Repair::Aside))
    } else {
        ("a merge moved it aside, and no record says where it belongs", "look at it, then remove it", None)
    };
    let mut problem = ProblemView::new(Severity::Warning, "left-aside", message);
    problem.path = Some(left.path.to_string_lossy().into_owned());
    problem.help = Some(help.to_owned());
    Finding { problem, repair }
}

/// Mends what can be mended, of what is `wanted`, and looks again, until there is nothing new to mend. What is gone then was repaired.
pub(super) fn repair(
    context: &Context<'_>,
    project: &Project,
    signatures: bool,
    mut found: Vec<Finding>,
    wanted: &dyn Fn(&Finding) -> bool,
) -> Result<Vec<ProblemView>> {
    let mut seen: Vec<Finding> = Vec::new();
    let mut failed: Vec<(Repair, String)> = Vec::new();
    let mut tried: Vec<Repair> = Vec::new();
    for _ in 0..MAX_ROUNDS {
        let known = |finding: &Finding, seen: &[Finding]| seen.iter().any(|old| old.problem == finding.problem);
        found.retain(wanted);
        for finding in &found {
            if !known(finding, &seen) {
                seen.push(finding.clone());
            }
        }
        let mut todo: Vec<Repair> =
            found.iter().filter_map(|f| f.repair.clone()).filter(|r| !tried.contains(r)).collect();
        // A lock is in the way of everything else.
        todo.sort_by_key(|repair| !matches!(repair, Repair::Unlock(_)));
        if todo.is_empty() {
            break;
        }
        for repair in todo {
            if tried.contains(&repair) {
                continue;
            }
            if let Err(error) = mend(context, project, &repair) {
                failed.push((repair.clone(), error.message));
            }
            let moved_files = repair == Repair::Aside;
            tried.push(repair);
            if moved_files {
                break;
            }
        }
        found = check(project, signatures)?;
    }
    let mended = |finding: &Finding| !found.iter().any(|left| left.problem == finding.problem);
    Ok(seen
        .into_iter()
        .map(|finding| {
            let mut problem = finding.problem.clone();
            if mended(&finding) {
                problem.repaired = true;
                problem.help = None;
            } else if let Some((_, why)) = failed.iter().find(|(repair, _)| Some(repair) == finding.repair.as_ref()) {
                problem.help = Some(format!("it could not be repaired: {why}"));
            }
            problem
        })
        .collect())
}

fn rejoin(project: &Project, id: &SpecId, event: ObjectId) -> Result<()> {
    match project.store()?.integrate(id, event, Source::FetchOnly)? {
        Integrated::Unfit(why) => Err(Error::negative(Kind::Unfit, why)),
        _ => Ok(()),
    }
}

fn mend(context: &Context<'_>, project: &Project, repair: &Repair) -> Result<()> {
    match repair {
        Repair::Add(id) => {
            let Some(loaded) = project.load(id, None)? else { return Ok(()) };
            let (text, spec) = loaded.valid(id)?;
            crate::authoring::add::record(project, id, &text.bytes, spec, None)
        }
        Repair::Restore(id) => {
            let tip = project.store()?.tip(id)?;
            match project.load(id, tip)?.and_then(|loaded| loaded.text) {
                Some(text) if text.source == TextSource::Event => {
                    crate::authoring::add::restore_file(project, id, &text.bytes)
                }
                _ => Ok(()),
            }
        }
        Repair::Reconnect(id) => project.store()?.reconnect(id).map(drop),
        Repair::Fold => archive::fold(project, None).map(drop),
        Repair::Rejoin(id, event) => rejoin(project, id, *event),
        Repair::Log(id) => project.store()?.begin_log(id),
        Repair::Heal(id) => recover::heal(project, id).map(drop),
        Repair::Pause(id) => recover::settle_dead(project, id, context.progress).map(drop),
        Repair::Annotate(id, commits) => project.store()?.annotate(id, commits).map(drop),
        Repair::ForgetLease(attempt) => project.forget_lease(*attempt),
        Repair::Clear(id) => {
            let Some(state) = project.store()?.state(id)? else { return Ok(()) };
            for warning in clean_up(project, &project.attempt(id, &state)?)? {
                context.progress.say(&Step::Warning(warning));
            }
            Ok(())
        }
        Repair::ClearPending(id) => {
            for warning in clear_pending(project, id)? {
                context.progress.say(&Step::Warning(warning));
            }
            Ok(())
        }
        Repair::Move(id) => archive::settle(project, id).map(drop),
        Repair::Aside => merge::recover_all(project, context.progress).map(drop),
        Repair::Remove(path) => fault::around("file.remove", || std::fs::remove_file(path)).io("remove", path),
        Repair::Unlock(path) => unlock(project, path),
    }
}

/// Takes a lock away that was found to be nobody's. While somebody who might own it is about to end, it is looked again.
fn unlock(project: &Project, path: &Path) -> Result<()> {
    let begun = Instant::now();
    loop {
        let cleared = stale_lock::remove_stale(project.repo.common_dir(), path, Duration::ZERO)?;
        if cleared || !path.exists() {
            return Ok(());
        }
        if begun.elapsed() >= LAST_BREATH {
            return Err(Error::negative(Kind::Locked, "somebody may hold it after all"));
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}
