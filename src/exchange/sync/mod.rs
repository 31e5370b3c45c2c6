//! Exchange with a remote: fetch into the tracking namespace, bring every chain together with ours, push what the remote lacks.
//!
//! What is to be pushed follows from comparing our refs with what the remote had: there is no queue that could be lost. A ref of
//! the tracking namespace moves only to what the remote confirmed.

mod branches;
mod carry;
mod claim;
mod integrate;
mod push;
mod remote;

use std::{collections::BTreeMap, time::Duration};

pub(crate) use claim::Claims;
pub(crate) use remote::{Remote, pick};

use crate::{
    answer::{
        ExchangeView, Way,
        progress::{Progress, Step},
    },
    domain::id::SpecId,
    error::Result,
    project::Project,
    store::{
        NOTES_REF, SPECS, Store,
        archive::{ARCHIVES, archive_of},
        tracking::Tracked,
    },
};

/// How often it begins anew while others push in between.
const MAX_ROUNDS: u32 = 8;

/// Which halves of an exchange are done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Scope {
    /// Take over what the remote has.
    pub fetch: bool,
    /// Give it what it lacks.
    pub push: bool,
}

/// Exchanges with `remote` and tells what was done, one entry a spec and way.
///
/// # Errors
/// `remote-unreachable` if the remote does not answer. What was exchanged by then stays so.
pub(crate) fn sync(
    project: &Project,
    remote: &Remote,
    scope: Scope,
    progress: &dyn Progress,
) -> Result<Vec<ExchangeView>> {
    let mut report = Report::default();
    let push = scope.push && remote.pushed_to;
    let mut tracked = if scope.fetch { Tracked::default() } else { project.store()?.tracked(&remote.name)? };
    for round in 1..=MAX_ROUNDS {
        if scope.fetch {
            progress.say(&Step::Note(format!("Fetching from {}", remote.name)));
            match integrate::fetch(project, remote, push, &mut report)? {
                Some(now) => tracked = now,
                None => break,
            }
        }
        if !push {
            break;
        }
        let behind = push::push(project, remote, &tracked, progress, &mut report)?;
        branches::push(project, &project.store()?, remote, &mut report)?;
        if behind.is_empty() {
            break;
        }
        if !scope.fetch || round == MAX_ROUNDS {
            let why =
                if scope.fetch { "others keep writing to it" } else { "the remote has what is not here: fetch first" };
            for update in behind {
                report.refused(&update.name, why);
            }
            break;
        }
        // Whoever was refused together does not come again together.
        std::thread::sleep(pause(round, project.env.random_hex(1).as_bytes()));
    }
    report.finish(&project.store()?)
}

fn pause(round: u32, chance: &[u8]) -> Duration {
    let chance: u64 = chance.iter().map(|byte| u64::from(*byte)).sum();
    Duration::from_millis(u64::from(round) * (5 + chance % 61))
}

/// What `sync` would do as far as it can be told without writing anything.
///
/// # Errors
/// As [`sync`].
pub(crate) fn preview(project: &Project, remote: &Remote, scope: Scope) -> Result<Vec<ExchangeView>> {
    let mut report = Report::default();
    let tracked = match scope.fetch {
        true => integrate::preview(project, remote, &mut report)?,
        false => project.store()?.tracked(&remote.name)?,
    };
    if scope.push && remote.pushed_to {
        for update in push::due(project, &project.store()?, &remote.name, &tracked)? {
            report.add(Way::Pushed, &update.name, update.known.map(|id| id.to_string()), Some(update.id.to_string()));
        }
        push::preview_folded(&project.store()?, &tracked, &mut report)?;
        branches::preview(project, &project.store()?, remote, &mut report)?;
    }
    Ok(report.entries.into_values().collect())
}

/// What was done so far: one entry for each ref and way, so that several rounds read like one.
#[derive(Debug, Default)]
struct Report {
    entries: BTreeMap<(Way, String), ExchangeView>,
    /// By archive, how many specs have no ref of their own any more.
    folded: BTreeMap<String, Count>,
}

/// How many refs went.
#[derive(Debug, Default)]
struct Count {
    here: usize,
    there: usize,
}

impl Count {
    fn said(&self) -> String {
        let refs = |count: usize| if count == 1 { "1 ref".to_owned() } else { format!("{count} refs") };
        match (self.here, self.there) {
            (here, 0) => format!("{} here", refs(here)),
            (0, there) => format!("{} there", refs(there)),
            (here, there) => format!("{} here, {} there", refs(here), refs(there)),
        }
    }
}

impl Report {
    /// Notes that `name` went from `from` to `to`; what it was before the first round stays.
    fn add(&mut self, way: Way, name: &str, from: Option<String>, to: Option<String>) {
        let entry = self.entry(way, name);
        if entry.to.is_none() {
            entry.from = from;
        }
        entry.to = to;
    }

    /// Notes that the refs of these specs went here.
    fn dropped(&mut self, specs: &[SpecId]) {
        self.folded(specs, |count| &mut count.here);
    }

    /// Notes that the refs of these specs went at the remote.
    fn deleted(&mut self, specs: &[SpecId]) {
        self.folded(specs, |count| &mut count.there);
    }

    fn folded(&mut self, specs: &[SpecId], side: impl Fn(&mut Count) -> &mut usize) {
        for spec in specs {
            *side(self.folded.entry(archive_of(spec).to_owned()).or_default()) += 1;
        }
        let said: Vec<_> =
            self.folded.iter().map(|(name, count)| (format!("{ARCHIVES}{name}"), count.said())).collect();
        for (name, why) in said {
            self.say(Way::Folded, &name, why);
        }
    }

    fn refused(&mut self, name: &str, why: &str) {
        self.entry(Way::Refused, name).why = Some(why.to_owned());
    }

    fn say(&mut self, way: Way, name: &str, why: impl Into<String>) {
        self.entry(way, name).why = Some(why.into());
    }

    fn is_unfit(&self, name: &str) -> bool {
        self.entries.contains_key(&(Way::Unfit, name.to_owned()))
    }

    fn entry(&mut self, way: Way, name: &str) -> &mut ExchangeView {
        self.entries.entry((way, name.to_owned())).or_insert_with(|| ExchangeView {
            way,
            spec: spec_of(name),
            name: name.to_owned(),
            from: None,
            to: None,
            why: None,
        })
    }

    /// Adds which specs are contended now among those that something came for.
    fn finish(mut self, store: &Store<'_>) -> Result<Vec<ExchangeView>> {
        let came: Vec<_> =
            self.entries.keys().filter(|(way, _)| matches!(way, Way::Fetched | Way::Merged)).cloned().collect();
        for (_, name) in came {
            let Some(spec) = spec_of(&name) else { continue };
            // A chain that cannot be read is named by `fsck`; the exchange went well.
            let Ok(Some(state)) = store.state(&spec) else { continue };
            if state.is_contended() {
                self.say(Way::Contended, &name, format!("{} attempts", state.open.len()));
            }
        }
        Ok(self.entries.into_values().collect())
    }
}

fn spec_of(name: &str) -> Option<SpecId> {
    if name == NOTES_REF {
        return None;
    }
    SpecId::new(name.strip_prefix(SPECS)?).ok()
}
