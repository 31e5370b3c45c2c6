//! The use case `fsck`: what does not hold together in refs, events, files, notes and leases, and what would mend it.
//!
//! Looking changes nothing. A repair is named here and carried out by whoever asked for it, since each is the doing of another
//! use case.

mod chain;
mod clone;

use gix::ObjectId;

use crate::{
    domain::{diagnostic::Severity, id::SpecId, view::ProblemView},
    error::Result,
    project::{Project, world::World},
};

/// Something that does not hold together.
#[derive(Clone, Debug)]
pub struct Finding {
    /// What it is.
    pub problem: ProblemView,
    /// What would mend it safely; `None` where a person has to decide.
    pub repair: Option<Repair>,
}

/// What mends a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Repair {
    /// Write the first event of a spec whose `add` died after the file.
    Add(SpecId),
    /// Record a completion that was found in the target.
    Heal(SpecId),
    /// Give up a claim whose run is dead.
    Release(SpecId),
    /// Write the notes that are missing.
    Annotate(SpecId, Vec<ObjectId>),
    /// Forget the lease of an attempt that is over.
    ForgetLease(ObjectId),
    /// Remove worktree and branch of a spec that is over.
    Clear(SpecId),
}

/// Looks at everything.
pub fn check(project: &Project) -> Result<Vec<Finding>> {
    let mut findings = chain::refs(project)?;
    let world = World::new(project)?;
    for id in world.census.all()? {
        findings.extend(chain::spec(&world, id)?);
    }
    findings.extend(clone::leases(project)?);
    Ok(findings)
}

/// A finding about a spec.
fn finding(severity: Severity, code: &str, id: &SpecId, message: String, repair: Option<Repair>) -> Finding {
    let mut problem = ProblemView::new(severity, code, message);
    problem.spec = Some(id.clone());
    if repair.is_some() {
        problem.help = Some("git chant fsck --repair".to_owned());
    }
    Finding { problem, repair }
}
