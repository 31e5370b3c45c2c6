//! Who decides a claim, and what is exchanged before and after it.

use super::Context;
use crate::{
    answer::progress::{Progress, Step},
    attempt::recover,
    cli::global::ClaimArg,
    domain::id::SpecId,
    error::Result,
    exchange::sync::{self, Claims, Scope},
    project::{Project, stake::Stake},
};

/// What decides claims: nothing but this clone, or a remote.
pub(super) struct Deciding<'a> {
    project: &'a Project,
    progress: &'a dyn Progress,
    claims: Option<Claims<'a>>,
}

impl<'a> Deciding<'a> {
    /// As asked for, else as `chant.claim` says.
    pub(super) fn of(context: &Context<'a>, project: &'a Project, asked: Option<ClaimArg>) -> Result<Deciding<'a>> {
        let remote = match asked {
            Some(asked) => asked == ClaimArg::Remote,
            None => project.config().claims_at_remote()?,
        };
        let claims = if remote { Some(Claims::new(project, sync::pick(project, None)?)?) } else { None };
        Ok(Deciding { project, progress: context.progress, claims })
    }

    /// Before it is decided whether the spec can be claimed: what is known there, and claims that are too old.
    pub(super) fn before(&self, id: &SpecId) -> Result<()> {
        if let Some(claims) = &self.claims {
            claims.refresh(id)?;
        }
        recover::release_old(self.project, id, self.progress).map(drop)
    }

    /// Where the claim is asked for.
    pub(super) fn stake(&self) -> Option<&dyn Stake> {
        self.claims.as_ref().map(|claims| claims as &dyn Stake)
    }

    /// Tells the others how it ended. What cannot be told now goes with the next exchange.
    pub(super) fn after(&self, id: &SpecId) {
        if let Some(claims) = &self.claims
            && let Err(error) = claims.publish(id)
        {
            self.progress.say(&Step::Warning(format!("how '{}' ended was not pushed: {}", id.short(), error.message)));
            self.progress.say(&Step::Hint("git chant sync does it".to_owned()));
        }
    }

    /// Takes over what the others have told, before it is looked which specs there are to work.
    pub(super) fn look(&self) -> Result<()> {
        if self.claims.is_none() {
            return Ok(());
        }
        let remote = sync::pick(self.project, None)?;
        sync::sync(self.project, &remote, Scope { fetch: true, push: false }, self.progress).map(drop)
    }
}
