//! One try at a spec, from its claim to the merge.

pub(crate) mod check;
pub(crate) mod claim;
pub(crate) mod conflict;
pub(crate) mod end;
pub(crate) mod finish;
pub(crate) mod merge;
pub(crate) mod pause;
pub(crate) mod plan;
pub(crate) mod recover;
mod resume;
pub(crate) mod run;
pub(crate) mod schedule;
pub(crate) mod session;
pub(crate) mod start;
pub(crate) mod track;
pub(crate) mod work;
mod worktree;
