//! Whether a spec can be worked now, and if not, why: the one place that decides it.

use super::{id::SpecId, status::Status};

/// What a dependency turned out to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Dependency {
    /// No spec of that name.
    Unknown,
    /// Several specs of that name.
    Ambiguous(Vec<String>),
    /// One that leads back to the spec itself: the ids along the way, the spec first and last.
    Cycle(Vec<String>),
    /// One that is completed, or superseded, while work that it stands for is done again.
    Repeated {
        /// The spec that is named.
        through: SpecId,
        /// The open spec.
        by: SpecId,
        /// Its status.
        status: Status,
    },
    /// One that is completed, and was informed by research that was repeated since.
    Outdated {
        /// The spec.
        through: SpecId,
        /// The spec that superseded the research.
        by: SpecId,
    },
    /// One spec, with its status.
    Known {
        /// Its id: that of the one in its place, if it is superseded.
        id: SpecId,
        /// Its status.
        status: Status,
        /// Whether its work can be found in the base: `None` if it has nothing to find or its target is the base.
        in_base: Option<bool>,
        /// The branch that it was merged into.
        target: Option<String>,
        /// Whether this clone lacks that branch, here and as it was fetched.
        target_is_missing: bool,
    },
}

/// Everything that the decision rests on.
#[derive(Clone, Debug, Default)]
pub(crate) struct Situation {
    /// The status; `None` is pending without a chain.
    pub status: Option<Status>,
    /// What is wrong with the spec file.
    pub invalid: Option<String>,
    /// `depends_on`, each as written, and what it is; inputs, where other work has to come before them.
    pub dependencies: Vec<(String, Dependency)>,
    /// Inputs that cannot be used: as written, and why.
    pub missing_inputs: Vec<(String, String)>,
    /// Whether an approval is asked for, and not given for this text.
    pub approval_open: bool,
    /// Why an approval of this text that is recorded does not count.
    pub discounted: Option<String>,
    /// Whether it was rejected.
    pub rejected: bool,
    /// The short id of the spec whose agent proposed it, as long as no person has adopted it.
    pub proposed_by: Option<String>,
    /// Whether claimed by several attempts.
    pub contended: bool,
    /// The day before which it is not worked, if that is still to come.
    pub not_before: Option<String>,
    /// Whether it is a gate.
    pub gate: bool,
    /// Whether it is a driver: done by its members.
    pub driver: bool,
    /// Whether all members of the driver are over.
    pub due: bool,
}

/// What stands in the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Obstacle {
    /// The spec file cannot be read.
    Invalid,
    /// Its status.
    Status,
    /// Several attempts claim it.
    Contended,
    /// A spec that it depends on.
    Dependency,
    /// A circle of dependencies.
    Cycle,
    /// The base lacks the work of a dependency.
    Base,
    /// An input is missing.
    Input,
    /// No person approved it.
    Approval,
    /// It was rejected.
    Rejected,
    /// A person does it.
    Gate,
    /// Its members do it.
    Driver,
    /// An agent proposed it, and no person has adopted it.
    Proposal,
    /// Its day has not come.
    Day,
}

/// One reason why a spec is not ready.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reason {
    /// What kind of reason.
    pub obstacle: Obstacle,
    /// What it is about: an id, a path.
    pub what: String,
    /// In words, one line.
    pub why: String,
}

/// The reasons why the spec is not ready; none if it is.
pub(crate) fn reasons(situation: &Situation) -> Vec<Reason> {
    let mut reasons = Vec::new();
    let mut add = |obstacle, what: &str, why: String| reasons.push(Reason { obstacle, what: what.to_owned(), why });
    if let Some(invalid) = &situation.invalid {
        add(Obstacle::Invalid, "spec", invalid.clone());
    }
    match situation.status {
        None | Some(Status::Pending) => {}
        Some(status) => add(Obstacle::Status, status.as_str(), format!("it is {}", status.as_str().replace('_', " "))),
    }
    if situation.contended {
        add(Obstacle::Contended, "attempts", "claimed by several attempts".to_owned());
    }
    if let Some(by) =
        situation.proposed_by.as_ref().filter(|_| situation.status.is_none_or(|now| now == Status::Pending))
    {
        add(Obstacle::Proposal, "adoption", format!("proposed by the agent of '{by}'; not adopted yet"));
    }
    if situation.gate {
        add(Obstacle::Gate, "gate", "gate: only a person can pass it".to_owned());
    }
    if situation.driver {
        let why = match situation.due {
            true => "driver: its members are done, its own checks are left",
            false => "driver: its members do the work",
        };
        add(Obstacle::Driver, "driver", why.to_owned());
    }
    if let Some(day) = &situation.not_before {
        add(Obstacle::Day, "not_before", format!("not before {day}"));
    }
    for (written, dependency) in &situation.dependencies {
        // A person passes a gate wherever the work and the documents are.
        let in_the_way = stands_in_the_way(written, dependency);
        if let Some((obstacle, why)) = in_the_way.filter(|(obstacle, _)| !situation.gate || *obstacle != Obstacle::Base)
        {
            let what = match dependency {
                Dependency::Repeated { by, .. } => by.as_str(),
                Dependency::Outdated { through, .. } => through.as_str(),
                // Another one is in its place.
                Dependency::Known { id, .. } if !id.as_str().contains(written.as_str()) => id.as_str(),
                _ => written,
            };
            add(obstacle, what, why);
        }
    }
    for (input, why) in situation.missing_inputs.iter().filter(|_| !situation.gate) {
        add(Obstacle::Input, input, why.clone());
    }
    if situation.rejected {
        add(Obstacle::Rejected, "approval", "it was rejected".to_owned());
    } else if situation.approval_open {
        let unapproved = || "its text is not approved".to_owned();
        add(Obstacle::Approval, "approval", situation.discounted.clone().unwrap_or_else(unapproved));
    }
    reasons
}

fn stands_in_the_way(written: &str, dependency: &Dependency) -> Option<(Obstacle, String)> {
    match dependency {
        Dependency::Unknown => Some((Obstacle::Dependency, format!("it depends on '{written}', which does not exist"))),
        Dependency::Ambiguous(ids) => {
            Some((Obstacle::Dependency, format!("it depends on '{written}', which is ambiguous: {}", ids.join(", "))))
        }
        Dependency::Cycle(ids) => Some((Obstacle::Cycle, format!("it depends on itself: {}", ids.join(" -> ")))),
        Dependency::Known { id, status: Status::Completed, in_base: Some(false), target, target_is_missing } => {
            let short = id.short();
            let target = target.as_deref().unwrap_or("another branch");
            let but = match target_is_missing {
                true => "which is not in this clone: push it from the clone that has it, then git fetch",
                false => "but the base lacks its work",
            };
            Some((Obstacle::Base, format!("'{short}' is completed in {target}, {but}")))
        }
        Dependency::Known { status: Status::Completed, .. } => None,
        Dependency::Repeated { through, by, status } => {
            let (through, by, status) = (through.short(), by.short(), status.as_str().replace('_', " "));
            Some((Obstacle::Dependency, format!("it builds on '{through}', which waits for '{by}', which is {status}")))
        }
        Dependency::Outdated { through, by } => {
            let (through, by) = (through.short(), by.short());
            let why = format!("it builds on '{through}', which is stale: '{by}' superseded what it was informed by");
            Some((Obstacle::Dependency, why))
        }
        Dependency::Known { id, status, .. } => Some((
            Obstacle::Dependency,
            format!("it depends on '{}', which is {}", id.short(), status.as_str().replace('_', " ")),
        )),
    }
}
