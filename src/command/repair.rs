//! What `fsck` and `recover` have in common: they find and mend what `upkeep` knows of, and what only `attempt` does.

use super::Context;
use crate::{
    answer::ProblemView,
    attempt::{merge, recover},
    error::Result,
    project::Project,
    upkeep::fsck::{self, Finding, Repair},
};

/// Everything that is found. Files that a merge left aside come first: everything else is judged by the files where they belong.
pub(super) fn check(project: &Project, signatures: bool) -> Result<Vec<Finding>> {
    let mut findings: Vec<Finding> = merge::left_aside(project)?.iter().map(aside).collect();
    findings.extend(fsck::check(project, signatures)?);
    Ok(findings)
}

fn aside(left: &merge::LeftAside) -> Finding {
    let found = |message| Finding::warning("left-aside", message).in_file(&left.path);
    if left.recorded {
        found("an interrupted merge set it aside").mended_by(Repair::Aside)
    } else {
        found("an interrupted merge set it aside without a record of its place").help("look at it, then remove it")
    }
}

/// Mends what can be mended of the findings that are `wanted`. Gives their problems, repaired or not.
pub(super) fn repair(
    context: &Context<'_>,
    project: &Project,
    signatures: bool,
    wanted: impl Fn(&Finding) -> bool,
) -> Result<Vec<ProblemView>> {
    let mend = |repair: &Repair| match repair {
        Repair::Heal(id) => recover::heal(project, id).map(drop),
        Repair::Pause(id) => recover::settle_dead(project, id, context.progress).map(drop),
        Repair::Aside => merge::recover_all(project, context.progress).map(drop),
        other => fsck::mend(project, other, context.progress),
    };
    fsck::repair(|| check(project, signatures), wanted, mend)
}
