//! How specs come to be (added, investigated, split), and what people change and decide about a spec that no attempt is at.
//!
//! Attempts are in `attempt`, and what keeps a repository in order is in `upkeep`.

pub(crate) mod add;
pub(crate) mod adopt;
pub(crate) mod decide;
pub(crate) mod draft;
pub(crate) mod edit;
pub(crate) mod inherit;
pub(crate) mod investigate;
mod member;
pub(crate) mod split;
mod template;
pub(crate) mod topic;
