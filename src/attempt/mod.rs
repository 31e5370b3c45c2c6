//! One try at a spec, from its claim to the merge, and the scheduling of several. What is typed and what is printed is not here.

pub(crate) mod bisect;
pub(crate) mod check;
pub(crate) mod claim;
mod conflict;
pub(crate) mod documents;
pub(crate) mod end;
pub(crate) mod ended;
pub(crate) mod finish;
mod hints;
pub(crate) mod merge;
mod notify;
pub(crate) mod pause;
mod plan;
mod prompt;
pub(crate) mod recover;
pub(crate) mod request;
mod resume;
pub(crate) mod retry;
pub(crate) mod review;
mod run;
pub(crate) mod schedule;
pub(crate) mod seen;
mod session;
mod start;
pub(crate) mod track;
pub(crate) mod work;
mod worktree;
