//! The use case `demo`: the investigation of a real bug, from report to fix, in a throw-away repository.
//!
//! Nothing is staged: each command is run as a person would type it, by this very executable, with the ordinary `work` path; only
//! the agent is a script. It needs git and `sh`, no network and no configuration.

mod material;
mod phases;
mod repository;
mod session;

use std::path::{Path, PathBuf};

use crate::{
    answer::progress::Progress,
    domain::id::SpecId,
    env::Env,
    error::{Error, Kind, Result},
};
use phases::PHASES;
pub(crate) use phases::TOPIC;
use session::Session;

/// Who brought a spec into which state: the trailers of its events are for git to read.
const STATUSES: &str = "--format=%h %an  %(trailers:key=Chant-Status,valueonly,separator=)";

/// What the demo left behind.
#[derive(Clone, Debug)]
pub(crate) struct FinishedDemo {
    /// The repository.
    pub path: PathBuf,
    /// The directory to delete when it has been looked at: the repository, or what was made to hold it.
    pub made: PathBuf,
    /// The fix.
    pub fix: SpecId,
    /// The human gate.
    pub gate: SpecId,
}

/// Runs the demo in `dir`, which must not exist or be empty; in a fresh temporary directory if there is none given.
///
/// # Errors
/// `not-empty` if there is something in `dir`; `demo` if a step does not end as it has to.
pub(crate) fn demo(env: &Env, dir: Option<&Path>, progress: &dyn Progress) -> Result<FinishedDemo> {
    let place = repository::claim(env, dir)?;
    repository::lay_out(env, &place.repo)?;
    let session = Session::new(env, &place.repo, progress)?;
    let ran =
        run_phases(&session).map_err(|error| error.hint(format!("what there is of it: {}", place.repo.display())));
    let (fix, gate) = ran?;
    repository::clear(env, &place.repo)?;
    Ok(FinishedDemo { path: place.repo, made: place.made, fix, gate })
}

/// From the report to the gate; returns the fix and the gate.
fn run_phases(session: &Session<'_>) -> Result<(SpecId, SpecId)> {
    session.comment(
        "A small key-value store, and a bug report. Issue #1234: two processes write at once, both succeed, and one write is lost.",
    );
    session.comment(
        "Six specs lead from the report to the pull request, each informed by those before it. An agent carries each out in a \
         branch and worktree of its own. Here it is a script; with you it is whatever you configure.",
    );
    session.enter();
    let mut ids: Vec<SpecId> = Vec::new();
    for phase in &PHASES {
        session.blank();
        session.comment(phase.intro);
        let id = session.add(&phase.arguments(&ids))?;
        let work = ["work", id.short()];
        if phase.gate {
            session.refused(&work)?
        } else {
            session.chant(&work)?
        };
        ids.push(id);
    }
    let [.., fix, gate] = ids.as_slice() else { return Err(Error::fatal(Kind::Demo, "the demo has no phases")) };
    session.blank();
    session.comment("That one is for a person: whether, when and in which words this goes upstream.");
    session.chant(&["list"])?;
    session.blank();
    session.comment(
        "What happened to a spec is recorded in git itself, on a ref of its own: one commit an event, with trailers.",
    );
    session.git(&["log", "--first-parent", STATUSES, &format!("chant/specs/{fix}")])?;
    session.blank();
    session.comment(
        "The branch has the work, its specs and its merges, and a note on each commit says which spec it came from.",
    );
    session.git(&["log", "--graph", "--oneline", "main"])?;
    session.blank();
    Ok((fix.clone(), gate.clone()))
}
