//! Many refs at once, by pattern.
//!
//! git holds every single refspec against every ref of the clone: with thousands of both that takes it several times as long as the
//! exchange itself. A pattern costs it nothing.

use std::collections::{BTreeMap, HashMap};

use gix::ObjectId;

use super::{Answers, Due, What};
use crate::{
    answer::Way,
    domain::id::SpecId,
    error::Result,
    exchange::sync::{Remote, Report},
    git::{self, remote::Fate},
    project::Project,
    store::{
        NOTES_REF, SPECS, Store,
        archive::{ARCHIVES, is_archive},
    },
};

/// Fewer are pushed one by one.
const MANY: usize = 200;

/// Pushes all chains, archives and notes, if that is due for many of them. Gives back what is still to be pushed one by one: what no answer
/// tells of, and what moved meanwhile, so that nobody knows what went.
pub(super) fn push(
    project: &Project,
    store: &Store<'_>,
    remote: &Remote,
    due: Vec<Due>,
    report: &mut Report,
    answers: &mut Answers,
) -> Result<Vec<Due>> {
    if due.len() < MANY || !all_may_go(store, report)? {
        return Ok(due);
    }
    let mut patterns = vec![format!("{SPECS}*"), format!("{ARCHIVES}*")];
    patterns.extend(due.iter().filter(|due| due.what == What::Notes).map(|due| due.name.clone()));
    // If nothing was heard, smaller parts may come through.
    let fates = git::remote::push_matching(&project.repo, &remote.name, &patterns).unwrap_or_default();
    let fates: HashMap<String, Fate> = fates.into_iter().collect();
    let now = held(store, remote)?;
    let mut left = Vec::new();
    for due in due {
        match fates.get(&due.name) {
            Some(Fate::There) if now.get(&due.name) == Some(&due.id) => answers.there(due, store, remote, report)?,
            Some(Fate::Behind) => answers.behind.push(due),
            Some(Fate::Refused(why)) => answers.refused.push((due, why.clone())),
            Some(Fate::There) | None => left.push(due),
        }
    }
    Ok(left)
}

/// Whether everything in our namespaces may be pushed: names that are none of ours stay here, and so does what is in the way of
/// something unfit there.
fn all_may_go(store: &Store<'_>, report: &Report) -> Result<bool> {
    let unfit = report.entries.keys().any(|(way, _)| *way == Way::Unfit);
    let chains = store.raw_tips()?.iter().all(|(name, target)| target.is_some() && SpecId::new(name).is_ok());
    let archives = store.raw_archives()?.iter().all(|(name, target)| target.is_some() && is_archive(name));
    Ok(!unfit && chains && archives)
}

/// What our refs hold, by their full names.
fn held(store: &Store<'_>, remote: &Remote) -> Result<BTreeMap<String, ObjectId>> {
    let chains = store.tips()?.into_iter().map(|(spec, tip)| (Store::ref_name(&spec), tip));
    let archives = store.archives()?.into_iter().map(|(name, tip)| (format!("{ARCHIVES}{name}"), tip));
    let notes = store.notes_tips(&remote.name)?.0.map(|tip| (NOTES_REF.to_owned(), tip));
    Ok(chains.chain(archives).chain(notes).collect())
}
