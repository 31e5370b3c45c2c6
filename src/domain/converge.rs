//! Bringing two tips of one spec together: the convergence rule of DESIGN, section 3, as a pure decision.

use std::collections::BTreeSet;

use gix::ObjectId;

use super::history::History;

/// Where a tip came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The remote named by `chant.remote`: its tip is adopted when it knows the same.
    Authority,
    /// Another remote that we push to.
    Pushed,
    /// One that we only fetch from.
    FetchOnly,
}

/// What to do with the local tip.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// The local tip stays.
    Keep,
    /// The local tip becomes the remote one.
    Adopt,
    /// A merge event with these parents, in this order.
    Merge(Vec<ObjectId>),
}

/// Integrates `remote` into `local`; `history` holds the events that either reaches.
pub(crate) fn integrate(history: &History, local: ObjectId, remote: ObjectId, source: Source) -> Step {
    if local == remote {
        return Step::Keep;
    }
    let ops = |tip| history.ops_of(tip).map(|event| event.id).collect::<BTreeSet<_>>();
    let (ours, theirs) = (ops(local), ops(remote));
    if ours == theirs {
        return same_knowledge(history, local, remote, source);
    }
    if ours.is_subset(&theirs) {
        return Step::Adopt;
    }
    if history.reaches(local, remote) || (source == Source::FetchOnly && theirs.is_subset(&ours)) {
        return Step::Keep;
    }
    let only_ours: Vec<ObjectId> = ours.difference(&theirs).copied().collect();
    let mut parents = maximal(history, &only_ours);
    parents.push(remote);
    sorted(parents)
}

fn same_knowledge(history: &History, local: ObjectId, remote: ObjectId, source: Source) -> Step {
    match source {
        Source::Authority => Step::Adopt,
        Source::Pushed if history.reaches(local, remote) => Step::Keep,
        Source::Pushed if history.reaches(remote, local) => Step::Adopt,
        Source::Pushed => sorted(vec![local, remote]),
        Source::FetchOnly if remote < local => Step::Adopt,
        Source::FetchOnly => Step::Keep,
    }
}

fn sorted(mut parents: Vec<ObjectId>) -> Step {
    parents.sort_unstable();
    parents.dedup();
    Step::Merge(parents)
}

fn maximal(history: &History, ids: &[ObjectId]) -> Vec<ObjectId> {
    ids.iter().copied().filter(|one| !ids.iter().any(|other| other != one && history.reaches(*other, *one))).collect()
}
