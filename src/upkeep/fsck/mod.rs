//! The use case `fsck`: what does not hold together in refs, events, files, notes and leases, and what would mend it.
//!
//! Looking changes nothing. A repair is named here and carried out by whoever asked for it, since each is the doing of another
//! use case. What cannot be looked at is a finding like the others: one damaged spec hides no other.

mod chain;
mod clone;
mod elsewhere;
mod exchange;
mod lost;
mod refs;
mod signature;
mod spec;
mod step;

use std::{collections::BTreeSet, path::PathBuf};

use gix::ObjectId;

use crate::{
    answer::ProblemView,
    domain::{diagnostic::Severity, id::SpecId},
    error::{Error, Result},
    project::Project,
    specs::all::Specs,
};

/// Something that does not hold together.
#[derive(Clone, Debug)]
pub(crate) struct Finding {
    /// What it is.
    pub problem: ProblemView,
    /// What would mend it safely; `None` where a person has to decide.
    pub repair: Option<Repair>,
}

/// What mends a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Repair {
    /// Write the first event of a spec whose `add` died after the file.
    Add(SpecId),
    /// Write the file of a spec from its events.
    Restore(SpecId),
    /// Let a ref whose file holds no id point at the newest event that its log names.
    Reconnect(SpecId),
    /// Let go of the refs of specs that an archive holds.
    Fold,
    /// Join to the chain of a spec what it knew, or what a remote has of it: the events below this one. A chain that is gone is
    /// these events again.
    Rejoin(SpecId, ObjectId),
    /// Begin a log for a chain that has none.
    Log(SpecId),
    /// Record a completion that was found in the target.
    Heal(SpecId),
    /// Pause an attempt whose run is dead.
    Pause(SpecId),
    /// Write the notes that are missing.
    Annotate(SpecId, Vec<ObjectId>),
    /// Forget the lease of an attempt that is over.
    ForgetLease(ObjectId),
    /// Remove worktree and branch of a spec that is over.
    Clear(SpecId),
    /// Remove worktree and branch of a spec that is pending again, with what is in them kept.
    ClearPending(SpecId),
    /// Let the file of a spec lie in one place, among the specs or in the archive.
    Move(SpecId),
    /// Put back or drop what merges that died left aside.
    Aside,
    /// Remove a temporary file of a process that died.
    Remove(PathBuf),
    /// Remove a lock file of a process that died, if it still is nobody's.
    Unlock(PathBuf),
}

/// Looks at everything; at what events are signed with only if `signatures` says so, since that takes longer than all the rest.
///
/// # Errors
/// If the specs cannot be told apart: no repository, `.chant/specs` is no directory.
pub(crate) fn check(project: &Project, signatures: bool) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    let specs = Specs::new(project)?;
    findings.extend(looked("refs", None, refs::chains(project)));
    findings.extend(looked("archives", None, refs::archives(project)));
    findings.extend(looked("locks", None, clone::locks(project)));
    let elsewhere = elsewhere::Elsewhere::default();
    let lost = looked("objects", None, lost::check(&specs));
    let named =
        |findings: &[Finding]| findings.iter().filter_map(|one| one.problem.spec.clone()).collect::<BTreeSet<_>>();
    let mut gone = named(&lost);
    findings.extend(lost);
    let remotes = looked("remotes", None, exchange::tracked(project, &gone));
    gone.extend(named(&remotes));
    for id in specs.names.all()? {
        findings.extend(looked("spec", Some(id), spec::check(&specs, &elsewhere, &gone, id)));
    }
    findings.extend(remotes);
    findings.extend(looked("remotes' settings", None, Ok(exchange::settings(project))));
    if signatures {
        findings.extend(looked("signatures", None, signature::check(project)));
    }
    findings.extend(looked("notes", None, refs::notes(project)));
    findings.extend(looked("attempts", None, refs::attempts(project)));
    findings.extend(looked("index", None, clone::index(project)));
    findings.extend(looked("leases", None, clone::leases(project)));
    findings.extend(looked("temporary files", None, clone::temporary(project)));
    Ok(findings)
}

/// What was found, or that it could not be looked at.
fn looked(what: &str, id: Option<&SpecId>, found: Result<Vec<Finding>>) -> Vec<Finding> {
    found.unwrap_or_else(|error| {
        let Error { kind, message, hints, .. } = error;
        let message = if id.is_some() { message } else { format!("the {what} cannot be checked: {message}") };
        let mut problem = ProblemView::new(Severity::Error, kind.code(), message);
        problem.spec = id.cloned();
        problem.help = hints.into_iter().next();
        vec![Finding { problem, repair: None }]
    })
}

/// A finding about a spec.
fn finding(severity: Severity, code: &str, id: &SpecId, message: String, repair: Option<Repair>) -> Finding {
    let mut problem = ProblemView::new(severity, code, message);
    problem.spec = Some(id.clone());
    mendable(problem, repair)
}

/// A finding about a ref or a file.
fn at(severity: Severity, code: &str, path: String, message: String, repair: Option<Repair>) -> Finding {
    let mut problem = ProblemView::new(severity, code, message);
    problem.path = Some(path);
    mendable(problem, repair)
}

fn mendable(mut problem: ProblemView, repair: Option<Repair>) -> Finding {
    if repair.is_some() {
        problem.help = Some("git chant fsck --repair".to_owned());
    }
    Finding { problem, repair }
}

impl Finding {
    fn help(mut self, help: impl Into<String>) -> Finding {
        self.problem.help = Some(help.into());
        self
    }
}
