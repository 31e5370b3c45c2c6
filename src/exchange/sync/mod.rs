//! The use case `sync`: fetch into the tracking namespace, join the history of every spec with ours, push what the remote lacks.
//!
//! What has to be pushed follows from comparing our refs with what the remote had: there is no queue that could be lost. A ref of
//! the tracking namespace moves only to what the remote confirmed. Pull requests are in [`pr`](super::pr).

mod asked;
mod branches;
mod carry;
mod claim;
mod fetch;
mod join;
mod plain_fetch;
mod push;
mod remote;
mod report;

use std::time::Duration;

pub(crate) use asked::{fetch_brings_histories, unasked};
pub(crate) use claim::Claims;
pub(crate) use plain_fetch::PlainFetch;
pub(crate) use remote::{Remote, pick};

use crate::{
    answer::{
        ExchangeResult, ExchangeView,
        progress::{Progress, Step},
    },
    domain::id::SpecId,
    error::Result,
    project::Project,
    specs::namesake::Namesakes,
    store::{NOTES_REF, SPECS, Store, tracking::Tracked},
};
use report::Report;

/// How often an exchange begins again because others push in between.
const MAX_ROUNDS: u32 = 8;

/// Which halves of an exchange are done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Scope {
    /// Take over what the remote has.
    pub fetch: bool,
    /// Give it what it lacks.
    pub push: bool,
}

/// An exchange with a remote.
struct Exchange<'a> {
    project: &'a Project,
    store: Store<'a>,
    remote: &'a Remote,
    namesakes: Namesakes<'a>,
    report: Report,
}

impl<'a> Exchange<'a> {
    fn new(project: &'a Project, remote: &'a Remote) -> Result<Exchange<'a>> {
        let (store, namesakes) = (project.store()?, Namesakes::new(project));
        Ok(Exchange { project, store, remote, namesakes, report: Report::default() })
    }
}

/// Exchanges with `remote`. Gives what was done, an entry for each ref and way.
///
/// # Errors
/// `remote-unreachable` if the remote does not answer. What was exchanged by then stays.
pub(crate) fn sync(
    project: &Project,
    remote: &Remote,
    scope: Scope,
    progress: &dyn Progress,
) -> Result<Vec<ExchangeView>> {
    let mut exchange = Exchange::new(project, remote)?;
    let push = scope.push && remote.pushed_to;
    // Before it is asked: what moves from now on may be news.
    let branches = asked::branches(project, &remote.name)?;
    let mut tracked = if scope.fetch { Tracked::default() } else { exchange.store.tracked(&remote.name)? };
    for round in 1..=MAX_ROUNDS {
        if scope.fetch {
            progress.say(&Step::Note(format!("Fetching from {}", remote.name)));
            match exchange.fetch(push)? {
                Some(now) => tracked = now,
                None => break,
            }
        }
        if !push {
            break;
        }
        let behind = exchange.push(&tracked, progress)?;
        exchange.push_branches()?;
        if behind.is_empty() {
            break;
        }
        if !scope.fetch || round == MAX_ROUNDS {
            let why = if scope.fetch {
                "other processes keep updating it"
            } else {
                "the remote has events that this clone lacks; fetch first"
            };
            for due in behind {
                exchange.report.say(ExchangeResult::Refused, &due.name, why);
            }
            break;
        }
        // Two clones that pushed at one moment wait for different times.
        std::thread::sleep(pause(round, project.env.random_hex(1).as_bytes()));
    }
    if scope.fetch && project.exchanged_with()?.as_ref() == Some(&remote.name) {
        asked::note(project, &branches)?;
    }
    let Exchange { report, store, .. } = exchange;
    report.finish(&store)
}

fn pause(round: u32, random: &[u8]) -> Duration {
    let random: u64 = random.iter().map(|byte| u64::from(*byte)).sum();
    Duration::from_millis(u64::from(round) * (5 + random % 61))
}

/// The entries that [`sync`] would give, as far as they are known without writing anything.
///
/// # Errors
/// As [`sync`].
pub(crate) fn preview(project: &Project, remote: &Remote, scope: Scope) -> Result<Vec<ExchangeView>> {
    let mut exchange = Exchange::new(project, remote)?;
    let tracked = if scope.fetch { exchange.preview_fetch()? } else { exchange.store.tracked(&remote.name)? };
    if scope.push && remote.pushed_to {
        exchange.preview_push(&tracked)?;
        exchange.preview_branches()?;
    }
    Ok(exchange.report.into_entries())
}

/// How many refs a sync would push to `remote`; 0 if specs are not exchanged with it, as with a URL.
///
/// # Errors
/// As [`sync`].
pub(crate) fn unpushed(project: &Project, remote: &str) -> Result<usize> {
    match pick(project, None) {
        Ok(usual) if usual.name == remote && usual.pushed_to => {
            preview(project, &usual, Scope { fetch: false, push: true }).map(|entries| entries.len())
        }
        _ => Ok(0),
    }
}

/// The spec whose ref has the full name `name`.
pub(crate) fn spec_of(name: &str) -> Option<SpecId> {
    if name == NOTES_REF {
        return None;
    }
    SpecId::new(name.strip_prefix(SPECS)?).ok()
}

/// `1 ref`, `2 refs`.
pub(crate) fn counted(refs: usize) -> String {
    if refs == 1 { "1 ref".to_owned() } else { format!("{refs} refs") }
}
