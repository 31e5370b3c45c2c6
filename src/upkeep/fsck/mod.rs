//! The use case `fsck`: what does not hold together in refs, events, files, notes and leases, and what would mend it.
//!
//! Looking changes nothing. Whatever cannot be looked at is a finding like the others: one damaged spec hides no other. How a finding
//! is mended is in [`mod@repair`]; what only an attempt can mend is done by the caller.

mod chain;
mod clone;
mod events;
mod exchange;
mod finding;
mod lost_chains;
mod refs;
mod repair;
mod signature;
mod spec;
mod spec_files;

use std::collections::BTreeSet;

pub(crate) use finding::{Finding, Repair};
pub(crate) use repair::{mend, repair};

use crate::{
    answer::ProblemView,
    domain::{diagnostic::Severity, id::SpecId},
    error::{Error, Result},
    project::Project,
    specs::all::Specs,
};

/// Looks at everything; at what events are signed with only if `signatures` says so, since that takes longer than all the rest.
///
/// # Errors
/// If the specs cannot be told apart: no repository, `.chant/specs` is no directory.
pub(crate) fn check(project: &Project, signatures: bool) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    let specs = Specs::outlined(project)?;
    findings.extend(looked("refs", None, refs::chains(project)));
    findings.extend(looked("archives", None, refs::archives(project)));
    findings.extend(looked("locks", None, clone::locks(project)));
    let spec_files = spec_files::SpecFiles::default();
    let lost = looked("objects", None, lost_chains::check(&specs));
    let named =
        |findings: &[Finding]| findings.iter().filter_map(|one| one.problem.spec.clone()).collect::<BTreeSet<_>>();
    let mut gone = named(&lost);
    findings.extend(lost);
    let remotes = looked("remotes", None, exchange::tracked(project, &gone));
    gone.extend(named(&remotes));
    for id in specs.names.all()? {
        findings.extend(looked("spec", Some(id), spec::check(&specs, &spec_files, &gone, id)));
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

/// The findings, or one that says that `what` could not be checked.
fn looked(what: &str, id: Option<&SpecId>, found: Result<Vec<Finding>>) -> Vec<Finding> {
    found.unwrap_or_else(|error| {
        let Error { kind, message, hints, .. } = error;
        let message = if id.is_some() { message } else { format!("cannot check the {what}: {message}") };
        let mut problem = ProblemView::new(Severity::Error, kind.code(), message);
        problem.spec = id.cloned();
        problem.help = hints.into_iter().next();
        vec![Finding { problem, repair: None }]
    })
}
