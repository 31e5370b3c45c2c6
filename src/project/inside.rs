//! Whether this process runs inside an agent that git-chant started, and in which run. What may be done there is decided elsewhere.
//!
//! Three things tell it: the private repository of a confined run, the variables that an agent gets, and the leases of runs. An agent can
//! unset variables; a confined one cannot leave its private repository and still write to this one.

use std::path::{Path, PathBuf};

use gix::ObjectId;

use crate::{
    agent::{
        around::{Around, around},
        lease::Life,
    },
    domain::id::SpecId,
    env::Env,
    error::Result,
    git::{private, repository::Repository},
};

/// The run of an agent, seen from inside.
#[derive(Clone, Debug, Default)]
pub(crate) struct EnclosingRun {
    /// The folder of the run; `None` if the run is none of this repository, or it cannot be told which it is.
    pub run_dir: Option<PathBuf>,
    /// The spec that the agent works on, if that is known.
    pub spec: Option<SpecId>,
}

impl EnclosingRun {
    /// The run that this process is inside; `None` for a person.
    ///
    /// # Errors
    /// If the leases cannot be read.
    pub(crate) fn of(env: &Env, repo: &Repository) -> Result<Option<EnclosingRun>> {
        if let Some(private) = private::Private::around(repo)
            && let Some(chant_dir) = private.run_dir.ancestors().nth(2)
        {
            return EnclosingRun::at(chant_dir, private.attempt()).map(Some);
        }
        let chant_dir = repo.chant_dir();
        let found = around(&chant_dir.join("leases"))?;
        if found.is_none() && !env.is_agent() {
            return Ok(None);
        }
        let named = || ObjectId::from_hex(env.text("CHANT_ATTEMPT")?.as_bytes()).ok();
        let attempt = match found {
            Some(Around::Attempt(attempt)) => Some(attempt),
            Some(Around::Unclear) | None => named(),
        };
        EnclosingRun::at(&chant_dir, attempt).map(Some)
    }

    /// The run of `attempt` as `chant_dir` records it.
    fn at(chant_dir: &Path, attempt: Option<ObjectId>) -> Result<EnclosingRun> {
        let Some(attempt) = attempt else { return Ok(EnclosingRun::default()) };
        let spec = match Life::of(&chant_dir.join("leases"), &attempt)? {
            Life::Running(info) | Life::Dead(info) => Some(info.spec),
            Life::Unknown(_) => None,
        };
        let run_dir = chant_dir.join("runs").join(attempt.to_string());
        Ok(EnclosingRun { run_dir: run_dir.is_dir().then_some(run_dir), spec })
    }
}
