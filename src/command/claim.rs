//! The remote that decides claims, as the exchange provides it to an attempt.

use gix::ObjectId;

use super::Context;
use crate::{
    attempt::claim::Remote,
    cli::global::ClaimArg,
    domain::id::SpecId,
    error::Result,
    exchange::sync::{self, Claims, Scope},
    git::remote::Pushed,
    project::Project,
};

/// The remote that decides claims, as `asked` for or as `chant.claim` says; `None` if this clone decides alone.
pub(super) fn remote(project: &Project, asked: Option<ClaimArg>) -> Result<Option<Claims<'_>>> {
    let remote = match asked {
        Some(asked) => asked == ClaimArg::Remote,
        None => project.config().claims_at_remote()?,
    };
    if remote { Claims::new(project, sync::pick(project, None)?).map(Some) } else { Ok(None) }
}

/// Takes over what others have recorded, before the specs to work are chosen.
pub(super) fn fetch(context: &Context<'_>, project: &Project, claims: Option<&Claims<'_>>) -> Result<()> {
    if claims.is_none() {
        return Ok(());
    }
    let remote = sync::pick(project, None)?;
    sync::sync(project, &remote, Scope { fetch: true, push: false }, context.progress).map(drop)
}

impl Remote for Claims<'_> {
    fn push_claim(&self, spec: &SpecId, event: ObjectId) -> Result<Pushed> {
        self.push_claim(spec, event)
    }

    fn fetch(&self, spec: &SpecId) -> Result<()> {
        self.fetch(spec)
    }

    fn publish(&self, spec: &SpecId) -> Result<()> {
        self.publish(spec)
    }
}
