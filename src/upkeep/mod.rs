//! Setting a repository up, and keeping it in order. Nothing here works on a spec.

pub(crate) mod archive;
pub(crate) mod fsck;
pub(crate) mod hook;
pub(crate) mod import;
pub(crate) mod prune;
pub(crate) mod setup;
