//! One try at a spec, from its claim to the merge.

pub(crate) mod bring;
pub(crate) mod check;
pub(crate) mod close;
pub(crate) mod finish;
pub(crate) mod merge;
pub(crate) mod pause;
pub(crate) mod reconcile;
pub(crate) mod recover;
pub(crate) mod schedule;
pub(crate) mod session;
pub(crate) mod work;
