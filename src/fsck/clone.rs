//! What this clone keeps for itself.

use super::{Finding, Repair, finding};
use crate::{
    agent::lease::{self, Life},
    domain::{diagnostic::Severity, status::Status},
    error::Result,
    project::Project,
};

/// Leases of attempts that are over.
pub(super) fn leases(project: &Project) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for attempt in lease::list(&project.leases_dir())? {
        let Life::Dead(info) = project.life(attempt)? else { continue };
        let state = project.store()?.state(&info.spec)?;
        let current = state.is_some_and(|state| state.attempt == Some(attempt) && state.status == Status::InProgress);
        if !current {
            let message = format!("the lease of its attempt {} was left behind", attempt.to_hex_with_len(12));
            let repair = Some(Repair::ForgetLease(attempt));
            findings.push(finding(Severity::Warning, "stale-lease", &info.spec, message, repair));
        }
    }
    Ok(findings)
}
